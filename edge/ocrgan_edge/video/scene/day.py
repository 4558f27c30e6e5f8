"""Who is there at a time: normal life and anomalies, without end and without memory."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ocrgan_edge.video.scene.actors import Actor
from ocrgan_edge.video.scene.anomalies import EARLIEST, LATEST, stage
from ocrgan_edge.video.scene.people import LONGEST, arrivals
from ocrgan_edge.video.scene.site import make_site
from ocrgan_edge.video.scene.spec import KINDS, Anomaly, SceneSpec

SLOT = 10.0
"""Seconds of arrivals that are drawn together."""


class Day:
    """The actors of a scene; any moment can be asked for in any order."""

    def __init__(self, spec: SceneSpec) -> None:
        """Stages the anomalies that were asked for."""
        self._spec = spec
        self._site = make_site(spec.site_seed)
        self._staged = [
            actor for it in spec.anomalies for actor in stage(self._site, it, spec.seed)
        ]
        self._arrivals = lru_cache(maxsize=32)(self._draw_arrivals)
        self._incident = lru_cache(maxsize=8)(self._stage_incident)

    def actors(self, time: float) -> list[Actor]:
        """Everybody and everything that is out at a time, in seconds after the first frame."""
        found = list(self._staged)
        for slot in range(int((time - LONGEST) // SLOT), int(time // SLOT) + 1):
            found += self._arrivals(slot)
        every = self._spec.incidents_every
        if every is not None:
            first = max(0, int((time - LATEST) // every) - 1)
            for number in range(first, int((time + EARLIEST) // every) + 1):
                found += self._incident(number)
        return [actor for actor in found if actor.start <= time <= actor.end]

    def _draw_arrivals(self, slot: int) -> list[Actor]:
        rng = np.random.default_rng([self._spec.seed, 21, slot + 1000])
        times = rng.uniform(0.0, SLOT, rng.poisson(self._spec.walkers_per_minute * SLOT / 60.0))
        found: list[Actor] = []
        for time in sorted(times):
            found += arrivals(self._site, rng, slot * SLOT + float(time))
        return found

    def _stage_incident(self, number: int) -> list[Actor]:
        every = self._spec.incidents_every or LATEST
        rng = np.random.default_rng([self._spec.seed, 22, number])
        start = (number + float(rng.uniform(0.45, 0.6))) * every
        kind = KINDS[(self._spec.seed + number) % len(KINDS)]
        return stage(self._site, Anomaly(kind, start), self._spec.seed)
