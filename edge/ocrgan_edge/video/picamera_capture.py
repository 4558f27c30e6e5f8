"""The Raspberry Pi's camera through picamera2, inside the decoder process.

picamera2 is no dependency: Raspberry Pi OS brings it as a Debian package, and a virtual environment
sees it if it was made with `--system-site-packages`.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

from ocrgan_edge.video.capture import CaptureError
from ocrgan_edge.video.decoder_messages import Request

SHARE = 16 / 9
"""Width over height of the picture that is asked for."""
RATE = 25.0


class PicameraCapture:
    """A camera at the Pi's own connector; implements `Capture`."""

    def __init__(self, request: Request) -> None:
        """Starts it.

        Raises:
            CaptureError: picamera2 is not installed, there is no such camera, or it is in use.
        """
        try:
            library: Any = importlib.import_module("picamera2")
        except ImportError as error:
            raise CaptureError(
                "picamera2 is not installed (apt-get install python3-picamera2, and a virtual "
                "environment made with --system-site-packages)",
                final=True,
            ) from error
        self.rate: float | None = request.frames_per_second or RATE
        width = request.widest // 2 * 2
        try:
            self._camera = library.Picamera2(int(request.address))
            self._camera.configure(
                self._camera.create_video_configuration(
                    # In picamera2 "RGB888" has blue first in memory.
                    main={"size": (width, round(width / SHARE) // 2 * 2), "format": "RGB888"},
                    controls={"FrameRate": self.rate},
                )
            )
            self._camera.start()
        except (RuntimeError, IndexError, OSError) as error:
            raise CaptureError("there is no such camera, or it is in use") from error

    def images(self) -> Iterator[PicameraImage]:
        """Pictures as they come.

        Raises:
            CaptureError: the camera gives no more.
        """
        while True:
            try:
                yield PicameraImage(self._camera.capture_array("main"))
            except (RuntimeError, OSError) as error:
                raise CaptureError("the camera gives no more pictures") from error

    def close(self) -> None:
        """Frees the camera."""
        self._camera.close()


class PicameraImage:
    """A picture of the size that was asked for."""

    def __init__(self, image: Any) -> None:
        """Keeps the array: (H, W, 3), blue-green-red, rows perhaps padded."""
        self._image = image

    def paint(self, widest: int) -> tuple[memoryview, int, int, int]:
        """Blue-green-red bytes, height, width, bytes from one row to the next."""
        height, width = self._image.shape[:2]
        return memoryview(self._image.tobytes()), height, width, 3 * width
