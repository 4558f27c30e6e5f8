"""How tall what moves is."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ocrgan_training.data.life_size import enlarged, life_size, typical_height

ROWS, COLUMNS = 96, 160


def walking(*heights: int, width: int = 6, count: int = 40) -> list[NDArray[np.uint8]]:
    """Pictures of a noisy ground over which blocks of these heights walk, one under the other."""
    random = np.random.default_rng(0)
    pictures = [random.integers(90, 97, (ROWS, COLUMNS), dtype=np.uint8) for _ in range(count)]
    top = 2
    for height in heights:
        for i, picture in enumerate(pictures):
            left = 3 * i % (COLUMNS - width)
            picture[top : top + height, left : left + width] = 180
        top += height + 10
    return pictures


@pytest.mark.parametrize("height", [8, 24, 72])
def test_it_is_the_share_of_the_height_that_a_walker_has(height: int) -> None:
    found = typical_height([walking(height)])
    assert found == pytest.approx(height / ROWS, abs=3.5 / ROWS)  # edges are seen softly


def test_what_is_shorter_decides_if_it_is_a_fifth_of_all_that_moves() -> None:
    both = typical_height([walking(20, 60)])  # 20 of 80 rows: a quarter
    assert both == pytest.approx(20 / ROWS, abs=3.5 / ROWS)
    mostly_tall = typical_height([walking(8, 72)])  # a tenth
    assert mostly_tall == pytest.approx(72 / ROWS, abs=3.5 / ROWS)


def test_several_clips_are_looked_at_as_one() -> None:
    one, other = walking(20), walking(60)
    assert typical_height([one, other]) == typical_height([other, one])
    assert typical_height([one, other]) == pytest.approx(20 / ROWS, abs=3.5 / ROWS)


def test_nothing_is_known_where_nothing_moves_or_too_little() -> None:
    assert typical_height([]) is None
    assert typical_height([walking()]) is None
    assert typical_height([walking(24, count=15)]) is None


def test_light_that_changes_everywhere_is_nothing_that_moves() -> None:
    dim = [np.asarray(picture // 2, np.uint8) for picture in walking()]
    assert typical_height([walking() + dim]) is None
    lit = [np.asarray(picture // 2, np.uint8) for picture in walking(24)]
    assert typical_height([lit]) == pytest.approx(24 / ROWS, abs=3.5 / ROWS)


def test_it_is_read_from_files_and_what_cannot_be_read_is_left_out(
    tmp_path: Path, write_clips: Callable[..., Path]
) -> None:
    clips = sorted((write_clips(tmp_path, (110, 110), size=80) / "train").iterdir())
    broken = tmp_path / "broken.avi"
    broken.write_bytes(b"no video")
    assert life_size([*clips, broken]) == pytest.approx(10 / 80, abs=3.5 / 80)
    assert life_size([broken]) is None


def test_taller_life_is_told_in_tenths_of_the_usual_and_smaller_is_as_usual() -> None:
    assert enlarged(None) == 1.0
    assert enlarged(0.1333) == 1.0
    assert enlarged(0.15) == 1.1
    assert enlarged(0.4) == 3.0
    assert enlarged(0.07) == 1.0
