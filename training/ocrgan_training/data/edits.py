"""The single edits that pseudo-anomalies are made of: other time, or other content, in one place.

A context is (K, H, W, 3) uint8, K ≥ N frames of normal video, newest last; an edit gives N frames.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrgan_training.data.blob import Box, motion_cells, place_box

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Order = NDArray[np.intp]
SOLID = 0.35
"""Share of pasted content that brings along what lies behind it."""

STANDS_OUT = 14.0
"""Gray levels from what is usually there."""
UPRIGHT = 1.2
"""Times its width: what is taller stands."""
SMALLEST, MARGIN = 30, 2
"""Pixels of a thing, and around it."""
NOISE = 6.0
"""Gray levels: what changes by more is no noise."""


@dataclass(frozen=True)
class Patch:
    """Content for one place."""

    frames: Floats
    """(N, h, w, 3), 0 … 255"""
    cover: Floats
    """(N, h, w), 0 … 1: how much of it replaces what was there."""


def fast(length: int, context: int, speed: float, random: np.random.Generator) -> Order:
    """Frames of a context played `speed` times faster, or as fast as the context allows."""
    speed = min(speed, (context - 1) / (length - 1))
    return _played(length, context, speed, random)


def slow(length: int, context: int, random: np.random.Generator) -> Order:
    """Frames played at a third to a half of their speed."""
    return _played(length, context, random.uniform(0.3, 0.5), random)


def frozen(length: int, context: int, random: np.random.Generator) -> Order:
    """One frame, held."""
    return np.full(length, random.integers(context))


def skipping(length: int, context: int, random: np.random.Generator) -> Order:
    """As it was, but up to a random moment several frames too early: something leaps."""
    order = np.arange(context - length, context)
    leap = int(random.integers(1, max(2, context - length + 1)))
    order[: random.integers(2, length - 1)] -= leap
    return np.clip(order, 0, None)


def shuffled(length: int, context: int, random: np.random.Generator) -> Order:
    """The newest frames in random order."""
    return context - 1 - random.permutation(length)


def reversed_order(length: int, context: int) -> Order:
    """The newest frames backwards."""
    return np.arange(context - 1, context - 1 - length, -1)


def earlier(length: int, context: int, random: np.random.Generator) -> Order:
    """Frames from a little earlier at their own speed: an edit that is still normal life."""
    shift = int(random.integers(1, max(2, context - length + 1)))
    return np.clip(np.arange(context - length, context) - shift, 0, None)


def _played(length: int, context: int, speed: float, random: np.random.Generator) -> Order:
    steps = np.round(np.arange(length) * speed).astype(np.intp)
    return steps + int(random.integers(context - steps[-1]))


def cut_out(
    donor: Bytes, order: Order, size: tuple[int, int], scale: float, random: np.random.Generator
) -> Patch:
    """Something that moves in `donor`, enlarged by `scale` to (h, w), without what lies behind it.

    What stands out from the donor's own median is the thing. Now and then all of the box is taken,
    which looks like something solid.
    """
    frame = donor.shape[1:3]
    height = int(np.clip(round(size[0] / scale), 3, frame[0]))
    width = int(np.clip(round(size[1] / (scale * random.uniform(0.8, 1.25))), 3, frame[1]))
    box = place_box((height, width), frame, motion_cells(donor), random)
    return _enlarge(donor[:, *box.cut], order, size, random)


def cut_as_is(donor: Bytes, box: Box, length: int) -> Patch:
    """What moves through a box of `donor` in its newest frames: (N, h, w, 3), at its own speed."""
    content = np.ascontiguousarray(donor[:, *box.cut])
    frames = content[-length:].astype(np.float32)
    return Patch(frames, _matte(frames, np.median(content[::3], axis=0).astype(np.uint8)))


def cut_still(
    donor: Bytes, size: tuple[int, int], scale: float, random: np.random.Generator
) -> Patch:
    """As `cut_out`, one frame of it: (1, h, w, 3). Moved about, it glides as what rolls does."""
    moment = np.array([random.integers(len(donor))])
    return cut_out(donor, moment, size, scale, random)


def cut_upright(donor: Bytes, random: np.random.Generator) -> tuple[Patch, Box] | None:
    """One whole thing that stands out in a frame of `donor`, taller than wide, and where it was.

    (1, h, w, 3); None where there is none. Larger ones are more likely.
    """
    behind = np.median(donor[::3], axis=0).astype(np.uint8)
    moment = donor[int(random.integers(len(donor)))]
    change = np.abs(moment.astype(np.float32) - behind).mean(-1)
    out = (cv2.GaussianBlur(change, (3, 3), 0) > STANDS_OUT).astype(np.uint8)
    whole = cv2.morphologyEx(out, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    labels, boxes = cv2.connectedComponentsWithStats(whole, connectivity=8)[1:3]
    upright = boxes[1:, cv2.CC_STAT_HEIGHT] > UPRIGHT * boxes[1:, cv2.CC_STAT_WIDTH]
    areas = boxes[1:, cv2.CC_STAT_AREA] * upright.astype(np.float64)
    areas[areas < SMALLEST] = 0
    if areas.sum() == 0:
        return None
    chosen = 1 + int(random.choice(len(areas), p=areas / areas.sum()))
    left, top, width, height = boxes[chosen, :4].tolist()
    cut = (
        slice(max(0, top - MARGIN), top + height + MARGIN),
        slice(max(0, left - MARGIN), left + width + MARGIN),
    )
    cover = cv2.GaussianBlur((labels[cut] == chosen).astype(np.float32), (3, 3), 0)
    patch = Patch(moment[cut].astype(np.float32)[None], np.asarray(cover, np.float32)[None])
    return patch, Box(cut[0].start, cut[1].start, *cover.shape[:2])


def resized(patch: Patch, scale: float) -> Patch:
    """A still thing `scale` times as large, never less than 4×3 pixels."""
    height, width = patch.cover.shape[1:]
    size = max(3, round(width * scale)), max(4, round(height * scale))
    frame = np.asarray(cv2.resize(patch.frames[0], size), np.float32)
    return Patch(frame[None], np.asarray(cv2.resize(patch.cover[0], size), np.float32)[None])


def turned(patch: Patch, degrees: float) -> Patch:
    """A still thing turned about its middle, in a box that holds all of it."""
    height, width = patch.cover.shape[1:]
    along, across = (abs(f(math.radians(degrees))) for f in (math.cos, math.sin))
    size = math.ceil(width * along + height * across), math.ceil(width * across + height * along)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    turn[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    frame = cv2.warpAffine(patch.frames[0], turn, size, borderMode=cv2.BORDER_REPLICATE)
    cover = cv2.warpAffine(patch.cover[0], turn, size)
    return Patch(np.asarray(frame, np.float32)[None], np.asarray(cover, np.float32)[None])


def held(patch: Patch, under: Bytes) -> Patch:
    """A still thing as long as `under` (N, h, w, 3), which it gets its noise from.

    Without noise the lack of it would give the thing away.
    """
    noise = under.astype(np.float32) - np.median(under, axis=0).astype(np.float32)
    noise[np.abs(noise) > NOISE] = 0
    return Patch(patch.frames + noise, np.repeat(patch.cover, len(under), axis=0))


def together(under: Patch, over: Patch) -> Patch:
    """Two patches of the same shape as one thing."""
    alpha = over.cover[..., None]
    return Patch(
        under.frames + alpha * (over.frames - under.frames), np.maximum(under.cover, over.cover)
    )


def gliding(patch: Patch, length: int, drift: tuple[float, float]) -> Patch:
    """A still thing moving by `drift` (rows, columns) a frame, parts of pixels too.

    Gives (length, h', w'): the box has grown by the way, the thing's shape has not changed.
    """
    height, width = patch.cover.shape[1:]
    down, right = (abs(step) * (length - 1) for step in drift)
    size = (width + math.ceil(right) + 1, height + math.ceil(down) + 1)
    start = (right if drift[1] < 0 else 0.0, down if drift[0] < 0 else 0.0)
    frames = np.empty((length, *size[::-1], 3), np.float32)
    cover = np.empty((length, *size[::-1]), np.float32)
    for i in range(length):
        shift = np.array([[1, 0, start[0] + i * drift[1]], [0, 1, start[1] + i * drift[0]]])
        around = cv2.BORDER_REPLICATE
        cv2.warpAffine(patch.frames[0], shift, size, dst=frames[i], borderMode=around)
        cv2.warpAffine(patch.cover[0], shift, size, dst=cover[i])
    return Patch(frames, cover)


def _enlarge(
    content: Bytes, order: Order, size: tuple[int, int], random: np.random.Generator
) -> Patch:
    if random.random() < 0.5:
        content = content[:, :, ::-1]
    frames = np.stack([_resize(content[i], size) for i in order]).astype(np.float32)
    if random.random() < SOLID:
        cover = np.ones(frames.shape[:3], np.float32)
    else:
        behind = np.median(content[::3], axis=0).astype(np.uint8)
        cover = _matte(frames, _resize(behind, size))
    return Patch(frames * np.float32(random.uniform(0.85, 1.2)), cover)


def _matte(frames: Floats, behind: Bytes) -> Floats:
    """(N, h, w): 1 where a frame differs from what lies behind by 20 gray levels or more."""
    difference = np.abs(frames - behind).mean(-1)
    smooth = np.stack([cv2.GaussianBlur(each, (3, 3), 0) for each in difference])
    return np.clip((smooth - 8) / 12, 0, 1).astype(np.float32)


def _resize(image: Bytes, size: tuple[int, int]) -> Bytes:
    return np.asarray(
        cv2.resize(np.ascontiguousarray(image), size[::-1], interpolation=cv2.INTER_LINEAR),
        np.uint8,
    )


def drifting(
    box: Box, frame: tuple[int, int], length: int, drift: tuple[float, float]
) -> list[Box]:
    """Where `box` was `length` − 1 … 0 frames ago, moving by `drift` (rows, columns) a frame."""
    boxes = []
    for ago in range(length - 1, -1, -1):
        top = int(np.clip(round(box.top - ago * drift[0]), 0, frame[0] - box.height))
        left = int(np.clip(round(box.left - ago * drift[1]), 0, frame[1] - box.width))
        boxes.append(Box(top, left, box.height, box.width))
    return boxes
