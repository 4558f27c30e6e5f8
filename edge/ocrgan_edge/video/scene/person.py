"""A person who stands, walks, runs, rides or lies."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.video.scene.parts import Colour, Part, shade
from ocrgan_edge.video.scene.track import Pose

Point = tuple[float, float, float]
"""Body point as shares of the height: to the right, up, forward."""
SKIN: tuple[Colour, ...] = ((140, 170, 215), (110, 145, 195), (80, 110, 160), (50, 72, 110))
HAIR: tuple[Colour, ...] = ((25, 28, 32), (35, 50, 75), (60, 95, 140), (120, 120, 125))
TOPS: tuple[Colour, ...] = (
    (60, 60, 66), (110, 70, 45), (50, 50, 150), (190, 190, 185), (70, 95, 70), (130, 110, 95),
    (40, 110, 170), (95, 60, 110), (150, 140, 60), (45, 45, 90), (205, 205, 225), (80, 75, 60),
)  # fmt: skip
TROUSERS: tuple[Colour, ...] = (
    (85, 62, 42), (45, 42, 42), (70, 66, 62), (80, 105, 125), (60, 45, 35), (110, 120, 130),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """Looks."""

    height: float
    """Metres."""

    build: float
    """1 is average, above is broad."""

    skin: Colour
    hair: Colour
    top: Colour
    trousers: Colour
    bag: Colour | None = None
    """Carried in the right hand."""


@dataclass(frozen=True, slots=True)
class Stance:
    """What a body does at one moment."""

    phase: float
    """Of the step cycle, radians."""

    speed: float
    """m/s; swings legs and arms."""

    tilt: float = 0.0
    """Radians from upright towards lying on the face."""

    riding: bool = False
    """Sits on a bicycle; the phase turns the pedals."""


def draw_person(rng: np.random.Generator) -> Person:
    """Somebody, at random."""

    def pick(colours: tuple[Colour, ...]) -> Colour:
        return shade(colours[int(rng.integers(len(colours)))], float(rng.uniform(0.8, 1.2)))

    return Person(
        height=float(np.clip(rng.normal(1.72, 0.09), 1.5, 1.95)),
        build=float(rng.uniform(0.9, 1.2)),
        skin=SKIN[int(rng.integers(len(SKIN)))],
        hair=HAIR[int(rng.integers(len(HAIR)))],
        top=pick(TOPS),
        trousers=pick(TROUSERS),
        bag=pick(TOPS) if rng.random() < 0.2 else None,
    )


def body(person: Person, pose: Pose, stance: Stance) -> list[Part]:
    """The person's parts in the world."""
    hip, legs = _riding_legs(stance) if stance.riding else _walking_legs(stance)
    lean = 0.55 if stance.riding else 0.05 + 0.06 * min(stance.speed, 4.0) * (stance.speed > 2.2)
    chest = (0.0, hip + 0.29 * math.cos(lean), 0.29 * math.sin(lean))
    head = (0.0, chest[1] + 0.115 * math.cos(lean / 2), chest[2] + 0.05 * math.sin(lean) + 0.01)
    belly, breast = (0.0, chest[1] - 0.05, chest[2] * 0.85), chest[1] - 0.03
    thick = person.build
    limbs: list[tuple[Point, Point, float, Colour]] = []
    for side, (knee, ankle, toe) in zip((-1.0, 1.0), legs, strict=True):
        cloth = shade(person.trousers, 1.0 if side > 0 else 0.85)
        joint = (0.05 * side, hip, 0.0)
        limbs += [(joint, knee, 0.047 * thick, cloth), (knee, ankle, 0.036 * thick, cloth)]
        limbs.append((ankle, toe, 0.024, (35, 35, 40)))
    for side in (-1.0, 1.0):
        limbs += _arm(person, chest, side, stance)
    limbs += [
        ((-0.045, hip, 0.0), (0.045, hip, 0.0), 0.058 * thick, person.trousers),
        ((0.0, hip + 0.04, 0.0), belly, 0.078 * thick, person.top),
        ((-0.075, breast, chest[2]), (0.075, breast, chest[2]), 0.05, person.top),
        (chest, head, 0.03, person.skin),
        (head, (0.0, head[1] + 0.025, head[2]), 0.056, person.skin),
        ((0.0, head[1] + 0.03, head[2] - 0.015), (0.0, head[1] + 0.04, head[2] - 0.005), 0.055,
         person.hair),
    ]  # fmt: skip
    ends = _place(np.array([(a, b) for a, b, _, _ in limbs]).reshape(-1, 3), person, pose, stance)
    return [
        Part(ends[2 * number : 2 * number + 2], radius * person.height, colour)
        for number, (_, _, radius, colour) in enumerate(limbs)
    ]


