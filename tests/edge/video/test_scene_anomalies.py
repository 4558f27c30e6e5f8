"""Each anomaly is measured in metres, from the pixels that the truth marks."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray

from ocrgan_edge.video.scene.anomalies import EARLIEST, LATEST, stage
from ocrgan_edge.video.scene.renderer import Renderer
from ocrgan_edge.video.scene.site import make_site
from ocrgan_edge.video.scene.spec import KINDS, Anomaly, SceneSpec
from ocrgan_edge.video.scene.truth import Truth

START, RATE, WIDTH, HEIGHT = 4.0, 5, 384, 256
SITE = make_site(0)
CAMERA = SITE.camera(WIDTH, HEIGHT)


@lru_cache
def truths(kind: str, seed: int = 0) -> dict[float, Truth]:
    """Truth by time of 50 s in which nobody else is there."""
    spec = SceneSpec(
        seed=seed,
        frames_per_second=RATE,
        anomalies=(Anomaly(kind, START),),
        walkers_per_minute=0.0,
    )
    renderer = Renderer(spec)
    return {index / RATE: renderer.truth(index) for index in range(50 * RATE)}


def shown(kind: str, seed: int = 0) -> dict[float, NDArray[np.bool_]]:
    """Masks by time, where there is something."""
    return {time: truth.mask for time, truth in truths(kind, seed).items() if truth.label}


def box(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom: first and last pixels."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])


def whole(mask: NDArray[np.bool_]) -> bool:
    """Nothing is cut off by the picture's sides."""
    left, _, right, _ = box(mask)
    return left > 0 and right < WIDTH - 1


def foot(mask: NDArray[np.bool_]) -> tuple[float, float]:
    """Where on the ground the lowest pixel is, below the mask's middle; metres."""
    column, row = np.nonzero(mask)[1].mean() + 0.5, box(mask)[3] + 1.0
    x, z = CAMERA.ground(np.array([column]), np.array([row]))
    return float(x[0]), float(z[0])


def speed(kind: str, seed: int) -> float:
    """Metres per second along the picture, over the time in which the mask is whole."""
    feet = {time: foot(mask) for time, mask in shown(kind, seed).items() if whole(mask)}
    first, last = min(feet), max(feet)
    return abs(feet[last][0] - feet[first][0]) / (last - first)


@pytest.mark.parametrize("kind", KINDS)
def test_an_anomaly_begins_at_its_start_and_ends(kind: str) -> None:
    labelled = [time for time, truth in truths(kind).items() if truth.label]
    # who walks in from outside needs a moment to be seen; a car's front is there a little early
    assert START - 0.2 <= labelled[0] <= START + 0.5
    assert labelled[-1] < 49.0


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_anomaly_asked_for_is_told(kind: str) -> None:
    assert {truth.kinds for truth in truths(kind).values()} == {(), (kind,)}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("site", range(4))
def test_an_incident_fits_into_the_time_the_day_looks_for_it(kind: str, site: int) -> None:
    for seed in range(5):
        for actor in stage(make_site(site), Anomaly(kind, 100.0), seed):
            assert 100.0 - EARLIEST <= actor.start < actor.end <= 100.0 + LATEST


@pytest.mark.parametrize(
    ("kind", "slowest", "fastest"),
    [
        ("runner", 3.4, 4.6),
        ("cyclist", 4.2, 5.8),
        ("vehicle", 4.2, 6.5),
        ("wrong_way", 1.2, 1.6),
    ],
)
@pytest.mark.parametrize("seed", [0, 1])
def test_who_crosses_does_so_at_the_speed_of_his_kind(
    kind: str, slowest: float, fastest: float, seed: int
) -> None:
    # a mask says where somebody is to about 0.3 m, and the way is at least 8 m long
    assert 0.93 * slowest <= speed(kind, seed) <= 1.07 * fastest


def test_a_runner_keeps_the_speed_that_was_drawn() -> None:
    (runner,) = stage(SITE, Anomaly("runner", START), 0)
    metres = math.dist(runner.locate(5.0), runner.locate(6.0))
    assert speed("runner", 0) == pytest.approx(metres, rel=0.05)


