"""Frame discriminators."""

import pytest
import torch
from torch.testing import assert_close

from ocrgan_training.network.discriminator import make_discriminator

KINDS = ["basic", "netd", "nlayer"]


@pytest.mark.parametrize(
    ("kind", "grid"), [("basic", (4, 6)), ("netd", (4, 6)), ("nlayer", (8, 12))]
)
def test_logits_and_features_keep_a_place(kind, grid):
    logits, features = make_discriminator(kind, 8, 10)(torch.rand(3, 3, 64, 96))
    assert logits.shape == (3, *grid)
    assert features.shape == (3, 10, *grid)


@pytest.mark.parametrize("kind", KINDS)
def test_gradient_reaches_every_parameter(kind):
    discriminator = make_discriminator(kind, 8, 10)
    logits, features = discriminator(torch.rand(4, 3, 32, 32))
    (logits.square().mean() + features.square().mean()).backward()
    assert [name for name, value in discriminator.named_parameters() if not value.grad.any()] == []


@pytest.mark.parametrize("kind", KINDS)
def test_when_scoring_frames_do_not_know_each_other(kind):
    discriminator = make_discriminator(kind, 8, 10).eval()
    frames = torch.rand(4, 3, 32, 32)
    together, alone = discriminator(frames), discriminator(frames[2:3])
    assert_close(together.logits[2:3], alone.logits)
    assert_close(together.features[2:3], alone.features)


@pytest.mark.parametrize(("kind", "through"), [("basic", True), ("netd", False), ("nlayer", False)])
def test_only_the_basic_classifier_goes_through_the_features(kind, through):
    discriminator = make_discriminator(kind, 8, 10)
    discriminator(torch.rand(4, 3, 32, 32)).logits.square().sum().backward()
    reached = any(value.grad is not None for value in discriminator.features.parameters())
    assert reached == through


def test_patch_logits_are_the_mean_of_two_scales():
    discriminator = make_discriminator("nlayer", 8, 10).eval()
    frames = torch.rand(1, 3, 32, 32)
    fine = discriminator.classify_fine(discriminator.fine(frames))[0, 0]
    coarse = discriminator.classify_coarse(discriminator.coarse(discriminator.fine(frames)))[0, 0]
    logits = discriminator(frames).logits[0]
    assert_close(logits[0, 3], (fine[0, 3] + coarse[0, 1]) / 2)
