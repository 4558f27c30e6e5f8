"""A real RTSP session: FFmpeg encodes H.264 as an IP camera does, a small server hands it out."""

from __future__ import annotations

import shutil
import socket
import socketserver
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from ocrgan_edge.errors import SourceError
from ocrgan_edge.video.open_source import open_source
from ocrgan_edge.video.stream_source import open_stream

FFMPEG = shutil.which("ffmpeg")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(FFMPEG is None, reason="ffmpeg is not installed"),
]

DESCRIPTION = """v=0
o=- 0 0 IN IP4 127.0.0.1
s=test camera
c=IN IP4 127.0.0.1
t=0 0
m=video 0 RTP/AVP 96
a=rtpmap:96 H264/90000
a=fmtp:96 packetization-mode=1
a=control:track0
""".replace("\n", "\r\n")


class Session(socketserver.StreamRequestHandler):
    """RFC 2326 with media inside the connection (10.12), as much of it as one client needs."""

    seconds: float

    def handle(self) -> None:
        try:
            while request := self._request():
                method, number = request
                self._answer(method, number)
                if method == "PLAY":
                    self._play()
        except OSError:
            pass

    def _request(self) -> tuple[str, str] | None:
        method, number = "", ""
        while (line := self.rfile.readline().decode().strip()) or not method:
            if not line:
                return None
            if not method:
                method = line.split()[0]
            elif line.lower().startswith("cseq:"):
                number = line.split(":")[1].strip()
        return method, number

    def _answer(self, method: str, number: str) -> None:
        body = DESCRIPTION if method == "DESCRIBE" else ""
        lines = ["RTSP/1.0 200 OK", f"CSeq: {number}", "Session: 1", f"Content-Length: {len(body)}"]
        if method == "OPTIONS":
            lines.append("Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN")
        if method == "DESCRIBE":
            lines.append("Content-Type: application/sdp")
        if method == "SETUP":
            lines.append("Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
        self.wfile.write(("\r\n".join(lines) + "\r\n\r\n" + body).encode())

    def _play(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as media:
            media.bind(("127.0.0.1", 0))
            media.settimeout(0.2)
            camera = subprocess.Popen(
                [str(FFMPEG), "-loglevel", "quiet", "-re", "-f", "lavfi"]
                + ["-i", "testsrc=size=160x120:rate=25", "-c:v", "libx264", "-threads", "1"]
                + ["-preset", "ultrafast", "-tune", "zerolatency", "-g", "10"]
                + ["-bsf:v", "dump_extra", "-f", "rtp", "-payload_type", "96"]
                + [f"rtp://127.0.0.1:{media.getsockname()[1]}?pkt_size=1200"]
            )
            try:
                self._forward(media)
            finally:
                camera.kill()
                camera.wait()

    def _forward(self, media: socket.socket) -> None:
        """Sends what the camera says for some seconds, then nothing, with the line still open."""
        start = time.monotonic()
        while time.monotonic() - start < 20:
            try:
                packet = media.recv(2000)
            except TimeoutError:
                packet = b""
            if packet and time.monotonic() - start < self.seconds:
                self.connection.sendall(struct.pack(">cBH", b"$", 0, len(packet)) + packet)
            elif self._hung_up():
                return

    def _hung_up(self) -> bool:
        self.connection.settimeout(0.05)
        try:
            return self.connection.recv(1000) == b""
        except TimeoutError:
            return False
        finally:
            self.connection.settimeout(None)


@pytest.fixture
def camera() -> Iterator[Callable[[float], str]]:
    """`camera(seconds)`: address of an RTSP camera that falls silent after so many seconds."""
    servers: list[socketserver.ThreadingTCPServer] = []

    def start(seconds: float) -> str:
        handler = type("Camera", (Session,), {"seconds": seconds})
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        return f"rtsp://guard:secret@127.0.0.1:{server.server_address[1]}/door"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_an_rtsp_cameras_frames_are_read_at_its_pace(camera: Callable[[float], str]) -> None:
    source = open_source(camera(15))
    frames = [source.read() for _ in range(40)]
    source.close()
    assert all(frame is not None and frame.image.shape == (120, 160, 3) for frame in frames)
    times = [frame.at for frame in frames if frame]
    assert times == sorted(times)
    assert times[-1] - times[20] > 0.4  # 19 frames at 25/s are 0.76 s; the first came in a rush
    assert "secret" not in source.name


def test_an_rtsp_camera_that_falls_silent_is_an_error(camera: Callable[[float], str]) -> None:
    source = open_stream(camera(4), stall=1.5)
    with pytest.raises(SourceError, match=r"guard:\*\*\*@.*/door (stalled|broke off)"):
        read_to_the_end(source.read)
    source.close()


def read_to_the_end(read: Callable[[], object]) -> None:
    while read() is not None:
        pass
