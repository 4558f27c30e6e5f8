"""Which windows a step looks at."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ocrgan_training.data.sampling import EpochSampler, cold_start, random_of, random_places

clip_lengths = st.lists(st.integers(8, 60), min_size=1, max_size=5)


@settings(max_examples=30, deadline=None)
@given(clip_lengths, st.integers(1, 6), st.integers(0, 50))
def test_no_window_reaches_across_a_clips_end(lengths: list[int], batch: int, step: int) -> None:
    for place in EpochSampler(lengths, 8, batch, seed=1).places(step):
        assert 0 <= place.start <= lengths[place.clip] - 8


@settings(max_examples=30, deadline=None)
@given(clip_lengths, st.integers(0, 30))
def test_the_same_seed_and_step_give_the_same_windows(lengths: list[int], step: int) -> None:
    one, two = (EpochSampler(lengths, 8, 2, seed=5) for _ in range(2))
    two.places(step + 7)  # having been asked for others changes nothing
    assert one.places(step) == two.places(step)


def test_an_epoch_sees_every_clip_with_windows_half_a_window_apart() -> None:
    sampler = EpochSampler([16, 24], 8, batch=2, seed=1)  # 3 and 5 windows
    assert sampler.steps_per_epoch == 4
    places = [place for step in range(4) for place in sampler.places(step)]
    assert sorted(place.clip for place in places) == [0] * 3 + [1] * 5
    for clip in (0, 1):
        starts = sorted(place.start for place in places if place.clip == clip)
        assert set(np.diff(starts)) == {4}


def test_another_epoch_comes_in_another_order() -> None:
    sampler = EpochSampler([200], 8, batch=4, seed=1)
    count = sampler.steps_per_epoch
    first, second = ([sampler.places(s + e * count) for s in range(count)] for e in (0, 1))
    assert first != second


def test_fewer_windows_than_a_batch_are_repeated() -> None:
    sampler = EpochSampler([8], 8, batch=3, seed=1)
    assert sampler.steps_per_epoch == 1
    assert len(sampler.places(0)) == 3


@settings(max_examples=30, deadline=None)
@given(clip_lengths, st.integers(0, 9))
def test_random_places_lie_within_their_clips(lengths: list[int], seed: int) -> None:
    for clip, start in random_places(lengths, 8, 20, np.random.default_rng(seed)):
        assert 0 <= start <= lengths[clip] - 8


def test_clips_too_short_for_a_place_are_not_chosen() -> None:
    places = random_places([5, 30], 10, 50, np.random.default_rng(0))
    assert {place.clip for place in places} == {1}


def test_two_purposes_share_no_random_numbers() -> None:
    assert random_of(1, "windows", 3).random() != random_of(1, "batch", 3).random()
    assert random_of(1, "batch", 3).random() == random_of(1, "batch", 3).random()


def test_a_cold_start_ends_with_the_newest_frame_and_holds_few() -> None:
    frames = np.arange(20, dtype=np.uint8)[:, None, None, None].repeat(3, 3)
    for seed in range(20):
        window = cold_start(frames, 8, np.random.default_rng(seed))[:, 0, 0, 0].tolist()
        assert len(window) == 8
        assert window[-1] == 19
        assert 2 <= len(set(window)) < 8
        assert window[-2] == 18
