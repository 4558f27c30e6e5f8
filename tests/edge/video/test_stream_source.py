from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocrgan_edge.errors import SourceError
from ocrgan_edge.video import stream_source
from ocrgan_edge.video.stream_source import (
    KEPT,
    LiveSource,
    open_camera,
    open_stream,
    without_password,
)

Serve = Callable[..., str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """`serve(count, interval, then)`: address of an MJPEG camera.

    It sends `count` numbered pictures, one every `interval` seconds, then breaks off or is silent.
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
                    for index in range(count):
                        self.wfile.write(_part(index))
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


def read_to_the_end(source: LiveSource) -> None:
    while source.read() is not None:
        pass


def _part(index: int) -> bytes:
    image = np.full((48, 64, 3), 2 * index, np.uint8)
    data = cv2.imencode(".jpg", image)[1].tobytes()
    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
    return head.encode() + data + b"\r\n"


def test_a_stream_gives_frames_with_the_time_of_their_capture(serve: Serve) -> None:
    source = open_stream(serve(60, 0.05))
    frames = [source.read() for _ in range(10)]
    source.close()
    assert source.live
    times = [frame.at for frame in frames if frame]
    assert times[0] == 0.0
    assert times == sorted(times)
    assert [frame.index for frame in frames if frame] == list(range(10))


def test_a_slow_reader_gets_the_newest_frames_and_the_rest_are_counted(serve: Serve) -> None:
    source = open_stream(serve(100, 0.01))
    source.read()
    while source.lost < KEPT:
        time.sleep(0.01)
    waiting = [source.read() for _ in range(KEPT)]
    source.close()
    first = waiting[0]
    assert first is not None
    assert first.index > KEPT
    assert source.lost >= KEPT
    assert [frame.index for frame in waiting if frame] == list(
        range(first.index, first.index + KEPT)
    )


def test_a_stream_that_breaks_off_is_an_error(serve: Serve) -> None:
    source = open_stream(serve(30, 0.01))
    with pytest.raises(SourceError, match=r"live\.mjpg broke off: no more frames"):
        read_to_the_end(source)
    source.close()


def test_a_stream_that_falls_silent_is_an_error_after_the_stall_time(serve: Serve) -> None:
    source = open_stream(serve(30, 0.01, "silence"), stall=1.0)
    started = time.monotonic()
    with pytest.raises(SourceError, match=r"live\.mjpg (stalled: no frame for 1 s|broke off)"):
        read_to_the_end(source)
    assert time.monotonic() - started < 4
    source.close()


def test_after_close_a_stream_has_ended(serve: Serve) -> None:
    source = open_stream(serve(60, 0.05))
    source.close()
    source.close()
    assert source.read() is None


def test_an_address_where_nothing_answers_is_refused_without_its_password() -> None:
    with pytest.raises(SourceError) as refused:
        open_stream("rtsp://guard:secret@127.0.0.1:9/door", open_timeout=2.0)
    assert "stream rtsp://guard:***@127.0.0.1:9/door cannot be opened" in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://a:b@c/d", "rtsp://a:***@c/d"),
        ("rtsp://:b@c", "rtsp://:***@c"),
        ("rtsp://a@c/d", "rtsp://a@c/d"),
        ("http://c:80/d", "http://c:80/d"),
    ],
)
def test_passwords_are_not_shown(address: str, shown: str) -> None:
    assert without_password(address) == shown


def test_a_camera_that_is_not_there_is_one_sentence_that_lists_those_that_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (10, 2):
        (tmp_path / f"video{number}").touch()
    (tmp_path / "names/video2").mkdir(parents=True)
    (tmp_path / "names/video2/name").write_text("Front Door\n")
    monkeypatch.setattr(stream_source, "DEVICES", tmp_path)
    monkeypatch.setattr(stream_source, "DEVICE_NAMES", tmp_path / "names")
    with pytest.raises(SourceError, match=r"no camera 7 .*: this machine has 2 \(Front Door\), 10"):
        open_camera(7)


def test_a_missing_camera_makes_no_noise(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SourceError, match="there is no camera 97"):
        open_camera(97)
    assert capfd.readouterr() == ("", "")


def test_a_device_that_is_no_camera_makes_no_noise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "video97").touch()
    monkeypatch.setattr(stream_source, "DEVICES", tmp_path)
    with pytest.raises(SourceError, match="camera 97 .* cannot be opened"):
        open_camera(97)
    assert capfd.readouterr() == ("", "")
