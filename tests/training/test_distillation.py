"""A larger network teaches a smaller one what it says about each patch."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from rich.console import Console
from torch import Tensor
from torch.nn import functional

from ocrgan_edge.errors import DataError, SettingsError
from ocrgan_training.data.loader import Batch, LoaderSettings
from ocrgan_training.distillation import Teacher, Teachers, name_teacher, open_teacher
from ocrgan_training.engine import Engine
from ocrgan_training.learner import Rates, make_learner
from ocrgan_training.local_objective import PLAIN, Taught, local_losses
from ocrgan_training.loop import run_training
from ocrgan_training.network.ocr_gan_video import OcrGanVideo
from ocrgan_training.network.presets import NetworkConfig
from ocrgan_training.options import TrainOptions
from ocrgan_training.progress import Reporter
from ocrgan_training.run_info import read_info
from ocrgan_training.schedule import Budget
from ocrgan_training.session import open_session
from ocrgan_training.step import Moment, StepSettings, train_step

TINY = NetworkConfig(frames=8, height=32, width=32, base_width=8, features=16, temporal="none")
LARGER = replace(TINY, height=64, width=96, base_width=24)
WriteClips = Callable[..., Path]


def network(config: NetworkConfig, seed: int = 2) -> OcrGanVideo:
    made = make_learner(config, Rates(), seed).network.eval().requires_grad_(False)
    classifier = getattr(made.local_discriminator, "classifier", None)
    assert isinstance(classifier, torch.nn.Conv2d)
    classifier.weight *= 20  # so that it has something to say
    return made


def batch(count: int = 4) -> Batch:
    random = torch.Generator().manual_seed(0)
    nothing = torch.zeros(count, 32, 32)
    return Batch(
        windows=torch.rand(1, 8, 3, 32, 32, generator=random) * 2 - 1,
        stacks=torch.rand(count, 8, 3, 32, 32, generator=random) * 2 - 1,
        strength=nothing,
        touched=nothing + 1,  # nothing has a label: only a teacher has something to say
        content=nothing,
    )


def test_a_teacher_of_the_same_size_says_what_it_says() -> None:
    teacher, stacks = network(TINY), batch().stacks
    assert torch.equal(Teacher(teacher, (32, 32))(stacks), teacher.patch_logits(stacks))


def test_a_larger_teacher_sees_larger_frames() -> None:
    seen: list[tuple[int, ...]] = []
    teacher = network(LARGER)
    assert teacher.local_discriminator is not None
    teacher.local_discriminator.register_forward_pre_hook(
        lambda _, given: seen.append(tuple(given[0].shape))
    )
    logits = Teacher(teacher, (32, 32))(batch().stacks)
    assert seen == [(4, 8, 3, 64, 96)]
    assert logits.shape == (4, 16, 24)


def test_a_part_of_a_frame_stays_a_part() -> None:
    part = batch().stacks[..., :16, :24]
    assert Teacher(network(LARGER), (32, 32))(part).shape == (4, 8, 18)  # 32 and 72 pixels


@pytest.mark.parametrize("far", [0.5, 3.0])
def test_a_teachers_part_is_half_the_square_near_by_and_straight_far_away(far: float) -> None:
    one, seen = network(TINY), batch()
    wanted = one.patch_logits(seen.stacks) - far
    found = local_losses(one, seen, PLAIN, Taught(wanted, 2.0))
    expected = {0.5: 0.125, 3.0: 2.5}[far]
    torch.testing.assert_close(found.teacher, torch.tensor(expected))
    torch.testing.assert_close(found.total, torch.tensor(2 * expected))


def test_a_teachers_grid_becomes_the_students() -> None:
    found = local_losses(network(TINY), batch(), PLAIN, Taught(torch.full((4, 16, 24), 0.25)))
    even = local_losses(network(TINY), batch(), PLAIN, Taught(torch.full((4, 8, 8), 0.25)))
    torch.testing.assert_close(found.teacher, even.teacher)


def distance(seen: Batch, taught_by: Teacher | None) -> float:
    """From the teacher's logits after 12 steps."""
    learner = make_learner(TINY, Rates(local=3e-3), seed=1)
    learner.teacher = taught_by
    for _ in range(12):
        train_step(learner, seen, StepSettings(), Moment(), seed=1)
    wanted = Teacher(network(TINY), (32, 32))(seen.stacks)
    found: Tensor = learner.network.patch_logits(seen.stacks)
    return (found - wanted).abs().mean().item()


