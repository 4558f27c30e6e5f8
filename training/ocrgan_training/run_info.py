"""What a run folder says about itself: `run.json`, and the same inside the checkpoint."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from ocrgan_edge.errors import DataError
from ocrgan_training.network.presets import NetworkConfig

RUN_FILE = "run.json"
SOURCES = ("edge", "training")
"""Folders whose uncommitted changes make a result another one."""
PACKAGES = ("ocrgan-edge", "torch", "numpy", "opencv-python-headless")


class RunInfo(BaseModel):
    """Everything needed to repeat a training or to judge it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: int = 1
    config: dict[str, Any]
    """`NetworkConfig.to_dict()`."""
    data: str
    """The data set's folder."""
    clips: tuple[str, ...]
    """Names of the clips that were trained on."""
    held_out: tuple[str, ...]
    """Names of normal clips that were not."""
    sha256: dict[str, str]
    """Of every one of these clips."""
    frames_per_second: float
    """The model's clock."""
    seed: int
    settings: dict[str, Any]
    """Of the loader, the step and the learning rates."""
    budget: dict[str, float | int | None]
    parameters: int
    commit: str | None = None
    versions: dict[str, str] = {}
    threads: int = 1
    """Of each process."""
    processes: int = 1
    engine: dict[str, Any] = {}
    """Device, precision and the like."""
    teachers: tuple[dict[str, str], ...] = ()
    """Names of the runs that taught the local discriminator, and their checkpoints' SHA-256."""
    finished: bool = False
    step: int = 0
    epoch: float = 0.0
    seconds: float = 0.0
    windows_seen: int = 0
    stacks_seen: int = 0
    held_out_losses: dict[str, float] = {}
    """Of the averaged weights, at the last epoch's end."""

    @model_validator(mode="before")
    @classmethod
    def _of_one_teacher(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Runs of before there could be several name one."""
        if isinstance(values, dict) and "teacher" in values:
            teacher, others = values["teacher"], {**values}
            del others["teacher"]
            return {**others, "teachers": (teacher,) if teacher else ()}
        return values

    @property
    def network(self) -> NetworkConfig:
        """The network's settings."""
        return NetworkConfig.from_dict(self.config)

    def differs(self, other: RunInfo) -> str | None:
        """The first thing that makes two trainings different ones, told with both values."""
        for name in ("frames_per_second", "seed", "held_out", "sha256"):
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine != theirs:
                return f"{name} {_brief(mine)} instead of {_brief(theirs)}"
        one, two = (
            ", ".join(sorted(each["sha256"][:12] for each in info.teachers)) or "none"
            for info in (self, other)
        )
        if one != two:
            return f"teacher {one} instead of {two}"
        return _first_difference(self.config, other.config) or _first_difference(
            self.settings, other.settings
        )


def _first_difference(mine: dict[str, Any], theirs: dict[str, Any]) -> str | None:
    for name in sorted(mine.keys() & theirs.keys()):  # an older run lacks the newest settings
        one, two = mine[name], theirs[name]
        if isinstance(one, dict) and isinstance(two, dict):
            if inner := _first_difference(one, two):
                return f"{name}.{inner}"
        elif one != two:
            return f"{name} {one} instead of {two}"
    return None


def _brief(value: object) -> str:
    text = str(value)
    return text if len(text) < 60 else f"{text[:57]}…"


def plain(value: object) -> Any:
    """Settings as JSON gives them back: tuples become lists."""
    return json.loads(json.dumps(value))


def read_info(run: Path) -> RunInfo | None:
    """What `run`/run.json says; None where there is none.

    Raises:
        DataError: the file is not what a training writes.
    """
    file = run / RUN_FILE
    try:
        return parse_info(file.read_text(), file)
    except FileNotFoundError:
        return None


def parse_info(text: str, source: Path) -> RunInfo:
    """Checked fields of a run.

    Raises:
        DataError: they are not what a training writes.
    """
    try:
        return RunInfo.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DataError(f"{source} does not describe a run: {where}: {first['msg']}") from error


def write_info(run: Path, info: RunInfo) -> None:
    """Writes `run`/run.json whole or not at all."""
    partial = run / (RUN_FILE + ".partial")
    partial.write_text(info.model_dump_json(indent=1) + "\n")
    os.replace(partial, run / RUN_FILE)


def installed_versions() -> dict[str, str]:
    """Of Python and the packages that a result may depend on."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def source_commit() -> str | None:
    """The git commit of the source tree this runs from, `+` for uncommitted changes, if any."""
    folder = Path(__file__).parents[2]
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no", "--", *SOURCES)
    except (OSError, subprocess.SubprocessError):
        return None
    return commit + ("+" if changed else "")


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *words], capture_output=True, text=True, timeout=10, check=True
    )
    return done.stdout.strip()
