"""Parts of frames: around what moves."""

import numpy as np
import pytest

from ocrgan_training.data.crop import active_part, part_size


@pytest.mark.parametrize(
    ("frame", "part"),
    [
        ((256, 384), (112, 160)),
        ((192, 288), (80, 112)),
        ((128, 192), (64, 96)),
        ((96, 160), (64, 96)),
        ((64, 96), None),
        ((224, 96), None),  # a part would be as wide as the frame
    ],
)
def test_parts_are_two_fifths_of_the_height_and_never_tiny(
    frame: tuple[int, int], part: tuple[int, int] | None
) -> None:
    assert part_size(*frame) == part


@pytest.mark.parametrize(
    ("frame", "enlarged", "part"),
    [
        ((256, 384), 1.0, (112, 160)),
        ((256, 384), 1.5, (160, 224)),
        ((128, 192), 2.0, None),
    ],
)
def test_parts_are_larger_where_life_is(
    frame: tuple[int, int], enlarged: float, part: tuple[int, int] | None
) -> None:
    assert part_size(*frame, enlarged) == part


def test_most_parts_show_what_moves() -> None:
    frames = np.full((12, 128, 192, 3), 90, np.uint8)
    for i, frame in enumerate(frames):
        frame[20:40, 30 + i : 40 + i] = 200
    random = np.random.default_rng(0)
    parts = [active_part(frames, (64, 96), random) for _ in range(60)]
    assert all(part.shape == (12, 64, 96, 3) for part in parts)
    assert np.mean([(part == 200).any() for part in parts]) > 0.7


def test_a_part_is_the_same_place_in_all_frames() -> None:
    frames = np.arange(100 * 100, dtype=np.uint32).reshape(100, 100) % 251
    video = np.repeat(frames.astype(np.uint8)[None, ..., None], 3, axis=3).repeat(5, axis=0)
    part = active_part(video, (64, 64), np.random.default_rng(1))
    assert (part == part[0]).all()
