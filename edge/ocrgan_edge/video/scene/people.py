"""Normal life: people who walk along the paths."""

from __future__ import annotations

import numpy as np

from ocrgan_edge.video.scene.actors import Actor, walker
from ocrgan_edge.video.scene.person import draw_person
from ocrgan_edge.video.scene.site import Site
from ocrgan_edge.video.scene.track import Place, Track, join, walk

LONGEST = 60.0
"""Seconds that nobody's walk exceeds."""
SLOWEST, FASTEST = 0.9, 1.7
"""m/s."""


def arrivals(site: Site, rng: np.random.Generator, time: float) -> list[Actor]:
    """One person or two side by side who come into the picture at a time."""
    route = normal_route(site, rng)
    speed = float(np.clip(rng.normal(1.3, 0.17), SLOWEST, FASTEST))
    pause = float(rng.uniform(1.0, 4.0)) if rng.random() < 0.08 else 0.0
    where = float(rng.uniform(0.3, 0.7))
    together = rng.random() < 0.25
    sides = (-0.35, 0.35) if together else (float(rng.uniform(-0.3, 0.3)),)
    actors = []
    for number, side in enumerate(sides):
        line = aside(route, side)
        track = paused(walk(line, speed, time + 0.15 * number), where, pause)
        actors.append(walker(draw_person(rng), track))
    return actors


def normal_route(site: Site, rng: np.random.Generator) -> list[Place]:
    """From one side of the picture to another along the paths, keeping to the right."""
    choice, forward = rng.random(), rng.random() < 0.5
    if choice < 0.55:
        line = promenade_route(site)
    elif choice < 0.75:
        z = site.upper_walk.line[0][1]
        line = [(-site.edge(z), z), (site.edge(z), z)]
    else:
        line = _linked(site, rng)
    line = line if forward else line[::-1]
    return aside(line, 0.75)


def promenade_route(site: Site) -> list[Place]:
    """The promenade from left to right, from outside to outside of the picture."""
    ends = []
    for side in (-1.0, 1.0):
        x = side * site.edge(site.promenade.line[0][1])
        for _ in range(4):  # the edge depends on z, and z on x
            x = side * site.edge(site.on_promenade(x)[1])
        ends.append(site.on_promenade(x))
    return ends


def aside(line: list[Place], by: float) -> list[Place]:
    """The line moved to the right of its own direction by metres."""
    moved = []
    for number, (x, z) in enumerate(line):
        before, after = line[max(0, number - 1)], line[min(len(line) - 1, number + 1)]
        dx, dz = after[0] - before[0], after[1] - before[1]
        length = max(float(np.hypot(dx, dz)), 1e-9)
        moved.append((x + by * dz / length, z - by * dx / length))
    return moved


def paused(track: Track, where: float, seconds: float) -> Track:
    """The same walk with a stop at a share of its time."""
    if seconds <= 0:
        return track
    stop = track.start + where * (track.end - track.start)
    times = [*track.times[track.times < stop], stop]
    here = track.place(stop)
    before = [(float(x), float(z)) for x, z in track.places[track.times < stop]]
    after = [(float(x), float(z)) for x, z in track.places[track.times >= stop]]
    later = [stop + seconds, *(track.times[track.times >= stop] + seconds)]
    return join(Track(times, [*before, here]), Track(later, [here, *after]))


def _linked(site: Site, rng: np.random.Generator) -> list[Place]:
    """From the promenade over the link to the upper walk."""
    first, second = site.link.line
    start = promenade_route(site)[0 if rng.random() < 0.5 else 1]
    side = -1.0 if rng.random() < 0.5 else 1.0
    return [start, first, second, (side * site.edge(second[1]), second[1])]
