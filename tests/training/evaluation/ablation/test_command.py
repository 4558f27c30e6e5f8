"""`ocrgan-ablate` as a person uses it: trained, measured, interrupted, gone on with."""

import json
import sys
from pathlib import Path

import pytest

from ocrgan_edge.command_line import run
from ocrgan_training.evaluation.ablation.__main__ import app


@pytest.fixture
def grid(tmp_path: Path) -> Path:
    """Two rows of networks as small as can be, one seed, one step."""
    path = tmp_path / "grid.toml"
    path.write_text(
        "steps = 1\nseeds = [1]\nhop = 4\n"
        "[network]\nsize = 32\nframes = 8\nwidth = 8\n"
        '[[row]]\nname = "single frames"\ntemporal = "none"\n'
        '[[row]]\nname = "everything"\n'
    )
    return path


def ablate(*arguments: object) -> int:
    return run(lambda: app([str(argument) for argument in arguments], standalone_mode=False))


@pytest.mark.slow
def test_a_small_ablation_is_made_once_and_added_to_on_a_cluster(
    data_set: Path, grid: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["ocrgan-ablate", "--grid", str(grid)])
    out = tmp_path / "out"
    options = ("--data", data_set, "--out", out, "--grid", grid, "--threads", 1)
    assert ablate(*options) == 0
    table = json.loads((out / "ablation.json").read_text())
    assert [line["name"] for line in table["lines"]] == ["single frames", "everything"]
    assert [line["steps"] for line in table["lines"]] == [1, 1]
    assert table["lines"][0]["parameters"] < table["lines"][1]["parameters"]
    assert table["lines"][0]["auc"][data_set.name]["median"] <= 1
    assert set(table["baselines"][data_set.name]) == {"frame differencing", "MOG2 foreground"}
    assert (out / "ablation.png").stat().st_size > 5000

    trained = {path: path.stat().st_mtime_ns for path in out.glob("runs/*/checkpoint.safetensors")}
    assert len(trained) == 2
    elsewhere = tmp_path / "elsewhere"  # cross-data-set: the same networks on another scene
    elsewhere.mkdir()
    for name in ("train", "test", "labels.json"):
        (elsewhere / name).symlink_to(data_set / name)
    cluster = ("--cluster", "local:1")
    assert ablate(*options, "--across", elsewhere, *cluster) == 0
    again = json.loads((out / "ablation.json").read_text())
    own, new = again["data_sets"]
    assert (own, new) == (data_set.name, "elsewhere")
    for line in again["lines"]:
        assert line["auc"][new] == line["auc"][own]  # the same recordings give the same figure
    for path, written in trained.items():
        assert path.stat().st_mtime_ns == written

    grid.write_text(grid.read_text().replace("steps = 1", "steps = 2"))
    assert ablate(*options) == 6  # results of one step are not passed off as those of two


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "give --axes or --grid"),
        (["--axes", "temporal"], "wants minutes or steps"),
        (["--axes", "depth", "--steps", "1"], "there is no axis 'depth'"),
        (["--axes", "size", "--steps", "1", "--seeds", "a"], "--seeds is 'a'"),
    ],
)
def test_what_the_user_can_put_right_is_one_line(
    data_set: Path,
    tmp_path: Path,
    options: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ablate("--data", data_set, "--out", tmp_path, *options) == 2
    assert message in capsys.readouterr().err
