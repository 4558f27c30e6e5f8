"""A stack of frames that patches are laid over."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ocrgan_training.data import edits
from ocrgan_training.data.blob import Box

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]


class Canvas:
    """A stack (N, H, W, 3) while it is edited, and what was done to it."""

    def __init__(self, frames: Bytes) -> None:
        """Copies the frames; nothing has been done yet."""
        self.frames = frames.copy()
        self.cover = np.zeros(frames.shape[:3], np.float32)
        self.pasted = np.zeros(frames.shape[1:3], np.float32)
        self.seam = np.zeros(frames.shape[1:3], np.float32)

    def blend(self, boxes: list[Box], patch: edits.Patch, blob: Floats) -> list[Floats]:
        """Lays a patch over the frames, one box per frame; gives how much each was covered."""
        covers = []
        for frame, box, content, cover in zip(
            self.frames, boxes, patch.frames, patch.cover, strict=True
        ):
            alpha = blob * cover
            under = frame[box.cut]
            mixed = under + alpha[..., None] * (content - under)
            frame[box.cut] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
            covers.append(alpha)
        return covers

    def mark(self, boxes: list[Box], covers: list[Floats]) -> None:
        """Notes that what was laid over is anomalous."""
        for sheet, box, cover in zip(self.cover, boxes, covers, strict=True):
            np.maximum(sheet[box.cut], cover, out=sheet[box.cut])

    def mark_content(self, box: Box, cover: Floats) -> None:
        """Notes that the newest frame alone shows content from elsewhere."""
        newest = self.pasted[box.cut]
        np.maximum(newest, cover, out=newest)

    def mark_seam(self, box: Box, cover: Floats) -> None:
        """Notes that here something normal was blended in: where it is half there is no label."""
        seam = self.seam[box.cut]
        np.maximum(seam, 4 * cover * (1 - cover), out=seam)
