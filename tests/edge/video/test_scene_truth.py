from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ocrgan_edge.video.scene.anomalies import stage
from ocrgan_edge.video.scene.renderer import Renderer, render
from ocrgan_edge.video.scene.scenery import furnish
from ocrgan_edge.video.scene.sensor import Sensor
from ocrgan_edge.video.scene.site import make_site
from ocrgan_edge.video.scene.spec import KINDS, Anomaly, SceneSpec

SMALL = {"width": 96, "height": 64}


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    kind=st.sampled_from(KINDS),
    size=st.sampled_from([(96, 64), (64, 96)]),
    shake=st.sampled_from([0.0, 2.0]),
)
def test_a_frame_is_labelled_exactly_when_its_mask_has_a_pixel(
    seed: int, kind: str, size: tuple[int, int], shake: float
) -> None:
    spec = SceneSpec(seed, 0, *size, anomalies=(Anomaly(kind, 2.0),), shake=shake)
    renderer = Renderer(spec)
    for index in range(0, 120, 12):
        truth = renderer.truth(index)
        assert truth.mask.shape == (size[1], size[0])
        assert truth.mask.dtype == np.bool_
        assert truth.label == int(truth.mask.any())
        assert bool(truth.kinds) == bool(truth.label)


@pytest.mark.parametrize("seed", range(3))
def test_a_normal_day_has_no_label(seed: int) -> None:
    spec = SceneSpec(seed=seed, **SMALL, frames_per_second=0.5, seconds=40.0)
    truths = [truth for _, truth in render(spec)]
    assert len(truths) == 20
    assert not any(truth.label or truth.kinds or truth.mask.any() for truth in truths)


def test_two_anomalies_at_once_are_both_told() -> None:
    anomalies = (Anomaly("fall", 2.0), Anomaly("vehicle", 3.0))
    kinds = Renderer(SceneSpec(**SMALL, anomalies=anomalies)).truth(45).kinds
    assert kinds == ("fall", "vehicle")


def test_the_truth_is_the_same_in_any_order_and_with_its_frame() -> None:
    spec = SceneSpec(**SMALL, anomalies=(Anomaly("crowd_scatter", 2.0),), shake=1.0)
    forth, back = Renderer(spec), Renderer(spec)
    numbers = range(10, 60, 7)
    told = {number: forth.frame_and_truth(number) for number in numbers}
    for number in reversed(numbers):
        image, truth = told[number]
        again = back.truth(number)
        assert np.array_equal(truth.mask, again.mask)
        assert (truth.label, truth.kinds) == (again.label, again.kinds)
        assert np.array_equal(image, back.frame(number))


def with_and_without_a_car() -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Two clean pictures of the same moment, and the car's mask."""
    empty = SceneSpec(walkers_per_minute=0.0, noise=0.0, jpeg_quality=None)
    image, truth = Renderer(replace(empty, anomalies=(Anomaly("vehicle", 2.0),))).frame_and_truth(
        40
    )
    return image.astype(int), Renderer(empty).frame(40).astype(int), truth.mask


def test_the_mask_is_where_the_anomaly_changes_the_picture() -> None:
    there, empty, mask = with_and_without_a_car()
    changed = np.abs(there - empty).max(axis=2) > 8
    assert changed[mask].mean() > 0.9
    assert changed[~mask].mean() < 0.05


def test_shadows_are_not_part_of_the_mask() -> None:
    there, empty, mask = with_and_without_a_car()
    around = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0  # blurred edges
    darker = (empty - there).max(axis=2)[~around]
    assert np.count_nonzero(darker > 20) > 50
    assert darker.min() >= -1


def test_a_shaken_camera_moves_the_mask_with_the_picture() -> None:
    still = SceneSpec(anomalies=(Anomaly("abandoned_object", 2.0),), walkers_per_minute=0.0)
    shaken = replace(still, shake=4.0)
    before, after = (
        np.argwhere(Renderer(spec).truth(40).mask).mean(axis=0) for spec in (still, shaken)
    )
    right, down = Sensor(shaken).movement(40)
    assert abs(right) + abs(down) > 2
    assert after - before == pytest.approx((down, right), abs=0.3)


def test_what_stands_before_an_anomaly_hides_it() -> None:
    spec = SceneSpec(anomalies=(Anomaly("wrong_way", 2.0),), walkers_per_minute=0.0)
    site, renderer = make_site(0), Renderer(spec)
    camera = site.camera(spec.width, spec.height)
    (walker,) = stage(site, spec.anomalies[0], spec.seed)
    standing, hidden = furnish(site, camera)[0], 0
    for time in np.arange(walker.start + 1.0, walker.end - 1.0, 0.4):
        x, z = walker.locate(float(time))
        column, _, depth = camera.project(np.array([[x, 0.0, z]]))[0]
        mask = renderer.truth(round(time * spec.frames_per_second)).mask
        for thing in standing:
            sprite = thing.at(round(time * spec.frames_per_second) / spec.frames_per_second)
            if thing.depth < depth:
                rows, columns = sprite.window
                assert not (mask[sprite.window] & (sprite.cover > 0.5)).any()
                hidden += columns.start < column < columns.stop
    assert hidden  # he does pass behind something
