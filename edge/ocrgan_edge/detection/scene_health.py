"""Whether a camera's picture can be judged at all: frozen, dark, covered, blurred, moved, or ok.

None of these is an anomaly of the scene, and an anomaly is none of these: a word takes seconds to
come and to go, and what is compared are places where the picture usually stays the same.
Slow changes are followed and never told: dusk, and also a lens that gets dirty over days.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.detection.scene_look import Look, look
from ocrgan_edge.detection.scene_reference import Difference, Reference, begin, compare, follow

Scene = Literal["ok", "frozen", "dark", "covered", "blurred", "moved"]
Fault = Literal["dark", "covered", "blurred", "moved"]
FAULTS: tuple[Fault, ...] = ("dark", "covered", "blurred", "moved")

LASTS = 4.0
"""Seconds that a sign must outweigh its absence until the word is said, or taken back."""
LONGEST_STEP = 1.0
"""Seconds: more between two pictures count as so many, for nobody saw what was between."""
FROZEN_FOR = 20.0
"""Seconds without any change. Cameras that code a still scene sparingly send the same picture until
their next key frame, a few seconds later."""
SAME = 2
"""Levels by which single pixels of the same picture may differ."""
RELEARN = 60.0
"""Seconds in a new position after which it is the usual one."""

DARK, DARK_SPREAD = 16.0, 12.0
"""Levels: below both there is nothing to see. A lit window in the night is something to see."""
COVERED = 0.35
"""Share of blocks bare."""
BLURRED = 0.68
"""Sharpness below which a picture is blurred,"""
STILL_THERE = 0.55
"""if so many blocks can still be recognised. Fewer, without being bare: the camera has moved."""
MOVED = 0.02
"""Shift as a share of the width."""
EASE = 1.2
"""A word that has been said is taken back at a level so much farther off: no word flickers."""


@dataclass(frozen=True, eq=False)
class HealthState:
    """What has to be remembered between two pictures; `HealthState()` at the start."""

    scene: Scene = "ok"
    levels: Mapping[Fault, float] = field(default_factory=dict)
    """Seconds, 0 … LASTS, by which each sign has outweighed its absence."""
    reference: Reference | None = None
    newest: Look | None = None
    newest_at: float = 0.0
    still_for: float = 0.0
    """Seconds in which every picture was the same as the one before."""
    moved_for: float = 0.0
    """Seconds since `moved` was said."""


class SceneHealth:
    """Follows one camera; not to be shared between threads."""

    def __init__(self) -> None:
        """Knows nothing of the scene: the first seconds are learned from."""
        self._state = HealthState()

    def observe(self, image: NDArray[np.uint8], at: float) -> Scene:
        """Looks at a picture (H, W, 3) of any size, about four times a second.

        Args:
            image: blue-green-red.
            at: its media time in seconds.
        """
        self._state = step(self._state, look(image), at)
        return self._state.scene


def step(state: HealthState, seen: Look, at: float) -> HealthState:
    """Takes the next picture.

    Args:
        state: after the picture before; `HealthState()` at the start.
        seen: the picture.
        at: its media time in seconds.
    """
    if state.newest is None or state.reference is None or at < state.newest_at:
        return replace(state, reference=begin(seen), newest=seen, newest_at=at)
    passed = min(at - state.newest_at, LONGEST_STEP)
    still_for = 0.0 if _changed(state.newest, seen) else state.still_for + passed
    sign = _sign(state, seen)
    levels = {fault: _level(state, fault, sign, passed) for fault in FAULTS}
    state = replace(state, levels=levels, newest=seen, newest_at=at, still_for=still_for)
    state = replace(state, scene=_word(state))
    return _remember(state, seen, sign, passed)


def _changed(before: Look, seen: Look) -> bool:
    difference = np.maximum(before.grain, seen.grain) - np.minimum(before.grain, seen.grain)
    return bool((difference > SAME).any())


def _sign(state: HealthState, seen: Look) -> Fault | None:
    """What this picture alone says."""
    ease = EASE if state.scene == "dark" else 1.0
    if seen.mean < DARK * ease and seen.spread < DARK_SPREAD * ease:
        return "dark"
    difference = compare(state.reference, seen) if state.reference else None
    return None if difference is None else _compared(difference, state.scene)


def _compared(difference: Difference, said: Scene) -> Fault | None:
    def eased(fault: Fault) -> float:
        return EASE if said == fault else 1.0

    if difference.bare > COVERED / eased("covered"):
        return "covered"
    if difference.shift > MOVED / eased("moved"):
        return "moved"
    if difference.alike < STILL_THERE * eased("moved"):
        return "moved"
    return "blurred" if difference.sharpness < BLURRED * eased("blurred") else None


def _level(state: HealthState, fault: Fault, sign: Fault | None, passed: float) -> float:
    change = passed if fault == sign else -passed
    return min(max(state.levels.get(fault, 0.0) + change, 0.0), LASTS)


def _word(state: HealthState) -> Scene:
    """The worst that holds: said when its level is full, kept until it is empty.

    Frozen comes after dark and covered, for where nothing is seen nothing changes.
    """
    for fault in FAULTS:
        if state.levels[fault] >= LASTS or (state.scene == fault and state.levels[fault] > 0):
            return fault
        if fault == "covered" and state.still_for >= FROZEN_FOR:
            return "frozen"
    return "ok"


def _remember(state: HealthState, seen: Look, sign: Fault | None, passed: float) -> HealthState:
    """Follows what is usual; where the camera was moved to becomes usual after a while."""
    moved_for = state.moved_for + passed if state.scene == "moved" else 0.0
    if moved_for >= RELEARN:
        return replace(state, reference=begin(seen), moved_for=0.0)
    state = replace(state, moved_for=moved_for)
    if sign is not None or state.scene == "frozen" or state.reference is None:
        return state
    return replace(state, reference=follow(state.reference, seen, passed))
