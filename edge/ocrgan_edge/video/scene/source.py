"""A rendered scene as a source of frames."""

from __future__ import annotations

import time

from ocrgan_edge.video.frame import Frame
from ocrgan_edge.video.scene.renderer import Renderer
from ocrgan_edge.video.scene.spec import SceneSpec
from ocrgan_edge.video.scene.truth import Truth


class SceneSource:
    """Frames of a scene; implements `Source`."""

    def __init__(
        self, spec: SceneSpec, name: str = "scene", *, live: bool = False, realtime: bool = False
    ) -> None:
        """Prepares a scene.

        Args:
            spec: what is rendered.
            name: for messages.
            live: say of itself that frames come at their own pace, as a camera does.
            realtime: give no frame before its time.
        """
        self.spec, self.name, self.live = spec, name, live
        self.frames_per_second = float(spec.frames_per_second)
        self.length = spec.length
        self._renderer = Renderer(spec)
        self._realtime = realtime
        self._started: float | None = None
        self._index, self._closed = 0, False

    def read(self) -> Frame | None:
        """The next frame, or None after the last."""
        if self._closed or (self.length is not None and self._index >= self.length):
            return None
        index, at = self._index, self._index / self.frames_per_second
        image = self._renderer.frame(index)
        if self._realtime:
            if self._started is None:
                self._started = time.monotonic()
            time.sleep(max(0.0, self._started + at - time.monotonic()))
        self._index += 1
        return Frame(image, index, at)

    def truth(self, index: int) -> Truth:
        """What is really to be seen in a frame, read or not.

        Raises:
            IndexError: there is no such frame.
        """
        if index < 0 or (self.length is not None and index >= self.length):
            last = "without end" if self.length is None else f"to {self.length - 1}"
            raise IndexError(f"{self.name} has frames from 0 {last}, but not {index}")
        return self._renderer.truth(index)

    def close(self) -> None:
        """Ends the scene: no frame comes after it."""
        self._closed = True
