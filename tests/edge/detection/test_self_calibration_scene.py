"""A camera at a place that its bundle does not know, from its first minutes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ocrgan_edge.bundle import open_bundle
from ocrgan_edge.detection.alarm import AlarmRule, AlarmState, release_level, step
from ocrgan_edge.detection.explain import recent_frames
from ocrgan_edge.detection.self_calibration import SelfCalibration
from ocrgan_edge.detection.threshold import Wish
from ocrgan_edge.runtime.open_scorer import open_scorer
from ocrgan_edge.runtime.scoring import ScoredWindow, score_source
from ocrgan_edge.video.scene.source import SceneSource
from ocrgan_edge.video.scene.spec import Anomaly, SceneSpec

MINUTES = 1.5
HOP = 4
SCENE = SceneSpec(
    seed=3,
    site_seed=4,
    width=96,
    height=64,
    seconds=140.0,
    anomalies=(Anomaly("vehicle", 100.0), Anomaly("crowd_scatter", 118.0)),
)


def alarms(windows: list[ScoredWindow], rule: AlarmRule) -> list[float]:
    """When alarms were raised, in seconds."""
    state, raised = AlarmState(), []
    for window in windows:
        state, change = step(state, rule, window.result.score, window.at)
        if change and change.raised:
            raised.append(change.at)
    return raised


@pytest.mark.slow
def test_a_minute_and_a_half_of_normal_life_is_enough_to_find_anomalies_and_nothing_else(
    tiny_bundle: Path,
) -> None:
    bundle = open_bundle(tiny_bundle)
    scorer = open_scorer(bundle, "onnx-fp32", threads=1)
    shape = bundle.statistics(scorer.target).mean.shape
    learning = SelfCalibration(
        MINUTES,
        HOP / 10,
        Wish(false_alarms_per_day=24),
        (shape[1], shape[2]),
        recent_frames(bundle.manifest),
    )

    def watched() -> Iterator[ScoredWindow]:
        for window in score_source(SceneSource(SCENE), scorer, bundle.manifest.input, HOP):
            learning.take(window, alarmed=False)
            if learning.statistics is not None:
                scorer.use(learning.statistics)
            yield window

    windows = list(watched())
    learned = learning.result
    assert learned is not None
    assert learned.threshold < bundle.target(scorer.target).calibration.threshold
    rule = AlarmRule(learned.threshold, release_level(learned.threshold, learned.median))
    after = [window for window in windows if window.at > 60 * MINUTES]
    vehicle, crowd = alarms(after, rule)
    assert 100 < vehicle < 105
    assert 118 < crowd < 123
