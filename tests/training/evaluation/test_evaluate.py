"""A real bundle against a small data set."""

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ocrgan_edge.bundle import open_bundle
from ocrgan_edge.detection.alarm import AlarmRule, AlarmState, release_level, step
from ocrgan_edge.errors import DataError
from ocrgan_edge.runtime.open_scorer import open_scorer
from ocrgan_edge.runtime.scoring import score_source
from ocrgan_edge.video.open_source import open_source
from ocrgan_training.evaluation.data_set import load_data_set
from ocrgan_training.evaluation.evaluate import Evaluation, evaluate
from ocrgan_training.evaluation.goals import missed_goals
from ocrgan_training.evaluation.measure import Settings, silent_rules
from ocrgan_training.evaluation.plots import write_plots
from ocrgan_training.evaluation.report import Agreement, write_json
from ocrgan_training.evaluation.subjects import of_bundle

TINY = Path(__file__).parents[2] / "fixtures" / "tiny.ocrgan"
TARGETS = ["onnx-fp32", "openvino-fp16"]


def evaluated(folder: Path, settings: Settings, targets: list[str]) -> Evaluation:
    subjects = of_bundle(open_bundle(TINY), targets, settings.threads)
    return evaluate(subjects, load_data_set(folder), settings, lambda: None)


@pytest.fixture(scope="module")
def found(data_set: Path) -> Evaluation:
    return evaluated(data_set, Settings(threads=1), TARGETS)


def test_graphs_then_published_scores_then_baselines(found: Evaluation) -> None:
    assert [row.name for row in found.report.rows] == [
        "onnx-fp32",
        "openvino-fp16",
        "seed score of onnx-fp32",
        "seed score of openvino-fp16",
        "frame differencing",
        "MOG2 foreground",
    ]


def test_what_moves_fast_is_found_frame_by_frame(found: Evaluation) -> None:
    figures = found.report.row("onnx-fp32").frames["causal"]
    assert figures.auc is not None
    assert figures.auc > 0.95
    assert found.report.row("onnx-fp32").pixel_auc is not None


def test_scores_are_those_of_the_daemons_path_bit_for_bit(
    found: Evaluation, data_set: Path
) -> None:
    bundle = open_bundle(TINY)
    scorer = open_scorer(bundle, "onnx-fp32", threads=1)
    source = open_source(str(data_set / "test" / "crossing"))
    windows = list(score_source(source, scorer, bundle.manifest.input, hop=1))
    clip = found.measured[0].clips["crossing"]
    assert clip.score.tolist() == [window.result.score for window in windows]
    assert clip.at.tolist() == [window.at for window in windows]


def test_alarms_are_those_of_the_daemons_rule(found: Evaluation) -> None:
    calibration = open_bundle(TINY).target("onnx-fp32").calibration
    threshold = calibration.threshold
    rule = AlarmRule(threshold, release_level(threshold, calibration.median))
    clip = found.measured[0].clips["crossing"]
    state, raised = AlarmState(), []
    for score, at in zip(clip.score.tolist(), clip.at.tolist(), strict=True):
        state, change = step(state, rule, score, at)
        if change is not None and change.raised:
            raised.append(change.at)
    alarms = found.measured[0].alarms["crossing"].alarms
    assert [alarm.raised_at for alarm in alarms] == raised
    assert raised


def test_at_the_bundles_threshold_the_event_is_found(found: Evaluation) -> None:
    alarms = found.report.row("onnx-fp32").alarms
    assert alarms is not None
    assert alarms.threshold == 2.0
    assert (alarms.events, alarms.found, alarms.false_alarms) == (1, 1, 0)


def test_the_lowest_silent_threshold_is_at_most_the_calibrated_one(found: Evaluation) -> None:
    for row in found.report.rows:
        if row.kind != "seed":
            assert row.silent
            assert row.alarms is not None
    baseline = found.report.row("frame differencing")
    assert baseline.alarms is not None
    assert baseline.silent[1.0].threshold <= baseline.alarms.threshold


def test_a_margin_is_a_distance_from_the_median_of_normal_life() -> None:
    # Nine windows in a row at 3: the lowest threshold that is not exceeded for 0.8 s.
    normal = [np.array([1.0] * 20 + [3.0] * 9)]
    rules = silent_rules(normal, 0.1, Settings())
    assert {margin: rule.threshold for margin, rule in rules.items()} == {
        1.0: 3.0,
        1.25: 3.5,
        1.5: 4.0,
        2.0: 5.0,
        3.0: 7.0,
    }
    # A release lies at 0.7 of the way from the median.
    assert rules[2.0].release == pytest.approx(1 + 0.7 * 4)


def test_clips_that_are_shorter_than_an_alarm_have_no_silent_threshold() -> None:
    assert silent_rules([np.ones(8)], 0.1, Settings()) == {}


