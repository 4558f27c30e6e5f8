"""A TOML file as plain values, with the line of each."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from ocrgan_edge.errors import SettingsError
from ocrgan_edge.service.settings.locate import lines_of, statements
from ocrgan_edge.service.settings.tree import Layer

LARGEST = 1 << 20
"""Bytes; nobody writes more settings by hand."""

SENTENCES = {
    r"Cannot overwrite a value": "this key or table is there already",
    r"Cannot declare \((.*?),?\) twice": "the table [{}] is there twice",
    r"Duplicate inline table key '(.*)'": "the key {} is there twice",
    r"Invalid value": 'the value is missing or not TOML: text stands in straight quotes "…", '
    "truth is true or false",
    r"Illegal character '\\n'|Unterminated string|Expected \"['\"]+\"": "a quote is not closed",
    r"Unclosed array": "a [ is not closed",
    r"Unescaped": "a \\ in text must be written \\\\, or the text in single quotes '…'",
    r"Expected '='": "a key needs = and a value",
    r"Expected newline": "there is more on the line than one key and its value",
    r"Expected '\]\]?' at the end of a table": "the name of the table needs a ] after it",
}
"""What the reader says, and what we say."""


def read_document(file: Path) -> Layer:
    """Reads a file of settings.

    Raises:
        SettingsError: it cannot be read or is not TOML; the message names file and line.
    """
    try:
        data = file.read_bytes() if file.stat().st_size <= LARGEST else None
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}") from error
    if data is None:
        raise SettingsError(f"{file} is larger than the {LARGEST} bytes that settings may have")
    try:
        return parse_document(data.decode(), str(file))
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SettingsError(f"{file}:{line}: the file is not UTF-8 text") from error


def parse_document(text: str, name: str) -> Layer:
    """Reads settings from text; `name` stands before line numbers.

    Raises:
        SettingsError: it is not TOML; the message names the line.
    """
    try:
        values = tomllib.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise SettingsError(_syntax(text, name, error)) from error
    lines = lines_of(text.removeprefix("\ufeff"))
    return Layer(values, {path: f"{name}:{line}" for path, line in lines.items()})


def _syntax(text: str, name: str, error: Exception) -> str:
    said = str(error)
    place = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", said)
    if place is None:  # a number of thousands of digits, brackets a thousand deep
        return f"{name}: the file is not TOML ({said})"
    sentence = _sentence(said[: place.start()])
    starts = [*statements(text)] or [(1, "")]
    if place[1] is None:
        line, statement = starts[-1]
        unclosed = said.startswith("Invalid value") and "\n" in statement
        return f"{name}:{line}: {'a [ is not closed' if unclosed else sentence}"
    line = int(place[1])
    start = max((start for start, _ in starts if start <= line), default=line)
    around = f"; it belongs to what begins on line {start}" if start < line else ""
    return f"{name}:{line}: {sentence}{around}"


def _sentence(said: str) -> str:
    for pattern, sentence in SENTENCES.items():
        found = re.match(pattern, said)
        if found:
            what = ".".join(re.findall(r"'([^']*)'", found[0])) if "{}" in sentence else ""
            return sentence.format(what) if what else sentence
    return f"not TOML ({said})"
