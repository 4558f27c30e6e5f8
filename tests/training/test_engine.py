"""How a training is computed changes its speed and memory, not what it learns."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from rich.console import Console
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ocrgan_edge.errors import SettingsError
from ocrgan_training.data.loader import Batch, LoaderSettings
from ocrgan_training.engine import Engine
from ocrgan_training.learner import Learner, Rates, make_learner, set_dropout
from ocrgan_training.loop import run_training
from ocrgan_training.network.presets import NetworkConfig
from ocrgan_training.options import TrainOptions
from ocrgan_training.progress import Reporter
from ocrgan_training.run_info import read_info
from ocrgan_training.schedule import Budget
from ocrgan_training.session import open_session
from ocrgan_training.step import Moment, StepSettings, train_step

pytestmark = pytest.mark.slow

WriteClips = Callable[..., Path]


TINY = NetworkConfig(frames=8, height=32, width=32, base_width=8, features=16)
CAUSAL = replace(TINY, causal=True)
QUIET = StepSettings(noise=0.0)
"""Noise is drawn in the network's own precision, so that it differs between two of them."""


def batch(seed: int = 0, frames: int = 8) -> Batch:
    random = torch.Generator().manual_seed(seed)
    strength = torch.zeros(4, 32, 32)
    strength[:2, 8:24, 8:24] = 1.0
    return Batch(
        windows=torch.rand(2, frames, 3, 32, 32, generator=random) * 2 - 1,
        stacks=torch.rand(4, 8, 3, 32, 32, generator=random) * 2 - 1,
        strength=strength,
        touched=strength.clone(),
        content=strength.clone(),
    )


def trained(
    engine: Engine, settings: StepSettings, steps: int = 2, config: NetworkConfig = TINY
) -> Learner:
    learner = make_learner(config, Rates(), 1, engine)
    for number in range(steps):
        train_step(learner, batch(number, config.clip_frames), settings, Moment(), seed=1)
    return learner


def first_losses(engine: Engine, config: NetworkConfig = TINY) -> dict[str, float]:
    learner = make_learner(config, Rates(), 1, engine)
    set_dropout(learner.network, 0.0)
    return train_step(learner, batch(), QUIET, Moment(), seed=1).losses


@pytest.mark.parametrize("config", [TINY, CAUSAL])
def test_recomputed_activations_give_the_same_training_bit_by_bit(config: NetworkConfig) -> None:
    kept = trained(Engine(), StepSettings(), config=config)
    forgotten = trained(Engine(recompute=True), StepSettings(), config=config)
    one, two = kept.network.state_dict(), forgotten.network.state_dict()
    assert one.keys() == two.keys()
    assert all(torch.equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize("config", [TINY, CAUSAL])
def test_recomputing_keeps_fewer_activations(config: NetworkConfig) -> None:
    def kept(engine: Engine) -> int:
        learner = make_learner(replace(config, base_width=16), Rates(), 1, engine)
        bytes_kept = 0

        def note(tensor: torch.Tensor) -> torch.Tensor:
            nonlocal bytes_kept
            bytes_kept += tensor.nbytes
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            learner.network.reconstruct(batch().windows)
        return bytes_kept

    assert kept(Engine(recompute=True)) < 0.6 * kept(Engine())


def test_bfloat16_is_mixed_weights_and_losses_stay_float32() -> None:
    learner = trained(Engine(precision="bfloat16"), StepSettings())
    assert {p.dtype for p in learner.network.parameters()} == {torch.float32}
    exact, rounded = first_losses(Engine()), first_losses(Engine(precision="bfloat16"))
    assert rounded == pytest.approx(exact, rel=0.05, abs=0.02)
    assert rounded != exact


def test_float64_computes_everything_in_double() -> None:
    learner = trained(Engine(precision="float64"), StepSettings(), steps=1)
    assert {p.dtype for p in learner.network.parameters()} == {torch.float64}
    exact, rounded = first_losses(Engine(precision="float64")), first_losses(Engine())
    assert rounded == pytest.approx(exact, rel=1e-3, abs=1e-4)


def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(SettingsError, match="device 'tpu9' cannot be used"):
        Engine(device="tpu9")


def run(options: TrainOptions) -> None:
    quiet = Reporter(Console(quiet=True))
    session = open_session(options, quiet)
    assert session is not None
    assert run_training(session, quiet, lambda: False)


@pytest.fixture
def options(tmp_path: Path, write_clips: WriteClips) -> TrainOptions:
    return TrainOptions(
        data=write_clips(tmp_path / "data", (12, 12)),
        run=tmp_path / "run",
        config=NetworkConfig(
            frames=8, height=32, width=32, base_width=8, features=16, temporal="none"
        ),
        budget=Budget(steps=2),
        loader=LoaderSettings(frames=8, stacks=4),
        engine=Engine(tensorboard=True),
        threads=1,
    )


def curves(run: Path) -> EventAccumulator:
    found = EventAccumulator(str(run / "tensorboard"))
    found.Reload()
    return found


def test_tensorboard_shows_what_the_csv_says(options: TrainOptions) -> None:
    run(options)
    run(replace(options, budget=Budget(steps=3), resume=True))
    with (options.run / "metrics.csv").open() as opened:
        rows = list(csv.DictReader(opened))
    points = curves(options.run).Scalars("generator/context")
    assert [point.step for point in points] == [2, 3]
    assert [point.value for point in points] == pytest.approx(
        [float(row["generator/context"]) for row in rows], rel=1e-4
    )


def test_how_it_is_computed_may_change_between_sittings_and_is_noted(
    options: TrainOptions,
) -> None:
    run(options)
    other = Engine(recompute=True, precision="bfloat16", workers=1)
    run(replace(options, budget=Budget(steps=3), engine=other, resume=True))
    info = read_info(options.run)
    assert info is not None
    assert info.step == 3
    assert (info.engine["precision"], info.engine["device"], info.processes) == (
        "bfloat16",
        "cpu",
        1,
    )
