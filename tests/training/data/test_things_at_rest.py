"""Edits that stay where they are: somebody on the floor, a thing left behind."""

import numpy as np
import pytest

from ocrgan_training.data import edits
from ocrgan_training.data.pseudo_anomaly import PseudoStack, make_pseudo_stack
from ocrgan_training.data.pseudo_settings import PseudoSettings

HEIGHT, WIDTH = 64, 96
TALL, WIDE = 16, 5


def floor(count: int, seed: int = 0) -> np.ndarray:
    """(count, H, W, 3): an empty floor with a camera's noise."""
    noise = np.random.default_rng(seed).integers(90, 94, (count, HEIGHT, WIDTH, 3), dtype=np.uint8)
    return noise


def walker(count: int) -> np.ndarray:
    """The same with one upright figure, brighter by 100, that walks two pixels a frame."""
    frames = floor(count, 1)
    for i in range(count):
        frames[i, 20 : 20 + TALL, 10 + 2 * i : 10 + 2 * i + WIDE] = 200
    return frames


def resting(seed: int) -> PseudoStack:
    settings = PseudoSettings(shares={"resting": 1.0}, untouched=0.0, edits=1, size=(0.2, 0.35))
    return make_pseudo_stack(floor(28), walker(28), 8, settings, np.random.default_rng(seed))


def test_what_rests_is_at_the_same_place_in_every_frame_and_labelled_there() -> None:
    found = 0
    for seed in range(20):
        stack = resting(seed)
        if not (stack.strength > 0.9).any():
            continue
        found += 1
        foreign = stack.content > 0.9  # in the newest frame
        change = stack.frames.astype(float)[:, foreign] - floor(28)[-8:].astype(float)[:, foreign]
        assert np.abs(change - change[0]).max() <= 6  # the floor's noise, no motion
    assert found > 7


def test_who_stands_is_a_decoy() -> None:
    standing = 0
    for seed in range(40):
        stack = resting(seed)
        changed = (np.abs(stack.frames[-1].astype(int) - floor(28)[-1]).max(-1) > 50).any()
        standing += int(changed and not stack.strength.any())
    assert 5 < standing < 25  # 35 % of 40


def test_nothing_rests_unless_it_is_asked_for() -> None:
    usual = PseudoSettings()
    assert usual.shares["resting"] == 0.0
    asked = usual.with_resting()
    assert asked.shares == {**usual.shares, "resting": 0.15}
    assert asked.enlarged(2.0).shares == asked.shares


def test_what_rests_has_the_camera_s_noise() -> None:
    held = edits.held(patch(np.full((8, 8), 150.0)), floor(8)[:, :8, :8])
    assert held.frames.shape == (8, 8, 8, 3)
    assert 0.5 < held.frames.std(axis=0).mean() < 2.0  # 90 … 93 at random: 1.1
    assert np.median(held.frames, axis=0) == pytest.approx(150.0)


def test_who_passes_behind_it_is_not_seen_through_it() -> None:
    under = np.full((8, 4, 4, 3), 90, np.uint8)
    under[3] = 200
    held = edits.held(patch(np.full((4, 4), 150.0)), under)
    assert (held.frames == 150.0).all()


def test_somebody_upright_is_cut_out_whole() -> None:
    cut = edits.cut_upright(walker(28), np.random.default_rng(0))
    assert cut is not None
    found, box = cut
    assert (box.top, box.height) == (20 - 1 - 2, TALL + 2 + 4)  # a pixel by the blur, a margin of 2
    assert found.cover.shape == (1, box.height, box.width)
    # The blur before the threshold adds a pixel all around, but for the corners.
    assert found.cover.sum() == pytest.approx((TALL + 2) * (WIDE + 2) - 4, abs=0.5)
    assert found.frames[0][found.cover[0] > 0.99].mean() == pytest.approx(200, abs=5)


def test_what_lies_already_is_not_cut_out() -> None:
    lying = floor(28, 1)
    for i in range(28):
        lying[i, 40 : 40 + WIDE, 2 * i : 2 * i + TALL] = 200
    assert edits.cut_upright(lying, np.random.default_rng(0)) is None


def test_where_nobody_is_nobody_lies() -> None:
    assert edits.cut_upright(floor(28), np.random.default_rng(0)) is None


def test_a_quarter_turn_swaps_height_and_width() -> None:
    picture = np.zeros((6, 4), np.float32)
    picture[0, :] = 1  # the head
    turned = edits.turned(patch(picture), 90.0)
    assert turned.cover.shape == (1, 4, 6)
    assert turned.frames[0, :, 0, 0] == pytest.approx(1.0, abs=0.6)  # to the left
    assert turned.frames[0, :, 5, 0] == pytest.approx(0.0, abs=0.01)


def test_a_turned_thing_keeps_its_area() -> None:
    upright = patch(np.ones((20, 10)))
    for degrees in (55.0, 90.0, 125.0, -70.0):
        assert edits.turned(upright, degrees).cover.sum() == pytest.approx(200, rel=0.15)


def test_resizing_scales_both_sides() -> None:
    assert edits.resized(patch(np.ones((20, 10))), 1.3).cover.shape == (1, 26, 13)
    assert edits.resized(patch(np.ones((4, 3))), 0.1).cover.shape == (1, 4, 3)


def patch(gray: np.ndarray) -> edits.Patch:
    """One gray frame, all of it covered."""
    frame = np.repeat(np.asarray(gray, np.float32)[None, ..., None], 3, axis=-1)
    return edits.Patch(frame, np.ones(frame.shape[:3], np.float32))
