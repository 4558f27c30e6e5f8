from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ocrgan_edge.alerts.event import Event, ScoreMessage
from ocrgan_edge.runtime.scorer import WindowScore
from ocrgan_edge.runtime.scoring import ScoredWindow


class Record:
    """A publisher that keeps what it is given."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.states: list[tuple[str, str | bytes]] = []
        self.once: list[tuple[str, str]] = []

    def publish_event(self, event: Event) -> None:
        self.events.append(event)

    def publish_state(self, topic: str, payload: str | bytes, qos: int = 1) -> None:
        self.states.append((topic, payload))

    def publish_once(self, topic: str, payload: str) -> None:
        self.once.append((topic, payload))

    @property
    def anomaly(self) -> list[bool]:
        return [payload == "ON" for topic, payload in self.states if topic.endswith("anomaly")]

    @property
    def scores(self) -> list[ScoreMessage]:
        return [
            ScoreMessage.model_validate_json(payload)
            for topic, payload in self.states
            if topic.endswith("score")
        ]

    def close(self, clean: bool = True) -> None: ...


@pytest.fixture
def record() -> Record:
    return Record()


@pytest.fixture
def make_windows() -> Callable[..., list[ScoredWindow]]:
    """Gives one window per score, 0.5 s apart, unusual in the picture's upper left quarter."""

    def window(number: int, score: float) -> ScoredWindow:
        anomaly_map = np.zeros((4, 2, 2), np.float32)
        anomaly_map[:, 0, 0] = score
        result = WindowScore(
            score=score,
            frame_scores=anomaly_map.max(axis=(1, 2)),
            anomaly_map=anomaly_map,
            shares=np.array([0.125, 0.125, 0.75, 0, 0], np.float32),
            seed=0.0,
            terms=np.zeros((5, 4, 2, 2), np.float32),
        )
        return ScoredWindow(end=number * 5, at=number * 0.5, result=result)

    def make(*scores: float) -> list[ScoredWindow]:
        return [window(number, score) for number, score in enumerate(scores)]

    return make
