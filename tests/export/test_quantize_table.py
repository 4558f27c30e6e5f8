import io

from rich.console import Console

from ocrgan_edge.bundle import Calibration, InputSpec, Manifest, Target
from ocrgan_export.finetune_job import Trial
from ocrgan_export.quantize_table import SHOWN, layer_rows, layers_table, trials_table
from ocrgan_export.sensitivity import LayerError

ERRORS = [LayerError(f"layer{place:02}", 0.05, 1 / (place + 1)) for place in range(20)]


def manifest(*kept: str) -> Manifest:
    calibration = Calibration(
        threshold=1, median=0, false_alarms_per_day=1, windows=9, minutes=1, hop=4, source="none"
    )
    target = Target(
        runtime="onnx",
        precision="int8",
        graph="g",
        statistics="s",
        calibration=calibration,
        kept_in_float=dict.fromkeys(kept, 0.5),
    )
    return Manifest(
        name="n",
        created="now",
        input=InputSpec(frames=2, height=16, width=16, frames_per_second=10),
        terms=("a",),
        targets={"onnx-int8": target},
        golden="golden.npz",
        training={},
        members={},
    )


def printed(*kept: str) -> list[str]:
    text = io.StringIO()
    Console(file=text, width=120).print(layers_table(ERRORS, manifest(*kept)))
    return text.getvalue().splitlines()


def shares(lines: list[str]) -> list[float]:
    return [float(word[:-1]) for line in lines for word in line.split() if word.endswith("%")]


def test_the_shares_in_the_table_add_up_to_those_of_all_layers():
    assert round(sum(shares(printed())), 6) == 100
    assert len(shares(printed())) == SHOWN + 1


def test_a_layer_in_float_is_shown_however_small_its_error():
    lines = printed("layer19")
    assert any("layer19" in line and "onnx-int8" in line for line in lines)
    assert any("4 others" in line for line in lines)


def test_rows_say_where_a_layer_is_in_float():
    rows = layer_rows(ERRORS, manifest("layer00"))
    assert rows[0] == {
        "layer": "layer00",
        "share_of_macs": 0.05,
        "error": 1.0,
        "kept_in_float": ["onnx-int8"],
    }
    assert rows[1]["kept_in_float"] == []


def test_a_manifest_without_layers_in_float_is_written_as_before_there_were_any():
    assert "kept_in_float" not in manifest().model_dump()["targets"]["onnx-int8"]
    assert manifest("x").model_dump()["targets"]["onnx-int8"]["kept_in_float"] == {"x": 0.5}


PARITY = {"spearman_windows": 0.95, "alarm_agreement": 0.975, "auc_difference": 0.012}
BETTER = {"spearman_windows": 0.991, "alarm_agreement": 1.0, "auc_difference": 0.001}


def trial(outcome: str, steps: int = 80) -> Trial:
    return Trial("onnx-int8", outcome, steps, PARITY, BETTER if steps else {})


def rows_of(*trials: Trial) -> list[str]:
    text = io.StringIO()
    Console(file=text, width=120).print(trials_table(trials))
    return text.getvalue().splitlines()


def test_the_table_says_what_fine_tuning_did_and_whether_it_was_taken():
    lines = rows_of(trial("taken"))
    assert any("as trained" in line and "0.9500" in line and "97.5%" in line for line in lines)
    assert any("after 80 steps" in line and "0.9910" in line and "taken" in line for line in lines)


def test_where_it_was_not_needed_there_is_nothing_after_it():
    assert not any("after" in line for line in rows_of(trial("not needed", 0)))


def test_one_sentence_says_how_it_ended():
    assert str(trial("taken")) == (
        "onnx-int8: fine-tuned in 80 steps and is taken "
        "(rank correlation 0.9500 before, 0.9910 after)"
    )
    assert "is not taken: no better" in str(trial("not better"))
    assert "nothing is to be gained" in str(trial("not needed", 0))


def test_a_manifest_without_fine_tuning_is_written_as_before_there_was_any():
    target = manifest().targets["onnx-int8"]
    tuned = target.model_copy(update={"finetuned_steps": 80})
    assert "finetuned_steps" not in target.model_dump()
    assert tuned.model_dump()["finetuned_steps"] == 80
