"""Counting what a network costs."""

from io import StringIO

import pytest
from rich.console import Console

from ocrgan_training.network.cost import cost_table, count_cost
from ocrgan_training.network.ocr_gan_video import OcrGanVideo
from ocrgan_training.network.presets import PRESETS, NetworkConfig

TINY = NetworkConfig(frames=8, height=32, width=32, base_width=8)


def test_parts_are_named_and_add_up():
    cost = count_cost(TINY)
    assert {"generator.encoders", "generator.decoders", "local_discriminator"} <= set(cost.parts)
    assert cost.macs == sum(cost.parts.values())
    assert cost.parameters == sum(value.numel() for value in OcrGanVideo(TINY).parameters())


def test_the_encoder_by_hand():
    # 3×3 kernels, 2 streams, 8 frames: 3→8 at 16², 8→16 at 8², 16→32 at 4²
    by_hand = 2 * 8 * 9 * (3 * 8 * 16**2 + 8 * 16 * 8**2 + 16 * 32 * 4**2)
    assert count_cost(TINY).parts["generator.encoders"] == by_hand


def test_the_table_has_a_column_for_every_network():
    with StringIO() as page:
        Console(file=page, width=100).print(cost_table({"tiny": TINY}))
        printed = page.getvalue()
    assert "tiny" in printed
    assert "32 × 32" in printed
    assert "generator.encoders" in printed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("nano", 0.2e9, 0.6e9),
        ("small", 1e9, 2.5e9),
        ("base", 1.5e9, 3e9),
        ("large", 4e9, 9e9),
        ("recipe", 6e9, 9e9),
    ],
)
def test_the_presets_cost_what_their_names_promise(name, least, most):
    assert least < count_cost(PRESETS[name]).macs < most
