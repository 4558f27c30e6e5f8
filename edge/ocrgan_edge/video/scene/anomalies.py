"""How each anomaly is staged: who comes from where, and from when to when it is one."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ocrgan_edge.video.scene.actors import (
    Actor,
    Anomalous,
    Fall,
    cyclist,
    left_bag,
    vehicle,
    walker,
)
from ocrgan_edge.video.scene.people import aside, promenade_route
from ocrgan_edge.video.scene.person import draw_person
from ocrgan_edge.video.scene.site import Site
from ocrgan_edge.video.scene.spec import Anomaly
from ocrgan_edge.video.scene.track import Place, Track, join, walk

EARLIEST, LATEST = 30.0, 60.0
"""Seconds before an anomaly's start and after it in which its actors can be in the picture."""
CARS = ((175, 175, 180), (60, 45, 40), (40, 40, 140), (120, 80, 50), (215, 215, 215))
BAGS = ((35, 35, 40), (45, 45, 130), (110, 70, 40))
Staging = Callable[[Site, np.random.Generator, float], list[Actor]]


def stage(site: Site, anomaly: Anomaly, seed: int) -> list[Actor]:
    """The anomaly's actors; the same seed gives the same."""
    rng = np.random.default_rng([seed, 31, round(anomaly.start * 1000), len(anomaly.kind)])
    return STAGES[anomaly.kind](site, rng, anomaly.start)


def _runner(site: Site, rng: np.random.Generator, start: float) -> list[Actor]:
    track = walk(_across(site, rng, 0.6), float(rng.uniform(3.4, 4.6)), start)
    return [walker(draw_person(rng), track, _whole(track, "runner"))]


def _cyclist(site: Site, rng: np.random.Generator, start: float) -> list[Actor]:
    track = walk(_across(site, rng, 0.5), float(rng.uniform(4.2, 5.8)), start)
    colour = BAGS[int(rng.integers(len(BAGS)))]
    return [cyclist(draw_person(rng), track, colour, _whole(track, "cyclist"))]


def _vehicle(site: Site, rng: np.random.Generator, start: float) -> list[Actor]:
    first, last = _across(site, rng, 0.0)
    way = np.subtract(last, first) / np.hypot(*np.subtract(last, first))
    line = [(first[0] - 2.0 * way[0], first[1] - 2.0 * way[1])]
    line.append((last[0] + 2.2 * way[0], last[1] + 2.2 * way[1]))
    track = walk(line, float(rng.uniform(4.2, 6.5)), start - 0.2)
    return [vehicle(track, CARS[int(rng.integers(len(CARS)))], _whole(track, "vehicle"))]


def _fall(site: Site, rng: np.random.Generator, start: float) -> list[Actor]:
    came, spot, leaves = _visit(site, rng, start, 0.75)
    fall = Fall(start, float(rng.uniform(6.0, 10.0)))
    leave = walk([spot, leaves], 1.0, fall.end + 0.5)
    track = join(came, leave)
    return [walker(draw_person(rng), track, Anomalous("fall", start, fall.end), fall)]


def _loitering(site: Site, rng: np.random.Generator, start: float) -> list[Actor]:
    came, spot, leaves = _visit(site, rng, start, 1.2)
    time, here, pieces = start, spot, [came]
    turns = int(rng.integers(5, 8))
    for turn in range(turns):
        shift = 1.6 * (1 if turn % 2 else -1) * float(rng.uniform(0.6, 1.2))
        there = (spot[0] + shift, spot[1] + float(rng.uniform(-0.4, 0.4)))
        there = spot if turn == turns - 1 else there
        pieces.append(walk([here, there], 0.8, time))
        time, here = pieces[-1].end + float(rng.uniform(0.3, 1.2)), there
    pieces.append(walk([here, leaves], 1.2, time))
    return [walker(draw_person(rng), join(*pieces), Anomalous("loitering", start, time))]


