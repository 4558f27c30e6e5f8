"""Edits that bring content from elsewhere into a stack."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ocrgan_training.data import edits
from ocrgan_training.data.blob import Box, motion_cells, place_box, random_size, soft_blob
from ocrgan_training.data.canvas import Canvas
from ocrgan_training.data.drawing import draw_thing
from ocrgan_training.data.pseudo_settings import PseudoSettings

Bytes = NDArray[np.uint8]
STANDING = 0.35
"""Share of things at rest that are decoys, somebody who stands."""
LYING = 0.6
"""Of the others, the share that is somebody who lies; the rest was left behind."""
TURNED = (55.0, 125.0)
"""Degrees from upright of somebody who lies."""


def paste(
    canvas: Canvas,
    donor: Bytes,
    cells: NDArray[np.float64],
    settings: PseudoSettings,
    random: np.random.Generator,
) -> None:
    """Something that moves elsewhere, larger or faster than it is, moving along by itself."""
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
    canvas.mark_content(boxes[-1], covers[-1])


def transplant(
    canvas: Canvas, donor: Bytes, settings: PseudoSettings, random: np.random.Generator
) -> None:
    """A decoy: what moved in the same rows of another moment, as it moved."""
    length, frame = len(canvas.frames), canvas.frames.shape[1:3]
    taken = place_box(random_size(frame, settings.size, random), frame, motion_cells(donor), random)
    shift = round(random.normal(0, 0.15 * frame[1]))
    left = int(np.clip(taken.left + shift, 0, frame[1] - taken.width))
    box = Box(taken.top, left, taken.height, taken.width)
    patch = edits.cut_as_is(donor, taken, length)
    covers = canvas.blend([box] * length, patch, soft_blob(box.height, box.width, random))
    for cover in covers:
        canvas.mark_seam(box, cover)


def glide(
    canvas: Canvas,
    donor: Bytes,
    what: tuple[str, NDArray[np.float64]],
    settings: PseudoSettings,
    random: np.random.Generator,
) -> None:
    """Something still that moves along as what rolls does: `what` = its kind, and where to."""
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
    canvas.mark_content(box, covers[-1])


def rest(
    canvas: Canvas,
    donor: Bytes,
    cells: NDArray[np.float64],
    settings: PseudoSettings,
    random: np.random.Generator,
) -> None:
    """Something that stays where it is: somebody on the floor, or a thing left behind.

    Now and then a decoy: somebody who stands.
    """
    frame = canvas.frames.shape[1:3]
    if random.random() < STANDING:
        _stand(canvas, donor, random)
        return
    if random.random() < LYING:
        still = _lying(donor, random)
    else:
        still = _still("drawn", donor, random_size(frame, settings.size, random), settings, random)
    if still is None:
        return
    height, width = still.cover.shape[1:]
    if height > frame[0] or width > frame[1]:
        return
    box = place_box((height, width), frame, cells if random.random() < 0.5 else None, random)
    patch = edits.held(still, canvas.frames[:, *box.cut])
    boxes = [box] * len(canvas.frames)
    covers = canvas.blend(boxes, patch, np.ones((height, width), np.float32))
    canvas.mark(boxes, covers)
    canvas.mark_content(box, covers[-1])


def _stand(canvas: Canvas, donor: Bytes, random: np.random.Generator) -> None:
    """Somebody who stands in the rows where somebody was, which is normal life."""
    found = edits.cut_upright(donor, random)
    if found is None:
        return
    upright, taken = found
    shift = round(random.normal(0, 0.15 * canvas.frames.shape[2]))
    left = int(np.clip(taken.left + shift, 0, canvas.frames.shape[2] - taken.width))
    box = Box(taken.top, left, taken.height, taken.width)
    patch = edits.held(upright, canvas.frames[:, *box.cut])
    boxes = [box] * len(canvas.frames)
    for cover in canvas.blend(boxes, patch, np.ones((box.height, box.width), np.float32)):
        canvas.mark_seam(box, cover)


def _lying(donor: Bytes, random: np.random.Generator) -> edits.Patch | None:
    """Somebody upright in `donor`, turned over to either side; None where there is nobody."""
    found = edits.cut_upright(donor, random)
    if found is None:
        return None
    sized = edits.resized(found[0], random.uniform(0.8, 1.3))
    lit = edits.Patch(sized.frames * np.float32(random.uniform(0.85, 1.2)), sized.cover)
    return edits.turned(lit, random.uniform(*TURNED) * (1 if random.random() < 0.5 else -1))


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
