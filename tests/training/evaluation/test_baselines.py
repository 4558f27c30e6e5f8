"""Detectors that learn nothing."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ocrgan_edge.video.open_source import open_source
from ocrgan_training.evaluation.baselines import (
    HISTORY,
    SIZE,
    detectors,
    first_pictures,
    foreground_share,
    frame_differencing,
    score_clip,
)
from ocrgan_training.evaluation.counted_source import CountedSource

WriteClip = Callable[[Path, NDArray[np.uint8]], Path]


def gray(value: int) -> NDArray[np.uint8]:
    return np.full((SIZE, SIZE, 3), value, np.uint8)


def test_frame_differencing_knows_nothing_at_the_first_frame() -> None:
    assert frame_differencing()(gray(10)) is None


def test_frame_differencing_is_the_largest_box_mean_of_squared_differences() -> None:
    detector = frame_differencing()
    detector(gray(10))
    changed = gray(10)
    changed[40:57, 60:77] = 14  # exactly one box of 17×17, changed by 4
    assert detector(changed) == pytest.approx(16)


def test_a_change_smaller_than_the_box_is_diluted() -> None:
    detector = frame_differencing()
    detector(gray(10))
    changed = gray(10)
    changed[50, 60] = 27  # one pixel changed by 17: 289 over 289 pixels
    assert detector(changed) == pytest.approx(1)


def test_frame_differencing_compares_with_the_frame_before_only() -> None:
    detector = frame_differencing()
    for value in (10, 90):
        detector(gray(value))
    assert detector(gray(90)) == 0


def test_foreground_is_what_was_not_in_the_background() -> None:
    detector = foreground_share([gray(60)] * 50)
    assert detector(gray(60)) == 0
    changed = gray(60)
    changed[:32] = 200
    assert detector(changed) == pytest.approx(0.25, abs=0.01)


def test_without_background_the_first_picture_is_no_evidence() -> None:
    assert foreground_share()(gray(60)) is None


def test_each_frame_on_the_models_clock_is_a_window(tmp_path: Path, write_clip: WriteClip) -> None:
    frames = np.stack([gray(10), gray(10), gray(30), gray(30)])
    clip = write_clip(tmp_path / "clip", frames)
    with closing(CountedSource(open_source(str(clip)))) as source:
        scores = score_clip(source, 10.0, detectors([]))["frame differencing"]
    assert scores.frames == 4
    assert scores.end.tolist() == [1, 2, 3]
    assert scores.at.tolist() == pytest.approx([0.1, 0.2, 0.3])
    assert scores.score.tolist() == [0, 400, 0]


def test_a_faster_recording_is_put_on_the_models_clock(
    tmp_path: Path, write_clip: WriteClip
) -> None:
    frames = np.stack([gray(10 * t) for t in range(8)])
    clip = write_clip(tmp_path / "clip", frames)
    with closing(CountedSource(open_source(str(clip), frames_per_second=20.0))) as source:
        scores = score_clip(source, 10.0, detectors([]))["frame differencing"]
    assert scores.frames == 8
    assert scores.score.tolist() == [400, 400, 400]  # every second frame: differences of 20


def test_background_is_the_first_pictures_of_the_clips(
    tmp_path: Path, write_clip: WriteClip
) -> None:
    long, short = np.stack([gray(50)] * (HISTORY - 10)), np.stack([gray(70)] * 30)
    paths = [write_clip(tmp_path / "a", long), write_clip(tmp_path / "b", short)]
    pictures = first_pictures((open_source(str(path)) for path in paths), 10.0)
    assert len(pictures) == HISTORY
    assert [int(pictures[i][0, 0, 0]) for i in (0, HISTORY - 11, HISTORY - 10)] == [50, 50, 70]
