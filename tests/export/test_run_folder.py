import os
from dataclasses import replace
from pathlib import Path

import pytest

from ocrgan_edge.errors import DataError
from ocrgan_export.run_folder import RunFolder, is_newer, load_graph, open_run, save_graph
from ocrgan_export.to_openvino import Ir
from ocrgan_training.data.pseudo_settings import PseudoSettings
from ocrgan_training.network.presets import NetworkConfig
from ocrgan_training.run_info import RunInfo, write_info


def info(data: Path, held_out: tuple[str, ...] = ("b",)) -> RunInfo:
    return RunInfo(
        config=NetworkConfig(frames=8, height=32, width=64).to_dict(),
        data=str(data),
        clips=("a", "c"),
        held_out=held_out,
        sha256={},
        frames_per_second=12.5,
        seed=1,
        settings={},
        budget={},
        parameters=1,
    )


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    for name in "abc":
        (tmp_path / "data" / "train" / name).mkdir(parents=True)
    folder = tmp_path / "tuesday"
    folder.mkdir()
    return RunFolder(folder, info(tmp_path / "data"))


def touch(path: Path, at: int) -> Path:
    path.touch()
    os.utime(path, (at, at))
    return path


def test_what_is_missing_or_older_has_to_be_made_again(tmp_path):
    old, middle, new = (touch(tmp_path / str(at), at) for at in (100, 200, 300))
    assert is_newer([new], [old, middle])
    assert is_newer([middle], [middle])
    assert not is_newer([new, old], [middle])
    assert not is_newer([tmp_path / "missing"], [old])


def test_the_spec_is_that_of_the_training(run):
    assert run.spec.model_dump() == {
        "frames": 8,
        "height": 32,
        "width": 64,
        "frames_per_second": 12.5,
    }


def test_edits_are_those_of_the_training(run):
    assert run.pseudo == PseudoSettings()  # an older run says nothing
    recorded = {"size": [0.13, 0.77], "edits": 2, "of_before": 1}
    told = run.info.model_copy(update={"settings": {"loader": {"pseudo": recorded}}})
    found = RunFolder(run.path, told).pseudo
    assert found == replace(PseudoSettings(), size=(0.13, 0.77), edits=2)


def test_the_bundle_is_named_after_the_folder_or_as_asked(run):
    assert run.bundle().name == "tuesday.ocrgan"
    assert run.bundle("front-door").name == "front-door.ocrgan"


def test_thresholds_come_from_the_clips_that_the_training_held_out(run):
    clips = run.clips()
    assert list(clips.statistics) == ["a", "c"]
    assert list(clips.threshold) == ["b"]
    assert clips.source == "data/train: b of 3 clips"


def test_another_data_set_is_shared_out_by_the_rule(run, tmp_path):
    for name in ("x", "y"):
        (tmp_path / "other" / "train" / name).mkdir(parents=True)
    clips = run.clips(tmp_path / "other")
    assert sorted([*clips.statistics, *clips.threshold]) == ["x", "y"]


def test_a_published_data_set_is_read_as_it_is(run, tmp_path):
    for name in ("Train001", "Train002"):
        (tmp_path / "UCSDped9" / "Train" / name).mkdir(parents=True)
    (tmp_path / "UCSDped9" / "Test").mkdir()
    clips = run.clips(tmp_path / "UCSDped9")
    assert (list(clips.statistics), list(clips.threshold)) == (["Train001"], ["Train002"])
    assert clips.source == "UCSDped9/Train: Train002 of 2 clips"


def test_the_clips_may_lie_elsewhere(run, tmp_path):
    (tmp_path / "data" / "train").rename(tmp_path / "disk")
    (tmp_path / "data" / "train").symlink_to(tmp_path / "disk")
    assert run.clips().source == "data/train: b of 3 clips"


def test_pictures_whose_rate_only_their_layout_knows_are_refused_with_a_way_out(run, tmp_path):
    for name in ("01_001", "01_002"):
        (tmp_path / "shanghaitech" / "training" / "frames" / name).mkdir(parents=True)
    with pytest.raises(DataError, match=r"24 frames/s.*python -m ocrgan_training\.data"):
        run.clips(tmp_path / "shanghaitech")


def test_a_held_out_clip_that_is_gone_is_named(run, tmp_path):
    (tmp_path / "data" / "train" / "b").rmdir()
    with pytest.raises(DataError, match="held-out clip 'b' is no longer in"):
        run.clips()


def test_a_folder_that_is_no_run_is_told_what_makes_one(tmp_path):
    with pytest.raises(DataError, match=r"no run\.json \(ocrgan-train makes one\)"):
        open_run(tmp_path)


def test_a_run_without_checkpoint_is_not_finished(tmp_path):
    write_info(tmp_path, info(tmp_path))
    with pytest.raises(DataError, match="let ocrgan-train finish first"):
        open_run(tmp_path)


def test_graphs_come_back_as_they_were_saved(run):
    save_graph(run, "openvino-int8", Ir(b"<net/>", b"weights"))
    graph = load_graph(run, "openvino-int8")
    assert (graph.runtime, graph.precision) == ("openvino", "int8")
    assert (graph.model, graph.weights) == (b"<net/>", b"weights")


def test_a_graph_that_was_not_made_says_what_makes_it(run):
    with pytest.raises(DataError, match=r"onnx-fp32\.onnx: call ocrgan-export first"):
        load_graph(run, "onnx-fp32")
