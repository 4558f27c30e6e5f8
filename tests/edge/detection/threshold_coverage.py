"""How many thresholds keep their wish, where normal life is known for longer than it was recorded.

    python tests/edge/detection/threshold_coverage.py --bundle B --scene scene:seed=777,seconds=2400

Scores the scene, which must hold nothing abnormal, cuts recordings from it and reads a threshold
from each: from the alarms of the picture's parts, as the house does, and from the whole picture's.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import typer
from numpy.typing import NDArray

from ocrgan_edge.bundle import open_bundle
from ocrgan_edge.detection.explain import recent_frames
from ocrgan_edge.detection.normal_alarms import AlarmWindows, alarm_peaks
from ocrgan_edge.detection.picture_parts import part_scores
from ocrgan_edge.detection.threshold import SECONDS_PER_DAY, Wish, threshold_for
from ocrgan_edge.runtime.open_scorer import open_scorer
from ocrgan_edge.runtime.scoring import score_source
from ocrgan_edge.video.open_source import open_source

MOST = 60
"""Recordings of one length."""


class Coverage(NamedTuple):
    """Of thresholds from recordings of one length, for one wish."""

    recordings: int
    median: float
    kept: float
    """Share whose threshold keeps the wish over all that is known."""
    estimate_kept: float
    """The same of the most likely value."""


def normal_life(bundle: Path, target: str, source: str, hop: int) -> NDArray[np.float64]:
    """(windows, parts) of a source without anything abnormal."""
    opened = open_bundle(bundle)
    scorer = open_scorer(opened, target, threads=1)
    spec, recent = opened.manifest.input, recent_frames(opened.manifest)
    with closing(open_source(source)) as frames:
        windows = score_source(frames, scorer, spec, hop)
        return np.array([part_scores(each.result, recent) for each in windows])


def coverage(
    life: NDArray[np.float64], interval: float, seconds: float, lengths: float
) -> Coverage:
    """Thresholds for one alarm in so many `lengths` of recordings of so many `seconds`."""
    size = round(seconds / interval)
    starts = np.arange(0, len(life) - size, max(size, (len(life) - size) // MOST))
    wish = Wish(SECONDS_PER_DAY / (lengths * seconds))
    found = [threshold_for([life[at : at + size]], interval, wish) for at in starts]
    whole = life.max(axis=1)
    windows = AlarmWindows.of(interval, wish.minimum_duration, wish.cool_down)
    allowed = wish.false_alarms_per_day * whole.size * interval / SECONDS_PER_DAY

    def kept(values: list[float]) -> float:
        median = float(np.median(whole))
        raised = [len(alarm_peaks(whole, value, median, windows)) for value in values]
        return float(np.mean([count <= allowed for count in raised]))

    values = [one.value for one in found]
    estimates = [one.estimate for one in found]
    return Coverage(len(values), float(np.median(values)), kept(values), kept(estimates))


def main(
    bundle: Annotated[Path, typer.Option()],
    scene: Annotated[str, typer.Option()] = "scene:seed=777,seconds=2400",
    target: Annotated[str, typer.Option()] = "onnx-fp32",
    hop: Annotated[int, typer.Option()] = 1,
) -> None:
    """Prints a line for every length of recording and wish."""
    life = normal_life(bundle, target, scene, hop)
    interval = hop / open_bundle(bundle).manifest.input.frames_per_second
    for seconds in (36, 60, 180, 600):
        for lengths in (10, 100):
            for name, parts in (("parts", life), ("whole", life.max(axis=1, keepdims=True))):
                found = coverage(parts, interval, seconds, lengths)
                print(f"{seconds} s, x {lengths}, {name}: {found}", flush=True)


if __name__ == "__main__":
    typer.run(main)
