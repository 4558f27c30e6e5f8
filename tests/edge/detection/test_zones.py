from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

import ocrgan_edge
from ocrgan_edge.bundle import open_bundle
from ocrgan_edge.detection.explain import boxes, recent_frames, recent_map, shares_at
from ocrgan_edge.detection.polygon import cells
from ocrgan_edge.detection.zones import Zone, Zones
from ocrgan_edge.errors import SettingsError
from ocrgan_edge.runtime.open_scorer import open_scorer
from ocrgan_edge.runtime.scorer import LocationStatistics, WindowScore

GRID = (8, 8)
SHARES = np.array([0.2, 0.2, 0.2, 0.2, 0.2], np.float32)
NEUTRAL = LocationStatistics.neutral((5, *GRID))


def rectangle(name: str, left: float, top: float, right: float, bottom: float, kind="watch"):
    return Zone(name, ((left, top), (right, top), (right, bottom), (left, bottom)), kind)


LEFT = rectangle("left", 0, 0, 0.5, 1)
RIGHT = rectangle("right", 0.5, 0, 1, 1)


def window(values: dict[tuple[int, int], float], terms: NDArray | None = None) -> WindowScore:
    """A graph's words on a map that is the same in all of 6 frames."""
    maps = np.zeros((6, *GRID), np.float32)
    for (row, column), value in values.items():
        maps[:, row, column] = value
    terms = np.zeros((5, 6, *GRID), np.float32) if terms is None else terms
    return WindowScore(float(maps.max()), maps.max((1, 2)), maps, SHARES, 0.0, terms)


def test_without_zones_the_graphs_own_words_are_passed_on() -> None:
    result = window({(2, 3): 5.0})
    judged = Zones([], GRID).judge(result)
    assert judged.score == result.score
    assert judged.shares is result.shares
    assert judged.visible is result.anomaly_map
    assert judged.zone is None


def test_an_anomaly_in_a_watched_zone_counts_and_names_it() -> None:
    judged = Zones([LEFT, RIGHT], GRID).judge(window({(2, 6): 5.0}))
    assert (judged.score, judged.zone) == (5.0, "right")


def test_an_anomaly_outside_does_not_count() -> None:
    judged = Zones([LEFT], GRID).judge(window({(2, 6): 9.0, (4, 1): 2.0}))
    assert (judged.score, judged.zone) == (2.0, "left")


def test_an_anomaly_that_is_ignored_does_not_count() -> None:
    tree = rectangle("tree", 0.5, 0, 1, 1, "ignore")
    judged = Zones([tree], GRID).judge(window({(2, 6): 9.0, (4, 1): 2.0}))
    assert (judged.score, judged.zone) == (2.0, None)


def test_what_is_ignored_inside_a_watched_zone_stays_ignored() -> None:
    tree = rectangle("tree", 0, 0, 0.25, 1, "ignore")
    judged = Zones([LEFT, tree], GRID).judge(window({(2, 0): 9.0}))
    assert judged.score == 0.0


def test_where_zones_overlap_the_first_is_named() -> None:
    result = window({(2, 1): 5.0})
    door = rectangle("door", 0, 0, 0.5, 0.5)
    assert Zones([door, LEFT], GRID).judge(result).zone == "door"
    assert Zones([LEFT, door], GRID).judge(result).zone == "left"


def test_the_cell_beside_an_anomaly_outside_is_not_raised_by_it() -> None:
    """The map is a 3×3 mean: 9 in column 4 makes 3 of columns 3 and 5 where nothing happens."""
    judged = Zones([LEFT], GRID).judge(window({(4, 3): 3.0, (4, 4): 3.0, (4, 5): 3.0}))
    assert judged.score == 0.0


corners = st.tuples(st.floats(0, 0.5), st.floats(0, 0.5), st.floats(0.4, 0.5), st.floats(0.4, 0.5))


@given(corners, arrays(np.float32, GRID, elements=st.floats(0, 100, width=32)))
def test_whatever_happens_outside_does_not_raise_the_score(
    corner: tuple[float, float, float, float], happening: NDArray[np.float32]
) -> None:
    """Zones of three cells or more; the map is made as a graph makes it, by a 3×3 mean."""
    left, top, width, height = corner
    zone = rectangle("zone", left, top, left + width, top + height)
    outside = np.where(cells(zone.points, GRID), np.float32(0), happening)
    inside = np.pad(np.ones(GRID, np.float32), 1)
    total, count = (
        cv2.boxFilter(values, -1, (3, 3), normalize=False)[1:-1, 1:-1]
        for values in (np.pad(outside, 1), inside)
    )
    result = window({place: total[place] / count[place] for place in np.ndindex(GRID)})
    assert Zones([zone], GRID).judge(result).score == pytest.approx(0, abs=1e-4)


