"""Calibration with a real graph on real frames."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ocrgan_calibration.calibrate import (
    NormalClips,
    Plan,
    calibrate,
    calibration_of,
    measure_places,
    normal_clips,
    normal_scores,
)
from ocrgan_edge.bundle import open_bundle
from ocrgan_edge.detection.normal_alarms import alarm_statistic
from ocrgan_edge.detection.threshold import Threshold, Wish
from ocrgan_edge.errors import DataError
from ocrgan_edge.runtime.open_scorer import open_scorer
from ocrgan_edge.runtime.scorer import TERMS, Scorer

MOTION = TERMS.index("motion")


@pytest.fixture
def scorer(tiny: Path) -> Scorer:
    return open_scorer(open_bundle(tiny), "onnx-fp32", threads=1)


@pytest.fixture
def plan(tiny: Path) -> Plan:
    return Plan(open_bundle(tiny).manifest.input, hop=2)


@pytest.fixture
def clips(recordings: Path) -> NormalClips:
    return normal_clips(recordings)


def test_clips_are_shared_out_by_clip(clips: NormalClips) -> None:
    assert len(clips.threshold) == 1
    assert len(clips.statistics) == 3
    assert not clips.threshold.keys() & clips.statistics.keys()


def test_the_source_names_the_clips_that_the_threshold_is_from(clips: NormalClips) -> None:
    assert next(iter(clips.threshold)) in clips.source


def test_statistics_do_not_depend_on_those_that_the_scorer_had(
    scorer: Scorer, plan: Plan, clips: NormalClips
) -> None:
    before = measure_places(scorer, clips.statistics, plan)
    scorer.use(replace(before, scale=before.scale * 7))
    again = measure_places(scorer, clips.statistics, plan)
    np.testing.assert_array_equal(again.mean, before.mean)
    np.testing.assert_array_equal(again.scale, before.scale)


def test_motion_is_usual_where_the_patch_walks(
    scorer: Scorer, plan: Plan, clips: NormalClips
) -> None:
    mean = measure_places(scorer, clips.statistics, plan).mean[MOTION]
    assert mean[3:5].mean() > 3 * mean[0].mean()  # rows 12 to 20 of 32


def test_the_scorer_scores_by_the_new_statistics_afterwards(
    scorer: Scorer, plan: Plan, clips: NormalClips
) -> None:
    statistics, calibration = calibrate(scorer, clips, plan)
    (scores,) = normal_scores(scorer, clips.threshold, plan)
    assert calibration.median == pytest.approx(float(np.median(scores.max(axis=1))))
    assert statistics.mean.shape == (5, 8, 8)


def test_the_held_out_clip_raises_no_alarm(scorer: Scorer, plan: Plan, clips: NormalClips) -> None:
    _, calibration = calibrate(scorer, clips, plan)
    (scores,) = normal_scores(scorer, clips.threshold, plan)
    assert (
        alarm_statistic(scores.max(axis=1), 5).max() <= calibration.threshold
    )  # 0.8 s at 5 windows/s


def test_statistics_can_be_kept(scorer: Scorer, plan: Plan, clips: NormalClips, tiny: Path) -> None:
    kept = open_bundle(tiny).statistics("onnx-fp32")
    used, _ = calibrate(scorer, clips, plan, kept)
    assert used is kept


def test_windows_and_minutes_are_those_of_the_held_out_clip(
    scorer: Scorer, plan: Plan, clips: NormalClips
) -> None:
    _, calibration = calibrate(scorer, clips, plan)
    assert calibration.windows == 20  # after frames 2, 4, … 40
    assert calibration.minutes == pytest.approx(20 * 0.2 / 60)
    assert calibration.hop == 2


def test_each_clip_is_told_when_it_is_done(scorer: Scorer, plan: Plan, clips: NormalClips) -> None:
    told: list[str] = []
    calibrate(scorer, clips, plan, told=told.append)
    assert told == [*clips.statistics, *clips.threshold]


def test_a_wish_that_was_not_seen_is_told(plan: Plan) -> None:
    threshold = Threshold(2.0, 1.0, 3000, 20.0, 12, 72.0, per_day=1.0)
    calibration = calibration_of(threshold, plan, "here")
    assert calibration.warning == (
        "1 false alarms a day cannot be seen in 20.0 minutes of normal video: they can show 216 a "
        "day at best, and 71.9 quiet hours would be needed; the threshold is the upper 95 % "
        "bound of a tail through 12 peaks"
    )


def test_a_wish_that_was_seen_has_no_warning(plan: Plan) -> None:
    hourly = replace(plan, wish=Wish(false_alarms_per_day=24))
    threshold = Threshold(2.0, 1.0, 30_000, 200.0, 12, 0.3, per_day=24.0)
    assert calibration_of(threshold, hourly, "here").warning is None


def test_clips_too_short_for_an_alarm_are_refused(
    scorer: Scorer, plan: Plan, clips: NormalClips
) -> None:
    too_long = replace(plan, hop=8, wish=Wish(minimum_duration=60.0))
    with pytest.raises(DataError, match="but an alarm needs 76"):
        calibrate(scorer, clips, too_long)
