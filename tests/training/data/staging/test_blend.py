"""Actors over filmed frames, with the truth about them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ocrgan_training.data.staging.blend import staged
from ocrgan_training.data.staging.cast import ANOMALIES, Stage, walkers
from ocrgan_training.data.staging.ground import Standing, camera_of

PEOPLE = (Standing(60.0, 24.0), Standing(110.0, 44.0))
STAGE = Stage(camera_of(PEOPLE, 160, 120), PEOPLE)


def filmed(count: int, grey: bool = True) -> list[NDArray[np.uint8]]:
    colour = (115, 115, 115) if grey else (90, 115, 160)
    return [np.full((120, 160, 3), colour, np.uint8) for _ in range(count)]


def test_without_actors_a_frame_stays_as_it_was() -> None:
    ((image, truth),) = staged(filmed(1), [], STAGE.camera, 10.0)
    assert np.array_equal(image, filmed(1)[0])
    assert (truth.label, truth.kinds) == (0, ())
    assert not truth.mask.any()


@pytest.mark.parametrize("kind", list(ANOMALIES))
def test_every_anomaly_is_seen_where_the_picture_changes(kind: str) -> None:
    actor = ANOMALIES[kind](STAGE, np.random.default_rng(3), 1.0)
    found = list(staged(filmed(120), [actor], STAGE.camera, 10.0))
    abnormal = [image for image, truth in found if truth.kinds == (kind,)]
    assert len(abnormal) > 10
    for image, truth in found:
        unchanged = (image == 115).all(axis=-1)
        assert not (truth.mask & unchanged).all() or not truth.mask.any()
        assert truth.label == int(truth.mask.any())
    assert [truth.label for _, truth in found[:10]] == [0] * 10  # it begins after a second


def test_rendered_walkers_are_normal() -> None:
    people = walkers(STAGE, np.random.default_rng(1), 10.0, 30.0)
    found = list(staged(filmed(100), people, STAGE.camera, 10.0))
    assert any((image != 115).any() for image, _ in found)
    assert all(truth.label == 0 for _, truth in found)


def test_a_recording_without_colours_stays_without() -> None:
    people = walkers(STAGE, np.random.default_rng(1), 10.0, 30.0)
    for image, _ in staged(filmed(100), people, STAGE.camera, 10.0):
        assert np.ptp(image, axis=-1).max() == 0
    seen = staged(filmed(100, grey=False), people, STAGE.camera, 10.0)
    assert max(np.ptp(image.astype(int) - (90, 115, 160), axis=-1).max() for image, _ in seen) > 30


def test_people_are_as_tall_as_those_filmed() -> None:
    people = walkers(STAGE, np.random.default_rng(1), 10.0, 30.0)
    heights = []
    for image, _ in staged(filmed(100), people, STAGE.camera, 10.0):
        rows = np.flatnonzero((np.abs(image.astype(int) - 115) > 40).any(axis=(1, 2)))
        if len(rows):
            heights.append(int(rows[-1] - rows[0]))
    assert 20 <= np.median(heights) <= 60  # one or two people between 24 and 44 pixels
