"""The losses, with values worked out by hand."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ocrgan_training import losses


def video(values: list[float], height: int = 4, width: int = 4) -> torch.Tensor:
    """(1, T, 3, H, W), each frame of one value."""
    frames = torch.tensor(values).reshape(1, -1, 1, 1, 1)
    return frames.expand(1, len(values), 3, height, width).clone()


def test_adversarial_of_an_undecided_logit_is_log_2() -> None:
    assert losses.adversarial(torch.zeros(5), 1.0).item() == pytest.approx(math.log(2))
    assert losses.adversarial(torch.zeros(5), 0.0).item() == pytest.approx(math.log(2))


def test_adversarial_is_minus_log_of_the_probability_of_the_label() -> None:
    logit = torch.tensor([math.log(3.0)])  # probability of "real" is 3/4
    assert losses.adversarial(logit, 1.0).item() == pytest.approx(-math.log(0.75))
    assert losses.adversarial(logit, 0.0).item() == pytest.approx(-math.log(0.25))


def test_masked_adversarial_counts_only_the_places_given() -> None:
    logits = torch.tensor([[0.0, 50.0], [0.0, -50.0]])
    where = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    assert losses.masked_adversarial(logits, 0.0, where).item() == pytest.approx(math.log(2))


def test_masked_adversarial_without_places_is_zero() -> None:
    assert losses.masked_adversarial(torch.ones(2, 2), 0.0, torch.zeros(2, 2)).item() == 0.0


def test_context_is_the_mean_absolute_difference() -> None:
    assert losses.context(video([0.0, 0.5]), video([0.25, 0.0])).item() == pytest.approx(0.375)


def test_latent_is_the_mean_squared_difference() -> None:
    real = torch.zeros(1, 2, 3, 1, 1)
    fake = torch.tensor([1.0, 2.0]).reshape(1, 2, 1, 1, 1).expand(1, 2, 3, 1, 1)
    assert losses.latent(fake, real).item() == pytest.approx(2.5)


def test_consistency_forgives_an_equal_offset_but_not_a_different_change() -> None:
    real = video([0.0, 0.5, 0.5])
    assert losses.consistency(real + 0.3, real).item() == pytest.approx(0.0)
    assert losses.consistency(video([0.0, 0.0, 0.0]), real).item() == pytest.approx(0.25)


def test_smoothness_punishes_motion_that_is_real() -> None:
    assert losses.smoothness(video([0.0, 0.5, 0.5])).item() == pytest.approx(0.25)


def test_feature_consistency_is_0_for_parallel_1_for_orthogonal_2_for_opposite() -> None:
    first = torch.tensor([1.0, 0.0])

    def pair(second: list[float]) -> torch.Tensor:
        return torch.stack([first, torch.tensor(second)]).reshape(1, 2, 2, 1, 1)

    assert losses.feature_consistency(pair([3.0, 0.0])).item() == pytest.approx(0.0)
    assert losses.feature_consistency(pair([0.0, 2.0])).item() == pytest.approx(1.0)
    assert losses.feature_consistency(pair([-1.0, 0.0])).item() == pytest.approx(2.0)


def test_sobel_of_a_ramp_is_8_times_its_slope_inside() -> None:
    ramp = torch.arange(5.0).mul(0.5).expand(1, 1, 5, 5)
    magnitude = losses.sobel_magnitude(ramp)
    assert magnitude.shape == ramp.shape
    torch.testing.assert_close(magnitude[0, 0, :, 1:4], torch.full((5, 3), 4.0))
    torch.testing.assert_close(magnitude[0, 0, :, 0], torch.full((5,), 2.0))  # repeated border


def test_sobel_sees_rows_and_columns_alike() -> None:
    image = torch.rand(2, 3, 6, 6)
    across = losses.sobel_magnitude(image)
    down = losses.sobel_magnitude(image.transpose(-1, -2)).transpose(-1, -2)
    torch.testing.assert_close(across, down)


def test_motion_of_a_step_edge_that_appears() -> None:
    # The right half jumps from 0 to 1: |Δ| is a step, whose Sobel magnitude is 4 in the two columns
    # beside the edge and 0 elsewhere; the still fake has 0 everywhere. Mean: 4 · 2 of 4 columns.
    real = torch.zeros(1, 2, 3, 4, 4)
    real[:, 1, :, :, 2:] = 1.0
    fake = torch.zeros(1, 2, 3, 4, 4)
    assert losses.motion(fake, real).item() == pytest.approx(2.0, abs=1e-3)
    assert losses.motion(real, real).item() == 0.0


def test_attention_regularisation_of_uniform_and_of_single_looks() -> None:
    uniform = torch.full((2, 4, 4), 0.25)
    # entropy log 4, energy 4 · 1/16
    expected = 0.005 * 0.25 - 0.01 * math.log(4)
    assert losses.attention_regularisation(uniform).item() == pytest.approx(expected)
    single = torch.eye(4).expand(2, 4, 4)  # entropy 0, energy 1
    assert losses.attention_regularisation(single).item() == pytest.approx(0.005)


@given(st.floats(0, 1e4))
def test_warm_up_grows_to_1_and_stays(epoch: float) -> None:
    assert losses.warm_up(epoch) == pytest.approx(min(1.0, epoch / 20))
    assert losses.warm_up(epoch) <= losses.warm_up(epoch + 1) <= 1.0


def test_every_loss_gives_a_gradient() -> None:
    fake = torch.rand(1, 3, 3, 6, 6, requires_grad=True)
    real = torch.rand(1, 3, 3, 6, 6)
    for loss in (losses.context, losses.latent, losses.consistency, losses.motion):
        (gradient,) = torch.autograd.grad(loss(fake, real), fake)
        assert torch.isfinite(gradient).all()
        assert gradient.abs().sum() > 0


def test_nan_and_infinity_are_noticed() -> None:
    assert losses.is_finite((torch.tensor(1.0), torch.tensor(-3.0)))
    assert not losses.is_finite((torch.tensor(1.0), torch.tensor(float("nan"))))
    assert not losses.is_finite((torch.tensor(float("inf")),))
