"""The whole network."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from ocrgan_training.network.frequency import decompose
from ocrgan_training.network.ocr_gan_video import OcrGanVideo
from ocrgan_training.network.presets import NetworkConfig

TINY = NetworkConfig(frames=8, height=32, width=32, base_width=8, features=12)
ABLATION = [
    {"temporal": "none"},
    {"temporal": "none", "channel_shuffle": False},
    {"temporal": "basic"},
    {"temporal": "multi-scale"},
    {"temporal": "hierarchical"},
    {"temporal": "full"},
    {"temporal": "full", "channel_shuffle": False},
    {"hidden_frames": 4},
    {"discriminator": "netd"},
    {"discriminator": "nlayer"},
    {"local_discriminator": False},
    {"upsampling": "subpixel"},
    {"upsampling": "transposed"},
    {"attention_pool": 1, "patch": 1},
]


def window(config: NetworkConfig, batch: int = 1) -> Tensor:
    return torch.rand(batch, config.frames, 3, config.height, config.width) * 2 - 1


def check_shapes(config: NetworkConfig) -> None:
    network, video = OcrGanVideo(config).eval(), window(config)
    with torch.no_grad():
        rebuilt = network.reconstruct(video)
        features = network.features(torch.cat((video, rebuilt.fake)))
        patches = network.patch_logits(video)
    height, width = config.height, config.width
    grid = features.logits.shape[-2:]
    assert rebuilt.fake_laplacian.shape == rebuilt.fake_residual.shape == video.shape
    assert features.logits.shape == (2, config.frames, *grid)
    assert features.raw.shape == features.attended.shape
    assert features.raw.shape == (2, config.frames, config.features, *grid)
    assert abs(grid[0] * width - grid[1] * height) <= 16 * max(height, width)
    assert patches.shape[1] in (height // 4, height // 8)
    assert torch.isfinite(rebuilt.fake).all()


@pytest.mark.parametrize("frames", [8, 12, 16, 20, 24])
def test_windows_of_every_stated_length_work(frames):
    check_shapes(replace(TINY, frames=frames))


@pytest.mark.parametrize("size", [(32, 32), (64, 64), (32, 48), (36, 52), (96, 160)])
def test_images_of_small_and_of_uneven_sizes_work(size):
    check_shapes(replace(TINY, height=size[0], width=size[1]))


@pytest.mark.slow
@pytest.mark.parametrize("frames", [8, 12, 16, 20, 24])
@pytest.mark.parametrize("size", [(64, 64), (128, 128), (224, 224), (96, 160)])
def test_every_stated_length_works_at_every_stated_size(frames, size):
    check_shapes(replace(TINY, frames=frames, height=size[0], width=size[1]))


@pytest.mark.slow
@pytest.mark.parametrize("base_width", [16, 24, 32, 64])
def test_every_stated_width_works(base_width):
    check_shapes(replace(TINY, base_width=base_width, features=100))


@pytest.mark.parametrize("changes", ABLATION, ids=str)
def test_gradient_reaches_every_parameter_of_every_variant(changes):
    config = replace(TINY, **changes)
    network, video = OcrGanVideo(config), window(config, batch=2)
    rebuilt = network.reconstruct(
        video, 0.3, [torch.Generator().manual_seed(seed) for seed in (1, 2)]
    )
    features = network.features(rebuilt.fake)
    loss = features.attended.square().mean() + features.logits.square().mean()
    if config.local_discriminator:
        loss = loss + network.patch_logits(rebuilt.fake).square().mean()
    loss.backward()
    parameters = dict(network.named_parameters())
    missed = [
        name for name, value in parameters.items() if value.grad is None or not value.grad.any()
    ]
    assert missed == []


def test_the_base_network_has_no_operation_over_time():
    config = replace(TINY, temporal="none")
    network, video = OcrGanVideo(config).eval(), window(config)
    order = torch.randperm(8)
    assert_close(
        network.reconstruct(video[:, order]).fake, network.reconstruct(video).fake[:, order]
    )
    assert_close(network.features(video[:, order]).attended, network.features(video).raw[:, order])


def test_scoring_is_repeatable():
    network, video = OcrGanVideo(TINY).eval(), window(TINY)
    assert torch.equal(network.reconstruct(video).fake, network.reconstruct(video).fake)


def test_a_decomposed_window_gives_the_same_reconstruction():
    network, video = OcrGanVideo(TINY).eval(), window(TINY)
    rebuilt, again = network.reconstruct(video), network.rebuild(*decompose(video))
    assert torch.equal(rebuilt.fake_laplacian, again.laplacian)
    assert torch.equal(rebuilt.fake_residual, again.residual)
    assert torch.equal(rebuilt.fake, again.laplacian + again.residual)


def test_real_and_fake_windows_as_one_batch_score_as_they_do_alone():
    network = OcrGanVideo(TINY).eval()
    real, fake = window(TINY), window(TINY)
    together = network.features(torch.cat((real, fake)))
    assert_close(together.attended[:1], network.features(real).attended)
    assert_close(together.attended[1:], network.features(fake).attended)


def test_windows_of_a_batch_do_not_know_each_other_when_scoring():
    network, video = OcrGanVideo(TINY).eval(), window(TINY, batch=2)
    assert_close(network.reconstruct(video).fake[1:], network.reconstruct(video[1:]).fake)
    assert_close(network.patch_logits(video)[1:], network.patch_logits(video[1:]))


def test_channels_last_gives_the_same_result():
    network, video = OcrGanVideo(TINY).eval(), window(TINY)
    expected = network.reconstruct(video).fake
    network = network.to(memory_format=torch.channels_last)
    assert_close(network.reconstruct(video).fake, expected, atol=1e-5, rtol=1e-4)


def test_a_network_without_a_local_discriminator_says_so():
    network = OcrGanVideo(replace(TINY, local_discriminator=False))
    assert network.local_discriminator is None
    with pytest.raises(ValueError, match="no local discriminator"):
        network.patch_logits(window(TINY))


def test_a_few_steps_bring_the_reconstruction_closer_to_the_video():
    network, video = OcrGanVideo(TINY), window(TINY)
    optimiser = torch.optim.Adam(network.generator.parameters(), 2e-3)
    errors = []
    for _ in range(12):
        error = (network.reconstruct(video).fake - video).abs().mean()
        optimiser.zero_grad()
        error.backward()
        optimiser.step()
        errors.append(error.item())
    assert errors[-1] < 0.8 * errors[0]


def test_the_generator_sees_reduced_frames_and_the_local_discriminator_every_pixel():
    config = replace(TINY, height=64, width=96, reduction=2)
    network = OcrGanVideo(config).eval()
    video = window(config)
    reduced = network.reduce(video)
    assert reduced.shape[-2:] == (32, 48)
    torch.testing.assert_close(reduced[0, 0, 0, 0, 0], video[0, 0, 0, :2, :2].mean())
    assert network.reconstruct(reduced).fake.shape == reduced.shape
    whole = OcrGanVideo(replace(config, reduction=1))
    assert network.patch_logits(video).shape == whole.patch_logits(video).shape
