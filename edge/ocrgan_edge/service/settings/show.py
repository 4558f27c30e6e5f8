"""The settings in force, as a TOML file that says where each comes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ocrgan_edge.service.settings.load import Loaded
from ocrgan_edge.service.settings.locate import KeyPath
from ocrgan_edge.service.settings.shape import fields_of, written
from ocrgan_edge.service.settings.toml import toml_key, toml_value
from ocrgan_edge.service.settings.wanted import Table
from ocrgan_edge.video.address import without_password


def print_config(loaded: Loaded) -> str:
    """All settings with their origins as comments; passwords in addresses are `***`.

    Read again, it gives the same settings, but for the passwords.
    """
    return "\n".join(_table(loaded, (), loaded.settings)) + "\n"


def _table(loaded: Loaded, path: KeyPath, table: Table) -> Iterator[str]:
    tables: list[tuple[KeyPath, Any]] = []
    for key, value in _items(table):
        here = (*path, key)
        if isinstance(value, Table | dict) or key == "zones":
            tables.append((here, value))
        elif value is None:
            yield f"# {key} is not set"
        else:
            yield f"{_assignment(key, value)}  # {loaded.origins.get(here, 'default')}"
    for here, value in tables:
        yield from _tables(loaded, here, value)


def _tables(loaded: Loaded, path: KeyPath, value: Any) -> Iterator[str]:
    header = written(tuple(part for part in path if isinstance(part, str)))
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _tables(loaded, (*path, name), inner)
    elif isinstance(value, Table):
        yield from ("", f"[{header}]")
        yield from _table(loaded, path, value)
    else:
        for number, zone in enumerate(value):
            yield from ("", f"[[{header}]]")
            yield from _table(loaded, (*path, number), zone)


def _items(table: Table) -> Iterator[tuple[str, Any]]:
    for name, (key, _) in zip(
        type(table).model_fields, fields_of(type(table)).items(), strict=True
    ):
        yield key, getattr(table, name)


def _assignment(key: str, value: Any) -> str:
    shown = without_password(value) if isinstance(value, str) else value
    return f"{toml_key(key)} = {toml_value(shown)}"
