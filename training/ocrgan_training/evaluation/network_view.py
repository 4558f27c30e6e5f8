"""What a network does inside with one window: what it rebuilds, where and when it looks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ocrgan_edge.runtime.scorer import LocationStatistics
from ocrgan_edge.runtime.scoring import windows
from ocrgan_training.evaluation.data_set import DataSet
from ocrgan_training.evaluation.protocol import ClipScores
from ocrgan_training.evaluation.torch_subject import LoadedRun
from ocrgan_training.fused_graph import to_video
from ocrgan_training.network.frequency import decompose

MOST = 24
"""Windows of each class that are looked at."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Inside:
    """A network, and what is looked at with it."""

    run: LoadedRun
    statistics: LocationStatistics
    """Those that its score has been measured with."""
    data: DataSet


@dataclass(frozen=True, slots=True)
class Place:
    """One window of a clip."""

    clip: str
    end: int
    """Its newest frame on the model's clock."""
    at: float
    """Media time of that frame in seconds."""
    frame: int
    """Its number in the recording."""
    score: float
    abnormal: bool
    """Whether its newest frame is labelled so."""


@dataclass(frozen=True, eq=False)
class View:
    """What was seen inside for one window."""

    place: Place
    frame: Floats
    """(H, W, 3) newest frame, red-green-blue, 0 … 1."""
    rebuilt: Floats
    """(H, W, 3) the same as the generator makes it."""
    error: Floats
    """(H, W) mean absolute difference over colour."""
    anomaly_map: Floats
    """(h, w), mean of the newest frames: its largest value is the score."""
    attention: Floats | None
    """(T, T) of the discriminator's features where the score is largest, mean over heads; row: the
    frame that looks, column: the frame looked at."""
    shuffle: list[Floats]
    """Per skip (c,), outermost first: the Laplacian stream's share, mean over the window."""


def places(clips: Mapping[str, ClipScores], labels: Mapping[str, NDArray[np.bool_]]) -> list[Place]:
    """Every window that was scored, with the label of its newest frame."""
    found = []
    for name, clip in clips.items():
        for end, at, score in zip(clip.end, clip.at, clip.score, strict=True):
            frame = min(round(float(at) * clip.frames_per_second), clip.frames - 1)
            found.append(
                Place(name, int(end), float(at), frame, float(score), bool(labels[name][frame]))
            )
    return found


def spread(chosen: list[Place], most: int = MOST) -> list[Place]:
    """At most so many, evenly over the list."""
    if len(chosen) <= most:
        return chosen
    return [chosen[int((i + 0.5) * len(chosen) / most)] for i in range(most)]


def look(inside: Inside, wanted: list[Place]) -> Iterator[View]:
    """Looks at windows; each clip is read once.

    Raises:
        SourceError: a clip cannot be read.
    """
    by_clip: dict[str, dict[int, Place]] = {}
    for place in wanted:
        by_clip.setdefault(place.clip, {})[place.end] = place
    for clip, ends in by_clip.items():
        with closing(inside.data.open(clip)) as source:
            for window in windows(source, inside.run.spec, hop=1):
                if window.end in ends:
                    yield _view(inside, window.frames, ends[window.end])


@torch.inference_mode()
def _view(inside: Inside, frames: NDArray[np.uint8], place: Place) -> View:
    run, statistics = inside.run, inside.statistics
    batch = torch.from_numpy(frames.copy())[None]
    mean, scale = torch.from_numpy(statistics.mean), torch.from_numpy(statistics.scale)
    told = run.graph.over(batch, mean, scale)
    anomaly_map = told.anomaly_map[-run.graph.recent :].mean(0).numpy()
    network = run.graph.network
    video = network.reduce(to_video(batch))
    rebuilt = network.rebuild(*decompose(video))
    newest, made = _picture(video), _picture(rebuilt.laplacian + rebuilt.residual)
    return View(
        place=place,
        frame=newest,
        rebuilt=made.clip(0, 1),
        error=np.abs(newest - made).mean(axis=2),
        anomaly_map=anomaly_map,
        attention=_attention(run, video, anomaly_map),
        shuffle=[weight[0].mean(0).numpy() for weight in rebuilt.weights],
    )


def _picture(video: torch.Tensor) -> Floats:
    """The newest frame of (1, T, 3, H, W) in -1 … 1, blue-green-red, as a picture."""
    picture: Floats = ((video[0, -1].flip(0) + 1) / 2).permute(1, 2, 0).numpy()
    return picture


def _attention(run: LoadedRun, video: torch.Tensor, anomaly_map: Floats) -> Floats | None:
    attention = run.graph.network.feature_attention
    if attention is None:
        return None
    raw = run.graph.network.features(video).raw
    height, width = raw.shape[-2:]
    weights = attention.weights(raw).reshape(height, width, -1, *(2 * raw.shape[1:2]))
    row, column = np.unravel_index(int(anomaly_map.argmax()), anomaly_map.shape)
    cell = (
        int(row) * height // anomaly_map.shape[0],
        int(column) * width // anomaly_map.shape[1],
    )
    there: Floats = weights[cell].mean(0).numpy()
    return there
