from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from ocrgan_edge.errors import DataError, SettingsError
from ocrgan_edge.video.clips import list_clips
from ocrgan_edge.video.open_source import open_source
from ocrgan_edge.video.scene.__main__ import app
from ocrgan_edge.video.scene.data_set import spans, write_data_set
from ocrgan_edge.video.scene.plan import Plan
from ocrgan_edge.video.scene.renderer import Renderer, render
from ocrgan_edge.video.scene.spec import KINDS, SceneSpec
from ocrgan_edge.video.scene.truth import Truth

TINY = SceneSpec(width=96, height=64, frames_per_second=2.0, seconds=6.0)
PLAN = Plan(TINY, train=1, test=2)
OPTIONS = ["--train=1", "--test=2", "--seconds=6", "--size=96x64", "--fps=2"]


def scene(*options: object) -> Result:
    return CliRunner().invoke(app, [str(option) for option in options])


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished data set of one training and two test clips."""
    folder = tmp_path_factory.mktemp("scene") / "data"
    assert write_data_set(folder, PLAN, lambda: None)
    return folder


def times(folder: Path) -> dict[Path, int]:
    """When each file was last written."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_the_command_writes_the_plain_layout(tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("ocrgan-scene")
    done = subprocess.run(
        [command, "--out", tmp_path / "data", *OPTIONS], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{tmp_path / 'data'}: 1 training and 2 test clips rendered\n"
    written = {
        str(path.relative_to(tmp_path / "data"))
        for path in (tmp_path / "data").rglob("*")
        if path.is_file()
    }
    assert written == {
        "train/normal001.avi",
        "test/day001.avi",
        "test/day002.avi",
        "labels.json",
        "masks.npz",
        "anomalies.json",
        "scene.json",
    }


def test_a_clip_holds_the_scene_s_frames_at_its_rate(rendered: Path) -> None:
    source = open_source(str(list_clips(rendered / "test")["day002"]))
    assert source.frames_per_second == pytest.approx(2.0)
    spec = PLAN.clips()["test/day002.avi"]
    read = [frame.image for frame in iter(source.read, None)]
    assert len(read) == spec.length == 12
    for image, (drawn, _) in zip(read, render(spec), strict=True):
        assert np.abs(image.astype(float) - drawn).mean() < 4.0  # compressed once more


def test_labels_and_masks_are_the_scene_s_truth(rendered: Path) -> None:
    labels = json.loads((rendered / "labels.json").read_text())
    masks = np.load(rendered / "masks.npz")
    assert set(labels) == set(masks.files) == {"day001", "day002"}
    for clip in labels:
        renderer = Renderer(PLAN.clips()[f"test/{clip}.avi"])
        truths = [renderer.truth(index) for index in range(12)]
        assert masks[clip].dtype == np.bool_
        assert np.array_equal(masks[clip], [truth.mask for truth in truths])
        assert labels[clip] == [truth.label for truth in truths]
        assert labels[clip] == masks[clip].any(axis=(1, 2)).astype(int).tolist()


def test_anomalies_say_what_the_labels_say(rendered: Path) -> None:
    labels = json.loads((rendered / "labels.json").read_text())
    for clip, happened in json.loads((rendered / "anomalies.json").read_text()).items():
        for index, label in enumerate(labels[clip]):
            assert label <= any(it["start"] <= index / 2.0 <= it["end"] for it in happened)
        assert {it["kind"] for it in happened} <= set(KINDS)


def test_what_is_finished_is_left_alone(rendered: Path) -> None:
    before = times(rendered)
    done = scene("--out", rendered, *OPTIONS)
    assert (done.exit_code, done.stdout) == (
        0,
        f"{rendered}: 1 training and 2 test clips are there already\n",
    )
    assert times(rendered) == before


@pytest.mark.parametrize("other", ["--seed=1", "--site=1", "--fps=3", "--train=2", "--size=96x72"])
def test_a_folder_of_other_parameters_is_refused(rendered: Path, other: str) -> None:
    before = times(rendered)
    done = scene("--out", rendered, *OPTIONS, other)
    assert done.exit_code == DataError.exit_code
    assert done.stderr == (
        f"error: {rendered} holds a scene of other parameters: remove it or give another --out\n"
    )
    assert times(rendered) == before


def test_what_is_not_ours_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    mine = tmp_path / "train" / "mine.avi"
    mine.write_text("precious")
    done = scene("--out", tmp_path, *OPTIONS)
    assert done.exit_code == DataError.exit_code
    assert f"{tmp_path} is not empty" in done.stderr
    assert mine.read_text() == "precious"


def test_a_file_is_no_folder_for_a_data_set(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = scene("--out", tmp_path / "file", *OPTIONS)
    assert done.exit_code == DataError.exit_code
    assert f"error: {tmp_path / 'file'} cannot be written" in done.stderr


def test_what_was_interrupted_is_begun_again(tmp_path: Path) -> None:
    def stop_in_the_middle() -> Callable[[], None]:
        left = iter(range(12))

        def count() -> None:
            if next(left, None) is None:
                raise KeyboardInterrupt

        return count

    short = SceneSpec(width=64, height=48, frames_per_second=2.0, seconds=4.0)
    with pytest.raises(KeyboardInterrupt):  # in the second of three training clips
        write_data_set(tmp_path, Plan(short, 3, 1), stop_in_the_middle())
    assert not (tmp_path / "scene.json").exists()
    assert write_data_set(tmp_path, Plan(short, 1, 1), lambda: None)
    assert not write_data_set(tmp_path, Plan(short, 1, 1), lambda: None)
    assert set(list_clips(tmp_path / "train")) == {"normal001"}


@settings(max_examples=30)
@given(test=st.integers(1, 30), seconds=st.floats(1, 600), seed=st.integers(0, 10**6))
def test_the_test_clips_hold_every_kind_and_training_clips_none(
    test: int, seconds: float, seed: int
) -> None:
    clips = Plan(SceneSpec(seed=seed, seconds=seconds), 3, test).clips()
    tested = [spec for name, spec in clips.items() if name.startswith("test/")]
    assert {it.kind for spec in tested for it in spec.anomalies} == set(KINDS)
    assert len(tested) == test
    trained = [spec for name, spec in clips.items() if name.startswith("train/")]
    assert [spec.anomalies for spec in trained] == [()] * 3


def test_no_day_is_seen_twice_and_all_are_at_one_place() -> None:
    specs = Plan(SceneSpec(seed=5, site_seed=2), 24, 8).clips().values()
    assert len({spec.seed for spec in specs}) == 32
    assert {spec.site_seed for spec in specs} == {2}


def test_each_test_clip_of_the_default_set_has_normal_stretches() -> None:
    small = SceneSpec(width=96, height=64, frames_per_second=1.0, seconds=30.0)
    for name, spec in Plan(small, 24, 8).clips().items():
        if name.startswith("test/"):
            renderer = Renderer(spec)
            labels = [renderer.truth(index).label for index in range(30)]
            assert not any(labels[:6])  # the first six seconds
            assert any(labels)


@pytest.mark.parametrize(("train", "test"), [(0, 8), (24, 0), (1001, 8)])
def test_a_set_that_cannot_be_used_is_refused(train: int, test: int) -> None:
    with pytest.raises(SettingsError, match="must be 1 to 1000 clips, not"):
        Plan(TINY, train, test)


def seen(*frames: range) -> list[Truth]:
    """Truths of 60 frames in which a runner is seen in some."""
    mask = np.zeros((1, 1), np.bool_)
    return [
        Truth(1, ~mask, ("runner",)) if any(i in part for part in frames) else Truth(0, mask, ())
        for i in range(60)
    ]


def test_who_is_hidden_for_a_second_is_still_the_same() -> None:
    # frames 12 and 22 at 10 a second: 1.2 and 2.2 s
    assert spans(seen(range(5, 13), range(22, 30)), 10.0) == [
        {"kind": "runner", "start": 0.5, "end": 2.9}
    ]


def test_who_is_away_for_longer_has_come_again() -> None:
    assert spans(seen(range(5, 13), range(23, 30)), 10.0) == [
        {"kind": "runner", "start": 0.5, "end": 1.2},
        {"kind": "runner", "start": 2.3, "end": 2.9},
    ]


def test_a_normal_clip_has_no_span() -> None:
    assert spans(seen(), 10.0) == []


def test_anomalies_are_in_the_order_of_their_start() -> None:
    mask = np.ones((1, 1), np.bool_)
    shown = [("vehicle",), ("fall", "vehicle"), ("cyclist", "fall")]
    assert spans([Truth(1, mask, kinds) for kinds in shown], 0.5) == [
        {"kind": "vehicle", "start": 0.0, "end": 2.0},
        {"kind": "fall", "start": 2.0, "end": 4.0},
        {"kind": "cyclist", "start": 4.0, "end": 4.0},
    ]


def test_nothing_to_render_is_refused() -> None:
    done = scene("--train", 3)
    assert (done.exit_code, done.stdout) == (SettingsError.exit_code, "")
    assert done.stderr == (
        "error: nothing to render: give --out DIR, --picture FILE.png, or both\n"
    )


def test_help_has_examples() -> None:
    done = scene("--help")
    assert done.exit_code == 0
    assert "ocrgan-scene --out data/scene" in done.stdout