def test_zones_at_the_rim_of_the_picture_reach_to_it() -> None:
    assert Zones([LEFT], GRID).judge(window({(0, 0): 4.0})).score == 4.0


def test_a_zone_too_narrow_to_keep_its_distance_counts_as_it_is() -> None:
    slit = rectangle("slit", 0.25, 0.25, 0.375, 0.375)
    assert Zones([slit], GRID).judge(window({(2, 2): 4.0})).score == 4.0


def test_a_zone_smaller_than_a_cell_counts_with_that_cell() -> None:
    bell = rectangle("bell", 0.51, 0.51, 0.53, 0.53)
    judged = Zones([bell], GRID).judge(window({(4, 4): 4.0}))
    assert (judged.score, judged.zone) == (4.0, "bell")


def test_what_does_not_count_is_not_boxed() -> None:
    judged = Zones([LEFT], GRID).judge(window({(2, 6): 9.0, (4, 1): 2.0}))
    (box,) = boxes(judged.visible, level=1.0)
    assert (box.left, box.top, box.score) == (1 / 8, 4 / 8, 2.0)


def test_the_windows_words_can_be_had_with_only_what_counts() -> None:
    result = window({(2, 6): 9.0, (4, 1): 2.0})
    seen = Zones([LEFT], GRID).judge(result).on(result)
    assert seen.score == 2.0
    assert seen.frame_scores.tolist() == [2.0] * 6


def test_a_score_below_0_is_still_a_score() -> None:
    judged = Zones([LEFT], GRID).judge(window({(r, c): -1.0 for r in range(8) for c in range(4)}))
    assert judged.score == -1.0


def test_shares_are_those_of_the_place_that_counts() -> None:
    """Texture weighs 0.1 and motion 0.3: 3 and 1 scales above normal make equal parts."""
    terms = np.zeros((5, 6, *GRID), np.float32)
    terms[4, :, 2, 6] = 100.0
    terms[0, :, 4, 1], terms[2, :, 4, 1] = 3.0, 1.0
    judged = Zones([LEFT], GRID).judge(window({(2, 6): 9.0, (4, 1): 2.0}, terms), NEUTRAL)
    assert judged.shares == pytest.approx([0.5, 0, 0.5, 0, 0])


def test_without_the_statistics_shares_stay_those_of_the_whole_picture() -> None:
    judged = Zones([LEFT], GRID).judge(window({(2, 6): 9.0, (4, 1): 2.0}))
    assert judged.shares is SHARES


def test_zones_that_leave_nothing_are_refused() -> None:
    with pytest.raises(SettingsError, match="zones left, all leave no place in the picture"):
        Zones([LEFT, rectangle("all", 0, 0, 1, 1, "ignore")], GRID)


def test_a_zone_says_which_one_cannot_be_drawn() -> None:
    with pytest.raises(SettingsError, match="zone 'door' has 2 points"):
        Zone("door", ((0, 0), (1, 1)))


def test_place_and_shares_follow_the_rule_of_a_real_graph() -> None:
    """A zone over the whole picture and what it says of the demo's own golden windows."""
    bundle = open_bundle(Path(ocrgan_edge.__file__).parent / "service" / "demo_bundle.ocrgan")
    scorer = open_scorer(bundle, "onnx-int8", threads=1, check=False)
    statistics, recent = bundle.statistics(scorer.target), recent_frames(bundle.manifest)
    for frames in bundle.arrays(bundle.manifest.golden)["frames"][:3].astype(np.uint8):
        result = scorer.score(frames)
        newest = recent_map(result.anomaly_map, recent)
        assert newest.max() == pytest.approx(result.score, rel=1e-5)
        row, column = np.unravel_index(int(newest.argmax()), newest.shape)
        found = shares_at((int(row), int(column)), result.terms, statistics, recent)
        assert found == pytest.approx(result.shares, abs=1e-3)