def _walking_legs(stance: Stance) -> tuple[float, list[tuple[Point, Point, Point]]]:
    """Height of the hip and knee, ankle, toe of the left and the right leg."""
    running = min(1.0, max(0.0, (stance.speed - 1.9) / 1.2))
    swing = (0.40 * min(1.0, stance.speed / 1.3)) * (1 - running) + 0.72 * running
    bend = (0.75 * min(1.0, stance.speed / 1.3)) * (1 - running) + 1.7 * running
    angles = []
    for shift in (0.0, math.pi):
        angle = swing * math.sin(stance.phase + shift)
        flex = 0.06 + bend * max(0.0, math.cos(stance.phase + shift)) ** 1.3
        angles.append((angle, angle - flex))
    reach = max(0.245 * (math.cos(thigh) + math.cos(shin)) for thigh, shin in angles)
    hip = reach + 0.03
    legs = [_leg(side, hip, *pair) for side, pair in zip((-1.0, 1.0), angles, strict=True)]
    return hip, legs


def _leg(side: float, hip: float, thigh: float, shin: float) -> tuple[Point, Point, Point]:
    x = 0.045 * side
    knee = (x, hip - 0.245 * math.cos(thigh), 0.245 * math.sin(thigh))
    ankle = (x, knee[1] - 0.245 * math.cos(shin), knee[2] + 0.245 * math.sin(shin))
    toe = (x, max(0.02, ankle[1] - 0.015 + 0.1 * math.sin(shin * 0.5)), ankle[2] + 0.1)
    return knee, ankle, toe


def _riding_legs(stance: Stance) -> tuple[float, list[tuple[Point, Point, Point]]]:
    hip = 0.56
    legs = []
    for side, shift in ((-1.0, 0.0), (1.0, math.pi)):
        turn = stance.phase + shift
        ankle = (0.05 * side, 0.17 + 0.09 * math.sin(turn), 0.12 + 0.09 * math.cos(turn))
        knee = (0.06 * side, (hip + ankle[1]) / 2 + 0.05, ankle[2] / 2 + 0.14)
        legs.append((knee, ankle, (ankle[0], ankle[1] - 0.02, ankle[2] + 0.09)))
    return hip, legs


def _arm(
    person: Person, chest: Point, side: float, stance: Stance
) -> list[tuple[Point, Point, float, Colour]]:
    shoulder = (0.115 * side * person.build, chest[1] - 0.025, chest[2])
    running = stance.speed > 2.2
    swing = 0.8 if running else 0.38 * min(1.0, stance.speed / 1.3)
    angle = -swing * math.sin(stance.phase + (0.0 if side < 0 else math.pi))
    angle, bend = (1.0, 0.2) if stance.riding else (angle, 1.5 if running else 0.25)
    elbow = (
        shoulder[0],
        shoulder[1] - 0.165 * math.cos(angle),
        shoulder[2] + 0.165 * math.sin(angle),
    )
    hand = (
        elbow[0],
        elbow[1] - 0.16 * math.cos(angle + bend),
        elbow[2] + 0.16 * math.sin(angle + bend),
    )
    parts: list[tuple[Point, Point, float, Colour]] = [
        (shoulder, elbow, 0.034 * person.build, shade(person.top, 0.9)),
        (elbow, hand, 0.026, shade(person.top, 0.95)),
        (hand, hand, 0.026, person.skin),
    ]
    if person.bag and side > 0 and not stance.riding:
        low = (hand[0], hand[1] - 0.13, hand[2])
        parts.append((low, (low[0], low[1], low[2] + 0.07), 0.075, person.bag))
    return parts


def _place(
    points: NDArray[np.float64], person: Person, pose: Pose, stance: Stance
) -> NDArray[np.float64]:
    """Body points → world points."""
    right, up, forward = (points * person.height).T
    sine, cosine = math.sin(stance.tilt), math.cos(stance.tilt)
    up, forward = up * cosine - forward * sine, forward * cosine + up * sine
    return pose.world(right, up + 0.12 * sine, forward)
