from __future__ import annotations

import threading
import time

from ocrgan_edge.video.open_source import open_source


def test_close_ends_the_waiting_for_a_frame_s_time_at_once() -> None:
    source = open_source("scene:size=64x48,fps=0.1,seconds=60", realtime=True)
    source.read()
    closed: list[float] = []

    def close() -> None:
        closed.append(time.monotonic())
        source.close()

    threading.Timer(0.2, close).start()
    assert source.read() is None
    assert time.monotonic() - closed[0] < 0.1
    assert source.read() is None
