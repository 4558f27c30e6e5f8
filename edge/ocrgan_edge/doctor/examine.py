"""All that the doctor looks at, in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ocrgan_edge.alerts.broker import Broker
from ocrgan_edge.alerts.topics import Topics
from ocrgan_edge.doctor import machine, surroundings
from ocrgan_edge.doctor.broker import check_broker
from ocrgan_edge.doctor.bundle import Question, check_bundle
from ocrgan_edge.doctor.finding import Finding
from ocrgan_edge.runtime.processor import read_processor


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be looked at, besides the device itself."""

    bundles: Sequence[Question] = ()
    broker: Broker | None = None
    topics: Topics | None = None
    """The node's; its rights at the broker are for them."""
    state_folder: Path | None = None


def examine(asked: Asked) -> Iterator[Finding]:
    """Every line as soon as it is known.

    Raises:
        SettingsError: a bundle has no target of that name.
    """
    yield from _device(asked.state_folder)
    if asked.broker is not None and asked.topics is not None:
        yield check_broker(asked.broker, asked.topics)
    for question in asked.bundles:
        yield from check_bundle(question)


def _device(state_folder: Path | None) -> Iterator[Finding]:
    yield machine.check_processor(read_processor())
    yield machine.check_cores()
    yield machine.check_clock_rate()
    yield machine.check_memory()
    yield surroundings.check_temperature(surroundings.hottest())
    throttling = surroundings.check_throttling()
    if throttling is not None:
        yield throttling
    yield surroundings.check_software()
    yield surroundings.check_disk(state_folder)
    yield surroundings.check_clock()
