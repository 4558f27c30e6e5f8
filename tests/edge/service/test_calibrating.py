"""One calibration from the command to its end: 0.2 minutes, that is 24 windows 0.5 s apart."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ocrgan_edge.detection.self_calibration import SelfCalibration
from ocrgan_edge.detection.threshold import Wish
from ocrgan_edge.runtime.scorer import LocationStatistics
from ocrgan_edge.runtime.scoring import ScoredWindow
from ocrgan_edge.service.calibrating import Calibrating, interrupted

BEFORE = LocationStatistics.neutral((5, 2, 2))
WISH = Wish(false_alarms_per_day=24, minimum_duration=1.0, cool_down=2.0)


@pytest.fixture
def calibrating() -> Calibrating:
    learn = SelfCalibration(0.2, 0.5, WISH, (2, 2), recent=4)
    return Calibrating("door", 1.0, learn, BEFORE)


@pytest.fixture
def normal(make_windows: Callable[..., list[ScoredWindow]]) -> list[ScoredWindow]:
    random = np.random.default_rng(1)
    return make_windows(*random.normal(1.0, 0.1, 40).tolist())


def feed(calibrating: Calibrating, windows: list[ScoredWindow]) -> None:
    for window in windows:
        calibrating.take(window, alarmed=False)


def test_it_runs_until_it_has_seen_enough(calibrating: Calibrating, normal) -> None:
    assert (calibrating.message.state, calibrating.message.progress) == ("running", 0.0)
    feed(calibrating, normal[:12])
    assert (calibrating.message.state, calibrating.message.progress) == ("running", 0.5)
    feed(calibrating, normal[12:])
    assert (calibrating.message.state, calibrating.message.progress) == ("done", 1.0)
    assert calibrating.over


def test_it_says_what_it_waits_for(calibrating: Calibrating) -> None:
    calibrating.waits_for = "dark"
    assert calibrating.message.message == "waits while the picture is dark"


def test_the_camera_is_scored_by_what_is_learned_from_half_time_on(
    calibrating: Calibrating, normal
) -> None:
    feed(calibrating, normal[:11])
    assert calibrating.statistics is BEFORE
    feed(calibrating, normal[11:12])
    learned = calibrating.statistics
    assert learned is not BEFORE
    feed(calibrating, normal[12:])
    assert calibrating.statistics is calibrating.result.statistics is learned


def test_its_last_word_tells_the_threshold(calibrating: Calibrating, normal) -> None:
    feed(calibrating, normal)
    assert f"threshold {calibrating.result.threshold:.3g}" in calibrating.message.message


def test_what_cannot_be_learned_ends_it_and_the_camera_goes_on_as_before(
    calibrating: Calibrating, normal, make_windows, caplog
) -> None:
    feed(calibrating, normal[:12])
    feed(calibrating, make_windows(float("nan")))
    assert calibrating.message.state == "failed"
    assert "nan" in calibrating.message.message
    assert calibrating.statistics is BEFORE
    assert "door: calibration failed" in caplog.text


def test_nothing_is_learned_when_it_is_over(calibrating: Calibrating, normal) -> None:
    calibrating.fail("enough")
    feed(calibrating, normal)
    assert calibrating.result is None
    assert calibrating.message.message == "enough"


def test_one_that_is_cut_short_has_failed_and_one_that_is_over_is_not_told_again(
    calibrating: Calibrating, normal
) -> None:
    feed(calibrating, normal[:12])
    assert interrupted(calibrating).message.state == "failed"
    assert interrupted(calibrating) is None
    assert interrupted(None) is None
