"""How long, and how fast at each moment."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ocrgan_edge.errors import SettingsError
from ocrgan_training.schedule import Budget, Plateau, Spent, cosine, moment


def test_a_budget_is_exactly_one_of_three() -> None:
    with pytest.raises(SettingsError, match="none of them"):
        Budget()
    with pytest.raises(SettingsError, match="--minutes and --steps"):
        Budget(minutes=3.0, steps=4)


@pytest.mark.parametrize("value", [0.0, -1.0, math.inf])
def test_a_budget_is_above_zero(value: float) -> None:
    with pytest.raises(SettingsError, match="--minutes"):
        Budget(minutes=value)


def test_progress_is_the_share_that_is_spent() -> None:
    spent = Spent(seconds=90.0, epochs=2.5, steps=30)
    assert Budget(minutes=3.0).progress(spent) == 0.5
    assert Budget(epochs=10).progress(spent) == 0.25
    assert Budget(steps=40).progress(spent) == 0.75
    assert Budget(steps=10).progress(spent) == 1.0


def test_a_budget_reads_as_a_person_says_it() -> None:
    assert str(Budget(minutes=20.0)) == "20 minutes"


def test_the_cosine_falls_from_1_to_5_percent() -> None:
    assert cosine(0.0) == 1.0
    assert cosine(0.5) == pytest.approx(0.525)
    assert cosine(1.0) == pytest.approx(0.05)


@given(st.lists(st.floats(0.1, 2.0), max_size=60))
def test_the_plateau_counts_as_torch_does(losses: list[float]) -> None:
    optimiser = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, patience=3, factor=0.5, eps=0)
    ours = Plateau()
    for loss in losses:
        theirs.step(loss)
        ours = ours.after(loss, patience=3)
        assert ours.factor == pytest.approx(optimiser.param_groups[0]["lr"])


def test_epochs_follow_the_plateau_and_minutes_the_cosine() -> None:
    plateau = Plateau(factor=0.25)
    spent = Spent(seconds=60.0, epochs=10.0, steps=5)
    assert moment(Budget(epochs=40), spent, plateau).rate == 0.25
    assert moment(Budget(minutes=2.0), spent, plateau).rate == pytest.approx(0.525)


def test_temporal_losses_warm_up_over_20_epochs_or_a_fifth_of_a_short_budget() -> None:
    spent = Spent(seconds=6.0, epochs=1.0, steps=5)
    assert moment(Budget(epochs=40), spent, Plateau()).warm_up == 0.05
    assert moment(Budget(minutes=1.0), spent, Plateau()).warm_up == pytest.approx(0.5)
    assert moment(Budget(minutes=0.2), spent, Plateau()).warm_up == 1.0
