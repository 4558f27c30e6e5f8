"""Settings of a daemon with one camera, as the command line gives them; `models` replaces them."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ocrgan_edge.errors import SettingsError

NonNegative = Annotated[float, Field(ge=0, le=3600, description="between 0 and 3600 seconds")]


class Settings(BaseModel):
    """One daemon with one camera. Each field's description is its range, for messages."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    camera: Annotated[str, Field(min_length=1, description="a source of frames")]
    bundle: Path
    name: str = "camera"
    node: str = Field(default_factory=lambda: platform.node() or "node")
    prefix: str = "ocrgan"
    target: str | None = None
    """One of the bundle's graphs; by default the best for this machine."""
    threads: Annotated[int | None, Field(ge=1, le=256, description="between 1 and 256")] = None
    realtime: bool = False
    """Play a recording at the pace at which it was taken."""
    fps: Annotated[
        float | None, Field(gt=0, le=1000, description="above 0 and at most 1000 frames per second")
    ] = None
    """Overrides a recording's own rate."""
    hop: Annotated[int | None, Field(ge=1, description="1 or more frames")] = None
    """Frames between two windows; by default that with which the bundle was calibrated."""
    threshold: Annotated[float | None, Field(description="a number")] = None
    """Overrides the bundle's; sensitivity then counts from this one."""
    sensitivity: Annotated[float, Field(ge=0.1, le=10, description="between 0.1 and 10")] = 1.0
    """2 halves the threshold's distance from the median score of normal life, 0.5 doubles it."""
    minimum_duration: NonNegative = 0.8
    cool_down: NonNegative = 2.0
    score_interval: NonNegative = 1.0
    """Least seconds between two published scores."""
    update_interval: NonNegative = 2.0
    """Least seconds of media time between two `update` messages of an event."""


def make_settings(**values: Any) -> Settings:
    """Settings from command-line options; an option that is None keeps its default.

    Raises:
        SettingsError: a value is out of its range; the message names value and range.
    """
    given = {name: value for name, value in values.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        wanted = Settings.model_fields[name].description or first["msg"]
        raise SettingsError(
            f"{name.replace('_', ' ')} is {first['input']!r}, but must be {wanted}"
        ) from error
