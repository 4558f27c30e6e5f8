"""Which network `ocrgan-train` is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ocrgan_training.fitting_size import fitting_size, recorded_size
from ocrgan_training.network.presets import NetworkConfig, preset
from ocrgan_training.options import parse_size

AUTO = "auto"
"""The size that fits the recordings."""
STREAMING = "causal"
"""`--temporal` of the network that scores every frame for the price of one."""
PUBLISHED = "recipe"
"""The preset of the published network, which sees windows."""


def asked_network(
    data: Path,
    name: str | None,
    size: str | None,
    given: Mapping[str, Any],
    life: float | None = None,
) -> NetworkConfig:
    """The settings of a network; without name and size `small` in the recordings' shape.

    Args:
        data: folder with train/<clip>, looked at only where the size is to fit.
        name: of the preset, if there is one.
        size: HEIGHTxWIDTH, `auto`, or None for the preset's.
        given: other settings by name, None where nothing is said; they win over the preset's.
        life: how tall what moves there is (`life_size`), for a size that fits.

    Raises:
        SettingsError: a setting cannot work.
        DataError: the size is to fit recordings that are not there.
    """
    if size is None and name is None:
        size = AUTO
    if size == AUTO:
        fitting = fitting_size(*recorded_size(data), life)
        return settled(name or "small", {**fitting._asdict(), **_said(given)})
    shape = {} if size is None else dict(zip(("height", "width"), parse_size(size), strict=True))
    return settled(name, {**given, **shape})


def settled(name: str | None, given: Mapping[str, Any]) -> NetworkConfig:
    """The settings of a network once its size is known.

    Frames are scored one by one (docs/streaming.md), with the local discriminator that is cheap
    enough for it, unless `temporal` or the preset `recipe` asks for windows: it detects more at a
    third of the multiplications per second (docs/decisions/019-every-frame.md).

    Args:
        name: of the preset, None for the defaults of `NetworkConfig`.
        given: as in `asked_network`.

    Raises:
        SettingsError: a setting cannot work.
    """
    chosen = _said(given)
    if chosen.get("temporal", None if name == PUBLISHED else STREAMING) == STREAMING:
        chosen = {"patches": "slim"} | chosen | {"temporal": "full", "causal": True}
    return replace(NetworkConfig() if name is None else preset(name), **chosen)


def _said(given: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in given.items() if value is not None}
