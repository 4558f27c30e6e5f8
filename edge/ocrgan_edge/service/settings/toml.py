"""Values as TOML writes them."""

from __future__ import annotations

import json
import math
import re
from datetime import date, time
from pathlib import Path
from typing import Any


def toml_value(value: Any) -> str:
    """A text, number, truth, date, path, list or table on one line."""
    match value:
        case str() | Path():
            return _text(str(value))
        case bool():
            return "true" if value else "false"
        case float() if not math.isfinite(value):
            return str(value)
        case date() | time():
            return value.isoformat()
        case list() | tuple():
            return f"[{', '.join(map(toml_value, value))}]"
        case dict():
            pairs = (f"{toml_key(key)} = {toml_value(inner)}" for key, inner in value.items())
            return f"{{{', '.join(pairs)}}}"
    return str(value)


def toml_key(key: str) -> str:
    """One key, in quotes where it needs them."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _text(key)


def _text(text: str) -> str:
    # TOML's escapes are JSON's; JSON leaves one control character as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
