"""One step: what is updated, by what, and that the same step has the same result."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from ocrgan_training.data.loader import Batch
from ocrgan_training.learner import (
    Learner,
    Rates,
    make_learner,
    parts_of,
    set_dropout,
    update_average,
)
from ocrgan_training.losses import LossWeights
from ocrgan_training.network.presets import NetworkConfig
from ocrgan_training.objectives import Shown, discriminator_losses, generator_losses
from ocrgan_training.step import DivergedError, Moment, StepSettings, train_step

TINY = NetworkConfig(frames=8, height=32, width=32, base_width=8, features=16)


def learner(config: NetworkConfig = TINY) -> Learner:
    return make_learner(config, Rates(), seed=1)


def batch(seed: int = 0) -> Batch:
    random = torch.Generator().manual_seed(seed)
    strength = torch.zeros(4, 32, 32)
    strength[:2, 8:24, 8:24] = 1.0
    return Batch(
        windows=torch.rand(2, 8, 3, 32, 32, generator=random) * 2 - 1,
        stacks=torch.rand(4, 8, 3, 32, 32, generator=random) * 2 - 1,
        strength=strength,
        touched=strength.clone(),
        content=strength.clone(),
    )


def weights(one: Learner, part: str) -> Tensor:
    module = getattr(one.network, part)
    return torch.cat([parameter.detach().flatten() for parameter in module.parameters()])


@pytest.mark.parametrize(
    "part", ["generator", "discriminator", "local_discriminator", "feature_attention"]
)
def test_a_step_changes_every_part(part: str) -> None:
    one = learner()
    before = weights(one, part).clone()
    result = train_step(one, batch(), StepSettings(), Moment(), seed=1)
    assert not torch.equal(before, weights(one, part))
    assert one.step == 1
    assert one.seen == {"windows": 2, "stacks": 4}
    assert all(value == value for value in result.losses.values())


def test_every_parameter_has_a_gradient_from_its_own_part() -> None:
    one = learner()
    train_step(one, batch(), StepSettings(weights=LossWeights()), Moment(), seed=1)
    without = [name for name, p in one.network.named_parameters() if p.grad is None]
    assert without == []


def test_the_same_step_twice_has_the_same_result() -> None:
    one, two = learner(), learner()
    for _ in range(2):
        first = train_step(one, batch(), StepSettings(), Moment(), seed=3)
        torch.rand(7)  # somebody else's random numbers change nothing
        second = train_step(two, batch(), StepSettings(), Moment(), seed=3)
        assert first.losses == second.losses
    assert all(
        torch.equal(a, b)
        for a, b in zip(
            one.network.state_dict().values(), two.network.state_dict().values(), strict=True
        )
    )


def test_a_step_leaves_the_global_random_state_alone() -> None:
    one = learner()
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train_step(one, batch(), StepSettings(), Moment(), seed=1)
    assert torch.equal(torch.rand(3), expected)


def test_no_parts_gradient_is_longer_than_the_clip() -> None:
    one = learner()
    train_step(one, batch(), StepSettings(clip=0.01), Moment(), seed=1)
    for module in parts_of(one.network).values():
        gradients = [p.grad.flatten() for p in module.parameters() if p.grad is not None]
        assert torch.cat(gradients).norm().item() == pytest.approx(0.01, rel=1e-3)


def test_dropout_is_a_setting() -> None:
    one = learner()
    set_dropout(one.network, 0.0)
    tokens = torch.rand(4, 8, 16)
    attention = one.network.feature_attention
    assert attention is not None
    assert torch.equal(attention.attention(tokens), attention.attention(tokens))
    set_dropout(one.network, 0.5)
    assert not torch.equal(attention.attention(tokens), attention.attention(tokens))


def test_a_learning_rate_of_zero_changes_nothing() -> None:
    one = learner()
    before = weights(one, "generator").clone()
    train_step(one, batch(), StepSettings(), Moment(rate=0.0), seed=1)
    assert torch.equal(before, weights(one, "generator"))


def test_learning_lowers_the_losses() -> None:
    one, same = learner(), batch()
    steps = [train_step(one, same, StepSettings(noise=0.0), Moment(), 1) for _ in range(8)]
    for name in ("generator/context", "local/total"):
        assert steps[-1].losses[name] < 0.97 * steps[0].losses[name]


def test_a_loss_that_is_no_number_stops_before_the_weights_change() -> None:
    one = learner()
    before = weights(one, "generator").clone()
    bad = batch()._replace(windows=torch.full((2, 8, 3, 32, 32), float("nan")))
    with pytest.raises(DivergedError, match="step 0"):
        train_step(one, bad, StepSettings(), Moment(), seed=1)
    assert torch.equal(before, weights(one, "generator"))


@pytest.mark.parametrize("temporal", ["none", "basic", "full"])
@pytest.mark.parametrize("kind", ["basic", "netd", "nlayer"])
def test_every_variant_can_be_trained(temporal: str, kind: str) -> None:
    config = replace(
        TINY, temporal=temporal, discriminator=kind, local_discriminator=temporal != "none"
    )
    one = learner(config)
    result = train_step(one, batch(), StepSettings(), Moment(), seed=1)
    assert ("local/total" in result.losses) == (temporal != "none")


def test_the_generators_total_is_the_weighted_sum() -> None:
    one, seen = learner(), batch()
    one.network.eval()
    rebuilt = one.network.reconstruct(seen.windows)
    all_weights = LossWeights(smoothness=0.2)
    found = generator_losses(one.network, seen.windows, rebuilt, all_weights, 0.5)
    expected = (
        found.adversarial
        + 50 * found.context
        + 25 * found.streams
        + found.latent
        + 0.5 * (0.1 * found.consistency + 0.2 * found.smoothness)
        + 0.5 * (0.05 * found.feature_consistency + 0.05 * found.motion)
    )
    torch.testing.assert_close(found.total, expected)


def test_temporal_terms_do_not_count_before_the_warm_up() -> None:
    one, seen = learner(), batch()
    one.network.eval()
    rebuilt = one.network.reconstruct(seen.windows)
    cold = generator_losses(one.network, seen.windows, rebuilt, LossWeights(), 0.0)
    expected = cold.adversarial + 50 * cold.context + 25 * cold.streams + cold.latent
    torch.testing.assert_close(cold.total, expected)


def test_the_discriminator_learns_nothing_from_stacks_without_foreign_content() -> None:
    one, seen = learner(), batch()
    clean = seen._replace(content=torch.zeros_like(seen.content))
    fake = torch.zeros_like(seen.windows)
    assert discriminator_losses(one.network, Shown(seen.windows, fake, clean), 0.0).pseudo == 0
    assert discriminator_losses(one.network, Shown(seen.windows, fake, seen), 0.0).pseudo > 0


def test_the_average_follows_slowly_with_its_normalisation() -> None:
    one = learner()
    one.step = 10_000
    with torch.no_grad():
        for tensor in (*one.network.parameters(), *one.network.buffers()):
            tensor.fill_(1)
        for tensor in (*one.average.parameters(), *one.average.buffers()):
            tensor.fill_(0)
    update_average(one, 0.9)
    for tensor in (*one.average.parameters(), *one.average.buffers()):
        expected = 0.1 if tensor.is_floating_point() else 1  # a counter has no average
        assert torch.allclose(tensor, torch.tensor(expected, dtype=tensor.dtype))


def test_without_memory_the_average_is_the_network() -> None:
    one = learner()
    train_step(one, batch(), StepSettings(average=0.0), Moment(), seed=1)
    pairs = zip(one.average.parameters(), one.network.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_convolutions_lie_channels_last() -> None:
    four = [p for p in learner().network.parameters() if p.dim() == 4 and min(p.shape) > 1]
    assert four
    assert all(p.is_contiguous(memory_format=torch.channels_last) for p in four)
