"""A recording → a data set with rendered walkers everywhere and anomalies in its test clips."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.errors import DataError, SettingsError
from ocrgan_edge.video.open_source import open_source
from ocrgan_edge.video.resample import frames_on_clock
from ocrgan_edge.video.scene.actors import Actor
from ocrgan_edge.video.scene.data_set import write_clip, write_truths
from ocrgan_edge.video.scene.truth import Truth
from ocrgan_training.data.staging.blend import staged
from ocrgan_training.data.staging.cast import ANOMALIES, Stage, walkers
from ocrgan_training.data.staging.ground import Standing, camera_of

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Staging:
    """What is staged, and how often."""

    people: tuple[Standing, Standing]
    """Who shows how large people are; the farther one first."""
    test_share: float = 0.4
    """Of the clips: the last ones, which get anomalies."""
    clip_seconds: float = 10.0
    takes: int = 3
    """How often every test clip is staged, each time with other people and another anomaly."""
    walkers_per_minute: float = 6.0
    """Rendered ones, in all clips: what is drawn is as normal as what is filmed."""
    frames_per_second: float = 10.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuses what gives no data set."""
        if not 0.0 < self.test_share < 1.0:
            raise SettingsError(f"the share of test clips is {self.test_share}, wanted 0 … 1")
        if self.clip_seconds < 5.0:
            raise SettingsError(f"clips of {self.clip_seconds:g} s are too short, wanted 5 or more")
        if self.takes < 1:
            raise SettingsError(f"{self.takes} takes of every test clip, wanted 1 or more")

    @property
    def clip_frames(self) -> int:
        """Frames of a clip."""
        return round(self.clip_seconds * self.frames_per_second)


def stage_recording(
    video: str, out: Path, staging: Staging, progress: Callable[[], object]
) -> tuple[int, int]:
    """Writes train/, test/, labels.json, masks.npz and anomalies.json; gives the clips of each.

    Every take of a test clip has one anomaly, the kinds in turn. What is left of the recording
    after its last whole clip is not used.

    Args:
        video: a file or folder of frames, of normal life alone.
        out: a folder that does not exist or is empty.
        staging: what to stage.
        progress: called after each frame.

    Raises:
        SourceError: the recording cannot be read.
        DataError: it is too short, or the folder has something in it.
    """
    if out.exists() and any(out.iterdir()):
        raise DataError(f"{out} is not empty: a staged data set needs a folder of its own")
    count = _clips(video, staging)
    train = count - max(1, round(count * staging.test_share))
    if train < 2:
        raise DataError(
            f"{video} has {count} clips of {staging.clip_seconds:g} s: "
            "two to train on and one to test are wanted, or more"
        )
    for part in ("train", "test"):
        (out / part).mkdir(parents=True, exist_ok=True)
    found: dict[str, list[Truth]] = {}
    for number, frames in enumerate(islice(_cut(video, staging), count)):
        images = list(frames)
        size = (images[0].shape[1], images[0].shape[0])
        stage = Stage(camera_of(staging.people, *size), staging.people)
        for name, actors in _takes(stage, staging, number, number - train):
            pictures = staged(images, actors, stage.camera, staging.frames_per_second)
            truths = write_clip(out / f"{name}.avi", staging.frames_per_second, pictures, progress)
            if number >= train:
                found[Path(name).name] = truths
    write_truths(out, found, staging.frames_per_second)
    return train, len(found)


def _takes(
    stage: Stage, staging: Staging, clip: int, test: int
) -> Iterator[tuple[str, list[Actor]]]:
    """Where each take of a clip is written, and who is in it: from test clip 0 on an anomaly."""
    for take in range(staging.takes if test >= 0 else 1):
        rng = np.random.default_rng([staging.seed, clip, take])
        actors = walkers(stage, rng, staging.clip_seconds, staging.walkers_per_minute)
        if test < 0:
            yield f"train/clip{clip + 1:03d}", actors
            continue
        kind = list(ANOMALIES)[(test * staging.takes + take) % len(ANOMALIES)]
        start = float(rng.uniform(0.3, 0.6)) * staging.clip_seconds
        actors.append(ANOMALIES[kind](stage, rng, start))
        yield f"test/clip{clip + 1:03d}-take{take + 1}", actors


def _clips(video: str, staging: Staging) -> int:
    """Whole clips in the recording."""
    return sum(1 for _ in _images(video, staging)) // staging.clip_frames


def _cut(video: str, staging: Staging) -> Iterator[Iterator[Image]]:
    images = _images(video, staging)
    while True:
        yield islice(images, staging.clip_frames)


def _images(video: str, staging: Staging) -> Iterator[Image]:
    with closing(open_source(video)) as source:
        for frame in frames_on_clock(source, staging.frames_per_second):
            yield frame.image
