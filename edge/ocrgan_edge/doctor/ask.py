"""From options and settings to what is to be looked at."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ocrgan_edge.alerts.broker import Broker, parse_broker
from ocrgan_edge.alerts.topics import Topics
from ocrgan_edge.doctor.bundle import ALL, Question
from ocrgan_edge.doctor.examine import Asked
from ocrgan_edge.errors import BrokerError, SettingsError
from ocrgan_edge.runtime.graph import default_threads
from ocrgan_edge.runtime.open_scorer import WantedForm
from ocrgan_edge.service.loaded_model import Budget
from ocrgan_edge.service.settings.load import load
from ocrgan_edge.service.settings.models import Settings
from ocrgan_edge.service.settings.secrets import broker_of


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    bundle: Path | None
    config: Path | None
    mqtt: str | None
    target: str
    seconds: float
    threads: int | None


def ask(options: Options) -> Asked:
    """All that is to be looked at.

    Raises:
        SettingsError: the settings or the broker's address are wrong.
    """
    if options.config is None:
        topics = Topics("ocrgan", platform.node() or "node")
        try:
            broker = parse_broker(options.mqtt, os.environ) if options.mqtt else None
        except BrokerError as error:
            raise SettingsError(str(error)) from error
        return Asked([*_questions(options, None)], broker, topics, None)
    settings = load(options.config, {}, os.environ).settings
    topics = Topics(settings.prefix, settings.node)
    questions = [*_questions(options, settings)]
    return Asked(questions, _broker(settings), topics, settings.state_folder)


def _broker(settings: Settings) -> Broker | None:
    if settings.mqtt is None:
        return None
    try:
        return broker_of(settings.mqtt, os.environ)
    except BrokerError as error:
        raise SettingsError(str(error)) from error


def _questions(options: Options, settings: Settings | None) -> Iterator[Question]:
    """The bundle asked for, or each one of the settings with the target that they want of it."""
    threads = options.threads or default_threads()
    folder = None
    wanted: list[tuple[Path, str, WantedForm]] = []
    if options.bundle is not None:
        wanted = [(options.bundle, options.target, "auto")]
    if settings is not None:
        budget = Budget.of(settings.threads, len(settings.cameras))
        threads, folder = options.threads or budget.threads, settings.state_folder
        cameras = settings.cameras.values()
        wanted = wanted or [(c.bundle, _target(options.target, c.target), c.form) for c in cameras]
    for path, target, form in dict.fromkeys(wanted):
        yield Question(path, target, options.seconds, threads, folder, form)


def _target(asked: str, of_camera: str | None) -> str:
    return asked if asked != ALL else of_camera or ALL
