"""What the daemon and a decoder process say to each other: JSON over a UNIX socket.

The daemon sends one `Request`, then `NEXT` for every picture it wants. The decoder answers with
`Opened`, then a `Picture` for every `NEXT`, at last `Failed`. Pixels travel in shared memory, whose
descriptor goes with the first picture that lies in it (SCM_RIGHTS, unix(7)).
Nothing but the standard library is imported: the decoder has to be small.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

NEXT = b"next"
LONGEST = 65536
"""Bytes of the longest message."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be decoded."""

    address: str
    """Of the stream, with its password; path of a camera's device; number of a Pi camera."""

    kind: str = "stream"
    """`stream`, `v4l2` or `picamera`."""

    frames_per_second: float | None = None
    """Rate to ask a camera of this machine for."""

    most_per_second: float | None = None
    """Largest rate handed over; None: every frame."""

    widest: int = 1280
    """Pixels; wider pictures are made smaller."""

    retry_for: float = 0.0
    """Seconds in which opening is tried again. It saves starting a process for every attempt."""

    options: dict[str, str] = field(default_factory=dict)
    """More of FFmpeg's options."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The stream answers."""

    rate: float | None
    """Nominal frames per second, where it is known."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture lies in the shared memory."""

    index: int
    """Its number in the stream, 0 first; those left out are counted too."""

    at: float
    """Seconds on the system's monotonic clock when it had arrived."""

    height: int
    width: int
    stride: int
    """Bytes from one row to the next."""

    lost: int
    """Pictures up to here that were damaged, or that nobody took in time."""

    memory: int
    """Bytes of the new shared memory that comes with this message; 0: it is the one before."""


@dataclass(frozen=True, slots=True)
class Failed:
    """There are no more pictures."""

    reason: str
    """Part of a sentence. Never holds the address."""

    final: bool = False
    """Trying again cannot help: this machine cannot do what the settings ask for."""


Message = Request | Opened | Picture | Failed
_KINDS = {kind.__name__: kind for kind in (Request, Opened, Picture, Failed)}


def pack(message: Message) -> bytes:
    """A message as it goes over the line."""
    return json.dumps([type(message).__name__, asdict(message)]).encode()


def unpack(data: bytes) -> Message:
    """The message that `pack` has packed.

    Raises:
        ValueError, KeyError, TypeError: it is none.
    """
    kind, fields = json.loads(data)
    message: Message = _KINDS[kind](**fields)
    return message
