"""Drift on rendered video: contrast grows, nobody is told, and a vehicle is still found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from ocrgan_edge.bundle import open_bundle
from ocrgan_edge.detection import drift as module
from ocrgan_edge.detection.alarm import AlarmRule, AlarmState, release_level, step
from ocrgan_edge.detection.drift import Drift
from ocrgan_edge.detection.explain import recent_frames
from ocrgan_edge.detection.self_calibration import SelfCalibration
from ocrgan_edge.detection.threshold import Wish
from ocrgan_edge.runtime.open_scorer import open_scorer
from ocrgan_edge.runtime.scoring import score_source
from ocrgan_edge.video.frame import Frame
from ocrgan_edge.video.scene.source import SceneSource
from ocrgan_edge.video.scene.spec import Anomaly, SceneSpec

HOP, CALIBRATED, VEHICLE = 4, 60.0, 120.0
SPEC = SceneSpec(
    seed=3,
    site_seed=4,
    width=96,
    height=64,
    seconds=130.0,
    anomalies=(Anomaly("vehicle", VEHICLE),),
)


class Clearing(SceneSource):
    """After calibration the haze lifts: contrast grows by a quarter within a minute."""

    def read(self) -> Frame | None:
        frame = super().read()
        if frame is None:
            return None
        gain = 1 + 0.25 * float(np.clip((frame.at - CALIBRATED) / 60, 0, 1))
        image = np.clip(128 + gain * (frame.image - 128.0), 0, 255).astype(np.uint8)
        return Frame(image, frame.index, frame.at)


@dataclass
class Seen:
    """What has come of the scene."""

    alarms: list[float]
    """When they were raised, in seconds."""
    drift: Drift
    calibrated: np.ndarray
    """Means."""


@pytest.fixture(scope="module")
def seen(tiny_bundle: Path) -> Seen:
    """Half-lives of days and blocks of minutes take seconds here."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"BLOCK": 4.0, "HALF_LIFE": 20.0, "APPLY_EVERY": 1}.items():
            patch.setattr(module, name, value)
        return watched(tiny_bundle)


def watched(path: Path) -> Seen:
    bundle = open_bundle(path)
    scorer = open_scorer(bundle, "onnx-fp32", threads=1)
    height, width = bundle.statistics(scorer.target).mean.shape[1:]
    recent, interval = recent_frames(bundle.manifest), HOP / 10
    learning = SelfCalibration(
        CALIBRATED / 60, interval, Wish(false_alarms_per_day=24), (height, width), recent
    )
    drift, state, alarms = None, AlarmState(), []
    for window in score_source(Clearing(SPEC), scorer, bundle.manifest.input, HOP):
        learned = learning.result
        if learned is None:
            learning.take(window, alarmed=False)
            if learning.statistics is not None:
                scorer.use(learning.statistics)
            continue
        if drift is None:
            drift = Drift(learned.statistics, learned.threshold - learned.median, interval, recent)
        rule = AlarmRule(learned.threshold, release_level(learned.threshold, learned.median))
        state, change = step(state, rule, window.result.score, window.at)
        if change and change.raised:
            alarms.append(change.at)
        alarmed = state.event is not None or state.rise is not None
        calm = window.result.score < rule.release
        drift.take(window.result.terms, window.at, calm=calm, alarmed=alarmed)
        scorer.use(drift.statistics)
    assert drift is not None
    return Seen(alarms, drift, learned.statistics.mean)


@pytest.mark.slow
def test_what_is_usual_follows_the_light(seen: Seen) -> None:
    assert seen.drift.used > 0.01
    assert (seen.drift.statistics.mean - seen.calibrated).mean() > 0


@pytest.mark.slow
def test_a_vehicle_is_still_found_and_nothing_else(seen: Seen) -> None:
    (vehicle,) = seen.alarms
    assert VEHICLE < vehicle < VEHICLE + 5
