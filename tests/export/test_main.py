"""The two commands, from a run that a real (very short) training has written."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest

from ocrgan_edge.bundle import open_bundle
from ocrgan_edge.runtime.open_scorer import open_scorer
from ocrgan_export.__main__ import export_main, quantize_main
from ocrgan_export.to_openvino import Ir, to_openvino

BIN = Path(sys.executable).parent


def call(main, *words, monkeypatch) -> int:
    monkeypatch.setattr(sys, "argv", ["command", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["nowhere"], 6, "error: nowhere is no run folder: it has no run.json"),
        (["nowhere", "--hop", "0"], 2, "error: --hop is 0, wanted 1 or more frames"),
        (["nowhere", "--false-alarms-per-day", "-1"], 2, "error: --false-alarms-per-day is -1"),
    ],
)
def test_export_says_in_one_sentence_what_is_wrong(words, code, sentence, monkeypatch, capsys):
    assert call(export_main, *words, monkeypatch=monkeypatch) == code
    assert capsys.readouterr().err.strip().startswith(sentence)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--targets", "onnx-int4"], "error: 'onnx-int4' is no INT8 target, wanted onnx-int8,"),
        (["--only-targets", "onnx-int8"], "error: --only-targets and --out FILE go together"),
        (["--windows", "0"], "error: --windows is 0, but must be at least 1"),
        (["--finetune", "-1"], "error: --finetune is -1, wanted 0 or more steps"),
        (["--finetune-anyway"], "error: --finetune-anyway wants --finetune STEPS beside it"),
    ],
)
def test_quantize_says_in_one_sentence_what_is_wrong(words, sentence, monkeypatch, capsys):
    assert call(quantize_main, "nowhere", *words, monkeypatch=monkeypatch) == 2
    assert capsys.readouterr().err.strip().startswith(sentence)


def write_clips(data: Path) -> Path:
    """Four normal clips of 48 frames in which a block walks, and a test clip in which it runs."""
    random = np.random.default_rng(0)
    for number, (part, speed) in enumerate([("train", 1)] * 4 + [("test", 4)]):
        folder = data / part / f"walk{number}"
        folder.mkdir(parents=True)
        for index in range(48):
            image = random.integers(60, 70, (32, 32, 3), dtype=np.uint8)
            left = (speed * index + 7 * number) % 26
            image[10:20, left : left + 5] = 200
            cv2.imwrite(str(folder / f"{index:03}.png"), image)
    return data


def run_command(name: str, *words: object) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [BIN / name, *map(str, words)], capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict, dict]:
    """A run after ocrgan-train, ocrgan-export and ocrgan-quantize; what the last two printed."""
    folder = tmp_path_factory.mktemp("chain")
    data, run = write_clips(folder / "data"), folder / "run"
    shape = ("--size", 32, "--width", 8, "--frames", 8, "--temporal", "full")
    shape += ("--steps", 2, "--threads", 1)
    run_command("ocrgan-train", "--data", data, "--out", run, *shape)
    first = run_command("ocrgan-export", run, "--hop", 2, "--threads", 1, "--json")
    second = run_command(
        "ocrgan-quantize", run, "--windows", 20, "--threads", 1, "--json",
        "--only-targets", "onnx-int8", "--out", folder / "small.ocrgan",
    )  # fmt: skip
    return run, json.loads(first.stdout), json.loads(second.stdout)


@pytest.mark.slow
def test_a_training_becomes_a_bundle_with_four_targets(exported):
    run, first, _ = exported
    bundle = open_bundle(run / "run.ocrgan")
    assert list(bundle.manifest.targets) == [
        "onnx-fp32",
        "onnx-int8",
        "openvino-fp16",
        "openvino-int8",
    ]
    assert first["fresh"]
    assert first["targets"]["onnx-fp32"]["parity"]["torch_difference"] < 1e-4
    assert bundle.manifest.input.frames_per_second == 10
    assert bundle.manifest.training["data"] == "data"
    for name in bundle.manifest.targets:
        target = bundle.target(name)
        assert target.calibration.hop == 2
        assert open_scorer(bundle, name, threads=1).target == name
    assert bundle.target("onnx-int8").int8_share_of_macs > 0.8
    assert bundle.target("openvino-int8").int8_share_of_macs > 0.8


@pytest.mark.slow
def test_the_small_bundle_holds_what_was_asked_for(exported):
    run, _, second = exported
    small = open_bundle(Path(second["bundle"]))
    full = open_bundle(run / "run.ocrgan")
    assert list(small.manifest.targets) == ["onnx-int8"]
    assert small.target("onnx-int8") == full.target("onnx-int8")


@pytest.mark.slow
def test_a_second_call_keeps_what_is_there(exported):
    run, _, _ = exported
    before = (run / "run.ocrgan").read_bytes()
    again = run_command("ocrgan-export", run, "--hop", 2, "--json")
    assert not json.loads(again.stdout)["fresh"]
    again = run_command("ocrgan-quantize", run, "--json")
    assert not json.loads(again.stdout)["fresh"]
    assert (run / "run.ocrgan").read_bytes() == before


@pytest.mark.slow
def test_another_hop_is_calibrated_with_the_graphs_that_are_there(exported):
    run, _, _ = exported
    graph = run / "graphs" / "onnx-fp32.onnx"
    made = graph.stat().st_mtime_ns
    again = run_command("ocrgan-export", run, "--hop", 4, "--name", "other", "--threads", 1)
    assert graph.stat().st_mtime_ns == made
    assert open_bundle(run / "other.ocrgan").target("onnx-fp32").calibration.hop == 4
    assert "largest difference to PyTorch" in again.stdout


@pytest.mark.slow
def test_an_openvino_graph_that_says_something_else_is_not_exported(
    exported, tmp_path, monkeypatch, capsys
):
    run = shutil.copytree(exported[0], tmp_path / "run")
    before = (run / "run.ocrgan").read_bytes()

    def with_weights_twice_as_large(model: onnx.ModelProto) -> Ir:
        other = onnx.ModelProto()
        other.CopyFrom(model)
        for weight in other.graph.initializer:
            if weight.name.endswith(".weight"):
                twice = 2 * onnx.numpy_helper.to_array(weight)
                weight.CopyFrom(onnx.numpy_helper.from_array(twice, weight.name))
        return to_openvino(other)

    monkeypatch.setattr("ocrgan_export.export_run.to_openvino", with_weights_twice_as_large)
    assert call(export_main, run, "--hop", 2, "--force", monkeypatch=monkeypatch) == 4
    said = capsys.readouterr().err
    assert "error: the export is wrong: openvino-fp16: largest difference of a term to ONNX" in said
    assert (run / "run.ocrgan").read_bytes() == before


@pytest.mark.slow
def test_a_missed_goal_is_an_error_for_the_strict(exported, monkeypatch, capsys):
    run, _, _ = exported
    monkeypatch.setattr("ocrgan_export.gates.SPEARMAN", 1.1)
    words = (run, "--strict", "--force", "--no-mixed", "--targets", "onnx-int8", "--windows", 5)
    before = (run / "run.ocrgan").read_bytes()
    assert call(quantize_main, *words, monkeypatch=monkeypatch) == 4
    assert "error: --strict: onnx-int8: rank correlation" in capsys.readouterr().err
    assert (run / "run.ocrgan").read_bytes() == before


@pytest.mark.slow
def test_the_strict_are_told_of_a_missed_goal_of_before_too(exported, monkeypatch, capsys):
    run, _, _ = exported
    monkeypatch.setattr("ocrgan_export.gates.SPEARMAN", 1.1)
    words = (run, "--no-mixed", "--targets", "onnx-int8", "--windows", 5)
    assert call(quantize_main, *words, "--force", monkeypatch=monkeypatch) == 0
    assert call(quantize_main, *words, monkeypatch=monkeypatch) == 0
    assert "up to date" in capsys.readouterr().out
    assert call(quantize_main, *words, "--strict", monkeypatch=monkeypatch) == 4
    assert "error: --strict: onnx-int8: rank correlation" in capsys.readouterr().err


@pytest.mark.slow
def test_a_graph_that_ranks_differently_does_not_get_into_the_bundle(
    exported, tmp_path, monkeypatch, capsys
):
    run = shutil.copytree(exported[0], tmp_path / "run")
    turn_round(run / "graphs" / "onnx-int8.onnx", "score")
    words = (run, "--targets", "onnx-int8", "--threads", 1)
    assert call(quantize_main, *words, monkeypatch=monkeypatch) == 4
    assert "error: run.ocrgan is left without onnx-int8: " in capsys.readouterr().err
    assert list(open_bundle(run / "run.ocrgan").manifest.targets) == [
        "onnx-fp32",
        "openvino-fp16",
        "openvino-int8",
    ]


def turn_round(path: Path, output: str) -> None:
    """Gives a graph's output the other sign: what was least usual is most usual then."""
    model = onnx.load(path)
    (last,) = (node for node in model.graph.node if output in node.output)
    last.output[:] = [name if name != output else "before" for name in last.output]
    model.graph.node.append(onnx.helper.make_node("Neg", ["before"], [output]))
    onnx.save(model, path)