def test_the_lowest_silent_threshold_raises_nothing_on_held_out_clips(
    found: Evaluation, data_set: Path
) -> None:
    silent = found.report.row("onnx-fp32").silent[1.0]
    bundle, data = open_bundle(TINY), load_data_set(data_set)
    scorer = open_scorer(bundle, "onnx-fp32", threads=1)
    highest = []
    for path in data.held_out.values():
        with closing(data.open_path(path)) as source:
            windows = score_source(source, scorer, bundle.manifest.input, hop=1)
            scores = np.array([window.result.score for window in windows])
        # 0.8 s at 10 frames/s: nine windows in a row
        highest.append(max(scores[i : i + 9].min() for i in range(len(scores) - 8)))
    assert silent.threshold == max(highest)


def test_baselines_have_thresholds_of_their_own(found: Evaluation) -> None:
    for name in ("frame differencing", "MOG2 foreground"):
        assert found.report.row(name).alarms is not None


def test_each_term_is_measured_alone(found: Evaluation) -> None:
    terms = found.report.terms["onnx-fp32"]
    motion = terms["motion"].by_place
    assert motion is not None
    assert motion > 0.95
    assert set(terms) == {"texture", "shape", "motion", "feature", "patch"}


def test_two_runtimes_of_one_graph_agree(found: Evaluation) -> None:
    agreement = found.report.agreements["openvino-fp16"]
    assert agreement.reference == "onnx-fp32"
    assert agreement.spearman > 0.999
    assert agreement.alarm_agreement == 1.0


def test_a_graph_no_better_than_a_baseline_misses_the_goal(found: Evaluation) -> None:
    worse = replace(found.report, rows=found.report.rows[2:])
    assert missed_goals(worse) == []
    beaten = [replace(row, kind="graph") for row in found.report.rows[4:5]]
    equal = replace(found.report, rows=beaten + found.report.rows[4:], agreements={})
    (text,) = missed_goals(equal)
    assert "learns nothing" in text


def test_each_disagreement_is_a_missed_goal(found: Evaluation) -> None:
    apart = {"onnx-int8": Agreement("onnx-fp32", 0.98, 1.5, -0.02, 0.9)}
    report = replace(found.report, agreements=apart, rows=[])
    assert missed_goals(report) == [
        "onnx-int8: rank correlation is 0.9800, wanted 0.99 (against onnx-fp32)",
        "onnx-int8: frame AUC differs by -0.0200, wanted ±0.005 (against onnx-fp32)",
        "onnx-int8: alarms agree in 90.00% of frames, wanted 99% (against onnx-fp32)",
    ]


def test_another_hop_than_the_thresholds_is_noted(found: Evaluation) -> None:
    assert (
        "onnx-fp32, openvino-fp16: the threshold was read with a window every 4 frames, "
        "this is with one every 1" in found.report.notes
    )


def test_a_report_is_plain_json(found: Evaluation, tmp_path: Path) -> None:
    path = tmp_path / "new" / "report.json"
    write_json(found.report, path)
    fields = json.loads(path.read_text(), parse_constant=lambda text: pytest.fail(text))
    assert fields["rows"][0]["frames"]["paper-minmax"]["auc"] > 0.8
    assert (fields["frames"], fields["abnormal_frames"], fields["sigma"]) == (120, 20, 5.0)


def test_every_picture_is_drawn(found: Evaluation, data_set: Path, tmp_path: Path) -> None:
    data = load_data_set(data_set)
    labels = {name: data.labels_of(name, 60) for name in data.clips}
    paths = write_plots(tmp_path / "plots", found.measured, labels)
    assert [path.name for path in paths] == [
        "scores-onnx-fp32.png",
        "scores-openvino-fp16.png",
        "roc.png",
        "pr.png",
    ]
    assert all(path.stat().st_size > 5000 for path in paths)


def test_without_labels_only_false_alarms_are_measured(data_set: Path, tmp_path: Path) -> None:
    (tmp_path / "train").symlink_to(data_set / "train")
    found = evaluated(tmp_path, Settings(threads=1), ["onnx-fp32"])
    row = found.report.row("onnx-fp32")
    assert not found.report.labelled
    assert row.frames["causal"].auc is None
    assert row.alarms is not None
    assert row.alarms.normal_hours == pytest.approx(6 / 3600)
    assert any("only false alarms are measured" in note for note in found.report.notes)
    labels = {name: np.zeros(60, np.bool_) for name in found.measured[0].clips}
    assert len(write_plots(tmp_path / "plots", found.measured, labels)) == 1


def test_wrong_labels_are_found_before_any_graph_runs(data_set: Path, tmp_path: Path) -> None:
    (tmp_path / "test").symlink_to(data_set / "test")
    labels = {"crossing": [0] * 60, "quiet": [0] * 61}
    (tmp_path / "labels.json").write_text(json.dumps(labels))
    with pytest.raises(DataError, match="clip quiet has 60 frames, but its labels are for 61"):
        evaluated(tmp_path, Settings(threads=1), ["onnx-fp32"])
