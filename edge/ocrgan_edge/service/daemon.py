"""Wires a camera's view and a publisher together, and takes them apart again in order."""

from __future__ import annotations

import logging
import sys
import uuid
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from ocrgan_edge.alerts.broker import Broker
from ocrgan_edge.alerts.publisher import LinePublisher, Numbering, Publisher
from ocrgan_edge.alerts.topics import Topics, check_level
from ocrgan_edge.runtime.scoring import ScoredWindow
from ocrgan_edge.service.camera import Camera, Intervals
from ocrgan_edge.service.score_file import ScoreFile
from ocrgan_edge.service.settings import Settings
from ocrgan_edge.service.stop import Stop
from ocrgan_edge.service.view import open_view

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Output:
    """Where everything goes that the daemon says."""

    broker: Broker | None = None
    """Without one, events are lines of JSON on stdout."""

    scores: Path | None = None
    """File for every window's score."""


def run_daemon(settings: Settings, output: Output) -> int:
    """Watches one camera until its source ends or a stop is asked for.

    Returns:
        The exit code: 0, or 130 after SIGINT.

    Raises:
        OcrganError: something was wrong from the start, or source or broker failed for good.
    """
    check_level("name", settings.name)
    topics = Topics(settings.prefix, settings.node)
    stop = Stop()
    with stop.on_signals(), ExitStack() as parts:
        view = open_view(settings, parts)
        windows = view.windows(stop)
        if output.scores is not None:
            windows = _written(windows, parts.enter_context(ScoreFile(output.scores)))
        publisher = _publisher(output.broker, topics, stop)
        parts.push(lambda failure, *_: publisher.close(clean=failure is None))
        camera = Camera(
            view.origin,
            (publisher, topics),
            view.clock,
            Intervals(settings.score_interval, settings.update_interval),
        )
        _log.info("%s", view)
        camera.watch(windows, lambda: "stopped" if stop.asked else "source_ended")
        if stop.error is not None:
            raise stop.error
    return stop.exit_code


def _publisher(broker: Broker | None, topics: Topics, stop: Stop) -> Publisher:
    if broker is None:
        return LinePublisher(sys.stdout, Numbering(topics.node, boot_id=str(uuid.uuid4())))
    # paho is loaded only where it is used.
    from ocrgan_edge.alerts.mqtt_publisher import MqttPublisher
    from ocrgan_edge.alerts.outbox import Outbox

    return MqttPublisher(broker, topics, Outbox(None, topics.node), stop.fail)


def _written(windows: Iterable[ScoredWindow], file: ScoreFile) -> Iterator[ScoredWindow]:
    for window in windows:
        file.write(window)
        yield window
