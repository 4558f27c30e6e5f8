"""From `scene:seed=3,seconds=60,runner@8` to a scene."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ocrgan_edge.errors import SettingsError
from ocrgan_edge.video.scene.source import SceneSource
from ocrgan_edge.video.scene.spec import KINDS, Anomaly, SceneSpec

INCIDENTS_EVERY = 90.0
"""Seconds between anomalies of the plain `scene`."""
SETTINGS: dict[str, tuple[str, Callable[[str], float]]] = {
    "seed": ("seed", int),
    "site": ("site_seed", int),
    "seconds": ("seconds", float),
    "fps": ("frames_per_second", float),
    "walkers": ("walkers_per_minute", float),
    "noise": ("noise", float),
    "shake": ("shake", float),
    "every": ("incidents_every", float),
}
"""Word of the text → field of the spec, and how its value is read."""


def open_scene(text: str, *, live: bool = False, realtime: bool = False) -> SceneSource:
    """Opens a rendered scene.

    Args:
        text: `scene`, an endless day with an anomaly from time to time; or `scene:` and words
            with commas between them: `seed=3`, `site=0`, `seconds=60`, `fps=10`, `size=384x256`,
            `walkers=14` per minute, `noise=1`, `shake=0`, `jpeg=88` (0: none), `every=90` for
            anomalies that come by themselves, and anomalies with their start as `runner@8`.
            Without `every` only those named happen.
        live: say that frames come at their own pace.
        realtime: give frames at that pace.

    Raises:
        SettingsError: a word is not known or has a bad value; the message names the valid ones.
    """
    if text == "scene":
        return SceneSource(
            SceneSpec(incidents_every=INCIDENTS_EVERY), text, live=live, realtime=realtime
        )
    if not text.startswith("scene:"):
        raise SettingsError(f"{text!r} is no scene: wanted is scene or scene:seed=3,runner@8")
    return SceneSource(_parse(text), text, live=live, realtime=realtime)


def parse_size(text: str) -> tuple[int, int]:
    """`384x256` → width and height.

    Raises:
        SettingsError: it is not two whole numbers.
    """
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise SettingsError(f"size must be as 384x256, not {text!r}")
    return int(width), int(height)


def _parse(text: str) -> SceneSpec:
    fields: dict[str, Any] = {}
    anomalies = []
    for word in filter(None, (word.strip() for word in text[len("scene:") :].split(","))):
        if "@" in word:
            kind, _, start = word.partition("@")
            anomalies.append(Anomaly(kind, _convert(word, start, float)))
        else:
            fields |= _setting(word)
    return SceneSpec(anomalies=tuple(anomalies), **fields)


def _setting(word: str) -> dict[str, Any]:
    name, equals, value = word.partition("=")
    if name == "size":
        width, height = parse_size(value)
        return {"width": width, "height": height}
    if name == "jpeg":
        return {"jpeg_quality": _convert(word, value, int) or None}
    if not equals or name not in SETTINGS:
        raise SettingsError(
            f"a scene has no {word!r}: wanted are settings as seed=3 "
            f"({', '.join(sorted([*SETTINGS, 'size', 'jpeg']))}) and anomalies as runner@8 "
            f"({', '.join(KINDS)})"
        )
    field, kind = SETTINGS[name]
    return {field: _convert(word, value, kind)}


def _convert(word: str, value: str, kind: Callable[[str], float]) -> float:
    try:
        return kind(value)
    except ValueError:
        wanted = "a whole number" if kind is int else "a number"
        raise SettingsError(f"{word!r} needs {wanted}, not {value!r}") from None
