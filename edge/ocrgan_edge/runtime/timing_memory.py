"""What was found out about the speed of targets, kept from one start to the next."""

from __future__ import annotations

import logging
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ocrgan_edge.runtime.processor import read_processor
from ocrgan_edge.whole_file import write_whole

FILE = "target-timings.json"
MOST_KEPT = 20
"""The newest ones: one for each bundle and number of threads."""
RUNTIMES = ("onnxruntime", "openvino")
_log = logging.getLogger(__name__)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Circumstances(_Strict):
    """What a timing holds for; anything else has to be timed again."""

    bundle_sha256: str
    processor: str
    runtimes: dict[str, str]
    """Versions of those that are installed, and of Python's platform."""
    threads: int


class Timing(_Strict):
    """One timing."""

    circumstances: Circumstances
    milliseconds: dict[str, float]
    """Median of a window, by target."""


class _Kept(_Strict):
    schema_version: Literal[1] = 1
    timings: tuple[Timing, ...] = ()
    """The newest last."""


def circumstances(bundle_sha256: str, threads: int) -> Circumstances:
    """Those of this machine and process by now."""
    runtimes = {"platform": platform.machine()}
    for name in RUNTIMES:
        try:
            runtimes[name] = version(name)
        except PackageNotFoundError:
            continue
    return Circumstances(
        bundle_sha256=bundle_sha256,
        processor=read_processor().model,
        runtimes=runtimes,
        threads=threads,
    )


def recall(folder: Path, wanted: Circumstances) -> dict[str, float] | None:
    """Median milliseconds by target; None if nothing is known for these circumstances."""
    for timing in _read(folder / FILE).timings:
        if timing.circumstances == wanted:
            return timing.milliseconds
    return None


def remember(folder: Path, found: Timing) -> None:
    """Keeps a timing; a disk that refuses costs no more than the next start another second."""
    others = [t for t in _read(folder / FILE).timings if t.circumstances != found.circumstances]
    kept = _Kept(timings=(*others, found)[-MOST_KEPT:])
    try:
        write_whole(folder / FILE, kept.model_dump_json(indent=1).encode())
    except OSError as error:
        _log.warning("how fast the targets are cannot be remembered (%s)", error)


def _read(file: Path) -> _Kept:
    """What is kept; nothing if the file is not there or cannot be understood: it is made again."""
    try:
        return _Kept.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return _Kept()
