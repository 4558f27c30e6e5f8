from __future__ import annotations

import itertools
import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ocrgan_edge.video.scene.actors import Actor
from ocrgan_edge.video.scene.day import Day
from ocrgan_edge.video.scene.people import FASTEST, LONGEST, SLOWEST, arrivals
from ocrgan_edge.video.scene.site import Path, Site, make_site
from ocrgan_edge.video.scene.spec import SceneSpec
from ocrgan_edge.video.scene.track import Place

PLACES = st.integers(0, 1000)
DAYS = st.integers(0, 10**6)


def walk_of(actor: Actor) -> list[Place]:
    """Where somebody is at every half second."""
    return [actor.locate(time) for time in np.arange(actor.start, actor.end, 0.5)]


def metres_off(path: Path, place: Place) -> float:
    """Distance from the path's middle."""
    (x0, z0), (x1, z1) = path.line
    along = ((place[0] - x0) * (x1 - x0) + (place[1] - z0) * (z1 - z0)) / math.dist(*path.line) ** 2
    along = min(1.0, max(0.0, along))
    return math.dist(place, (x0 + along * (x1 - x0), z0 + along * (z1 - z0)))


def people(site: Site, seed: int) -> list[Actor]:
    return arrivals(site, np.random.default_rng(seed), 100.0)


@settings(max_examples=40)
@given(place=PLACES, seed=DAYS)
def test_people_walk_at_0_9_to_1_7_metres_per_second_or_pause(place: int, seed: int) -> None:
    for actor in people(make_site(place), seed):
        way = walk_of(actor)
        speeds = [math.dist(a, b) / 0.5 for a, b in itertools.pairwise(way)]
        assert max(speeds) <= FASTEST + 1e-6
        standing = sum(speed < 0.5 * SLOWEST for speed in speeds)
        assert 0.5 * standing <= 4.0
        assert np.median(speeds) >= SLOWEST - 1e-6


@settings(max_examples=40)
@given(place=PLACES, seed=DAYS)
def test_people_keep_to_the_paved_ways(place: int, seed: int) -> None:
    site = make_site(place)
    for actor in people(site, seed):
        for spot in walk_of(actor):
            assert min(metres_off(path, spot) - path.width / 2 for path in site.paths) < 0.1


@settings(max_examples=40)
@given(place=PLACES, seed=DAYS)
def test_people_come_and_go_at_the_picture_s_sides(place: int, seed: int) -> None:
    site = make_site(place)
    camera = site.camera(384, 256)
    for actor in people(site, seed):
        for x, z in (actor.locate(actor.start), actor.locate(actor.end)):
            column, _, depth = camera.project(np.array([[x, 0.9, z]]))[0]
            inside = min(column, 384 - column) * depth / camera.focal
            assert inside < 0.25  # metres: half a body


@settings(max_examples=40)
@given(place=PLACES, seed=DAYS)
def test_nobody_is_out_longer_than_the_day_looks_back(place: int, seed: int) -> None:
    assert all(actor.end - 100.0 <= LONGEST for actor in people(make_site(place), seed))


@settings(max_examples=40)
@given(place=PLACES, seed=DAYS)
def test_normal_life_is_no_anomaly(place: int, seed: int) -> None:
    assert all(actor.kind(120.0) is None for actor in people(make_site(place), seed))


def test_some_walk_in_pairs() -> None:
    groups = [len(people(make_site(0), seed)) for seed in range(300)]
    assert set(groups) == {1, 2}
    assert 0.18 < groups.count(2) / 300 < 0.33  # a quarter: standard deviation 0.025


def test_as_many_come_as_the_scene_says() -> None:
    day = Day(SceneSpec(walkers_per_minute=12.0, width=96, height=64))
    seen = {id(actor) for time in np.arange(0.0, 300.0, 2.0) for actor in day.actors(float(time))}
    # five minutes and who was there before: about 12·5.5 groups of 1.25 people
    assert 55 <= len(seen) <= 115


def test_an_empty_place_stays_empty() -> None:
    day = Day(SceneSpec(walkers_per_minute=0.0))
    assert [day.actors(float(time)) for time in range(0, 600, 20)] == [[]] * 30


def test_the_place_is_busy_from_the_first_frame() -> None:
    assert all(Day(SceneSpec(seed=seed, walkers_per_minute=60.0)).actors(0.0) for seed in range(5))


def test_another_seed_is_another_day_and_another_site_another_place() -> None:
    days = [Day(SceneSpec(seed=seed)).actors(30.0) for seed in (1, 2)]
    assert [actor.start for actor in days[0]] != [actor.start for actor in days[1]]
    assert make_site(1).promenade != make_site(2).promenade
