from __future__ import annotations

import pytest

from ocrgan_edge.errors import SettingsError
from ocrgan_edge.video.scene.spec import KINDS, Anomaly, SceneSpec
from ocrgan_edge.video.scene.text import open_scene, parse_size

EVERY_WORD = (
    "scene:seed=3, site=2,seconds=60,fps=25,size=96x64,walkers=5,noise=0.5,shake=1,jpeg=70,every=40"
)


def test_every_word_sets_its_field() -> None:
    assert open_scene(EVERY_WORD).spec == SceneSpec(
        seed=3,
        site_seed=2,
        seconds=60.0,
        frames_per_second=25.0,
        width=96,
        height=64,
        walkers_per_minute=5.0,
        noise=0.5,
        shake=1.0,
        jpeg_quality=70,
        incidents_every=40.0,
    )


def test_anomalies_are_named_with_their_start() -> None:
    spec = open_scene("scene:runner@8,vehicle@20.5,size=96x64").spec
    assert spec.anomalies == (Anomaly("runner", 8.0), Anomaly("vehicle", 20.5))
    assert spec.incidents_every is None


def test_the_plain_scene_never_ends_and_has_incidents() -> None:
    scene = open_scene("scene")
    assert (scene.length, scene.spec.incidents_every) == (None, 90.0)


def test_a_jpeg_quality_of_zero_means_no_compression() -> None:
    assert open_scene("scene:jpeg=0,size=96x64").spec.jpeg_quality is None


@pytest.mark.parametrize("word", ["banana", "banana=3", "runner", "seed"])
def test_an_unknown_word_is_refused_with_all_that_are_known(word: str) -> None:
    with pytest.raises(SettingsError, match=f"a scene has no '{word}': wanted are") as refused:
        open_scene(f"scene:{word}")
    known = (*KINDS, "every", "fps", "jpeg", "noise", "seconds", "seed", "shake", "site", "size")
    assert all(name in str(refused.value) for name in known)


def test_an_unknown_anomaly_is_refused_with_all_kinds() -> None:
    with pytest.raises(SettingsError, match="there is no anomaly 'dragon': wanted is") as refused:
        open_scene("scene:dragon@3")
    assert ", ".join(KINDS) in str(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("scenery", "'scenery' is no scene: wanted is scene or scene:seed=3,runner@8"),
        ("scene:seed=x", "'seed=x' needs a whole number, not 'x'"),
        ("scene:seed=-1", "seed must be 0 or above, not -1"),
        ("scene:site=-1", "site must be 0 or above, not -1"),
        ("scene:seconds=soon", "'seconds=soon' needs a number, not 'soon'"),
        ("scene:seconds=0", "seconds must be above 0, not 0"),
        ("scene:seconds=nan", "seconds must be above 0, not nan"),
        ("scene:fps=0", "frames per second must be 0.1 to 240, not 0"),
        ("scene:size=big", "size must be as 384x256, not 'big'"),
        ("scene:size=32x32", "size must be 64x48 to 4096x4096, not 32x32"),
        ("scene:jpeg=101", "JPEG quality must be 1 to 100, not 101"),
        ("scene:noise=-1", "noise must be 0 to 10, not -1"),
        ("scene:walkers=61", "walkers per minute must be 0 to 60, not 61"),
        ("scene:every=5", "seconds between incidents must be 20 to"),
        ("scene:runner@", "'runner@' needs a number, not ''"),
        ("scene:runner@-1", "runner must begin at 0 s or later, not -1"),
        ("scene:seconds=5,fall@5", "fall at 5 s begins after the end of a scene of 5 s"),
    ],
)
def test_a_bad_value_is_named_with_what_was_wanted(text: str, message: str) -> None:
    with pytest.raises(SettingsError) as refused:
        open_scene(text)
    assert str(refused.value).startswith(message)


def test_a_size_is_width_and_height() -> None:
    assert parse_size("640x480") == (640, 480)
