"""What a value must be, in words that end the sentence "NAME is VALUE, but must be …"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from ocrgan_edge.alerts.topics import check_level
from ocrgan_edge.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Wanted:
    """Range and unit of a field; makes error sentences and the reference."""

    text: str


class NotWanted(PydanticCustomError):
    """The value is not what the field's `Wanted` says; for validators with nothing to add."""

    def __new__(cls) -> NotWanted:
        """Needs no words."""
        return super().__new__(cls, "not_wanted", "not what is wanted")


def wanted_of(field: FieldInfo) -> str | None:
    """What the field's annotation says that its value must be."""
    return next((note.text for note in field.metadata if isinstance(note, Wanted)), None)


class Table(BaseModel):
    """A table of the file: nothing but its keys, no type but the right one, never changed."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        validate_by_name=True,
        validate_by_alias=True,
        use_attribute_docstrings=True,
    )


def _levels(text: str) -> str:
    for level in text.split("/"):
        _level(level)
    return text


def _level(text: str) -> str:
    try:
        return check_level("name", text)
    except SettingsError as error:  # which pydantic would let through
        raise NotWanted from error


LEVEL = "a name for an MQTT topic: not empty, without / + # and control characters, no $ at first"
SECONDS = "a number of seconds between 0 and 3600"

Name = Annotated[str, AfterValidator(_level), Wanted(LEVEL)]
Names = Annotated[
    str, AfterValidator(_levels), Wanted(f"one or more names with / between: {LEVEL}")
]
Seconds = Annotated[float, Field(ge=0, le=3600), Wanted(SECONDS)]
Truth = Annotated[bool, Wanted("true or false")]
