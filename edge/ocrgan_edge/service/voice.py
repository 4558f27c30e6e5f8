"""What one camera says, on its topics."""

from __future__ import annotations

from pydantic import BaseModel

from ocrgan_edge.alerts.event import Event, to_json
from ocrgan_edge.alerts.publisher import Publisher, QoS
from ocrgan_edge.alerts.topics import Topics

SETTINGS = ("enabled", "threshold", "sensitivity", "calibrate")
"""What commands to a camera set."""


class Voice:
    """A publisher that knows which camera speaks."""

    def __init__(self, publisher: Publisher, topics: Topics, camera: str) -> None:
        """Says nothing yet."""
        self._publisher = publisher
        self._topics = topics
        self._camera = camera

    def event(self, event: Event) -> None:
        """One step of an event's life."""
        self._publisher.publish_event(event)

    def anomaly(self, on: bool) -> None:
        """Whether there is an anomaly just now."""
        self._state(self._topics.anomaly(self._camera), "ON" if on else "OFF")

    def score(self, message: BaseModel) -> None:
        """The newest score."""
        self._state(self._topics.score(self._camera), to_json(message), qos=0)

    def status(self, message: BaseModel) -> None:
        """Whether there are pictures and whether they can be judged."""
        self._state(self._topics.status(self._camera), to_json(message))

    def scene(self, word: str) -> None:
        """The scene's health in one word."""
        self._state(self._topics.scene(self._camera), word)

    def snapshot(self, jpeg: bytes) -> None:
        """The peak of the newest event."""
        self._state(self._topics.snapshot(self._camera), jpeg)

    def setting(self, what: str, payload: str) -> None:
        """What a command has set."""
        self._state(self._topics.state(self._camera, what), payload)

    def clear(self) -> None:
        """Takes back all that is retained: the camera is gone."""
        topics, camera = self._topics, self._camera
        states = [topics.state(camera, what) for what in SETTINGS]
        for topic in (
            topics.anomaly(camera),
            topics.score(camera),
            topics.status(camera),
            topics.scene(camera),
            topics.snapshot(camera),
            *states,
        ):
            self._publisher.publish_state(topic, "")

    def _state(self, topic: str, payload: str | bytes, qos: QoS = 1) -> None:
        self._publisher.publish_state(topic, payload, qos)
