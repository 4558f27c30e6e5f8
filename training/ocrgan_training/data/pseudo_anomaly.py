"""Pseudo-anomalies: normal video with something wrong at one place, for the discriminators.

They are the third term of the discriminator's loss. Each edit is local in space and soft-edged, so
that it is the content that gives it away: a thing plays too fast or too slow, leaps, is shuffled or
reversed in time, or is far too large for its place. Some edits are decoys, an earlier moment of the
same place at its own speed: inside, they count as normal, and their seams have no label.
After the skip-frame and patch pseudo-anomalies of Astrid et al. 2021 (arXiv 2110.09742) and
FastAno (arXiv 2106.08613).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrgan_training.data import edits
from ocrgan_training.data.blob import Box, motion_cells, place_box, random_size, soft_blob
from ocrgan_training.data.drawing import draw_thing

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
NEWEST = 4
"""Frames that the labels speak about."""


def _shares() -> dict[str, float]:
    return {
        "fast": 0.25,
        "pasted": 0.20,
        "gliding": 0.20,
        "drawn": 0.25,
        "shuffled": 0.05,
        "skipping": 0.05,
        "slow": 0.02,
        "frozen": 0.02,
        "reversed": 0.01,
        "decoy": 0.10,
        "transplanted": 0.15,
    }


@dataclass(frozen=True)
class PseudoSettings:
    """How pseudo-anomalies are drawn."""

    shares: dict[str, float] = field(default_factory=_shares)
    """How often each kind of edit is made, in parts of their sum."""
    size: tuple[float, float] = (0.06, 0.35)
    """Height of an edit as a share of the frame's height."""
    speed: tuple[float, float] = (2.0, 3.0)
    scale: tuple[float, float] = (1.2, 2.2)
    still_scale: tuple[float, float] = (0.8, 2.0)
    drift: float = 0.025
    """Fastest own motion of pasted content, in frame heights a frame."""
    glide: tuple[float, float] = (0.003, 0.03)
    """Motion of still things, in frame heights a frame."""
    edits: int = 4
    """Most edits in one stack."""
    untouched: float = 0.15
    """Share of stacks without any edit."""

    def within(self, share: float) -> PseudoSettings:
        """The same edits in a part of the frame that has this share of its height, half as many."""
        grown = 1 / share
        return replace(
            self,
            size=(self.size[0] * grown, min(0.95, self.size[1] * grown)),
            drift=self.drift * grown,
            glide=(self.glide[0] * grown, self.glide[1] * grown),
            edits=max(1, self.edits // 2),
        )

    faint: tuple[float, float] = (2.0, 8.0)
    """Mean change in gray levels, around a pixel, below which nothing happened and above which the
    edit is seen for certain."""


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


class _Canvas:
    """A stack while it is edited."""

    def __init__(self, frames: Bytes) -> None:
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
    canvas = _Canvas(context[-length:])
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
                _paste(canvas, donor, cells, settings, random)
            elif kind == "transplanted":
                _transplant(canvas, donor, settings, random)
            elif kind in ("gliding", "drawn"):
                _glide(canvas, donor, (str(kind), cells), settings, random)
            else:
                _replay(canvas, context, str(kind), (cells, settings), random)
    return _finish(canvas, context[-length:], settings)


def _replay(
    canvas: _Canvas,
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
        seam = canvas.seam[box.cut]
        np.maximum(seam, 4 * blob * (1 - blob), out=seam)
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


def _paste(
    canvas: _Canvas,
    donor: Bytes,
    cells: NDArray[np.float64],
    settings: PseudoSettings,
    random: np.random.Generator,
) -> None:
    length, frame = len(canvas.frames), canvas.frames.shape[1:3]
    size = random_size(frame, settings.size, random)
    box = place_box(size, frame, cells if random.random() < 0.5 else None, random)
    speed = 1.0 if random.random() < 0.6 else random.uniform(1.5, settings.speed[1])
    order = edits.fast(length, len(donor), speed, random)
    patch = edits.cut_out(donor, order, size, random.uniform(*settings.scale), random)
    drift = random.uniform(-1, 1, 2) * settings.drift * frame[0] * (0.4, 1.0)
    boxes = edits.drifting(box, frame, length, (drift[0], drift[1]))
    covers = canvas.blend(boxes, patch, soft_blob(*size, random))
    canvas.mark(boxes, covers)
    newest = canvas.pasted[boxes[-1].cut]
    np.maximum(newest, covers[-1], out=newest)


def _transplant(
    canvas: _Canvas, donor: Bytes, settings: PseudoSettings, random: np.random.Generator
) -> None:
    """A decoy: what moved in the same rows of another moment, as it moved."""
    length, frame = len(canvas.frames), canvas.frames.shape[1:3]
    taken = place_box(random_size(frame, settings.size, random), frame, motion_cells(donor), random)
    shift = round(random.normal(0, 0.15 * frame[1]))
    left = int(np.clip(taken.left + shift, 0, frame[1] - taken.width))
    box = Box(taken.top, left, taken.height, taken.width)
    patch = edits.cut_as_is(donor, taken, length)
    covers = canvas.blend([box] * length, patch, soft_blob(box.height, box.width, random))
    seam = canvas.seam[box.cut]
    for cover in covers:
        np.maximum(seam, 4 * cover * (1 - cover), out=seam)


def _glide(
    canvas: _Canvas,
    donor: Bytes,
    what: tuple[str, NDArray[np.float64]],
    settings: PseudoSettings,
    random: np.random.Generator,
) -> None:
    length, frame = len(canvas.frames), canvas.frames.shape[1:3]
    kind, cells = what
    still = _still(kind, donor, random_size(frame, settings.size, random), settings, random)
    low, high = np.log(settings.glide)
    speed = float(np.exp(random.uniform(low, high))) * frame[0]
    angle = random.normal(0, 0.3) + (np.pi if random.random() < 0.5 else 0)
    patch = edits.gliding(
        still, length, (speed * float(np.sin(angle)), speed * float(np.cos(angle)))
    )
    height, width = patch.cover.shape[1:]
    if height > frame[0] or width > frame[1]:
        return
    box = place_box((height, width), frame, cells if random.random() < 0.5 else None, random)
    boxes = [box] * length
    covers = canvas.blend(boxes, patch, np.ones((height, width), np.float32))
    canvas.mark(boxes, covers)
    newest = canvas.pasted[box.cut]
    np.maximum(newest, covers[-1], out=newest)


def _still(
    kind: str,
    donor: Bytes,
    size: tuple[int, int],
    settings: PseudoSettings,
    random: np.random.Generator,
) -> edits.Patch:
    """Something cut out, something drawn, or half of the drawn ones on something cut out."""
    drawn = draw_thing(donor, size, random)
    if kind == "drawn" and random.random() < 0.5:
        return drawn
    cut = edits.cut_still(donor, size, random.uniform(*settings.still_scale), random)
    cut = edits.Patch(cut.frames, cut.cover * soft_blob(*size, random))
    return cut if kind == "gliding" else edits.together(cut, drawn)


def _finish(canvas: _Canvas, real: Bytes, settings: PseudoSettings) -> PseudoStack:
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
