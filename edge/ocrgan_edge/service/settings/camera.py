"""What one camera can be told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from ocrgan_edge.detection.alarm import COOL_DOWN, MINIMUM_DURATION
from ocrgan_edge.detection.polygon import check_polygon
from ocrgan_edge.detection.schedule import Schedule
from ocrgan_edge.detection.sensitivity import factor_of
from ocrgan_edge.detection.settled import SETTLE_AFTER
from ocrgan_edge.errors import SettingsError
from ocrgan_edge.runtime.open_scorer import WantedForm
from ocrgan_edge.service.settings.wanted import Name, Seconds, Table, Truth, Wanted

Share = Annotated[float, Field(ge=0, le=1)]
Point = Annotated[tuple[Share, Share], Field(strict=False)]


_NO_FILE = re.compile(r"\d+|/dev/.*|[A-Za-z][\w+.-]*://.*|(scene|picamera)(:.*)?", re.DOTALL)


def is_file_source(source: str) -> bool:
    """Whether a source is a path: no camera's number or device, stream, picamera or scene."""
    return _NO_FILE.fullmatch(source) is None


class ZoneSettings(Table):
    """A polygon in the picture."""

    name: Name
    """Told in the event as the place of the anomaly."""
    points: Annotated[
        tuple[Point, ...],
        Field(strict=False, min_length=3),
        Wanted(
            "three or more corners [x, y], each a share 0 … 1 of the picture's width and height"
        ),
    ]
    """Corners, from the upper left of the picture."""
    kind: Annotated[Literal["watch", "ignore"], Wanted('"watch" or "ignore"')] = "watch"
    """Anomalies count inside `watch` zones only, if there are any, and never inside `ignore`."""

    @model_validator(mode="after")
    def _has_an_area(self) -> ZoneSettings:
        subject = "its polygon"
        try:
            check_polygon(subject, self.points)
        except SettingsError as error:
            raise ValueError(str(error).removeprefix(f"{subject} ")) from error
        return self


def _times(entries: tuple[str, ...]) -> tuple[str, ...]:
    try:
        Schedule(entries)
    except SettingsError as error:
        raise ValueError(str(error).removeprefix("schedule ")) from error
    return entries


class CameraSettings(Table):
    """One camera and the bundle that knows its normal life."""

    source: Annotated[
        str,
        Field(min_length=1),
        Wanted(
            'text such as "0", "/dev/video0", a stream\'s address, a file, a folder, or "scene"'
        ),
    ]
    """Camera's number or device, rtsp:// or http:// stream, video file, folder of frames, picamera
    or scene."""
    source_password_file: Annotated[
        Path | None, Field(strict=False), Wanted("the path of a file")
    ] = None
    """Its first line is the stream's password, for the user named in `source`."""
    bundle: Annotated[Path, Field(strict=False), Wanted("the path of a .ocrgan file")]
    """The model, made for this camera."""
    enabled: Truth = True
    """Whether it is watched until a command says otherwise."""
    schedule: Annotated[
        tuple[str, ...],
        Field(strict=False),
        AfterValidator(_times),
        Wanted('a list of times such as "22:00-06:00", "Mon-Fri 08:00-18:00" or "Sat,Sun"'),
    ] = ()
    """When it is watched, in local time; always if there are none."""
    sensitivity: Annotated[
        Annotated[float, Field(ge=0.1, le=10)] | Literal["low", "medium", "high"],
        Wanted('"low", "medium", "high" or a number between 0.1 and 10'),
    ] = "medium"
    """2 halves the threshold's distance from the median score of normal life, 0.5 doubles it; low
    is 0.67, medium 1, high 1.5."""
    threshold: Annotated[float | None, Wanted("a number")] = None
    """Overrides the bundle's; sensitivity then counts from this one."""
    calibration: Annotated[
        Path | None,
        Field(strict=False),
        Wanted("the path of a file that ocrgan-calibrate --camera has written"),
    ] = None
    """What is normal at the camera's place, instead of what the bundle says; a calibration by
    command counts more."""
    false_alarms_per_day: Annotated[
        float | None,
        Field(gt=0, le=1000),
        Wanted("a number above 0, at most 1000"),
    ] = None
    """How rarely normal life may raise an alarm, for a calibration by command; by default as the
    bundle was calibrated."""
    night: Annotated[
        Annotated[tuple[str, ...], Field(strict=False), AfterValidator(_times)]
        | Literal["brightness"]
        | None,
        Wanted('a list of times such as "20:00-06:00", or "brightness"'),
    ] = None
    """When night's own calibration holds, in local time; "brightness": while the picture is dark.
    Without it there is one calibration for all hours."""
    follow_drift: Truth = False
    """Let what is usual follow slow changes over days, within bounds; of cameras and streams only.
    """
    minimum_duration: Seconds = MINIMUM_DURATION
    """Seconds above the threshold that raise an alarm."""
    cool_down: Seconds = COOL_DOWN
    """Quiet seconds that end an alarm; anomalies nearer to each other are one event."""
    hold_off: Seconds = 0.0
    """Seconds after an event in which no new one begins."""
    settle_after: Annotated[
        float, Field(ge=0, le=86_400), Wanted("a number of seconds between 0 and 86400")
    ] = SETTLE_AFTER
    """Seconds after which something that stays where it is belongs to the scene: its event ends,
    and its place does not count until it has gone. 0: it always counts."""
    zones: Annotated[
        tuple[ZoneSettings, ...],
        Field(strict=False),
        Wanted("a list of tables [[camera.NAME.zones]]"),
    ] = ()
    target: Annotated[
        str | None, Field(min_length=1), Wanted("the name of one of the bundle's graphs")
    ] = None
    """Which of the bundle's graphs; by default the fastest on this machine."""
    form: Annotated[WantedForm, Wanted('"auto", "window" or "step"')] = "auto"
    """Of a bundle with both: graphs that take whole windows, or those that step from frame to
    frame; auto: those that step."""
    hop: Annotated[int | None, Field(ge=1), Wanted("a whole number of frames, 1 or more")] = None
    """Frames between two windows; by default that with which the bundle was calibrated."""
    fps: Annotated[
        float | None,
        Field(gt=0, le=1000),
        Wanted("a number of frames per second above 0, at most 1000"),
    ] = None
    """Overrides a recording's own rate; of a device, the rate to ask it for."""
    realtime: Truth = False
    """Play a recording at the pace at which it was taken."""
    loop: Truth = False
    """Begin a recording again when it ends."""
    score_interval: Seconds = 1.0
    """Least seconds between two published scores."""
    update_interval: Seconds = 2.0
    """Least seconds of media time between two `update` messages of an event."""

    @property
    def sensitivity_factor(self) -> float:
        """The sensitivity as a number."""
        return factor_of(self.sensitivity)

    @model_validator(mode="after")
    def _zones_differ(self) -> CameraSettings:
        names = [zone.name for zone in self.zones]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"has two zones named {twice!r}, but names must differ")
        return self
