"""Drawn things: no larger than asked, never nothing to see where they cover."""

import numpy as np

from ocrgan_training.data.drawing import draw_thing

DONOR = np.full((4, 20, 30, 3), 120, np.uint8)


def test_a_drawn_thing_covers_a_part_of_its_box() -> None:
    for seed in range(30):
        thing = draw_thing(DONOR, (16, 24), np.random.default_rng(seed))
        assert thing.frames.shape == (1, 16, 24, 3)
        assert thing.cover.shape == (1, 16, 24)
        assert 0 < thing.cover.max() <= 1
        assert thing.frames.dtype == thing.cover.dtype == np.float32


def test_its_gray_levels_are_those_of_the_recording_darker_or_brighter() -> None:
    for seed in range(30):
        thing = draw_thing(DONOR, (16, 24), np.random.default_rng(seed))
        inside = thing.frames[thing.cover > 0.99]
        assert inside.min(initial=120) >= 0.3 * 120 - 1
        assert inside.max(initial=120) <= 1.6 * 120 + 1