def _wrong_way(site: Site, rng: np.random.Generator, start: float) -> list[Actor]:
    """Over the lawn, where nobody walks."""
    near, far = site.link.line[0][1] + 3.6, site.link.line[1][1] - 3.4
    first, last = (near, far) if rng.random() < 0.5 else (far, near)
    line = [(-site.edge(first), first), (site.edge(last), last)]
    line = line if rng.random() < 0.5 else line[::-1]
    track = walk(line, float(rng.uniform(1.2, 1.6)), start)
    return [walker(draw_person(rng), track, _whole(track, "wrong_way"))]


def _abandoned(site: Site, rng: np.random.Generator, start: float) -> list[Actor]:
    """Somebody puts a bag down at the path's near side, goes, and comes back for it later."""
    alone = 2.0
    came, spot, leaves = _visit(site, rng, start - alone - 1.0, 0.9)
    goes = walk([spot, leaves], 1.3, start - alone)
    back = walk([leaves, spot], 1.3, start + float(rng.uniform(14.0, 20.0)))
    away = walk([spot, leaves], 1.3, back.end + 1.0)
    person = draw_person(rng)
    place = (spot[0], spot[1] - 0.5)
    left = Anomalous("abandoned_object", start, back.end - alone)
    colour = BAGS[int(rng.integers(len(BAGS)))]
    return [
        walker(person, join(came, goes)),
        walker(person, join(back, away)),
        left_bag(place, colour, (came.end + 0.5, back.end + 0.5), left),
    ]


def _crowd(site: Site, rng: np.random.Generator, start: float) -> list[Actor]:
    """People who walk their ways and all at once run apart."""
    middle = float(rng.uniform(-1.5, 1.5))
    actors = []
    count = int(rng.integers(5, 8))
    for number in range(count):
        rightwards = number % 2 == 0
        x = middle + float(rng.uniform(-2.2, 2.2))
        spot = site.on_promenade(x, -0.75 if rightwards else 0.75)
        begin = promenade_route(site)[0 if rightwards else 1]
        begin = (begin[0], begin[1] + (-0.75 if rightwards else 0.75))
        pace = float(rng.uniform(1.1, 1.4))
        came = walk([begin, spot], pace, start - math.dist(begin, spot) / pace)
        angle = 2 * math.pi * (number + float(rng.uniform(0.2, 0.8))) / count
        target = _flight(site, spot, angle)
        flees = walk([spot, target], float(rng.uniform(3.2, 4.6)), start)
        crowd = Anomalous("crowd_scatter", start, flees.end)
        actors.append(walker(draw_person(rng), join(came, flees), crowd))
    return actors


def _flight(site: Site, spot: Place, angle: float) -> Place:
    """Out of the picture in a direction, as far as the ground allows."""
    dx, dz = math.cos(angle), 0.45 * math.sin(angle)
    dx = math.copysign(max(abs(dx), 0.25), dx)
    x, z = spot
    while abs(x) < site.edge(z) and 4.0 < z < site.wall - 3.0:
        x, z = x + 0.25 * dx, z + 0.25 * dz
    return x, z


def _across(site: Site, rng: np.random.Generator, lane: float) -> list[Place]:
    """Along the promenade, either way."""
    line = promenade_route(site)
    return aside(line if rng.random() < 0.5 else line[::-1], lane)


def _visit(
    site: Site, rng: np.random.Generator, arrival: float, lane: float
) -> tuple[Track, Place, Place]:
    """A walk to a spot in the middle of the promenade, the spot, and where the walk would end."""
    line = promenade_route(site)
    rightwards = rng.random() < 0.5
    spot = site.on_promenade(float(rng.uniform(-3.5, 3.5)), -lane)
    begin, end = line if rightwards else line[::-1]
    begin, end = (begin[0], begin[1] - lane), (end[0], end[1] - lane)
    pace = float(rng.uniform(1.1, 1.4))
    return walk([begin, spot], pace, arrival - math.dist(begin, spot) / pace), spot, end


def _whole(track: Track, kind: str) -> Anomalous:
    return Anomalous(kind, track.start, track.end)


STAGES: dict[str, Staging] = {
    "runner": _runner,
    "cyclist": _cyclist,
    "vehicle": _vehicle,
    "fall": _fall,
    "loitering": _loitering,
    "wrong_way": _wrong_way,
    "abandoned_object": _abandoned,
    "crowd_scatter": _crowd,
}
