from __future__ import annotations

import hashlib
import subprocess
import sys
import time

import numpy as np
import pytest

from ocrgan_edge.video.scene.sensor import Sensor
from ocrgan_edge.video.scene.source import SceneSource
from ocrgan_edge.video.scene.spec import KINDS, SceneSpec
from ocrgan_edge.video.scene.text import INCIDENTS_EVERY, open_scene
from ocrgan_edge.video.source import Source

TEXT = "scene:seed=7,site=1,size=96x64,seconds=2,fps=5,shake=0.5,runner@0"
PRINT_DIGEST = """
import hashlib, sys
from ocrgan_edge.video.scene.text import open_scene
source, digest = open_scene(sys.argv[1]), hashlib.sha256()
for frame in iter(source.read, None):
    digest.update(frame.image.tobytes() + source.truth(frame.index).mask.tobytes())
print(digest.hexdigest())
"""


def digest(source: SceneSource) -> str:
    """Of all pixels and masks."""
    found = hashlib.sha256()
    for frame in iter(source.read, None):
        found.update(frame.image.tobytes() + source.truth(frame.index).mask.tobytes())
    return found.hexdigest()


def test_the_same_scene_has_the_same_bytes() -> None:
    assert digest(open_scene(TEXT)) == digest(open_scene(TEXT))


def test_the_same_scene_has_the_same_bytes_in_another_process() -> None:
    command = [sys.executable, "-c", PRINT_DIGEST, TEXT]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed.strip() == digest(open_scene(TEXT))


def test_the_global_random_state_has_no_part_in_it() -> None:
    np.random.seed(1)
    first = digest(open_scene(TEXT))
    np.random.seed(2)
    assert digest(open_scene(TEXT)) == first


def test_another_seed_gives_another_day_at_the_same_place() -> None:
    frames = [
        open_scene(f"scene:seed={seed},size=96x64,noise=0,jpeg=0,walkers=0").read()
        for seed in (1, 2)
    ]
    assert frames[0] is not None
    assert frames[1] is not None
    one, two = (frame.image.astype(float) for frame in frames)
    assert not np.array_equal(one, two)
    # only the light differs
    assert np.corrcoef(one.ravel(), two.ravel())[0, 1] > 0.98


def test_a_scene_is_a_source() -> None:
    source = open_scene(TEXT)
    assert isinstance(source, Source)
    assert (source.name, source.frames_per_second, source.length) == (TEXT, 5.0, 10)
    frames = list(iter(source.read, None))
    assert [frame.index for frame in frames] == list(range(10))
    assert [frame.at for frame in frames] == pytest.approx([index / 5 for index in range(10)])
    assert {(frame.image.shape, frame.image.dtype) for frame in frames} == {
        ((64, 96, 3), np.dtype(np.uint8))
    }
    assert source.read() is None


def test_nothing_comes_after_close() -> None:
    source = open_scene(TEXT)
    source.close()
    source.close()
    assert source.read() is None


def test_a_frame_is_the_reader_s_own() -> None:
    first, second = (open_scene(TEXT).read() for _ in range(2))
    assert first is not None
    assert second is not None
    first.image[:] = 0
    assert second.image.any()


@pytest.mark.parametrize("live", [False, True])
def test_a_scene_is_live_if_told_so(live: bool) -> None:
    assert open_scene(TEXT, live=live).live is live


def test_realtime_gives_no_frame_before_its_time() -> None:
    source = open_scene("scene:size=64x48,fps=20,seconds=0.3", realtime=True)
    started = time.monotonic()
    for frame in iter(source.read, None):
        assert time.monotonic() - started >= frame.at
    assert frame.at == pytest.approx(0.25)


@pytest.mark.parametrize("index", [-1, 10])
def test_there_is_no_truth_about_a_frame_that_does_not_exist(index: int) -> None:
    with pytest.raises(IndexError, match=f"frames from 0 to 9, but not {index}"):
        open_scene(TEXT).truth(index)


def test_the_shortest_scene_is_one_frame() -> None:
    assert open_scene("scene:size=64x48,seconds=0.01").length == 1


def test_the_plain_scene_shows_every_kind_in_turn_and_is_mostly_normal() -> None:
    source = SceneSource(SceneSpec(width=96, height=64, incidents_every=INCIDENTS_EVERY))
    seconds = [source.truth(10 * second).kinds for second in range(8 * int(INCIDENTS_EVERY))]
    told = [kinds[0] for kinds in seconds if kinds]
    assert tuple(dict.fromkeys(told)) == KINDS
    assert len(told) < 0.3 * len(seconds)
    assert not any(seconds[:30])


def test_the_plain_scene_goes_on_for_weeks() -> None:
    source = SceneSource(SceneSpec(width=96, height=64, incidents_every=INCIDENTS_EVERY))
    fortnight = 14 * 86400 * 10
    # an incident begins at the latest 0.6 of 90 s into its turn
    assert any(source.truth(fortnight + second * 10).label for second in range(100))


@pytest.mark.parametrize(("light", "spread"), [(40.0, 2.6**0.5), (200.0, 8.2**0.5)])
def test_noise_grows_with_the_square_root_of_the_light(light: float, spread: float) -> None:
    # variance 0.035·light + 1.2; the gain drifts by 2.5 %
    sensor = Sensor(SceneSpec(jpeg_quality=None))
    flat = np.full((256, 384, 3), light, np.float32)
    assert sensor.record(flat, 5).std() == pytest.approx(spread, rel=0.05)


def test_the_sun_s_light_changes_slowly() -> None:
    sensor = Sensor(SceneSpec(width=64, height=48))
    light = np.array([sensor.sunshine(float(time)) for time in range(600)])
    assert light.min() >= 0.45
    assert light.max() <= 1.0
    assert np.ptp(light) > 0.2
    assert np.abs(np.diff(light)).max() < 0.1
