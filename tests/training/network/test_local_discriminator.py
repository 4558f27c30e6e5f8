"""The local discriminator."""

import pytest
import torch
from torch.testing import assert_close
from torch.utils.flop_counter import FlopCounterMode

from ocrgan_training.network.local_discriminator import LocalDiscriminator, local_width


@pytest.mark.parametrize("slim", [False, True])
@pytest.mark.parametrize(
    ("size", "grid"),
    [((32, 32), (8, 8)), ((64, 64), (16, 16)), ((96, 160), (12, 20)), ((224, 224), (28, 28))],
)
def test_a_patch_is_4_pixels_wide_in_small_images_and_8_in_large_ones(size, grid, slim):
    discriminator = LocalDiscriminator(8, size, slim=slim)
    assert discriminator(torch.rand(2, 8, 3, *size)).shape == (2, *grid)


@pytest.mark.parametrize("slim", [False, True])
def test_only_the_newest_8_frames_are_looked_at(slim):
    discriminator = LocalDiscriminator(8, (32, 32), slim=slim).eval()
    video = torch.rand(1, 12, 3, 32, 32)
    changed = video.clone()
    changed[:, :4] = 0
    assert torch.equal(discriminator(changed), discriminator(video))
    changed[:, 4] = 0
    assert not torch.equal(discriminator(changed), discriminator(video))


def test_the_order_of_frames_matters():
    discriminator, video = LocalDiscriminator(8, (32, 32)).eval(), torch.rand(1, 8, 3, 32, 32)
    assert not torch.allclose(discriminator(video), discriminator(video.flip(1)), atol=1e-5)


def test_colours_enter_as_luma():
    discriminator, gray = LocalDiscriminator(8, (32, 32)).eval(), torch.rand(1, 8, 1, 32, 32)
    same = gray.repeat(1, 1, 3, 1, 1)
    # blue 0.114, green 0.587, red 0.299: what blue gains, red loses
    shifted = same + torch.tensor([0.299, 0.0, -0.114]).reshape(3, 1, 1)
    assert_close(discriminator(shifted), discriminator(same), atol=1e-5, rtol=0)


@pytest.mark.parametrize("slim", [False, True])
def test_a_logit_sees_a_person_with_surroundings_and_not_the_other_side(slim):
    discriminator = LocalDiscriminator(8, (128, 128), slim=slim).eval()
    video = torch.rand(1, 8, 3, 128, 128)
    changed = video.clone()
    changed[..., :16, :16] = 1
    seen = (discriminator(changed) - discriminator(video))[0].abs() > 0
    assert seen[:2, :2].all()
    assert not seen[6:].any()
    assert not seen[:, 6:].any()


@pytest.mark.parametrize(
    ("base_width", "width", "low", "high"),
    [
        (8, 16, 0.13e6, 0.15e6),
        (16, 16, 0.13e6, 0.15e6),
        (32, 16, 0.13e6, 0.15e6),
        (48, 24, 0.3e6, 0.33e6),
        (64, 40, 0.8e6, 0.9e6),
    ],
)
def test_it_has_16_channels_up_to_n_32_and_five_eighths_of_n_above(base_width, width, low, high):
    assert local_width(base_width) == width
    parameters = LocalDiscriminator(base_width, (96, 160)).parameters()
    assert low < sum(value.numel() for value in parameters) < high


@pytest.mark.parametrize("slim", [False, True])
def test_gradient_reaches_every_parameter(slim):
    discriminator = LocalDiscriminator(8, (96, 96), slim=slim)
    discriminator(torch.rand(2, 8, 3, 96, 96)).square().sum().backward()
    assert all(value.grad.any() for value in discriminator.parameters())


def test_fewer_frames_than_it_needs_are_refused():
    with pytest.raises(ValueError, match="7 frames, wanted at least 8"):
        LocalDiscriminator(8, (32, 32))(torch.rand(1, 7, 3, 32, 32))


def test_slim_has_a_sixth_of_the_multiplications():
    """By hand at n = 16, 256×384: the first layer alone is 12·8·4·4 at 128×192 places."""
    found = [_macs(LocalDiscriminator(16, (256, 384), slim=slim)) for slim in (False, True)]
    assert found == [383_877_120, 60_628_992]


def _macs(discriminator):
    video = torch.empty(1, 8, 3, 256, 384, device="meta")
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        discriminator.to("meta")(video)
    luma = 3 * 8 * 256 * 384
    return counter.get_total_flops() // 2 - luma
