"""What a camera usually shows, followed slowly, and how far a picture is from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.detection.scene_look import (
    HEIGHT,
    WIDTH,
    Floats,
    Look,
    likeness,
    moved,
    shift,
    spread_per_block,
)

LEARNING = 5.0
"""Seconds until a reference can be relied on."""
FOLLOWING = 30.0
"""Seconds in which a reference takes over two thirds of a change."""
TEXTURED = 4.0
"""Levels of spread within a block that has something to recognise."""
ALIKE = 0.5
"""Correlation of a block with itself at another time."""
USUALLY_ALIKE = 0.65
"""Mean correlation of a block that can be relied on: not where trees move and people walk."""
FEWEST = 6
"""Blocks to rely on; a picture with fewer is not judged by comparison."""
BARE = 0.35
"""Of a block's usual gradient: what is left of it where something uniform stands before it."""
DIMMEST = 0.3
"""Share of the usual light down to which gradients are expected to be as much weaker."""
SAME_LIGHT = 1.6
"""Up to how many times brighter or darker sharpness is compared: in dim light there is noise, whose
detail is gone once it is bright."""
SUSPICIOUS = 0.85
"""Share of blocks alike above which nobody looks for a shift."""
BETTER = 0.15
"""By how much more of the picture must be alike once a shift is undone, to be believed."""


@dataclass(frozen=True, eq=False)
class Reference:
    """What is usual."""

    gray: Floats
    edges: Floats
    detail: Floats
    alike: Floats
    """(6, 8), mean likeness of pictures with `gray`."""
    seconds: float = 0.0
    """How long it has been followed."""

    @property
    def ready(self) -> bool:
        """Whether it can be relied on."""
        return self.seconds >= LEARNING


@dataclass(frozen=True, slots=True)
class Difference:
    """How a picture differs from what is usual, over the blocks that can be relied on."""

    alike: float
    """Share of blocks that can be recognised."""
    bare: float
    """Share of blocks that cannot, and have lost their edges."""
    sharpness: float
    """Detail per edge, 1 as usual, or in quite another light; less where edges are soft."""
    shift: float
    """How far the picture is moved, as a share of its width; 0 where it is not."""


def begin(seen: Look) -> Reference:
    """A reference of one picture."""
    return Reference(seen.gray, seen.edges, seen.detail, np.ones_like(seen.edges))


def follow(reference: Reference, seen: Look, passed: float) -> Reference:
    """The reference after another picture, `passed` seconds after the one before."""
    seconds = reference.seconds + passed
    part = np.float32(passed / min(max(seconds, passed), FOLLOWING)) if passed > 0 else 0
    like = likeness(reference.gray, seen.gray)
    return Reference(
        gray=reference.gray + part * (seen.gray - reference.gray),
        edges=reference.edges + part * (seen.edges - reference.edges),
        detail=reference.detail + part * (seen.detail - reference.detail),
        alike=reference.alike + part * (like - reference.alike),
        seconds=seconds,
    )


def compare(reference: Reference, seen: Look) -> Difference | None:
    """How a picture differs; None where the reference has too little to go by."""
    sure = (spread_per_block(reference.gray) > TEXTURED) & (reference.alike > USUALLY_ALIKE)
    if not reference.ready or sure.sum() < FEWEST:
        return None
    like = likeness(reference.gray, seen.gray)
    light = max(seen.mean, 1.0) / max(float(reference.gray.mean()), 1.0)
    weak = seen.edges < BARE * min(max(light, DIMMEST), 1.0) * reference.edges
    alike = float((like > ALIKE)[sure].mean())
    return Difference(
        alike=alike,
        bare=float(((like <= ALIKE) & weak)[sure].mean()),
        sharpness=_sharpness(reference, seen, sure) if _is_about_1(light) else 1.0,
        shift=_shift(reference, seen, sure, alike) if alike < SUSPICIOUS else 0.0,
    )


def _is_about_1(light: float) -> bool:
    return 1 / SAME_LIGHT < light < SAME_LIGHT


def _sharpness(reference: Reference, seen: Look, sure: NDArray[np.bool_]) -> float:
    return _detail_per_edge(seen, sure) / _detail_per_edge(reference, sure)


def _detail_per_edge(of: Look | Reference, sure: NDArray[np.bool_]) -> float:
    return float(of.detail[sure].sum() / max(float(of.edges[sure].sum()), 1e-3))


def _shift(reference: Reference, seen: Look, sure: NDArray[np.bool_], alike: float) -> float:
    """Believed only if the picture is recognised once the shift is undone."""
    right, down = shift(reference.gray, seen.gray)
    if abs(right) > WIDTH / 2 or abs(down) > HEIGHT / 2:
        return 0.0
    like = likeness(reference.gray, moved(seen.gray, -right, -down))
    recognised = float((like > ALIKE)[sure].mean())
    return float(np.hypot(right, down)) / WIDTH if recognised > alike + BETTER else 0.0