def test_a_student_with_a_teacher_comes_nearer_to_its_logits_than_one_without() -> None:
    teacher = Teacher(network(TINY), (32, 32))
    assert distance(batch(), teacher) < 0.6 * distance(batch(), None)


def test_several_teachers_say_their_mean_on_the_first_ones_grid() -> None:
    stacks = batch().stacks
    one, two = Teacher(network(TINY), (32, 32)), Teacher(network(LARGER), (32, 32))
    said = one(stacks)
    other = functional.interpolate(
        two(stacks)[:, None], said.shape[-2:], mode="bilinear", antialias=True
    )
    torch.testing.assert_close(Teachers([one, two])(stacks), (said + other.squeeze(1)) / 2)


def test_a_run_of_before_there_were_several_teachers_still_names_its_own(
    options: TrainOptions,
) -> None:
    train(options, most=1)
    stored = json.loads((options.run / "run.json").read_text())
    (stored["teacher"],) = stored.pop("teachers")
    (options.run / "run.json").write_text(json.dumps(stored))
    info = read_info(options.run)
    assert info is not None
    assert info.teachers == (name_teacher(options.teachers[0]),)


@pytest.fixture
def options(tmp_path: Path, write_clips: WriteClips) -> TrainOptions:
    """Of a student whose teacher is trained already."""
    teacher = TrainOptions(
        data=write_clips(tmp_path / "data", (20, 20, 20)),
        run=tmp_path / "teacher",
        config=TINY,
        budget=Budget(steps=1),
        loader=LoaderSettings(frames=8, batch=1, stacks=4),
        threads=1,
    )
    train(teacher)
    return replace(
        teacher, run=tmp_path / "student", teachers=(teacher.run,), budget=Budget(steps=2)
    )


def quiet() -> Reporter:
    return Reporter(Console(quiet=True))


def train(options: TrainOptions, most: int = 99) -> None:
    left = iter(range(most))
    session = open_session(options, quiet())
    assert session is not None
    run_training(session, quiet(), lambda: next(left, None) is None)


def test_a_run_names_its_teacher_and_goes_on_with_it(options: TrainOptions) -> None:
    train(options, most=1)
    info = read_info(options.run)
    assert info is not None
    assert info.teachers == (name_teacher(options.teachers[0]),)
    assert info.teachers[0]["run"] == "teacher"
    train(replace(options, resume=True))
    info = read_info(options.run)
    assert info is not None
    assert (info.finished, info.step) == (True, 2)
    assert "local/teacher" in (options.run / "metrics.csv").read_text()


def test_without_its_teacher_it_is_another_training(options: TrainOptions) -> None:
    train(options, most=1)
    with pytest.raises(SettingsError, match=r"teacher [0-9a-f]{12} instead of none"):
        open_session(replace(options, teachers=(), resume=True), quiet())


def test_a_teacher_of_other_windows_says_the_same_about_the_newest_frames(
    options: TrainOptions,
) -> None:
    stacks = batch().stacks
    taught = [
        open_teacher(options.teachers[0], replace(TINY, frames=frames), 10.0, Engine())(stacks)
        for frames in (8, 16)
    ]
    assert torch.equal(*taught)


@pytest.mark.parametrize(
    ("student", "rate", "sentence"),
    [
        (TINY, 5.0, "works at 10 frames per second, wanted 5"),
        (replace(TINY, local_discriminator=False), 10.0, "has no local discriminator"),
    ],
)
def test_a_teacher_that_sees_time_differently_is_refused(
    options: TrainOptions, student: NetworkConfig, rate: float, sentence: str
) -> None:
    with pytest.raises(SettingsError, match=sentence):
        open_teacher(options.teachers[0], student, rate, Engine())


def test_a_teacher_that_is_not_there_or_broken_is_refused(
    options: TrainOptions, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="nowhere is no run folder"):
        open_session(replace(options, teachers=(tmp_path / "nowhere",)), quiet())
    (options.teachers[0] / "checkpoint.safetensors").write_bytes(b"nonsense")
    with pytest.raises(DataError, match=r"checkpoint\.safetensors cannot be read"):
        open_session(options, quiet())
