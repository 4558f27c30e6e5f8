"""Pseudo-anomalies: normal video with something wrong at one place, for the discriminators.

They are the third term of the discriminator's loss. Each edit is local in space and soft-edged, so
that it is the content that gives it away: a thing plays too fast or too slow, leaps, is shuffled or
reversed in time, is far too large for its place, lies there or was left there. Some edits are
decoys, an earlier moment of the same place at its own speed: inside, they count as normal, and
their seams have no label.
After the skip-frame and patch pseudo-anomalies of Astrid et al. 2021 (arXiv 2110.09742) and
FastAno (arXiv 2106.08613).
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrgan_training.data import edits
from ocrgan_training.data.blob import motion_cells, place_box, random_size, soft_blob
from ocrgan_training.data.canvas import Canvas
from ocrgan_training.data.foreign import glide, paste, rest, transplant
from ocrgan_training.data.pseudo_settings import PseudoSettings

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
NEWEST = 4
"""Frames that the labels speak about."""


class PseudoStack(NamedTuple):
    """The newest frames of a context, edited, and what was done where."""

    frames: Bytes
    """(N, H, W, 3)"""
    strength: Floats
    """(H, W), 0 … 1: how strongly the newest frames are anomalous."""
    touched: Floats
    """(H, W), 0 … 1: the same or more where any frame was edited, however faintly."""
    content: Floats
    """(H, W), 0 … 1: how strongly the newest frame alone shows content from elsewhere."""


def make_pseudo_stack(
    context: Bytes, donor: Bytes, length: int, settings: PseudoSettings, random: np.random.Generator
) -> PseudoStack:
    """Edits the newest `length` frames of a context.

    Args:
        context: (K, H, W, 3) normal video, newest frame last, K ≥ `length`; faster play needs more.
        donor: (K', H, W, 3) normal video of another moment or clip, where pasted content is from.
        length: frames N of the stack.
        settings: which edits, how large, how often.
        random: where everything random comes from.
    """
    canvas = Canvas(context[-length:])
    if random.random() >= settings.untouched:
        cells = motion_cells(context)
        kinds = list(settings.shares)
        parts = np.array([settings.shares[kind] for kind in kinds])
        count = 1 + int(random.integers(settings.edits))
        chosen = random.choice(kinds, size=count, p=parts / parts.sum())
        for kind in sorted(
            chosen, key=lambda kind: kind not in ("decoy", "transplanted")
        ):  # decoys lie underneath
            if kind == "pasted":
                paste(canvas, donor, cells, settings, random)
            elif kind == "transplanted":
                transplant(canvas, donor, settings, random)
            elif kind == "resting":
                rest(canvas, donor, cells, settings, random)
            elif kind in ("gliding", "drawn"):
                glide(canvas, donor, (str(kind), cells), settings, random)
            else:
                _replay(canvas, context, str(kind), (cells, settings), random)
    return _finish(canvas, context[-length:], settings)


def _replay(
    canvas: Canvas,
    context: Bytes,
    kind: str,
    how: tuple[NDArray[np.float64], PseudoSettings],
    random: np.random.Generator,
) -> None:
    cells, settings = how
    length, frame = len(canvas.frames), context.shape[1:3]
    box = place_box(random_size(frame, settings.size, random), frame, cells, random)
    order = _order(kind, length, len(context), settings, random)
    content = context[:, *box.cut][order].astype(np.float32)
    patch = edits.Patch(content, np.ones(content.shape[:3], np.float32))
    boxes = [box] * length
    blob = soft_blob(box.height, box.width, random)
    covers = canvas.blend(boxes, patch, blob)
    if kind == "decoy":
        canvas.mark_seam(box, blob)
    else:
        canvas.mark(boxes, covers)


def _order(
    kind: str, length: int, context: int, settings: PseudoSettings, random: np.random.Generator
) -> edits.Order:
    match kind:
        case "fast":
            return edits.fast(length, context, random.uniform(*settings.speed), random)
        case "slow":
            return edits.slow(length, context, random)
        case "frozen":
            return edits.frozen(length, context, random)
        case "skipping":
            return edits.skipping(length, context, random)
        case "shuffled":
            return edits.shuffled(length, context, random)
        case "reversed":
            return edits.reversed_order(length, context)
        case "decoy":
            return edits.earlier(length, context, random)
        case _:
            raise ValueError(f"no pseudo-anomaly is called {kind!r}")


def _finish(canvas: Canvas, real: Bytes, settings: PseudoSettings) -> PseudoStack:
    if not canvas.cover.any() and not canvas.seam.any():
        return unedited(canvas.frames)
    low, high = settings.faint
    around = max(3, real.shape[1] // 12) | 1
    change = _luma_change(canvas.frames, real)
    seen = np.clip((cv2.blur(change.mean(0), (around, around)) - low) / (high - low), 0, 1)
    seen_now = np.clip((cv2.blur(change[-1], (around, around)) - low) / (high - low), 0, 1)
    return PseudoStack(
        canvas.frames,
        (canvas.cover[-NEWEST:].mean(0) * seen).astype(np.float32),
        np.maximum(canvas.cover.max(0), canvas.seam) * (seen > 0),
        (canvas.pasted * seen_now).astype(np.float32),
    )


def unedited(frames: Bytes) -> PseudoStack:
    """A stack (N, H, W, 3) of normal life."""
    nothing = np.zeros(frames.shape[1:3], np.float32)
    return PseudoStack(frames, nothing, nothing, nothing)


def _luma_change(frames: Bytes, real: Bytes) -> Floats:
    """(N, H, W), absolute change in gray levels."""
    height, width = real.shape[1:3]
    flat = cv2.absdiff(
        frames.reshape(-1, width, 3), np.ascontiguousarray(real).reshape(-1, width, 3)
    )
    return cv2.cvtColor(flat, cv2.COLOR_BGR2GRAY).reshape(-1, height, width).astype(np.float32)
