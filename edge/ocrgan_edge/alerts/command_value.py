"""The value that a command's payload says.

A payload is plain text (`ON`, `2.5`, `low`), bare JSON (`true`, `2.5`, `"low"`) or a JSON object
with `value` alone.
"""

from __future__ import annotations

import json
import re
from typing import Any

from ocrgan_edge.errors import SettingsError

LONGEST_PAYLOAD = 1000
"""Bytes."""
SHOWN = 60
"""Characters of a bad value in a sentence."""
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


class CommandError(SettingsError):
    """A command cannot be obeyed; nothing of it was done."""


def read_value(payload: bytes) -> object:
    """What a payload says, as a JSON value; text that is no JSON is itself.

    Raises:
        CommandError: it is too long, no UTF-8, or an object with other fields than `value`.
    """
    if len(payload) > LONGEST_PAYLOAD:
        raise CommandError(
            f"the command has {len(payload)} bytes, but must have at most {LONGEST_PAYLOAD}"
        )
    try:
        text = payload.decode().strip()
    except UnicodeDecodeError as error:
        raise CommandError(f"the command is {shown(payload)}, but must be UTF-8 text") from error
    try:
        value: object = json.loads(text, object_pairs_hook=_only_value)
    except (ValueError, RecursionError):
        return text
    return value


def _only_value(pairs: list[tuple[str, Any]]) -> object:
    if [name for name, _ in pairs] != ["value"]:
        names = shown([name for name, _ in pairs])
        raise CommandError(f"the command has the fields {names}, but must have value alone")
    return pairs[0][1]


def number_within(value: object, bounds: tuple[float, float]) -> float | None:
    """The number that a value says, if it lies within the bounds; never NaN."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if bounds[0] <= value <= bounds[1] else None


def shown(value: object) -> str:
    """A bad value as a sentence shows it."""
    try:
        text = repr(value)
    except RecursionError:
        text = "a nest of lists"
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
