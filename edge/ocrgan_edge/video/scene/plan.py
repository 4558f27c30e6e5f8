"""Which clips a data set of the scene has, and what happens in each."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ocrgan_edge.errors import SettingsError
from ocrgan_edge.video.scene.spec import KINDS, Anomaly, SceneSpec

TEST_DAYS = 1000
"""Test clips show days with seeds this far beyond the training clips'."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How many clips of which scene."""

    scene: SceneSpec
    """Place, size, rate, length of a clip; its seed is the first day."""

    train: int
    """Normal clips to learn from."""

    test: int
    """Clips with anomalies."""

    def __post_init__(self) -> None:
        """Refuses sets that cannot be learned from or tested with."""
        for name, count in (("train", self.train), ("test", self.test)):
            if not 1 <= count <= TEST_DAYS:
                raise SettingsError(f"{name} must be 1 to {TEST_DAYS} clips, not {count}")

    def clips(self) -> dict[str, SceneSpec]:
        """Path below the data folder → scene: each day is another."""
        seed, clips = self.scene.seed, {}
        for number in range(self.train):
            name = f"train/normal{number + 1:03d}.avi"
            clips[name] = replace(self.scene, seed=seed + number)
        for number in range(self.test):
            day = seed + TEST_DAYS + number
            clips[f"test/day{number + 1:03d}.avi"] = replace(
                self.scene, seed=day, anomalies=self._anomalies(number, day)
            )
        return clips

    def _anomalies(self, number: int, day: int) -> tuple[Anomaly, ...]:
        """Kinds in turn over the clips; all of them, however few the clips are."""
        kinds = KINDS[number % len(KINDS) :: self.test]
        rng = np.random.default_rng([day, 51])
        seconds = self.scene.seconds or 0.0
        found = []
        for place, kind in enumerate(kinds):
            share = 0.22 + (place + float(rng.uniform(0.0, 0.3))) * 0.7 / len(kinds)
            found.append(Anomaly(kind, round(share * seconds, 1)))
        return tuple(found)
