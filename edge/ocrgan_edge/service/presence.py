"""Whether a camera gives pictures, and whether they can be judged: apart from anomalies."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ocrgan_edge.alerts.messages import Presence as Word
from ocrgan_edge.alerts.messages import StatusMessage
from ocrgan_edge.detection.scene_health import Scene
from ocrgan_edge.service.voice import Voice

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _State:
    online: bool = False
    armed: bool = True
    scene: Scene = "ok"
    reason: str | None = None

    @property
    def word(self) -> Word:
        if not self.online:
            return "offline"
        return "online" if self.armed else "disabled"


class Presence:
    """Says a camera's status whenever it changes; any thread may tell of a change."""

    def __init__(
        self, camera: str, voice: Voice, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Offline, until there are pictures; says so at once."""
        self._camera = camera
        self._voice = voice
        self._now = now
        self._lock = threading.Lock()
        self._state = _State()
        self._say()

    @property
    def word(self) -> Word:
        """`online`, `offline` or `disabled`."""
        return self._state.word

    @property
    def away(self) -> str | None:
        """Why there are no pictures, in one sentence; None while there are."""
        return None if self._state.online else self._state.reason

    @property
    def scene_word(self) -> Scene:
        """Whether the pictures can be judged."""
        return self._state.scene

    def online(self) -> None:
        """There are pictures."""
        self._change(lambda state: replace(state, online=True, reason=None))

    def offline(self, reason: str) -> None:
        """There are none, for this reason."""
        self._change(lambda state: replace(state, online=False, reason=reason))

    def armed(self, armed: bool) -> None:
        """Whether anomalies count just now."""
        self._change(lambda state: replace(state, armed=armed))

    def scene(self, word: Scene) -> None:
        """Whether the pictures can be judged."""
        self._change(lambda state: replace(state, scene=word))

    def _change(self, change: Callable[[_State], _State]) -> None:
        with self._lock:
            changed = change(self._state)
            if changed == self._state:
                return
            before, self._state = self._state, changed
            self._say()
        self._log(before, changed)

    def _say(self) -> None:
        state = self._state
        self._voice.status(
            StatusMessage(
                status=state.word, scene=state.scene, since=self._now(), reason=state.reason
            )
        )
        self._voice.scene(state.scene)

    def _log(self, before: _State, state: _State) -> None:
        fields = {"camera": self._camera}
        if before.word != state.word:
            why = f" ({state.reason})" if state.reason else ""
            _log.info("%s is %s%s", self._camera, state.word, why, extra=fields)
        if before.scene != state.scene:
            level = logging.INFO if state.scene == "ok" else logging.WARNING
            _log.log(level, "%s: the picture is %s", self._camera, state.scene, extra=fields)
