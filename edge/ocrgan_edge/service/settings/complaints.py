"""What is wrong with settings, as sentences: where, which key, what it is, what was wanted."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ocrgan_edge.service.settings.locate import KeyPath
from ocrgan_edge.service.settings.shape import Spot, fields_of, find, written
from ocrgan_edge.service.settings.toml import toml_value
from ocrgan_edge.service.settings.tree import Tree
from ocrgan_edge.service.settings.wanted import LEVEL
from ocrgan_edge.video.address import without_password

LONGEST = 60
"""Signs of a value that are shown."""


def complaints(error: ValidationError, tree: Tree) -> list[str]:
    """One sentence per key that is wrong, each with the place where it was given."""
    said: dict[KeyPath, str] = {}
    for detail in error.errors(include_url=False):
        spot = find(detail["loc"])
        at = detail["loc"] if detail["type"] == "extra_forbidden" else spot.path
        where, path = tree.place(at) or ("", at)
        sentence = _sentence(detail, spot, path)
        # A list with two bad items is told once, and so is what all cameras share.
        said.setdefault(path, f"{where}: {sentence}" if where else sentence)
    return [*said.values()]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`: did you mean x?` where something known is near, else nothing."""
    near = difflib.get_close_matches(word, [*known], n=1, cutoff=0.6)
    return f": did you mean {near[0]}?" if near else ""


def shown(value: Any) -> str:
    """A value as the file has it, without a password and not too long."""
    text = without_password(toml_value(value))
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _sentence(detail: ErrorDetails, spot: Spot, path: KeyPath) -> str:
    name = written(path)
    value = shown(detail["input"])
    if detail["loc"][-1:] == ("[key]",):
        return f"the name of a {path[0]} is {value}, but must be {LEVEL}"
    match detail["type"]:
        case "extra_forbidden":
            known = fields_of(spot.table) if spot.table else ()
            where = f"[{written(path[:-1])}]" if path[:-1] else "the file"
            return f"{where} has no key {path[-1]}{did_you_mean(str(path[-1]), known)}"
        case "missing":
            return f"{name} is missing: wanted is {spot.wanted}"
        case "value_error":
            return f"{name} {detail['ctx']['error']}"
    inner = isinstance(detail["loc"][-1], int) and spot.field is not None
    unquoted = detail["type"] == "string_type" and isinstance(detail["input"], int | float)
    hint = f', in quotes: "{value}"' if unquoted else ""
    return f"{name} {'has' if inner else 'is'} {value}, but must be {spot.wanted}{hint}"
