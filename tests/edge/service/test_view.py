"""The tiny bundle: threshold 2, windows of 8 frames every 4."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from ocrgan_edge.detection.calibration_file import write_calibrated
from ocrgan_edge.detection.self_calibration import Calibrated
from ocrgan_edge.errors import SettingsError
from ocrgan_edge.runtime.scorer import LocationStatistics
from ocrgan_edge.service.crew import View
from ocrgan_edge.service.loaded_model import LoadedModel
from ocrgan_edge.service.remembered import (
    RememberedCalibration,
    RememberedCamera,
    RememberedThreshold,
)
from ocrgan_edge.service.settings.camera import CameraSettings
from ocrgan_edge.service.view import configured_view, remembered_view, wanted_target


def view(model: LoadedModel, **settings: object) -> View:
    camera = CameraSettings.model_validate({"source": "0", "bundle": "b.ocrgan"} | settings)
    return configured_view(camera, model)


def learned(model: LoadedModel, folder: Path, **change: object) -> RememberedCalibration:
    """A calibration with threshold 5 and median 1, and its file."""
    mean = np.full_like(model.statistics.mean, 0.5)
    calibrated = Calibrated(
        statistics=LocationStatistics(mean, model.statistics.scale),
        threshold=5.0,
        median=1.0,
        windows=10,
        minutes=1.0,
        warning=None,
    )
    write_calibrated(folder / "door.npz", calibrated, model.identity)
    told = {
        "threshold": 5.0,
        "median": 1.0,
        "statistics": "door.npz",
        "when": datetime.now(UTC),
        "minutes": 1.0,
        "hop": 4,
        "bundle_sha256": model.bundle.sha256,
    }
    return RememberedCalibration(**(told | change))


def test_what_is_not_set_comes_from_the_bundle(model: LoadedModel) -> None:
    seen = view(model)
    assert (seen.hop, seen.tuning.threshold, seen.enabled) == (4, 2.0, True)
    assert seen.statistics is model.statistics


def test_settings_count_more_than_the_bundle(model: LoadedModel) -> None:
    seen = view(model, hop=2, threshold=3.0, enabled=False, cool_down=7)
    assert (seen.hop, seen.tuning.base, seen.tuning.cool_down) == (2, 3.0, 7.0)
    assert seen.enabled is False


def test_a_hop_longer_than_the_window_is_refused(model: LoadedModel) -> None:
    with pytest.raises(SettingsError, match="hop is 9, but must be between 1 and .* 8 frames"):
        view(model, hop=9)


def test_zones_that_leave_nothing_are_refused(model: LoadedModel) -> None:
    everything = {"name": "all", "kind": "ignore", "points": [(0, 0), (1, 0), (1, 1), (0, 1)]}
    with pytest.raises(SettingsError, match="zones all leave no place"):
        view(model, zones=[everything])


def test_commands_count_more_than_settings(model: LoadedModel) -> None:
    told = RememberedCamera(
        enabled=False,
        threshold=RememberedThreshold(value=4.0, bundle_sha256=model.bundle.sha256),
        sensitivity="high",
    )
    seen = remembered_view(view(model, threshold=3.0, sensitivity="low"), told, None)
    assert (seen.enabled, seen.tuning.base, seen.tuning.sensitivity) == (False, 4.0, 1.5)


def test_what_was_never_told_stays_as_configured(model: LoadedModel) -> None:
    seen = view(model, threshold=3.0)
    assert remembered_view(seen, RememberedCamera(), None) == seen


def test_a_calibration_brings_statistics_and_threshold(model: LoadedModel, tmp_path: Path) -> None:
    told = RememberedCamera(calibration=learned(model, tmp_path))
    seen = remembered_view(view(model), told, tmp_path)
    assert (seen.tuning.base, seen.tuning.median) == (5.0, 1.0)
    assert seen.statistics.mean.mean() == 0.5


def test_a_threshold_set_after_a_calibration_counts_more(
    model: LoadedModel, tmp_path: Path
) -> None:
    told = RememberedCamera(
        calibration=learned(model, tmp_path),
        threshold=RememberedThreshold(value=9.0, bundle_sha256=model.bundle.sha256),
    )
    assert remembered_view(view(model), told, tmp_path).tuning.base == 9.0


@pytest.mark.parametrize("content", [None, b"", b"no archive"])
def test_a_calibration_that_cannot_be_read_is_left_out_whole(
    model: LoadedModel, tmp_path: Path, caplog, content: bytes | None
) -> None:
    told = RememberedCamera(calibration=learned(model, tmp_path))
    file = tmp_path / "door.npz"
    file.unlink() if content is None else file.write_bytes(content)
    seen = remembered_view(view(model), told, tmp_path)
    assert seen.tuning.base == 2.0
    assert seen.statistics is model.statistics
    assert "the bundle's own calibration is used" in caplog.text


def test_a_calibration_whose_statistics_were_not_kept_is_left_out_whole(
    model: LoadedModel, tmp_path: Path, caplog
) -> None:
    """Its threshold is one of scores that the bundle's statistics do not give."""
    told = RememberedCamera(calibration=learned(model, tmp_path, statistics=None))
    seen = remembered_view(view(model), told, tmp_path)
    assert seen.tuning.base == 2.0
    assert seen.statistics is model.statistics
    assert "without statistics is not used" in caplog.text


def test_statistics_and_threshold_are_of_one_calibration_also_after_a_power_cut(
    model: LoadedModel, tmp_path: Path
) -> None:
    """The file was written, what is noted beside it is still that of the calibration before."""
    told = RememberedCamera(calibration=learned(model, tmp_path, threshold=8.0, median=3.0))
    seen = remembered_view(view(model), told, tmp_path)
    assert (seen.tuning.base, seen.tuning.median) == (5.0, 1.0)
    assert seen.statistics.mean.mean() == 0.5


def test_the_target_that_a_camera_has_learned_with_stays(
    model: LoadedModel, tmp_path: Path
) -> None:
    """Whichever is the fastest by now: what was learned holds for that one only."""
    told = RememberedCamera(calibration=learned(model, tmp_path))
    camera = CameraSettings(source="0", bundle=model.bundle.path)
    assert wanted_target(camera, model.bundle, told, tmp_path) == model.target == "onnx-fp32"
    assert wanted_target(camera, model.bundle, RememberedCamera(), tmp_path) is None
    other = camera.model_copy(update={"target": "openvino-fp16"})
    assert wanted_target(other, model.bundle, told, tmp_path) == "openvino-fp16"
