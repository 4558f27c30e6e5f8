from __future__ import annotations

import http.server
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from ocrgan_edge.errors import SourceError
from ocrgan_edge.video.decoder_messages import Request
from ocrgan_edge.video.inbox import KEPT
from ocrgan_edge.video.stream_source import LiveSource, Patience

Serve = Callable[..., str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """`serve(count, interval, then)`: address of an MJPEG camera.

    It sends `count` pictures, one every `interval` seconds, then breaks off or is silent.
    """
    servers: list[http.server.ThreadingHTTPServer] = []
    over = threading.Event()

    def start(count: int, interval: float, then: str = "ends") -> str:
        class Camera(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                try:
                    for _ in range(count):
                        self.wfile.write(_part())
                        self.wfile.flush()
                        over.wait(interval)
                    if then == "silence":
                        over.wait(30)
                except OSError:
                    pass

            def log_message(self, *_: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Camera)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        return f"http://127.0.0.1:{server.server_port}/live.mjpg"

    yield start
    over.set()
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def connect() -> Iterator[Callable[..., LiveSource]]:
    """`connect(address, patience=…, most_per_second=…, widest=…)`: an opened source."""
    sources: list[LiveSource] = []

    def start(address: str, patience: Patience | None = None, **request: Any) -> LiveSource:
        sources.append(LiveSource("stream door", Request(address, **request), patience))
        sources[-1].open()
        return sources[-1]

    yield start
    for source in sources:
        source.close()


def read_to_the_end(source: LiveSource) -> None:
    while source.read() is not None:
        pass


def _part() -> bytes:
    image = np.full((48, 64, 3), (200, 100, 50), np.uint8)
    data = cv2.imencode(".jpg", image)[1].tobytes()
    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
    return head.encode() + data + b"\r\n"


Connect = Callable[..., LiveSource]


def test_a_stream_gives_frames_with_the_time_of_their_capture(
    serve: Serve, connect: Connect
) -> None:
    source = connect(serve(60, 0.05))
    frames = [source.read() for _ in range(8)]
    assert source.live
    times = [frame.at for frame in frames if frame]
    indices = [frame.index for frame in frames if frame]
    assert times[0] == 0.0
    assert times == sorted(times)
    assert len(times) == 8
    assert indices == list(range(indices[0], indices[0] + 8))


def test_a_picture_s_colours_come_blue_green_red(serve: Serve, connect: Connect) -> None:
    frame = connect(serve(60, 0.05)).read()
    assert frame is not None
    assert frame.image.shape == (48, 64, 3)
    assert frame.image.flags.c_contiguous
    assert frame.image.mean((0, 1)) == pytest.approx([200, 100, 50], abs=4)


def test_wide_pictures_are_made_smaller(serve: Serve, connect: Connect) -> None:
    frame = connect(serve(60, 0.05), widest=32).read()
    assert frame is not None
    assert frame.image.shape == (24, 32, 3)
    assert frame.image.mean((0, 1)) == pytest.approx([200, 100, 50], abs=4)


def test_a_frame_is_the_reader_s_own(serve: Serve, connect: Connect) -> None:
    source = connect(serve(60, 0.05))
    first, second = source.read(), source.read()
    assert first is not None
    assert second is not None
    first.image[:] = 0
    assert second.image.any()


def test_a_slow_reader_gets_the_newest_frames_and_the_rest_are_counted(
    serve: Serve, connect: Connect
) -> None:
    source = connect(serve(100, 0.01))
    source.read()
    time.sleep(0.3)
    waiting = [source.read() for _ in range(KEPT)]
    first = waiting[0]
    assert first is not None
    assert first.index > KEPT
    assert source.lost >= KEPT
    assert [frame.index for frame in waiting if frame] == list(
        range(first.index, first.index + KEPT)
    )


def test_a_bounded_rate_leaves_frames_out_that_are_not_lost(serve: Serve, connect: Connect) -> None:
    source = connect(serve(100, 0.02), most_per_second=10.0)
    times = [frame.at for _ in range(6) if (frame := source.read())]
    assert times[5] - times[1] == pytest.approx(0.4, abs=0.08)
    assert source.lost == 0


@pytest.mark.slow
def test_a_stream_that_breaks_off_is_an_error(serve: Serve, connect: Connect) -> None:
    source = connect(serve(30, 0.01))
    with pytest.raises(SourceError, match="stream door broke off: .*the connection ended"):
        read_to_the_end(source)


@pytest.mark.slow
def test_a_stream_that_falls_silent_is_an_error_after_the_stall_time(
    serve: Serve, connect: Connect
) -> None:
    source = connect(serve(30, 0.01, "silence"), Patience(stall=0.5))
    started = time.monotonic()
    with pytest.raises(SourceError, match=r"stream door stalled: no frame for 0\.5 s"):
        read_to_the_end(source)
    assert time.monotonic() - started < 1.5


def test_after_close_a_stream_has_ended(serve: Serve, connect: Connect) -> None:
    source = connect(serve(60, 0.05))
    source.close()
    source.close()
    assert source.read() is None


def test_close_ends_a_read_in_another_thread_at_once(serve: Serve, connect: Connect) -> None:
    source = connect(serve(5, 0.01, "silence"))
    ended: list[float] = []

    def read() -> None:
        read_to_the_end(source)
        ended.append(time.monotonic())

    thread = threading.Thread(target=read)
    thread.start()
    time.sleep(0.2)
    closed = time.monotonic()
    source.close()
    thread.join()
    assert ended[0] - closed < 0.2


def test_close_ends_the_opening_too(serve: Serve) -> None:
    source = LiveSource("stream door", Request(serve(0, 0.0, "silence")))
    threading.Timer(0.3, source.close).start()
    started = time.monotonic()
    assert source.read() is None
    assert time.monotonic() - started < 0.6


@pytest.mark.slow
def test_nothing_is_left_of_a_closed_source(serve: Serve, connect: Connect) -> None:
    address = serve(60, 0.05)
    connect(address).close()
    open_files = len(os.listdir("/proc/self/fd"))
    source = connect(address)
    source.read()
    pid = source.decoder_pid
    source.close()
    assert len(os.listdir("/proc/self/fd")) <= open_files
    assert not Path(f"/proc/{pid}").exists()


def test_a_decoder_that_dies_is_an_error(serve: Serve, connect: Connect) -> None:
    source = connect(serve(60, 0.05))
    source.read()
    os.kill(source.decoder_pid, signal.SIGKILL)
    with pytest.raises(SourceError, match="broke off: its decoder was ended by SIGKILL"):
        read_to_the_end(source)


def test_the_address_is_not_on_the_decoder_s_command_line(serve: Serve, connect: Connect) -> None:
    source = connect(serve(60, 0.05).replace("http://", "http://guard:secret@"))
    assert b"secret" not in Path(f"/proc/{source.decoder_pid}/cmdline").read_bytes()
    assert b"secret" not in Path(f"/proc/{source.decoder_pid}/environ").read_bytes()


@pytest.mark.slow
def test_a_thread_that_opened_a_camera_may_end(serve: Serve, connect: Connect) -> None:
    address = serve(60, 0.05)
    opened: list[LiveSource] = []
    thread = threading.Thread(target=lambda: opened.append(connect(address)))
    thread.start()
    thread.join()
    time.sleep(0.1)
    assert opened[0].read() is not None


@pytest.mark.slow
def test_a_decoder_ends_with_the_daemon_however_that_ends(serve: Serve) -> None:
    code = (
        "import sys, time\n"
        "from ocrgan_edge.video.decoder_messages import Request\n"
        "from ocrgan_edge.video.stream_source import LiveSource\n"
        "source = LiveSource('door', Request(sys.argv[1]))\n"
        "source.open()\n"
        "print(source.decoder_pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-c", code, serve(5, 0.01, "silence")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as daemon:
        assert daemon.stdout
        decoder = Path(f"/proc/{int(daemon.stdout.readline())}/stat")
        assert decoder.exists()
        daemon.kill()
    end = time.monotonic() + 3
    while decoder.exists() and " Z " not in decoder.read_text():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_where_no_decoder_can_be_started_nothing_is_left_open() -> None:
    code = (
        "import os\n"
        "from ocrgan_edge.errors import SourceError\n"
        "from ocrgan_edge.video.decoder_messages import Request\n"
        "from ocrgan_edge.video.stream_source import LiveSource\n"
        "taken = []\n"
        "while True:\n"
        "    try: taken.append(os.dup(0))\n"
        "    except OSError: break\n"
        "for free in range(4):\n"
        "    open_files = len(os.listdir('/dev/fd')) if free else 0\n"
        "    try: LiveSource('door', Request('rtsp://127.0.0.1:9'))\n"
        "    except SourceError as error: print(error)\n"
        "    assert not free or len(os.listdir('/dev/fd')) == open_files\n"
        "    os.close(taken.pop())\n"
    )
    command = ["bash", "-c", f'ulimit -n 64; exec "{sys.executable}" -c "$0"', code]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert told.splitlines() == ["no decoder can be started (Too many open files)"] * 4


def test_a_decoder_is_small() -> None:
    code = "import sys, ocrgan_edge.video.decoder; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert "av" in loaded
    assert not {"numpy", "cv2", "onnxruntime", "paho", "pydantic", "tenacity"} & set(loaded)
