"""What the environment says: OCRGAN_KEY, OCRGAN_TABLE__KEY, OCRGAN_CAMERA__NAME__KEY."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from ocrgan_edge.service.settings.camera import CameraSettings
from ocrgan_edge.service.settings.complaints import did_you_mean
from ocrgan_edge.service.settings.locate import KeyPath
from ocrgan_edge.service.settings.models import Settings
from ocrgan_edge.service.settings.secrets import camera_secret, name_part, password_variable
from ocrgan_edge.service.settings.shape import fields_of, find, table_in, takes, words_of
from ocrgan_edge.service.settings.tree import CAMERA, DEFAULTS, Layer, put
from ocrgan_edge.service.settings.wanted import Table

PREFIX = "OCRGAN_"
NOT_SETTINGS = {"OCRGAN_DATA", "OCRGAN_FAULTS"}
"""Variables of the project's tests."""


def from_environment(environment: Mapping[str, str], cameras: Collection[str]) -> Layer:
    """The settings among the variables.

    Args:
        environment: all variables; those without OCRGAN_ are nobody's business, and those that
            end in _PASSWORD are no settings.
        cameras: names that the file knows; a variable's NAME is matched without regard to case
            and with `_` for every other sign. One that fits none is a new camera in small letters.
    """
    layer = Layer({}, {})
    complaints = []
    for variable, text in environment.items():
        if not variable.startswith(PREFIX) or variable in NOT_SETTINGS:
            continue
        if variable.endswith("_PASSWORD"):
            continue
        path = _path(variable, cameras)
        same = [name for name in cameras if name_part(name) == _camera_in(variable)]
        if len(same) > 1:
            complaints.append(f"{variable} could mean any camera of {', '.join(sorted(same))}")
        elif path is None:
            complaints.append(_unknown(variable, _all_variables(_camera_in(variable))))
        else:
            put(layer, path, typed(path, text), variable)
    return Layer(layer.values, layer.places, tuple(complaints))


def unknown_passwords(environment: Mapping[str, str], cameras: Collection[str]) -> list[str]:
    """Complaints about variables with a password that nobody will ask for."""
    known = [password_variable(secret) for secret in ("mqtt", *map(camera_secret, cameras))]
    given = [name for name in environment if re.fullmatch(rf"{PREFIX}.*_PASSWORD", name)]
    unknown = [_unknown(variable, known) for variable in given if variable not in known]
    shared = [variable for variable in given if known.count(variable) > 1]
    return unknown + [f"{variable} could mean any of several cameras" for variable in shared]


def typed(path: KeyPath, text: str) -> object:
    """Text in the setting's type: itself where text is wanted, else read as a TOML value."""
    field = find(path).field
    kind = None if field is None else field.annotation
    if takes(kind, str) or takes(kind, Path) or text in words_of(kind):
        return text
    try:
        read = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return read["value"] if len(read) == 1 else text


def variables(table: type[Table], where: str) -> Iterator[tuple[str, str]]:
    """Each key of a table that a variable can set, and the variable."""
    for key, field in fields_of(table).items():
        if table_in(field.annotation)[0] is None:
            yield key, f"{where}{key.upper()}"


def _all_variables(camera: str) -> Iterator[str]:
    tables: list[tuple[type[Table], str]] = [
        (Settings, PREFIX),
        (CameraSettings, f"{PREFIX}{DEFAULTS.upper()}__"),
    ]
    for key, field in fields_of(Settings).items():
        table, many = table_in(field.annotation)
        if table is not None:
            name = f"{camera}__" if many else ""
            tables.append((table, f"{PREFIX}{key.upper()}__{name}"))
    for table, where in tables:
        yield from (variable for _, variable in variables(table, where))


def _path(variable: str, cameras: Collection[str]) -> KeyPath | None:
    parts = variable.removeprefix(PREFIX).split("__")
    path: KeyPath = tuple(part.lower() for part in parts)
    if path[0] == CAMERA and len(parts) > 2:
        path = (CAMERA, _known_name(_camera_in(variable), cameras), path[-1])
    spot = find(path)
    return path if spot.field is not None and spot.path == path else None


def _camera_in(variable: str) -> str:
    named = re.fullmatch(rf"{PREFIX}CAMERA__(.+)__.*", variable)
    return named[1] if named else "NAME"


def _known_name(part: str, cameras: Collection[str]) -> str:
    return next((known for known in cameras if name_part(known) == part), part.lower())


def _unknown(variable: str, known: Iterator[str] | list[str]) -> str:
    return f"{variable} is no setting{did_you_mean(variable, known)}"
