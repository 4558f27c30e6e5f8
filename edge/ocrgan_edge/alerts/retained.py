"""Retained states: of each topic only the newest word counts."""

from __future__ import annotations

import threading
from typing import Literal, NamedTuple

QoS = Literal[0, 1]


class State(NamedTuple):
    """The newest word on a topic."""

    topic: str
    payload: str | bytes
    qos: QoS


class RetainedStates:
    """Newest wins: while one word is on its way, only the newest of the next ones waits.

    So many words on a slow or dead connection take no more room than the topics there are. Any
    thread may call.
    """

    def __init__(self) -> None:
        """Starts without topics."""
        self._newest: dict[str, State] = {}
        self._unsent: dict[str, None] = {}
        self._under_way: set[str] = set()
        self._lock = threading.Lock()

    def put(self, state: State) -> bool:
        """Sets a topic; tells whether nothing had waited before."""
        with self._lock:
            first = not self._unsent
            self._newest[state.topic] = state
            self._unsent[state.topic] = None
            return first

    def take(self) -> list[State]:
        """What is to be sent now."""
        with self._lock:
            topics = [topic for topic in self._unsent if topic not in self._under_way]
            states = [self._newest[topic] for topic in topics]
            for state in states:
                del self._unsent[state.topic]
                if state.qos:
                    self._under_way.add(state.topic)
            return states

    def acknowledge(self, topic: str) -> None:
        """The broker has the word that was under way on this topic."""
        with self._lock:
            self._under_way.discard(topic)

    def start_over(self) -> None:
        """A broker that may have forgotten everything hears everything."""
        with self._lock:
            self._under_way.clear()
            self._unsent.update(dict.fromkeys(self._newest))

    def __bool__(self) -> bool:
        """Whether anything is unsent or under way."""
        return bool(self._unsent or self._under_way)
