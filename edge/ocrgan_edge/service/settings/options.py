"""What the command line says."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ocrgan_edge.service.settings.locate import KeyPath
from ocrgan_edge.service.settings.tree import CAMERA, Layer, put
from ocrgan_edge.service.settings.variables import typed

OPTIONS: Mapping[str, KeyPath] = {
    "mqtt": ("mqtt", "url"),
    "mqtt_password_file": ("mqtt", "password_file"),
    "mqtt_ca": ("mqtt", "ca_file"),
    "mqtt_version": ("mqtt", "version"),
    "node": ("node",),
    "prefix": ("prefix",),
    "state_folder": ("state_folder",),
    "models_folder": ("models_folder",),
    "trusted_keys": ("trusted_keys",),
    "threads": ("threads",),
    "metrics": ("metrics", "listen"),
    "json_logs": ("json_logs",),
}
"""Options about the node: what they set."""

CAMERA_OPTIONS: Mapping[str, str] = {
    "camera": "source",
    "bundle": "bundle",
    "target": "target",
    "form": "form",
    "hop": "hop",
    "fps": "fps",
    "realtime": "realtime",
    "loop": "loop",
    "threshold": "threshold",
    "sensitivity": "sensitivity",
    "minimum_duration": "minimum_duration",
    "cool_down": "cool_down",
    "hold_off": "hold_off",
    "settle_after": "settle_after",
    "score_interval": "score_interval",
    "update_interval": "update_interval",
}
"""Options about one camera: which of its keys they set."""


def from_command_line(options: Mapping[str, Any], cameras: Collection[str]) -> Layer:
    """Options by their names, with `_` for `-`; what is None or False was not given.

    Args:
        options: see `OPTIONS` and `CAMERA_OPTIONS`; `name` says which camera is meant, by default
            the only one, or a new one called `camera`. Others are not settings and passed over.
        cameras: names that file and environment know.
    """
    given = {
        name: value for name, value in options.items() if value is not None and value is not False
    }
    layer = Layer({}, {})
    complaints = []
    name = given.get("name") or _only(cameras)
    for option, value in given.items():
        place = "--" + option.replace("_", "-")
        path = OPTIONS.get(option)
        if option in CAMERA_OPTIONS:
            path = (CAMERA, name or "", CAMERA_OPTIONS[option])
            if name is None:
                known = ", ".join(sorted(cameras))
                complaints.append(f"{place} could mean any camera of {known}: add --name")
                continue
        if path is not None:
            put(layer, path, typed(path, value) if isinstance(value, str) else value, place)
    return Layer(layer.values, layer.places, tuple(complaints))


def _only(cameras: Collection[str]) -> str | None:
    """Which camera is meant if its name is not said; None if nobody can tell."""
    return next(iter(cameras), "camera") if len(cameras) < 2 else None
