"""Memory for one picture, shared between a decoder process and the daemon."""

from __future__ import annotations

import mmap
import os


class PictureMemory:
    """The decoder's side: grows with the pictures.

    A memfd (memfd_create(2)) has no name in the file system and is gone with its last user,
    however that ends.
    """

    def __init__(self) -> None:
        """Holds nothing yet."""
        self.descriptor = -1
        self.size = 0
        self._map: mmap.mmap | None = None

    def store(self, pixels: memoryview) -> bool:
        """Puts a picture in; True if it is in new memory, whose descriptor must be passed on."""
        new = pixels.nbytes > self.size
        if new:
            self._renew(pixels.nbytes)
        assert self._map is not None
        self._map[: pixels.nbytes] = pixels
        return new

    def _renew(self, size: int) -> None:
        self.close()
        self.descriptor = os.memfd_create("ocrgan-picture")
        os.ftruncate(self.descriptor, size)
        self._map = mmap.mmap(self.descriptor, size)
        self.size = size

    def close(self) -> None:
        """Lets go of it; the other side's stays."""
        if self._map is not None:
            self._map.close()
            os.close(self.descriptor)
        self._map, self.descriptor, self.size = None, -1, 0


class PictureView:
    """The daemon's side: the memory that came last."""

    def __init__(self) -> None:
        """Sees nothing yet."""
        self._map: mmap.mmap | None = None

    def take(self, descriptor: int, size: int) -> None:
        """Looks into other memory from now on; the descriptor is closed."""
        self.close()
        try:
            self._map = mmap.mmap(descriptor, size, prot=mmap.PROT_READ)
        finally:
            os.close(descriptor)

    @property
    def pixels(self) -> mmap.mmap:
        """The bytes; whoever looks at them must let go before the next `take` or `close`."""
        assert self._map is not None
        return self._map

    def close(self) -> None:
        """Lets go of the memory; may be called twice."""
        if self._map is not None:
            self._map.close()
        self._map = None
