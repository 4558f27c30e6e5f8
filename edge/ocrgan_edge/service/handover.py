"""One camera's newest window, from the thread that reads frames to whichever worker scores it."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.bundle import InputSpec
from ocrgan_edge.video.fit import fit
from ocrgan_edge.video.frame import Frame
from ocrgan_edge.video.resample import longest_gap
from ocrgan_edge.video.window import Window, WindowRing


class Taken(NamedTuple):
    """A window on its way to the graph."""

    window: Window
    arrived: float
    """When its newest frame came, on the monotonic clock."""
    hop: int | None
    """Frames since the window taken before; None for the first one, also after a gap."""


class Handover:
    """A ring that one thread fills while another takes windows out of it.

    A taken window is a copy: 0.7 MB for 16 frames of 96x160, a hundredth of the time that the
    graph then needs, and the camera never waits for the graph.
    """

    def __init__(self, spec: InputSpec, hop: int, *, only_new: bool = False) -> None:
        """Reserves the ring; see `WindowRing`.

        Args:
            spec: what a window is.
            hop: new frames between two windows.
            only_new: whoever takes a window knows the frames of the one before.
        """
        self._only_new = only_new
        self._spec = spec
        self._ring = WindowRing(
            (spec.frames, spec.height, spec.width), hop, longest_gap(spec.frames_per_second)
        )
        self._lock = threading.Lock()
        self._taken = threading.Event()
        self._arrived = 0.0
        self._taken_end: int | None = None

    def put(self, frame: Frame) -> bool:
        """Takes a frame on the model's clock; whether a window is due with it."""
        with self._lock:
            self._arrived = time.monotonic()
            fit(frame.image, self._spec.height, self._spec.width, out=self._ring.slot)
            due = self._ring.commit(frame.at) is not None
            if due:
                self._taken.clear()
            return due

    def take(self, out: NDArray[np.uint8]) -> Taken | None:
        """The window that ends with the newest frame; None if a gap has just emptied the ring.

        Args:
            out: (T, H, W, 3), where its frames are put; at the end of it those that are new, if
                these are all that is wanted.
        """
        with self._lock:
            self._taken.set()
            if not self._ring.ready:
                return None
            window = self._ring.newest()
            hop = window.new_since(self._taken_end)
            new = slice(-hop if self._only_new and hop is not None else None, None)
            out[new] = window.frames[new]
            self._taken_end = window.end
            return Taken(replace(window, frames=out), self._arrived, hop)

    def wait_until_taken(self, seconds: float) -> bool:
        """Waits until the window that was due has been taken; whether it has."""
        return self._taken.wait(seconds)
