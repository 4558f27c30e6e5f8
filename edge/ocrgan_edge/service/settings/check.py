"""Looks at the files that settings name, before a daemon is started with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ocrgan_edge.bundle import Bundle
from ocrgan_edge.detection.calibration_file import read_profiles, target_calibrated
from ocrgan_edge.detection.zones import Zone, Zones
from ocrgan_edge.errors import BrokerError, DataError, OcrganError, SettingsError
from ocrgan_edge.runtime.open_scorer import refuse_other_form, runnable_targets
from ocrgan_edge.service.settings.camera import CameraSettings, is_file_source
from ocrgan_edge.service.settings.load import Loaded
from ocrgan_edge.service.settings.locate import KeyPath
from ocrgan_edge.service.settings.models import Settings
from ocrgan_edge.service.settings.mqtt import MqttSettings
from ocrgan_edge.service.settings.secrets import address_of, broker_of
from ocrgan_edge.service.settings.shape import written
from ocrgan_edge.signature import open_trusted, read_public_keys
from ocrgan_edge.video.address import without_password
from ocrgan_edge.video.open_live import STREAMS, refuse_rate
from ocrgan_edge.video.scene.text import open_scene

Problem = tuple[KeyPath, str]
"""The setting, and a sentence."""


def check(loaded: Loaded, environment: Mapping[str, str]) -> list[str]:
    """Everything that would stop a daemon from starting, one sentence each, with its place.

    Bundles are opened and their content is checked; cameras, streams and brokers are not tried.
    """
    problems = [*_node(loaded.settings, environment)]
    for name, camera in loaded.settings.cameras.items():
        problems += [*_camera(name, camera, loaded.settings.trusted_keys, environment)]
    return [_placed(loaded, path, sentence) for path, sentence in problems]


def summary(settings: Settings) -> list[str]:
    """One line for each camera: what is watched, with what."""
    return [
        f"{name}: {without_password(camera.source)} through {camera.bundle}"
        + ("" if camera.enabled else ", disabled")
        for name, camera in settings.cameras.items()
    ]


def _placed(loaded: Loaded, path: KeyPath, sentence: str) -> str:
    for length in range(len(path), 0, -1):
        if path[:length] in loaded.origins:
            return f"{loaded.origins[path[:length]]}: {written(path)}: {sentence}"
    return f"{written(path)}: {sentence}"


def _node(settings: Settings, environment: Mapping[str, str]) -> Iterator[Problem]:
    for key in ("state_folder", "models_folder"):
        folder: Path | None = getattr(settings, key)
        # The daemon makes the folder of its state itself.
        wanted = folder is not None and (key == "models_folder" or folder.exists())
        if wanted and folder is not None and not folder.is_dir():
            yield (key,), f"{folder} is no folder"
    if settings.trusted_keys is not None:
        try:
            read_public_keys(settings.trusted_keys)
        except SettingsError as error:
            yield ("trusted_keys",), str(error)
    if settings.mqtt is not None:
        yield from _mqtt(settings.mqtt, environment)


def _mqtt(mqtt: MqttSettings, environment: Mapping[str, str]) -> Iterator[Problem]:
    files = ((key, getattr(mqtt, key)) for key in ("ca_file", "certificate_file", "key_file"))
    missing = [(key, file) for key, file in files if file is not None and not file.is_file()]
    yield from ((("mqtt", key), f"there is no file {file}") for key, file in missing)
    try:
        broker_of(mqtt, environment)
    except SettingsError as error:
        yield ("mqtt", "password_file"), str(error)
    except BrokerError as error:
        if not missing:
            yield ("mqtt", "url"), str(error)


def _camera(
    name: str, camera: CameraSettings, keys: Path | None, environment: Mapping[str, str]
) -> Iterator[Problem]:
    path = ("camera", name)
    try:
        _check_source(camera)
        address_of(name, camera, environment)
    except SettingsError as error:
        yield (*path, "source"), str(error)
    try:
        bundle = open_trusted(camera.bundle, keys)
    except SettingsError:
        pass  # of the keys, which all cameras share
    except OcrganError as error:
        yield (*path, "bundle"), str(error)
    else:
        yield from _goes_with(bundle, path, camera)


def _check_source(camera: CameraSettings) -> None:
    source = camera.source
    scheme, is_address, _ = source.partition("://")
    if is_file_source(source) and not Path(source).exists():
        raise SettingsError(f"there is no file or folder {source}")
    if is_address and not is_file_source(source) and scheme.lower() not in STREAMS:
        raise SettingsError(f"{scheme}:// is none of {', '.join(STREAMS)}")
    if is_address or source.partition(":")[0] == "scene":
        refuse_rate(without_password(source), camera.fps)
    if source.startswith("scene:"):
        open_scene(source).close()


def _goes_with(bundle: Bundle, path: KeyPath, camera: CameraSettings) -> Iterator[Problem]:
    frames = bundle.manifest.input.frames
    if camera.hop is not None and camera.hop > frames:
        yield (*path, "hop"), f"hop is {camera.hop}, but a window has {frames} frames only"
    try:
        _check_form(bundle, camera)
    except OcrganError as error:
        yield (*path, "form"), str(error)
    target = camera.target or next(iter(bundle.manifest.targets), "")
    try:
        grid = bundle.statistics(target).mean.shape
    except OcrganError as error:
        yield (*path, "target"), str(error)
        return
    if camera.calibration is not None:
        yield from _calibration(bundle, path, camera, camera.calibration)
    height, width = grid[1:]
    try:
        zones = [Zone(zone.name, zone.points, zone.kind) for zone in camera.zones]
        Zones(zones, (height, width))
    except SettingsError as error:
        yield (*path, "zones"), str(error)


def _check_form(bundle: Bundle, camera: CameraSettings) -> None:
    if camera.form == "auto":
        return
    if camera.target is None:
        runnable_targets(bundle, camera.form)
    elif camera.target in bundle.manifest.targets:
        refuse_other_form(bundle, camera.target, camera.form)


def _calibration(
    bundle: Bundle, path: KeyPath, camera: CameraSettings, file: Path
) -> Iterator[Problem]:
    try:
        found = target_calibrated(file, bundle.sha256)
        target = camera.target or found
        if found is None or target is None:
            raise DataError(f"calibration {file} is for another bundle: calibrate again")
        read_profiles(file, f"{bundle.sha256} {target}", bundle.statistics(target).mean.shape)
    except OcrganError as error:
        yield (*path, "calibration"), str(error)
