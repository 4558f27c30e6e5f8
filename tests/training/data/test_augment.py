"""Changes of light and view."""

import numpy as np
import pytest

from ocrgan_training.data.augment import Augmentation, NoiseBank, View


def picture(count: int = 3, height: int = 16, width: int = 24) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 200, (count, height, width, 3), dtype=np.uint8)


def test_no_change_is_no_change() -> None:
    frames = picture()
    assert np.array_equal(View().of_frames(frames), frames)


def test_all_frames_of_a_window_are_turned_alike() -> None:
    frames = np.repeat(picture(1), 4, axis=0)
    turned = View(angle=4.0).of_frames(frames)
    assert not np.array_equal(turned[0], frames[0])
    assert all(np.array_equal(frame, turned[0]) for frame in turned)


def test_maps_turn_along_with_the_frames() -> None:
    frames = np.zeros((1, 41, 41, 3), np.uint8)
    frames[0, 5:10, 20:25] = 255
    maps = (frames[..., 0] / 255).astype(np.float32)
    view = View(angle=5.0, mirrored=True)
    seen, there = view.of_frames(frames)[0, ..., 0] / 255, view.of_maps(maps)[0]
    assert seen.sum() > 10
    assert np.abs(seen - there).max() < 0.05


def test_light_is_a_factor() -> None:
    frames = np.full((1, 4, 4, 3), 100, np.uint8)
    assert View(gain=1.1).of_frames(frames).max() == 110
    assert View(gain=1.1).of_frames(frames * 0 + 250).max() == 255  # not beyond white


def test_mirrored_is_left_and_right() -> None:
    frames = picture()
    assert np.array_equal(View(mirrored=True).of_frames(frames), frames[:, :, ::-1])


def test_draws_stay_within_the_settings() -> None:
    random = np.random.default_rng(1)
    views = [View.draw(Augmentation(), random) for _ in range(200)]
    assert all(abs(view.angle) <= 5 and 0.9 <= view.gain <= 1.1 for view in views)
    assert not any(view.mirrored for view in views)  # off unless asked for
    assert 60 < sum(view.angle == 0 for view in views) < 140
    mirrored = [View.draw(Augmentation(flip=True), random).mirrored for _ in range(200)]
    assert 60 < sum(mirrored) < 140


def test_noise_has_the_asked_for_strength_and_differs_from_frame_to_frame() -> None:
    pixels = np.zeros((2, 3, 16, 16, 3), np.float32)
    NoiseBank(0, size=4000).add(pixels, 0.01, np.random.default_rng(0))
    assert pixels.std() == pytest.approx(0.01, rel=0.1)
    assert not np.array_equal(pixels[0], pixels[1])


def test_no_noise_is_no_noise() -> None:
    pixels = np.zeros((1, 1, 4, 4, 3), np.float32)
    NoiseBank(0).add(pixels, 0.0, np.random.default_rng(0))
    assert not pixels.any()
