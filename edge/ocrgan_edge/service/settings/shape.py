"""Which field of the models a path of keys means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from ocrgan_edge.service.settings.camera import CameraSettings
from ocrgan_edge.service.settings.locate import KeyPath
from ocrgan_edge.service.settings.models import Settings
from ocrgan_edge.service.settings.toml import toml_key
from ocrgan_edge.service.settings.tree import DEFAULTS
from ocrgan_edge.service.settings.wanted import Table, wanted_of


@dataclass(frozen=True, slots=True)
class Spot:
    """Where in the models a path ends."""

    path: KeyPath
    """The part of the path that is keys of tables, names of cameras and numbers of zones."""
    wanted: str
    """What must be there."""
    field: FieldInfo | None
    """None at a table."""
    table: type[Table] | None
    """The table that begins here, or the one that lacks the key."""


def fields_of(table: type[Table]) -> dict[str, FieldInfo]:
    """A table's fields by the names that they have in a file."""
    return {field.alias or name: field for name, field in table.model_fields.items()}


def find(path: KeyPath) -> Spot:
    """Follows a path from the top of a file as far as the models know it."""
    if path[:1] == (DEFAULTS,):
        return _follow(path[1:], Spot(path[:1], "a table [camera_defaults]", None, CameraSettings))
    return _follow(path, Spot((), "a table", None, Settings))


def _follow(rest: KeyPath, spot: Spot) -> Spot:
    if not rest or spot.table is None:
        return spot
    field = fields_of(spot.table).get(str(rest[0]))
    if field is None:
        return spot
    path, rest = (*spot.path, rest[0]), rest[1:]
    table, many = table_in(field.annotation)
    wanted = wanted_of(field) or f"a table [{written(path)}]"
    if table is None:
        return Spot(path, wanted, field, None)
    if many and not rest:
        return Spot(path, wanted, None, None)
    if many:
        path, rest = (*path, rest[0]), rest[1:]
        wanted = wanted if isinstance(path[-1], int) else f"a table [{written(path)}]"
    return _follow(rest, Spot(path, wanted, None, table))


def table_in(annotation: Any) -> tuple[type[Table] | None, bool]:
    """The table that a field holds, and whether it holds many under names or numbers."""
    if isinstance(annotation, type) and issubclass(annotation, Table):
        return annotation, False
    for part in get_args(annotation):
        table, many = table_in(part)
        if table is not None:
            return table, many or get_origin(annotation) in (dict, tuple)
    return None, False


def takes(annotation: Any, kind: type) -> bool:
    """Whether a value of this type may stand in the field itself, not within a list."""
    if get_origin(annotation) in (Union, UnionType):
        return any(takes(part, kind) for part in get_args(annotation))
    return annotation is kind


def words_of(annotation: Any) -> Iterator[str]:
    """The words that a field takes, where it takes a few only."""
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    else:
        for part in get_args(annotation):
            yield from words_of(part)


def is_path(field: FieldInfo | None) -> bool:
    """Whether the field is a file or folder."""
    return field is not None and takes(field.annotation, Path)


def written(path: KeyPath) -> str:
    """A path as text: `camera."back door".zones[0].points`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{toml_key(part)}" for part in path)
    return "".join(parts).removeprefix(".")
