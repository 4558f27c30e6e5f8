"""One line of the doctor's report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

State = Literal["ok", "warning", "failed"]
ORDER: tuple[State, ...] = ("ok", "warning", "failed")
Data = Mapping[str, float | int | str | bool | None | list[str] | dict[str, float] | dict[str, int]]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Finding(_Strict):
    """What was looked at, what was found, and what to do."""

    about: str
    """`device`, `broker`, `bundle`, or a target's name."""
    name: str
    """What was looked at, in small letters with `_`: never changed once published."""
    state: State
    value: str
    """What was found, for a person to read."""
    advice: str | None = None
    """One sentence what to do; None where all is well."""
    data: Data = Field(default_factory=dict)
    """The same as numbers and names."""


class Report(_Strict):
    """All lines; what `--json` prints."""

    schema_version: Literal[1] = 1
    version: str
    """Of ocrgan-edge."""
    state: State
    """The worst of all."""
    findings: tuple[Finding, ...]


def worst(findings: Iterable[Finding]) -> State:
    """The worst state of all; `ok` of none."""
    return max((finding.state for finding in findings), key=ORDER.index, default="ok")
