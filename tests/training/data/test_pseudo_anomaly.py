"""Pseudo-anomalies: local, labelled where something changed, and only there."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from ocrgan_training.data import edits
from ocrgan_training.data.blob import box_around, motion_cells, place_box, random_size, soft_blob
from ocrgan_training.data.pseudo_anomaly import PseudoStack, make_pseudo_stack
from ocrgan_training.data.pseudo_settings import PseudoSettings

HEIGHT, WIDTH = 64, 96


def walkers(count: int, start: int = 0) -> np.ndarray:
    """(count, H, W, 3): noise, and two bright figures that walk a pixel a frame."""
    random = np.random.default_rng(start)
    frames = random.integers(90, 94, (count, HEIGHT, WIDTH, 3), dtype=np.uint8)
    for i in range(count):
        for top, left in ((20, start + i), (40, start + 2 * i)):
            frames[i, top : top + 12, left % (WIDTH - 5) : left % (WIDTH - 5) + 5] = 200
    return frames


def only(kind: str, **changes: object) -> PseudoSettings:
    settings = PseudoSettings(shares={kind: 1.0}, untouched=0.0, size=(0.2, 0.35))
    return replace(settings, **changes)  # type: ignore[arg-type]


def stacks(settings: PseudoSettings, count: int = 16) -> list[PseudoStack]:
    random = np.random.default_rng(0)
    return [
        make_pseudo_stack(walkers(28, 3 * i), walkers(28, 50 + i), 8, settings, random)
        for i in range(count)
    ]


def test_labels_lie_where_something_changed_and_most_of_the_picture_did_not() -> None:
    shares = {kind: share for kind, share in PseudoSettings().shares.items() if kind != "decoy"}
    for seed in range(12):
        context, random = walkers(28, seed), np.random.default_rng(seed)
        settings = PseudoSettings(shares=shares, untouched=0.0)
        stack = make_pseudo_stack(context, walkers(28, 60), 8, settings, random)
        change = np.abs(stack.frames.astype(int) - context[-8:]).max(axis=(0, 3))
        around = cv2.dilate(change.astype(np.float32), np.ones((9, 9)))
        assert (around[stack.strength > 0.1] > 8).all()
        assert (change == 0).mean() > 0.5
        assert (stack.strength <= stack.touched + 1e-6).all()


@pytest.mark.parametrize("kind", ["fast", "pasted", "shuffled"])
def test_a_kind_of_edit_is_found_again_in_most_stacks(kind: str) -> None:
    found = stacks(only(kind))
    assert np.mean([(stack.strength > 0.5).any() for stack in found]) > 0.5
    assert np.mean([(stack.strength > 0.5).mean() for stack in found]) < 0.3  # local


def test_only_pasted_content_is_anomalous_in_a_single_frame() -> None:
    assert all(not stack.content.any() for stack in stacks(only("fast"), 10))
    assert any((stack.content > 0.5).any() for stack in stacks(only("pasted"), 10))


def test_decoys_change_the_picture_but_count_as_normal() -> None:
    context = walkers(28)
    changed = 0
    for seed in range(10):
        random = np.random.default_rng(seed)
        stack = make_pseudo_stack(context, context, 8, only("decoy"), random)
        changed += int((stack.frames != context[-8:]).any())
        assert not stack.strength.any()
        assert (stack.touched > 0.05).mean() < 0.1  # a thin seam that has no label
    assert changed > 5


def test_an_edit_that_changes_nothing_is_not_labelled() -> None:
    still = np.repeat(walkers(1), 28, axis=0)
    random = np.random.default_rng(0)
    for kind in ("fast", "shuffled", "reversed", "skipping", "slow", "frozen"):
        stack = make_pseudo_stack(still, still, 8, only(kind), random)
        assert not stack.strength.any()
        assert not stack.touched.any()


def test_untouched_stacks_are_the_newest_frames() -> None:
    context = walkers(28)
    settings = PseudoSettings(untouched=1.0)
    stack = make_pseudo_stack(context, context, 8, settings, np.random.default_rng(0))
    assert np.array_equal(stack.frames, context[-8:])
    assert not stack.strength.any()


def test_the_same_random_state_gives_the_same_stack() -> None:
    one, two = (
        make_pseudo_stack(
            walkers(28), walkers(28, 9), 8, PseudoSettings(), np.random.default_rng(4)
        )
        for _ in range(2)
    )
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))


def test_a_context_of_no_more_than_the_stack_still_works() -> None:
    context = walkers(8)
    random = np.random.default_rng(0)
    for kind in PseudoSettings().shares:
        make_pseudo_stack(context, context, 8, only(kind), random)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="'melting'"):
        make_pseudo_stack(walkers(8), walkers(8), 8, only("melting"), np.random.default_rng(0))


def test_fast_play_skips_frames_evenly() -> None:
    order = edits.fast(8, 28, 3.0, np.random.default_rng(0))
    assert np.diff(order).tolist() == [3] * 7
    assert order.min() >= 0
    assert order.max() < 28


def test_fast_play_is_no_faster_than_the_context_allows() -> None:
    assert edits.fast(8, 15, 3.0, np.random.default_rng(0)).tolist() == [0, 2, 4, 6, 8, 10, 12, 14]


def test_orders_of_time() -> None:
    random = np.random.default_rng(0)
    assert edits.reversed_order(4, 10).tolist() == [9, 8, 7, 6]
    assert len(set(edits.frozen(4, 10, random).tolist())) == 1
    assert sorted(edits.shuffled(4, 10, random).tolist()) == [6, 7, 8, 9]
    assert np.diff(edits.earlier(4, 10, random)).tolist() == [1, 1, 1]
    skipping = np.diff(edits.skipping(6, 20, random))
    assert (skipping > 1).sum() == 1
    assert (np.diff(edits.slow(8, 28, random)) <= 1).all()


def test_a_blob_fades_to_nothing_at_its_box_and_is_whole_in_the_middle() -> None:
    blob = soft_blob(20, 30, np.random.default_rng(0))
    border = np.concatenate([blob[0], blob[-1], blob[:, 0], blob[:, -1]])
    assert border.max() < 0.3
    assert blob[10, 15] == 1.0


def test_motion_draws_the_box() -> None:
    cells = motion_cells(walkers(20))
    random = np.random.default_rng(0)
    boxes = [place_box((6, 6), (HEIGHT, WIDTH), cells, random) for _ in range(100)]
    on_a_path = [16 <= box.top + 3 <= 56 for box in boxes]
    assert cells.sum() == pytest.approx(1)
    assert np.mean(on_a_path) > 0.95


def test_boxes_lie_within_the_frame() -> None:
    random = np.random.default_rng(0)
    for _ in range(100):
        size = random_size((HEIGHT, WIDTH), (0.06, 1.0), random)
        box = place_box(size, (HEIGHT, WIDTH), None, random)
        assert 0 <= box.top <= HEIGHT - box.height
        assert 0 <= box.left <= WIDTH - box.width
    assert box_around((0.0, 0.0), (4, 4), (8, 8)).top == 0


def test_drift_moves_a_box_and_stops_at_the_border() -> None:
    box = box_around((10.0, 10.0), (4, 4), (20, 20))
    boxes = edits.drifting(box, (20, 20), 4, (0.0, 2.0))
    assert [moved.left for moved in boxes] == [2, 4, 6, 8]
    assert {moved.top for moved in boxes} == {8}
    assert edits.drifting(box, (20, 20), 8, (0.0, 2.0))[0].left == 0


def test_a_transplant_is_a_decoy_that_walks_as_it_did() -> None:
    found = stacks(only("transplanted"))
    assert all(not stack.strength.any() for stack in found)
    assert sum(bool(stack.touched.any()) for stack in found) > 8


@pytest.mark.parametrize("kind", ["gliding", "drawn"])
def test_what_glides_is_foreign_content_in_every_frame(kind: str) -> None:
    found = stacks(only(kind))
    assert np.mean([(stack.content > 0.5).any() for stack in found]) > 0.5
    assert np.mean([(stack.strength > 0.5).any() for stack in found]) > 0.5


def test_a_gliding_thing_keeps_its_shape_and_moves_by_its_drift() -> None:
    cover = np.zeros((1, 6, 6), np.float32)
    cover[0, 2:4, 2:4] = 1.0
    thing = edits.Patch(np.full((1, 6, 6, 3), 50, np.float32), cover)
    moved = edits.gliding(thing, 3, (0.0, 2.0))
    rows, columns = np.nonzero(moved.cover[0])
    for i in range(3):
        there = np.nonzero(moved.cover[i])
        assert (there[0] == rows).all()
        assert (there[1] == columns + 2 * i).all()
    half = edits.gliding(thing, 2, (0.5, 0.0))
    assert half.cover[1].sum() == pytest.approx(4.0)  # nothing is lost between two pixels
    assert half.cover[1].max() == pytest.approx(1.0)
    assert sorted(np.unique(half.cover[1])) == pytest.approx([0.0, 0.5, 1.0])


def test_edits_in_a_part_of_the_frame_are_as_large_as_in_all_of_it() -> None:
    whole = PseudoSettings(size=(0.1, 0.4), drift=0.02, glide=(0.01, 0.03), edits=4)
    part = whole.within(0.5)
    assert part.size == (0.2, 0.8)
    assert part.drift == 0.04
    assert part.glide == (0.02, 0.06)
    assert part.edits == 2


def test_edits_are_as_much_larger_as_life_is() -> None:
    usual = PseudoSettings(size=(0.06, 0.35), drift=0.02, glide=(0.01, 0.03), edits=4)
    twice = usual.enlarged(2.0)
    assert twice.size == (0.12, 0.7)
    assert twice.drift == 0.04
    assert twice.glide == (0.02, 0.06)
    assert twice.edits == 4
    assert usual.enlarged(1.0) == usual
    assert usual.enlarged(10.0).size == (0.475, 0.95)  # never larger than the frame
