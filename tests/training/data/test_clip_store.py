"""Decoded clips within a bound: held, forgotten in order of use, decoded again."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrgan_edge.errors import DataError
from ocrgan_training.data.clip_store import ClipStore
from ocrgan_training.data.clips import Clip, ClipSpec, load_clip
from ocrgan_training.data.loader import Loader, LoaderSettings
from ocrgan_training.data.sampling import ClipRoom, EpochSampler

WriteClips = Callable[..., Path]
FRAME = 32 * 32 * 3


def store(data: Path, frames: int) -> ClipStore:
    """A store with room for so many frames."""
    paths = {path.name: path for path in sorted((data / "train").iterdir())}
    return ClipStore(paths, ClipSpec(32, 32, 10.0, shortest=8, memory=frames * FRAME))


def test_what_fits_is_decoded_once(tmp_path: Path, write_clips: WriteClips) -> None:
    kept = store(write_clips(tmp_path, (10, 12)), frames=22)
    assert (kept.lengths, kept.decoded, kept.held) == ([10, 12], 2, 22 * FRAME)
    for clip in (0, 1, 0, 1):
        assert kept.cut(clip, 2, 4).shape == (4, 32, 32, 3)
    assert kept.decoded == 2


def test_clips_shorter_than_a_window_have_no_number(
    tmp_path: Path, write_clips: WriteClips
) -> None:
    kept = store(write_clips(tmp_path, (7, 10, 5, 12)), frames=22)
    assert (kept.lengths, kept.left_out) == ([10, 12], ["walk0", "walk2"])
    assert kept.cut(1, 8, 4).shape == (4, 32, 32, 3)


def test_a_store_of_short_clips_alone_is_refused(tmp_path: Path, write_clips: WriteClips) -> None:
    with pytest.raises(DataError, match="'walk0' has 7 frames"):
        store(write_clips(tmp_path, (7, 6)), frames=22)


def test_the_bound_is_held_and_what_went_is_decoded_again(
    tmp_path: Path, write_clips: WriteClips
) -> None:
    data = write_clips(tmp_path, (10, 10, 10))
    tight = store(data, frames=25)  # two of three
    for clip in (2, 0, 1, 2, 1, 0):
        whole = load_clip("", data / "train" / f"walk{clip}", ClipSpec(32, 32, 10.0, 8)).frames
        assert np.array_equal(tight.cut(clip, 3, 5), whole[3:8])
        assert tight.held <= tight.memory


def test_the_clip_used_longest_ago_goes_first(tmp_path: Path, write_clips: WriteClips) -> None:
    tight = store(write_clips(tmp_path, (10, 10, 10)), frames=25)
    assert tight.decoded == 3  # 0 and 1 are kept
    tight.cut(0, 0, 1)
    tight.cut(2, 0, 1)  # drives out 1
    tight.cut(0, 0, 1)
    assert tight.decoded == 4
    tight.cut(1, 0, 1)
    assert tight.decoded == 5


def test_a_clip_larger_than_the_bound_is_refused_by_name(
    tmp_path: Path, write_clips: WriteClips
) -> None:
    with pytest.raises(DataError, match="'walk1' .* larger --memory"):
        store(write_clips(tmp_path, (10, 30)), frames=25)


def test_a_clip_that_changed_is_refused(tmp_path: Path, write_clips: WriteClips) -> None:
    data = write_clips(tmp_path, (10, 10, 10))
    tight = store(data, frames=15)
    cv2.imwrite(str(data / "train" / "walk2" / "999.png"), np.zeros((32, 32, 3), np.uint8))
    with pytest.raises(DataError, match="'walk2' had 10 frames and now has 11"):
        tight.cut(2, 0, 1)


@pytest.mark.slow
def test_a_training_beyond_the_bound_decodes_each_clip_about_once_an_epoch(
    tmp_path: Path, write_clips: WriteClips
) -> None:
    tight = store(write_clips(tmp_path, (16,) * 6), frames=4 * 16)
    loader = Loader(tight, LoaderSettings(frames=8, batch=1, stacks=4))
    before = tight.decoded
    for step in range(2 * loader.steps_per_epoch):
        loader.batch(step)
        assert tight.held <= tight.memory
    assert loader.steps_per_epoch == 18
    assert tight.decoded - before <= 2 * 6


def test_clips_that_fit_are_one_group_in_order() -> None:
    assert ClipRoom([5, 6, 7], 18).groups(seed=1, epoch=3) == [[0, 1, 2]]


@given(
    sizes=st.lists(st.integers(1, 50), min_size=1, max_size=12),
    memory=st.integers(50, 400),
    epoch=st.integers(0, 9),
)
def test_groups_hold_every_clip_once_within_half_the_memory(
    sizes: list[int], memory: int, epoch: int
) -> None:
    groups = ClipRoom(sizes, memory).groups(1, epoch)
    assert sorted(clip for group in groups for clip in group) == list(range(len(sizes)))
    if len(groups) > 1:
        assert all(len(g) == 1 or sum(sizes[c] for c in g) <= memory // 2 for g in groups)


def test_a_windows_neighbours_are_its_own_group() -> None:
    sampler = EpochSampler([20] * 6, 8, 1, seed=1, room=ClipRoom([20] * 6, 80))
    for step in range(sampler.steps_per_epoch):
        neighbours = sampler.neighbours(step)
        assert sampler.places(step)[0].clip in neighbours
        assert len(neighbours) == 2


def test_processes_share_a_batch_without_gap_or_overlap() -> None:
    random = np.random.default_rng(0)
    clips = [Clip("a", random.integers(0, 255, (30, 32, 32, 3), dtype=np.uint8))]
    settings = LoaderSettings(frames=8, batch=4, stacks=6)
    whole = Loader(clips, settings).batch(5)
    for rank in range(2):
        part = Loader(clips, settings, (rank, 2)).batch(5)
        for mine, all_of_them in zip(part, whole, strict=True):
            assert (mine == all_of_them[rank::2]).all()
