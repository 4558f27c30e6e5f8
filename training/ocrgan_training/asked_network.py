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


def asked_network(
    data: Path, name: str | None, size: str | None, given: Mapping[str, Any]
) -> NetworkConfig:
    """The settings of a network; without name and size `small` in the recordings' shape.

    Args:
        data: folder with train/<clip>, looked at only where the size is to fit.
        name: of the preset, if there is one.
        size: HEIGHTxWIDTH, `auto`, or None for the preset's.
        given: other settings by name, None where nothing is said; they win over the preset's.

    Raises:
        SettingsError: a setting cannot work.
        DataError: the size is to fit recordings that are not there.
    """
    chosen = {key: value for key, value in given.items() if value is not None}
    if chosen.get("temporal") == "causal":
        chosen |= {"temporal": "full", "causal": True}
    if size is None and name is None:
        size = AUTO
    if size == AUTO:
        fitting = fitting_size(*recorded_size(data))
        return replace(preset(name or "small"), **(fitting._asdict() | chosen))
    if size is not None:
        chosen["height"], chosen["width"] = parse_size(size)
    return replace(NetworkConfig() if name is None else preset(name), **chosen)
