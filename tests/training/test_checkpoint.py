"""The checkpoint: whole or not at all, and exactly what was there."""

import subprocess
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from ocrgan_edge.errors import DataError
from ocrgan_training import run_info
from ocrgan_training.checkpoint import CHECKPOINT, load_network, restore, save_checkpoint
from ocrgan_training.data.clips import find_recordings
from ocrgan_training.data.loader import LoaderSettings
from ocrgan_training.data.pseudo_settings import PseudoSettings
from ocrgan_training.learner import Learner, Rates, make_learner
from ocrgan_training.network.presets import NetworkConfig
from ocrgan_training.options import TrainOptions
from ocrgan_training.run_info import RunInfo, plain, read_info, source_commit, write_info
from ocrgan_training.schedule import Budget, Plateau

TINY = NetworkConfig(frames=8, height=32, width=32, base_width=8, features=16)
WriteClips = Callable[..., Path]


@pytest.fixture
def info(tmp_path: Path, write_clips: WriteClips) -> RunInfo:
    data = write_clips(tmp_path / "data", (8, 8))
    options = TrainOptions(data, tmp_path, TINY, Budget(steps=1), LoaderSettings(frames=8))
    return options.info(find_recordings(data))


def learner(seed: int = 1) -> Learner:
    return make_learner(TINY, Rates(), seed)


def trained(steps: int = 1) -> Learner:
    one = learner()
    for optimiser in one.optimisers.values():
        for group in optimiser.param_groups:
            for parameter in group["params"]:
                parameter.grad = torch.ones_like(parameter)
        for _ in range(steps):
            optimiser.step()
    one.step = steps
    return one


def test_restored_is_bit_for_bit_what_was_saved(tmp_path: Path, info: RunInfo) -> None:
    one, two = trained(3), learner(seed=2)
    plateau = Plateau(0.5, 0.25, 4)
    save_checkpoint(tmp_path, one, info.model_copy(update={"step": 3, "seconds": 7.5}), plateau)
    found, waited = restore(tmp_path, two)
    assert (found.step, found.seconds, two.step, waited) == (3, 7.5, 3, plateau)
    for mine, theirs in ((one.network, two.network), (one.average, two.average)):
        for a, b in zip(mine.state_dict().values(), theirs.state_dict().values(), strict=True):
            assert torch.equal(a, b)
            assert a.stride() == b.stride()
    for part, optimiser in one.optimisers.items():
        before, after = optimiser.state_dict(), two.optimisers[part].state_dict()
        assert before["state"].keys() == after["state"].keys()
        for key, state in before["state"].items():
            assert all(torch.equal(state[name], after["state"][key][name]) for name in state)


def test_a_fresh_plateau_survives(tmp_path: Path, info: RunInfo) -> None:
    save_checkpoint(tmp_path, trained(), info, Plateau())
    assert restore(tmp_path, learner())[1] == Plateau()  # its best loss is infinite


def test_the_loaded_network_is_the_average_and_ready_to_score(
    tmp_path: Path, info: RunInfo
) -> None:
    one = trained()
    save_checkpoint(tmp_path, one, info, Plateau())
    network, found = load_network(tmp_path)
    assert found == info
    assert network.config == TINY
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())
    expected = one.average.state_dict()
    assert all(torch.equal(a, expected[name]) for name, a in network.state_dict().items())


def test_writing_leaves_nothing_half_done(tmp_path: Path, info: RunInfo) -> None:
    run = tmp_path / "run"
    run.mkdir()
    save_checkpoint(run, trained(), info, Plateau())
    assert [path.name for path in run.iterdir()] == [CHECKPOINT]
    assert (run / CHECKPOINT).stat().st_mode & 0o777 == 0o644


def test_a_folder_without_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no checkpoint\.safetensors"):
        load_network(tmp_path)


