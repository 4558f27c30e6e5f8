"""The network's size for a scene never seen."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrgan_training.fitting_size import BUDGET, REDUCED_BUDGET, app, fitting_size, recorded_size


@pytest.mark.parametrize(
    ("recorded", "size"),
    [
        ((240, 360), (256, 384, 4)),  # UCSD Ped2
        ((158, 238), (128, 192, 2)),  # UCSD Ped1
        ((1080, 1920), (256, 384, 4)),
        ((480, 640), (256, 384, 4)),
        ((1920, 1080), (384, 256, 4)),
        ((500, 500), (288, 288, 3)),
        ((320, 1280), (128, 512, 2)),
        ((80, 120), (96, 128, 1)),
        ((48, 64), (64, 64, 1)),  # more pixels than it has show nothing more
    ],
)
def test_the_size_keeps_the_recordings_shape(
    recorded: tuple[int, int], size: tuple[int, int, int]
) -> None:
    assert fitting_size(*recorded) == size


@pytest.mark.parametrize(
    ("recorded", "life", "size"),
    [
        ((240, 360), 0.133, (256, 384, 4)),  # UCSD Ped2: 34 pixels of 256
        ((158, 238), 0.08, (256, 384, 4)),  # small people are enlarged
        ((120, 180), 0.133, (256, 384, 4)),  # twice at most
        ((60, 90), 0.133, (128, 192, 2)),
        ((240, 360), 0.3, (128, 192, 2)),  # large ones are seen with fewer pixels
        ((432, 768), 0.87, (128, 192, 2)),  # but not with very few
        ((1080, 1920), 0.2, (192, 288, 3)),  # nor where the generator would see more for it
        ((1080, 1920), 0.05, (256, 384, 4)),  # within the budget
    ],
)
def test_what_moves_is_as_tall_as_it_is_best_told(
    recorded: tuple[int, int], life: float, size: tuple[int, int, int]
) -> None:
    assert fitting_size(*recorded, life) == size


@given(
    st.integers(16, 4000),
    st.integers(16, 4000),
    st.none() | st.floats(0.01, 1.0),
)
def test_every_recording_has_a_size_that_can_be_exported(
    height: int, width: int, life: float | None
) -> None:
    high, wide, reduction = fitting_size(height, width, life)
    assert high % (32 * reduction) == wide % (32 * reduction) == 0
    assert high * wide <= min(BUDGET, REDUCED_BUDGET * reduction**2)
    turned = fitting_size(width, height)
    high, wide, reduction = fitting_size(height, width)
    assert turned == (wide, high, reduction) or height == width or high == wide


def test_it_is_read_from_the_first_training_clip(
    tmp_path: Path, write_clips: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_clips(tmp_path, (2, 2), size=80)
    assert recorded_size(data) == (80, 80)
    app([str(data)], standalone_mode=False)
    assert capsys.readouterr().out == "96x96 1\n"
