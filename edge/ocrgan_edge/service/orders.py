"""What commands do: obeyed whole, remembered, and answered on the topics of their states."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ocrgan_edge.alerts.commands import (
    Calibrate,
    Command,
    InstallModel,
    SetEnabled,
    SetSensitivity,
    SetThreshold,
    parse,
    refusal,
    state_text,
)
from ocrgan_edge.alerts.event import to_json
from ocrgan_edge.alerts.messages import CalibrateMessage, ModelMessage
from ocrgan_edge.bundle import Bundle
from ocrgan_edge.detection.calibration_file import write_profiles
from ocrgan_edge.detection.profiles import Profile
from ocrgan_edge.detection.self_calibration import Calibrated
from ocrgan_edge.detection.sensitivity import factor_of
from ocrgan_edge.errors import OcrganError, SettingsError
from ocrgan_edge.service.calibrating import IDLE
from ocrgan_edge.service.models import Installer
from ocrgan_edge.service.node import Node
from ocrgan_edge.service.remembered import RememberedCalibration
from ocrgan_edge.service.view import calibration_name
from ocrgan_edge.service.watch import Watch

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Said:
    """What was said last of a camera that changes by itself."""

    watch: Watch
    threshold: float
    calibration: CalibrateMessage


class Orders:
    """Obeys commands to a node and says how things stand. For the daemon's own thread."""

    def __init__(self, node: Node, say_model: Callable[[ModelMessage], None]) -> None:
        """Obeys none yet; says which model is in use.

        Args:
            node: whom the commands are for.
            say_model: told whenever that, or what could be installed, is another.
        """
        self._node = node
        bundles = {watch.view.model.bundle for watch in node.watches.by_name.values()}
        in_use = bundles.pop() if len(bundles) == 1 else None
        self._installer = Installer(
            node.settings.models_folder, in_use, say_model, node.settings.trusted_keys
        )
        self._said: dict[str, _Said] = {}

    def obey(self, topic: str, payload: bytes) -> None:
        """Does what a command says, or answers why not."""
        node = self._node
        try:
            command = parse(node.topics, node.watches.by_name, topic, payload)
            self._do(command)
        except OcrganError as error:
            _log.warning("command on %s refused: %s", topic, error)
            self._refuse(topic, payload, error)
        except Exception:  # a fault of ours: no message from afar may end the daemon
            _log.exception("command on %s failed", topic)
            self._refuse(topic, payload, SettingsError("the command failed: the log says why"))
        else:
            _log.info("obeyed: %s", command)

    def say_all(self) -> None:
        """Says all that commands can change, as it stands."""
        for name in self._node.watches.by_name:
            self.say(name)

    def say(self, name: str) -> None:
        """Says what commands to a camera can change, as it stands."""
        watch, voice = self._node.watches.by_name[name], self._node.watches.voice(name)
        said = _Said(watch, watch.camera.tuning.base, _calibration(watch))
        self._said[name] = said
        voice.setting("enabled", state_text(watch.enabled))
        voice.setting("threshold", state_text(said.threshold))
        voice.setting("sensitivity", state_text(self._sensitivity(name, watch)))
        voice.setting("calibrate", to_json(said.calibration))

    def tick(self) -> None:
        """Follows calibrations, day and night, and what lies in the models folder."""
        self._installer.look_again()
        watches = self._node.watches.by_name
        for gone in self._said.keys() - watches.keys():
            del self._said[gone]  # what it said is cleared with it
        for name, watch in watches.items():
            calibrating = watch.calibrating
            if calibrating is not None and watch.ended.is_set() and not calibrating.over:
                calibrating.fail("no more pictures come: calibrate again")
            if calibrating is not None and calibrating.result and not calibrating.adopted:
                calibrating.adopted = True
                self._adopt(name, watch, calibrating.result, calibrating.profile)
            self._say_news(name, watch)

    def _refuse(self, topic: str, payload: bytes, error: OcrganError) -> None:
        node = self._node
        node.publisher.publish_once(node.topics.errors, to_json(refusal(topic, payload, error)))

    def _do(self, command: Command) -> None:
        if isinstance(command, InstallModel):
            self._install(command.name)
            return
        watch = self._node.watches.by_name[command.camera]
        match command:
            case SetEnabled(name, on):
                watch.enabled = on
                self._node.memory.set_enabled(name, on)
            case SetThreshold(name, value):
                watch.normal.set_threshold(value)
                sha256 = watch.view.model.bundle.sha256
                self._node.memory.set_threshold(name, value, sha256)
            case SetSensitivity(name, level):
                watch.normal.set_sensitivity(factor_of(level))
                self._node.memory.set_sensitivity(name, level)
            case Calibrate(name, minutes):
                watch.calibrate(minutes)
        self.say(command.camera)

    def _install(self, name: str) -> None:
        targets = {camera.target for camera in self._node.settings.cameras.values()}
        if self._installer.install(name, self._switch, targets) is not None:
            self._node.memory.set_model(name)
        self.say_all()

    def _switch(self, bundle: Bundle | None) -> None:
        """Lets all cameras score by a bundle; None: by those of the configuration."""
        node = self._node
        before, node.installed = node.installed, bundle
        watches = node.watches.by_name
        try:
            views = {name: node.view(name) for name in watches}
            node.rewatch(
                {name: v for name, v in views.items() if v.model is not watches[name].view.model}
            )
        except OcrganError:
            node.installed = before
            node.let_go_of_models()
            raise

    def _sensitivity(self, name: str, watch: Watch) -> str | float:
        told = self._node.memory.camera(name, watch.view.model.bundle.sha256).sensitivity
        return self._node.settings.cameras[name].sensitivity if told is None else told

    def _say_news(self, name: str, watch: Watch) -> None:
        said, calibration = self._said.get(name), _calibration(watch)
        if said is None or (said.watch, said.threshold) != (watch, watch.camera.tuning.base):
            self.say(name)  # a camera came, got other settings, or day has turned to night
        elif said.calibration != calibration:
            self._said[name] = replace(said, calibration=calibration)
            self._node.watches.voice(name).setting("calibrate", to_json(calibration))

    def _adopt(self, name: str, watch: Watch, learned: Calibrated, profile: Profile) -> None:
        """Lets the camera go by what it has learned, now and after the next start."""
        model = watch.view.model
        watch.normal.adopt(profile, learned.learned)
        file = self._keep_statistics(name, learned, profile, model.identity)
        if file is not None:  # a threshold without its statistics would mean something else
            calibration = RememberedCalibration(
                threshold=learned.threshold,
                median=learned.median,
                statistics=file,
                when=datetime.now(UTC),
                minutes=learned.minutes,
                hop=watch.view.hop,
                bundle_sha256=model.bundle.sha256,
            )
            self._node.memory.set_calibration(name, calibration, profile)
        self.say(name)

    def _keep_statistics(
        self, name: str, learned: Calibrated, profile: Profile, identity: str
    ) -> str | None:
        folder = self._node.settings.state_folder
        if folder is None:
            return None
        file = calibration_name(name, profile)
        try:
            write_profiles(folder / file, {profile: learned}, identity)
        except OSError as error:
            _log.error(
                "calibration of %s cannot be kept (%s): it holds until the next start", name, error
            )
            return None
        return file


def _calibration(watch: Watch) -> CalibrateMessage:
    return IDLE if watch.calibrating is None else watch.calibrating.message
