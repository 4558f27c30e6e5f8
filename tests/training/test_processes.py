"""Several processes do together what one does with all their windows in one batch."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from ocrgan_edge.errors import SettingsError
from ocrgan_training import processes
from ocrgan_training.__main__ import main
from ocrgan_training.losses import masked_adversarial

WriteClips = Callable[..., Path]
WINDOWS = ("--size", "32", "--width", "8", "--frames", "8", "--temporal", "full")
TINY = (*WINDOWS, "--threads", "1", "--seed", "3")
EXACT = ("--precision", "float64", "--dropout", "0")


def train_alone(monkeypatch: pytest.MonkeyPatch, *options: str) -> None:
    """In this process, with what two processes have together."""
    alone = ["ocrgan-train", *options, "--batch", "2", "--stacks", "8"]
    monkeypatch.setattr(sys, "argv", alone)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0


def train_together(*options: str) -> None:
    """By two processes."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    share = ["--batch", "1", "--stacks", "4"]
    done = subprocess.run(
        [*torchrun, "--nproc-per-node=2", "-m", "ocrgan_training", *options, *share],
        capture_output=True,
        text=True,
        timeout=200,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_two_processes_learn_what_one_does_with_the_doubled_batch_also_when_resumed(
    tmp_path: Path, write_clips: WriteClips, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write_clips(tmp_path / "data", (12, 12, 12))  # epochs of two steps
    one, two = tmp_path / "one", tmp_path / "two"
    options = ("--data", str(data), *TINY, *EXACT)
    train_alone(monkeypatch, *options, "--out", str(one), "--epochs", "3")
    train_together(*options, "--out", str(two), "--epochs", "1")
    train_together(*options, "--out", str(two), "--epochs", "2", "--resume")
    # How many there are may change.
    train_alone(monkeypatch, *options, "--out", str(two), "--epochs", "3", "--resume")
    expected, found = (load_file(run / "checkpoint.safetensors") for run in (one, two))
    assert found.keys() == expected.keys()
    for name in expected:
        torch.testing.assert_close(found[name], expected[name], rtol=0, atol=1e-8, msg=name)
    infos = [json.loads((run / "run.json").read_text()) for run in (one, two)]
    assert [info["step"] for info in infos] == [6, 6]
    assert [info["windows_seen"] for info in infos] == [12, 12]
    assert sorted(path.name for path in two.iterdir()) == [
        "checkpoint.safetensors",
        "metrics.csv",
        "run.json",
    ]


def test_one_process_is_number_0_of_1() -> None:
    assert (processes.rank(), processes.count()) == (0, 1)
    assert processes.agree(2.5, True, torch.device("cpu")) == (2.5, True)


def test_alone_shared_normalisation_is_plain() -> None:
    plain = nn.Sequential(nn.BatchNorm2d(3))
    plain[0].weight.data = torch.rand(3)
    shared = nn.Sequential(nn.BatchNorm2d(3))
    shared.load_state_dict(plain.state_dict())
    processes.share_normalisation(shared)
    assert isinstance(shared[0], processes.SharedBatchNorm)
    frames = torch.rand(4, 3, 5, 5)
    assert torch.equal(shared(frames), plain(frames))
    assert torch.equal(shared.eval()(frames), plain.eval()(frames))


def test_a_share_of_the_places_makes_the_mean_of_two_losses_the_loss_of_all() -> None:
    logits, where = torch.randn(2, 6), torch.tensor([[1.0, 1, 1, 0, 0, 0], [0, 0, 0, 0, 0, 1]])
    whole = masked_adversarial(logits, 0.0, where)
    halves = [masked_adversarial(logits[i], 0.0, where[i], where.sum() / 2) for i in range(2)]
    torch.testing.assert_close(sum(halves) / 2, whole)


def test_a_world_size_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "many")
    with pytest.raises(SettingsError, match="WORLD_SIZE is 'many'"):
        processes.count_asked_for()