def test_a_truncated_checkpoint_is_refused(tmp_path: Path, info: RunInfo) -> None:
    save_checkpoint(tmp_path, trained(), info, Plateau())
    file = tmp_path / CHECKPOINT
    file.write_bytes(file.read_bytes()[:5000])
    with pytest.raises(DataError, match="cannot be read"):
        load_network(tmp_path)


def test_a_safetensors_file_of_something_else_is_refused(tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(3)}, tmp_path / CHECKPOINT)
    with pytest.raises(DataError, match="does not describe a run"):
        load_network(tmp_path)


def test_a_checkpoint_without_a_weight_is_refused_by_name(tmp_path: Path, info: RunInfo) -> None:
    save_checkpoint(tmp_path, trained(), info, Plateau())
    file = tmp_path / CHECKPOINT
    members = load_file(file)
    lost = next(name for name in members if name.startswith("average/"))
    save_file(
        {name: tensor for name, tensor in members.items() if name != lost},
        file,
        {"info": info.model_dump_json(), "plateau": "{}"},
    )
    with pytest.raises(DataError, match=lost):
        load_network(tmp_path)


def test_a_checkpoint_of_another_size_is_refused(tmp_path: Path, info: RunInfo) -> None:
    save_checkpoint(tmp_path, trained(), info, Plateau())
    wider = make_learner(
        NetworkConfig(frames=8, height=32, width=32, base_width=16, features=16), Rates(), 1
    )
    with pytest.raises(DataError, match="not"):
        restore(tmp_path, wider)


def test_run_json_is_read_as_it_was_written(tmp_path: Path, info: RunInfo) -> None:
    assert read_info(tmp_path) is None
    write_info(tmp_path, info)
    assert read_info(tmp_path) == info


def test_a_run_json_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"config": 3}')
    with pytest.raises(DataError, match=r"run\.json does not describe a run"):
        read_info(tmp_path)


def test_what_makes_two_runs_different_is_told(info: RunInfo) -> None:
    assert info.differs(info) is None
    seed = info.model_copy(update={"seed": 2})
    assert info.differs(seed) == "seed 1 instead of 2"
    wider = info.model_copy(update={"config": info.config | {"base_width": 64}})
    assert info.differs(wider) == "base_width 8 instead of 64"
    noisier = info.model_copy(
        update={"settings": info.settings | {"step": info.settings["step"] | {"noise": 1.0}}}
    )
    assert info.differs(noisier) == "step.noise 0.3 instead of 1.0"


def test_a_run_with_things_at_rest_is_not_gone_on_with_without_them(info: RunInfo) -> None:
    usual, resting = (
        info.model_copy(update={"settings": {"pseudo": plain(asdict(edits))}})
        for edits in (PseudoSettings(), PseudoSettings().with_resting())
    )
    assert usual.differs(resting) == "pseudo.shares.resting 0.0 instead of 0.15"


def test_provenance_names_clips_and_versions(info: RunInfo) -> None:
    assert info.clips + info.held_out == ("walk0", "walk1")
    assert torch.__version__.startswith(info.versions["torch"].split("+")[0])
    assert info.parameters > 10_000


def test_settings_that_an_older_run_did_not_know_make_no_difference(info: RunInfo) -> None:
    older = info.model_copy(
        update={"settings": {"step": {"noise": info.settings["step"]["noise"]}}, "engine": {}}
    )
    assert older.differs(info) is None


def test_uncommitted_changes_are_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def git(*words: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        command = ["git", "-C", str(tmp_path), *who, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    source = tmp_path / "training" / "ocrgan_training" / "run_info.py"
    source.parent.mkdir(parents=True)
    (tmp_path / "edge").mkdir()
    (tmp_path / "edge" / "a.py").write_text("")
    source.write_text("")
    git("init")
    git("add", ".")
    git("commit", "-m", "first")
    monkeypatch.setattr(run_info, "__file__", str(source))
    assert source_commit() == git("rev-parse", "HEAD")
    (tmp_path / "edge" / "a.py").write_text("changed")
    assert source_commit() == git("rev-parse", "HEAD") + "+"