@pytest.mark.slow
def test_where_all_goals_are_reached_fine_tuning_has_nothing_to_gain(exported, monkeypatch, capsys):
    run, _, _ = exported
    for goal, easy in (("SPEARMAN", -1.0), ("ALARM_AGREEMENT", 0.0), ("AUC_DIFFERENCE", 2.0)):
        monkeypatch.setattr(f"ocrgan_export.gates.{goal}", easy)
    words = (run, "--finetune", 4, "--targets", "onnx-int8", "--windows", 5, "--threads", 1)
    assert call(quantize_main, *words, monkeypatch=monkeypatch) == 0
    assert "nothing is to be gained by fine-tuning" in capsys.readouterr().out
    assert open_bundle(run / "run.ocrgan").target("onnx-int8").finetuned_steps == 0


def worst(parity: dict[str, float]) -> float:
    return max(
        (1 - parity["spearman_windows"]) / 0.01,
        (1 - parity["alarm_agreement"]) / 0.01,
        parity["auc_difference"] / 0.005,
    )


@pytest.mark.slow
def test_fine_tuned_weights_are_taken_only_where_the_worst_goal_gets_better(
    exported, monkeypatch, capsys
):
    run, _, _ = exported
    words = ("--targets", "onnx-int8", "--no-mixed", "--windows", 5, "--threads", 1, "--json")
    asked = (run, "--finetune", 4, "--finetune-anyway", *words)
    assert call(quantize_main, *asked, monkeypatch=monkeypatch) == 0
    (trial,) = json.loads(capsys.readouterr().out)["finetuning"]
    taken = worst(trial["after"]) < worst(trial["before"])
    assert trial["outcome"] == ("taken" if taken else "not better")
    target = open_bundle(run / "run.ocrgan").target("onnx-int8")
    assert target.finetuned_steps == (4 if taken else 0)
    assert target.parity == trial["after" if taken else "before"]


@pytest.mark.slow
def test_weights_trained_after_the_export_are_not_fine_tuned(exported, monkeypatch, capsys):
    run, _, _ = exported
    (run / "checkpoint.safetensors").touch()
    words = (run, "--finetune", 4, "--finetune-anyway", "--targets", "onnx-int8", "--windows", 5)
    assert call(quantize_main, *words, "--threads", 1, monkeypatch=monkeypatch) == 6
    assert "was trained after it was exported" in capsys.readouterr().err
