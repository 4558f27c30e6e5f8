"""What cameras, servers and files send that is no video: each is refused with its sentence."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ocrgan_edge.errors import SourceError
from ocrgan_edge.video.open_live import LiveOptions
from ocrgan_edge.video.open_source import open_source
from ocrgan_edge.video.source import Source
from ocrgan_edge.video.stream_source import Patience

pytestmark = pytest.mark.slow

HURRIED = LiveOptions(patience=Patience(open=2.0, first=2.0, stall=1.0))
MULTIPART = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"
NOISE = np.random.default_rng(1).bytes(30_000)


def answer(status: str, headers: str = "", body: bytes = b"") -> bytes:
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return f"HTTP/1.0 {status}\r\n{headers}{length}\r\n".encode() + body


def damaged_part(body: bytes) -> bytes:
    length = f"Content-Length: {len(body)}"
    return f"--frame\r\nContent-Type: image/jpeg\r\n{length}\r\n\r\n".encode() + body + b"\r\n"


def saying(data: bytes, then: str = "hangs up") -> Callable[..., None]:
    """A server that says this to whoever asks."""

    def script(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(4096)
        connection.sendall(data)
        if then == "silence":
            over.wait(20)
        while then == "repeats" and not over.wait(0.001):
            connection.sendall(data)

    return script


def read_to_the_end(source: Source) -> int:
    count = 0
    try:
        while source.read() is not None:
            count += 1
    finally:
        source.close()
    return count


@pytest.mark.parametrize(
    ("says", "sentence"),
    [
        (saying(answer("404 Not Found")), r"there is nothing at this path \(404\)"),
        (saying(answer("401 Unauthorized")), r"user or password are refused \(401\)"),
        (saying(answer("403 Forbidden")), r"access is forbidden \(403\)"),
        (saying(answer("500 Oh")), r"the camera has an error of its own \(5xx\)"),
        (saying(answer("200 OK", "", b"<html>Login</html>" * 99)), "what comes is no video"),
        (saying(answer("200 OK")), "cannot be opened: .*the connection ended"),
        (saying(answer("200 OK", "", NOISE)), "what comes is no video"),
        (saying(answer("200 OK", "Content-Type: video/mp4\r\n", NOISE)), "what comes is no video"),
        (saying(b""), "cannot be opened: "),
        (saying(b"SSH-2.0-OpenSSH_9.2\r\n"), "cannot be opened: "),
        (saying(b"", "silence"), "did not answer within 2 s"),
        (saying(MULTIPART, "silence"), "did not answer within 2 s"),
        (saying(MULTIPART), "cannot be opened: "),
        (saying(MULTIPART + NOISE), "cannot be opened: "),
        (saying(MULTIPART + damaged_part(NOISE) * 3, "silence"), "(stalled|did not answer)"),
        (saying(damaged_part(NOISE), "repeats"), "cannot be opened: "),
        (saying(b"HTTP/1.0 200 OK\r\n" + b"X-Header: x\r\n" * 1000, "repeats"), "did not answer"),
        (saying(answer("302 Found", "Location: /live.mjpg\r\n")), "cannot be opened: "),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_http_camera_is_refused(serve_tcp: Any, says: Any, sentence: str) -> None:
    address = serve_tcp(says).address.replace("http://", "http://guard:secret@")
    with pytest.raises(SourceError, match=sentence) as refused:
        read_to_the_end(open_source(address, live=HURRIED))
    assert "stream http://guard:***@127.0.0.1" in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "playlist", ["#EXTM3U\n#EXTINF:9,\n{}\n", "ffconcat version 1.0\nfile {}\n"]
)
def test_a_playlist_cannot_reach_this_machine_s_files(
    serve_tcp: Any, tmp_path: Path, playlist: str
) -> None:
    video = tmp_path / "private.ts"
    ffmpeg(*VIDEO, "-y", str(video), "-f", "null")
    text = playlist.format(f"file://{video}").encode()
    address = serve_tcp(saying(answer("200 OK", "", text))).address
    with pytest.raises(SourceError):
        read_to_the_end(open_source(address, live=HURRIED))


def test_a_tls_address_of_a_plain_server_is_refused(serve_tcp: Any) -> None:
    address = serve_tcp(saying(answer("200 OK"))).address
    with pytest.raises(SourceError, match="cannot be opened: "):
        open_source(address.replace("http://", "https://"), live=HURRIED)


def test_something_else_than_rtsp_is_refused(serve_tcp: Any) -> None:
    address = serve_tcp(saying(answer("200 OK", "", NOISE))).address
    with pytest.raises(SourceError, match="cannot be opened: "):
        open_source(address.replace("http://", "rtsp://"), live=HURRIED)


@pytest.mark.parametrize(
    ("path", "user", "sentence"),
    [
        ("door", "guard:wrong@", r"user or password are refused \(401\)"),
        ("door", "", r"user or password are refused \(401\)"),
        ("cellar", "guard:secret@", r"there is nothing at this path \(404\)"),
        ("sound", "guard:secret@", r"perhaps it has no pictures there \(4xx\)"),
    ],
)
def test_an_rtsp_camera_is_refused(rtsp: Any, path: str, user: str, sentence: str) -> None:
    camera = rtsp(credentials="guard:secret")
    with pytest.raises(SourceError, match=sentence) as refused:
        open_source(camera.address(path, user), live=HURRIED)
    assert "wrong" not in str(refused.value)


def test_a_right_password_opens_the_camera(rtsp: Any) -> None:
    camera = rtsp(credentials="guard:secret")
    source = open_source(camera.address("door", "guard:secret@"))
    assert source.read() is not None
    source.close()


def test_garbage_between_pictures_is_survived(serve_tcp: Any, mjpeg: Any, diary: Any) -> None:
    live = LiveOptions(patient=True, watcher=diary)
    source = open_source(serve_tcp(mjpeg(200, 0.02, NOISE[:5000])).address, live=live)
    frames = [source.read() for _ in range(20)]
    source.close()
    assert all(frame is not None and frame.image.shape == (48, 64, 3) for frame in frames)


def ffmpeg(*arguments: str) -> bytes:
    """What ffmpeg writes to its standard output."""
    program = shutil.which("ffmpeg")
    if not program:
        assert "CI" not in os.environ, "CI must install ffmpeg: nothing is skipped there"
        pytest.skip("ffmpeg is not installed")
    command = [program, "-loglevel", "error", "-f", "lavfi", *arguments, "pipe:1"]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout


VIDEO = ("-i", "testsrc=size=320x240:rate=25:duration=8", "-c:v", "libx264", "-g", "25")


@pytest.mark.parametrize("noise", ["noise=amount=-2000", "noise=amount=-200"])
def test_damaged_packets_are_left_out_and_counted(serve_tcp: Any, diary: Any, noise: str) -> None:
    data = ffmpeg(*VIDEO, "-tune", "zerolatency", "-bsf:v", noise, "-f", "matroska")

    def play(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(4096)
        connection.sendall(answer("200 OK", "Content-Type: video/x-matroska\r\n"))
        piece = len(data) // 200
        for start in range(0, len(data), piece):
            connection.sendall(data[start : start + piece])
            if over.wait(0.01):
                return

    live = LiveOptions(patient=True, watcher=diary)
    source = open_source(serve_tcp(play).address, live=live)
    frames = [source.read() for _ in range(60)]
    source.close()
    assert all(frame is not None for frame in frames)
    assert diary.dropped_frames > 0


@pytest.fixture
def broken_file(tmp_path: Path) -> Callable[[str], Path]:
    """`broken_file(kind)`: a file that is no whole video."""

    def make(kind: str) -> Path:
        path = tmp_path / f"{kind}.mp4"
        if kind == "fifo":
            os.mkfifo(path)
        elif kind == "sound":
            path.write_bytes(ffmpeg("-i", "sine=duration=1", "-f", "wav"))
        elif kind == "truncated":
            whole = tmp_path / "whole.mkv"
            ffmpeg(*VIDEO, "-y", str(whole), "-f", "null")
            path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 3])
        elif kind == "noise":
            path.write_bytes(NOISE)
        elif kind == "letter":
            path.write_text("Dear neighbour, your cat has been in my garden again.")
        elif kind == "index missing":
            with_index = tmp_path / "whole.mp4"
            ffmpeg(*VIDEO, "-y", str(with_index), "-f", "null")
            data = with_index.read_bytes()
            path.write_bytes(data[: data.rindex(b"moov") - 4])
        else:
            path.touch()
        return path

    return make


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("empty", "is empty: 0 bytes"),
        ("fifo", "is no file, but a pipe, socket or device"),
        ("letter", "is no video, or broken: it cannot be opened"),
        ("noise", "is no video, or broken: it cannot be opened"),
        ("sound", "is no video, or broken: it cannot be opened"),
        ("index missing", "is no video, or broken: it cannot be opened"),
        ("truncated", r"is broken: it ends after \d+ of \d+ frames"),
    ],
)
def test_a_broken_file_is_refused(broken_file: Any, kind: str, sentence: str) -> None:
    path = broken_file(kind)
    with pytest.raises(SourceError, match=sentence) as refused:
        read_to_the_end(open_source(str(path)))
    assert str(path) in str(refused.value)
