"""What a frame costs, and what a state takes."""

from io import StringIO

import pytest
from rich.console import Console

from ocrgan_training.network.cost import count_cost
from ocrgan_training.network.presets import PRESETS, NetworkConfig
from ocrgan_training.network.streaming.cost import count_step, step_table

TINY = NetworkConfig(frames=8, height=32, width=32, base_width=8)


@pytest.mark.slow
def test_a_frame_costs_a_windows_share_of_what_works_frame_by_frame():
    window, step = count_cost(TINY).parts, count_step(TINY).parts
    for part in ("generator.encoders", "generator.decoders", "discriminator"):
        assert step[part] == window[part] // TINY.frames
    luma = 3 * 8 * 32 * 32  # of 8 frames; of one it is counted elsewhere
    assert step["local_discriminator"] == window["local_discriminator"] - luma


@pytest.mark.slow
def test_the_state_by_hand():
    state = count_step(TINY).state
    assert state["patches"] == 7 * 32 * 32 * 4
    # outermost skip: 16 × 16 in squares of 4, two streams, 7 frames, key and value of 8 channels
    shuffle = 2 * 8
    assert state["generator.skips.0"] == 4 * (2 * 4 * 4 * 7 * (8 + 8) + 1 + shuffle)


@pytest.mark.slow
def test_the_table_has_a_column_for_every_network():
    with StringIO() as page:
        Console(file=page, width=100).print(step_table({"tiny": TINY}))
        printed = page.getvalue()
    assert "tiny" in printed
    assert "state, MB" in printed


@pytest.mark.slow
def test_a_camera_of_the_small_preset_takes_less_than_8_mb():
    assert count_step(PRESETS["small"]).state_bytes <= 8e6


@pytest.mark.slow
@pytest.mark.parametrize("name", ["small", "base", "large", "recipe"])
def test_without_the_local_discriminator_a_frame_costs_at_most_a_tenth_of_a_window(name):
    """The local discriminator looks at the newest frames alone: as much per frame as per window."""
    window, step = count_cost(PRESETS[name]), count_step(PRESETS[name])
    local = step.parts["local_discriminator"]
    assert step.macs - local <= (window.macs - local) / 10
