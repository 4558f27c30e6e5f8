from __future__ import annotations

import numpy as np
import pytest

from ocrgan_edge.alerts.evidence.picture import Picture, from_jpeg, shrink, to_jpeg
from ocrgan_edge.alerts.evidence.ring import PictureRing


@pytest.mark.parametrize(
    ("height", "width", "wanted"),
    [
        (1080, 1920, (360, 640)),
        (576, 768, (480, 640)),
        (480, 640, (480, 640)),
        (240, 320, (240, 320)),
        (101, 75, (100, 76)),
        (2, 4000, (2, 640)),
        (1, 1, (2, 2)),
    ],
)
def test_a_picture_is_at_most_as_wide_as_wanted_and_has_even_sides(
    height: int, width: int, wanted: tuple[int, int]
) -> None:
    assert shrink(np.zeros((height, width, 3), np.uint8), 640).shape == (*wanted, 3)


def test_a_gray_picture_gets_three_equal_channels() -> None:
    small = shrink(np.full((64, 64), 77, np.uint8), 32)
    assert small.shape == (32, 32, 3)
    assert (small == 77).all()


def test_things_stay_where_they_are_when_a_picture_shrinks() -> None:
    image = np.zeros((300, 1000, 3), np.uint8)
    image[100:200, 500:750] = 255
    small = shrink(image, 100)
    assert small.shape == (30, 100, 3)
    assert (small[12:18, 52:73] > 250).all()
    assert (small[:, :48] == 0).all()


def test_a_picture_survives_being_kept() -> None:
    image = np.full((32, 48, 3), (10, 120, 230), np.uint8)
    assert np.abs(from_jpeg(to_jpeg(image)).astype(int) - image).max() <= 3


def test_the_ring_forgets_what_is_older_than_its_seconds() -> None:
    ring = PictureRing(seconds=2.0, most_bytes=1000)
    for at in range(10):
        ring.add(Picture(at, b"1234"))
    assert [picture.at for picture in ring.since(0)] == [7, 8, 9]
    assert ring.bytes == 12


def test_the_ring_never_holds_more_bytes_than_it_may() -> None:
    ring = PictureRing(seconds=100.0, most_bytes=10)
    for at in range(5):
        ring.add(Picture(at, b"1234"))
    assert [picture.at for picture in ring.since(0)] == [3, 4]


def test_the_newest_picture_is_kept_however_large_it_is() -> None:
    ring = PictureRing(seconds=1.0, most_bytes=2)
    ring.add(Picture(0, b"1"))
    ring.add(Picture(1, b"123456"))
    assert [picture.at for picture in ring.since(0)] == [1]


def test_the_ring_gives_what_it_has_from_a_time_on() -> None:
    ring = PictureRing(seconds=10.0, most_bytes=1000)
    for at in range(5):
        ring.add(Picture(at, b"1"))
    assert [picture.at for picture in ring.since(3)] == [3, 4]
    ring.clear()
    assert (ring.since(0), ring.newest_at, ring.bytes) == ([], None, 0)
