"""`--temporal causal`: the same steps, loop and files, on longer clips."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from rich.console import Console

from ocrgan_edge.errors import OcrganError, SettingsError
from ocrgan_training.asked_network import asked_network
from ocrgan_training.checkpoint import load_network
from ocrgan_training.data.loader import Batch, LoaderSettings
from ocrgan_training.held_out import evaluate
from ocrgan_training.learner import Rates, make_learner, parts_of
from ocrgan_training.loop import run_training
from ocrgan_training.network.make_network import make_network
from ocrgan_training.network.ocr_gan_video import OcrGanVideo
from ocrgan_training.network.presets import NetworkConfig
from ocrgan_training.network.streaming.causal_network import CausalOcrGanVideo
from ocrgan_training.options import TrainOptions
from ocrgan_training.progress import Reporter
from ocrgan_training.run_info import read_info
from ocrgan_training.schedule import Budget
from ocrgan_training.session import open_session
from ocrgan_training.step import Moment, StepSettings, train_step

TINY = NetworkConfig(
    frames=8, height=32, width=32, base_width=8, features=16, hidden_frames=1, causal=True
)


def batch(frames: int) -> Batch:
    random = torch.Generator().manual_seed(0)
    strength = torch.zeros(4, 32, 32)
    strength[:2, 8:24, 8:24] = 1.0
    return Batch(
        windows=torch.rand(1, frames, 3, 32, 32, generator=random) * 2 - 1,
        stacks=torch.rand(4, 8, 3, 32, 32, generator=random) * 2 - 1,
        strength=strength,
        touched=strength.clone(),
        content=strength.clone(),
    )


def test_settings_decide_the_form() -> None:
    assert isinstance(make_network(TINY), CausalOcrGanVideo)
    assert type(make_network(replace(TINY, causal=False))) is OcrGanVideo


def test_temporal_causal_is_the_full_network_frame_by_frame() -> None:
    config = asked_network(Path("unread"), "nano", None, {"temporal": "causal", "frames": None})
    assert (config.temporal, config.causal, config.frames) == ("full", True, 8)


def test_what_does_not_look_back_cannot_be_causal() -> None:
    with pytest.raises(SettingsError, match="temporal is none, wanted a network that looks back"):
        replace(TINY, temporal="none")


def test_a_training_clip_has_t_frames_with_all_of_their_past() -> None:
    """T − 1 frames that attention looks back on, and one that the first of these is made from."""
    assert (TINY.lead_in, TINY.clip_frames) == (8, 16)
    assert replace(TINY, causal=False).clip_frames == 8


@pytest.mark.parametrize("patches", ["stack", "slim"])
def test_a_step_changes_every_part(patches: str) -> None:
    one = make_learner(replace(TINY, patches=patches), Rates(), seed=1)
    parts = parts_of(one.network)
    before = {name: _weights(part).clone() for name, part in parts.items()}
    found = train_step(one, batch(TINY.clip_frames), StepSettings(), Moment(), seed=1)
    assert all(torch.isfinite(torch.tensor(list(found.losses.values()))))
    assert [name for name, part in parts.items() if torch.equal(_weights(part), before[name])] == []


def test_the_same_step_twice_has_the_same_result() -> None:
    results = []
    for _ in range(2):
        one = make_learner(TINY, Rates(), seed=1)
        results.append(train_step(one, batch(TINY.clip_frames), StepSettings(), Moment(), seed=1))
    assert results[0].losses == results[1].losses


def test_frames_without_all_of_their_past_do_not_count_when_held_out() -> None:
    network = make_network(TINY).eval()
    whole = batch(TINY.clip_frames)
    expected = (
        (network.reconstruct(whole.windows).fake - whole.windows)[:, TINY.lead_in :].abs().mean()
    )
    assert evaluate(network, whole)["context"] == pytest.approx(expected.item(), rel=1e-5)


@pytest.fixture
def quiet() -> Reporter:
    return Reporter(Console(quiet=True))


def options(tmp_path: Path, data: Path) -> TrainOptions:
    return TrainOptions(
        data=data,
        run=tmp_path / "run",
        config=TINY,
        budget=Budget(steps=2),
        loader=LoaderSettings(frames=TINY.clip_frames, stacks=4),
        threads=1,
    )


@pytest.mark.slow
def test_a_training_leaves_a_run_that_says_its_form(
    tmp_path: Path, write_clips: Callable[..., Path], quiet: Reporter
) -> None:
    session = open_session(options(tmp_path, write_clips(tmp_path / "data", (20, 20))), quiet)
    assert session is not None
    assert run_training(session, quiet, lambda: False)
    info = read_info(tmp_path / "run")
    assert info is not None
    assert info.config["causal"] is True
    network, _ = load_network(tmp_path / "run")
    assert isinstance(network, CausalOcrGanVideo)


@pytest.mark.slow
def test_clips_shorter_than_a_training_clip_are_refused_by_name(
    tmp_path: Path, write_clips: Callable[..., Path], quiet: Reporter
) -> None:
    short = write_clips(tmp_path / "data", (20, 15))
    with pytest.raises(OcrganError, match=r"walk1.*15.*16"):
        open_session(options(tmp_path, short), quiet)


def _weights(part: torch.nn.Module) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in part.parameters()])
