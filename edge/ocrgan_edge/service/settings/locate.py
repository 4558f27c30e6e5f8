"""Finds the line of each key of a TOML document: the standard library's reader tells no places."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

KeyPath = tuple[str | int, ...]
"""Keys from the top of the document; a number counts the tables of an array, from 0."""


def lines_of(text: str) -> dict[KeyPath, int]:
    """The line, from 1, on which each key and table of a valid document stands first."""
    lines: dict[KeyPath, int] = {}
    newest: dict[KeyPath, int] = {}
    header: KeyPath = ()
    for line, statement in statements(text):
        content = _read(statement)
        if statement.lstrip().startswith("["):
            header = _header(content or {}, newest)
            paths = [header]
        else:
            paths = [header + path for path in _paths(content)]
        for path in paths:
            for length in range(1, len(path) + 1):
                lines.setdefault(path[:length], line)
    return lines


def statements(text: str) -> Iterator[tuple[int, str]]:
    """Tables' names and keys with their values, each with the line on which it begins.

    A statement over several lines ends where it can be read on its own. What never ends is given
    with the rest of the document.
    """
    start, held = 1, ""
    for line, words in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        start, held = (start, f"{held}\n{words}") if held else (line, words)
        # Inside an array of many lines, most end so; trying them all would take for ever.
        if "\n" in held and words.endswith(",") and "#" not in words:
            continue
        content = _read(held)
        if content is None:
            continue
        if content:
            yield start, held
        held = ""
    if held:
        yield start, held


def _read(statement: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(statement)
    except (ValueError, RecursionError):
        return None


def _paths(value: object) -> Iterator[KeyPath]:
    """All keys in a statement's value, with those of tables within it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (key,)
            yield from ((key, *path) for path in _paths(inner))
    if isinstance(value, list):
        for number, inner in enumerate(value):
            if isinstance(inner, dict):
                yield from ((number, *path) for path in _paths(inner))


def _header(content: dict[str, Any], newest: dict[KeyPath, int]) -> KeyPath:
    """The path of `[a.b]` or `[[a.b]]`; `newest` counts the tables of each array so far."""
    path: KeyPath = ()
    level: object = content
    while isinstance(level, dict) and level:
        ((key, level),) = level.items()
        path += (key,)
        if isinstance(level, list):
            newest[path] = newest.get(path, -1) + 1
        if path in newest:
            path += (newest[path],)
    return path