def test_a_vehicle_is_as_long_as_a_small_car() -> None:
    lengths = []
    for mask in filter(whole, shown("vehicle").values()):
        left, _, right, bottom = box(mask)
        x, _ = CAMERA.ground(np.array([left, right + 1.0]), np.array([bottom - 3.0] * 2))
        lengths.append(x[1] - x[0])
    # four metres, and a part of its width of 1.7 m that is seen from the side
    assert 3.8 <= np.median(lengths) <= 5.0


def test_a_cyclist_is_longer_than_a_runner_is_wide() -> None:
    def width(kind: str) -> float:
        boxes = [box(mask) for mask in shown(kind).values() if whole(mask)]
        return float(np.median([right - left for left, _, right, _ in boxes]))

    assert width("cyclist") > 1.3 * width("runner")


def test_who_falls_lies_flat_for_seconds_where_he_fell() -> None:
    masks = shown("fall")
    left, top, right, bottom = box(masks[START])
    assert bottom - top > 2 * (right - left)
    # down after 0.7 s, and lies for 6 s at least
    lying = [box(masks[time]) for time in (START + 1.0, START + 3.0, START + 6.0)]
    for left, top, right, bottom in lying:
        assert right - left > 2 * (bottom - top)
    assert np.ptp(np.array(lying), axis=0).max() <= 1
    feet = [foot(masks[START + shift])[0] for shift in (1.0, 6.0)]
    assert feet[1] == pytest.approx(feet[0], abs=0.1)


def test_who_loiters_stays_around_one_spot() -> None:
    feet = np.array([foot(mask) for mask in shown("loitering").values()])
    assert len(feet) >= 17 * RATE  # five turns of at least 2 s, and pauses
    spot = feet[0]
    assert np.abs(feet[:, 0] - spot[0]).max() < 1.6 * 1.2 + 0.5
    assert np.abs(np.diff(np.sign(np.diff(feet[::4, 0])))).sum() >= 6  # three turns or more


def test_who_goes_the_wrong_way_crosses_the_lawn() -> None:
    for place in range(4):
        site = make_site(place)
        (actor,) = stage(site, Anomaly("wrong_way", START), 1)
        for time in np.arange(actor.start, actor.end, 0.5):
            x, z = actor.locate(float(time))
            assert z - site.on_promenade(x)[1] > site.promenade.width / 2
            assert site.upper_walk.line[0][1] - z > site.upper_walk.width / 2


def test_a_bag_stands_still_and_counts_from_when_it_is_alone() -> None:
    masks = list(shown("abandoned_object").values())
    assert len(masks) >= 12 * RATE
    centres = np.array([np.argwhere(mask).mean(axis=0) for mask in masks])
    assert np.ptp(centres[:, 1]) < 3.0
    owner, _, bag = stage(SITE, Anomaly("abandoned_object", START), 0)
    assert (owner.kind(START), bag.kind(START - 0.1), bag.kind(START)) == (
        None,
        None,
        "abandoned_object",
    )
    assert math.dist(owner.locate(START), bag.locate(START)) > 2.0


def test_a_crowd_runs_apart() -> None:
    crowd = stage(SITE, Anomaly("crowd_scatter", START), 0)
    assert 5 <= len(crowd) <= 7

    def spread(time: float) -> float:
        return float(np.std([actor.locate(time)[0] for actor in crowd]))

    assert spread(START + 1.0) > 1.5 * spread(START)
    for actor in crowd:
        assert math.dist(actor.locate(START), actor.locate(START + 0.2)) == pytest.approx(
            0.2 * 3.9, abs=0.2 * 0.71
        )
        assert math.dist(actor.locate(START - 1.0), actor.locate(START - 0.8)) < 0.2 * 1.5


def test_a_crowd_marks_more_people_than_a_runner() -> None:
    def most(kind: str) -> int:
        return max(int(mask.sum()) for mask in shown(kind).values())

    assert most("crowd_scatter") > 3 * most("runner")
