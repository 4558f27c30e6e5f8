"""Which trainings an ablation is made of: rows of settings, some seeds each."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ocrgan_edge.errors import OcrganError, SettingsError
from ocrgan_training.asked_network import settled
from ocrgan_training.network.presets import NetworkConfig
from ocrgan_training.options import parse_size

TEMPORAL = {
    "base": "none",
    "+ basic temporal": "basic",
    "+ multi-scale": "multi-scale",
    "+ hierarchical": "hierarchical",
    "full": "full",
}
"""The chain of the network's parts over time: name → `--temporal`."""
LENGTHS = (8, 12, 16, 20, 24)
SIZES = (32, 64, 128, 224)
AXES = ("temporal", "frames", "size")
_SAME_NAMES = ("temporal", "frames", "reduction", "hidden_frames")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Network(_Strict):
    """Settings of the network, by the names that `ocrgan-train` has; None: its own default."""

    preset: str | None = None
    temporal: str | None = None
    reduction: int | None = None
    frames: int | None = None
    size: str | int | None = None
    width: int | None = None
    hidden_frames: int | None = None

    def over(self, common: Network) -> Network:
        """These settings, and the common ones where there are none."""
        given = {name: value for name, value in self if value is not None}
        return common.model_copy(update=given)

    def config(self) -> NetworkConfig:
        """The network that `ocrgan-train` makes of them.

        Raises:
            SettingsError: they cannot work.
        """
        values: dict[str, Any] = {"base_width": self.width}
        values |= {name: getattr(self, name) for name in _SAME_NAMES}
        if self.size is not None:
            values["height"], values["width"] = parse_size(str(self.size))
        return settled(self.preset, values)

    def options(self) -> list[str]:
        """As options of `ocrgan-train`."""
        return [
            part
            for name, value in self
            if value is not None
            for part in (f"--{name.replace('_', '-')}", str(value))
        ]


WINDOWS = Network(temporal="full")
"""Where nothing is said: an ablation compares the parts of the network that sees windows."""


class RowSettings(Network):
    """One row of the table."""

    name: str
    group: str = ""
    """Rows of one group stand together."""

    seeds: tuple[int, ...] | None = Field(default=None, min_length=1)
    """Of this row alone."""


class GridFile(_Strict):
    """`grid.toml`."""

    minutes: float | None = Field(default=None, gt=0)
    steps: int | None = Field(default=None, gt=0)
    """Of every training: this or `minutes`."""
    seeds: tuple[int, ...] = (1, 2, 3)
    hop: int = Field(default=4, ge=1)
    network: Network = Network()
    """What all rows share."""
    row: tuple[RowSettings, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Row:
    """One row: a network, trained with every seed."""

    name: str
    group: str
    network: Network
    seeds: tuple[int, ...]

    @property
    def folder(self) -> str:
        """Its name as part of a path."""
        text = f"{self.group} {self.name}" if self.group else self.name
        return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "row"


@dataclass(frozen=True)
class Grid:
    """All rows and how each is trained."""

    rows: tuple[Row, ...]
    budget: tuple[str, str]
    """Option and value of `ocrgan-train`, for example `("--minutes", "10")`."""
    hop: int = 4
    train_options: tuple[str, ...] = field(default=())
    """More options for every training."""


def read_grid(path: Path) -> Grid:
    """Reads a grid file.

    Raises:
        SettingsError: it is missing, no TOML, or has settings that cannot work; the message says
            where.
    """
    try:
        file = GridFile.model_validate(tomllib.loads(path.read_text()))
    except OSError as error:
        raise SettingsError(f"grid {path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"grid {path} is no TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"grid {path}: {where}: {first['msg']}") from error
    common = file.network.over(WINDOWS)
    rows = tuple(
        Row(row.name, row.group, _network_of(row).over(common), row.seeds or file.seeds)
        for row in file.row
    )
    return checked(Grid(rows, budget(file.minutes, file.steps), file.hop))


def standard_grid(
    axes: tuple[str, ...], common: Network, seeds: tuple[int, ...], grid: Grid
) -> Grid:
    """The rows of the known axes, in the place of those that `grid` has.

    Args:
        axes: of `AXES`.
        common: what all rows share.
        seeds: of every row.
        grid: budget and hop.

    Raises:
        SettingsError: there is no such axis, or a row cannot work.
    """
    rows: list[Row] = []
    for axis in axes:
        if axis not in AXES:
            raise SettingsError(f"there is no axis {axis!r}, wanted {', '.join(AXES)}")
        rows += _axis(axis, common, seeds)
    return checked(replace(grid, rows=tuple(rows)))


def checked(grid: Grid) -> Grid:
    """The same grid, once every row is known to work.

    Raises:
        SettingsError: a row cannot, two have one name, or there is no seed.
    """
    seen: set[str] = set()
    for row in grid.rows:
        if not row.seeds:
            raise SettingsError("an ablation wants one seed or more")
        if row.folder in seen:
            raise SettingsError(f"two rows of the ablation are called {row.name!r}")
        seen.add(row.folder)
        try:
            row.network.config()
        except OcrganError as error:
            raise SettingsError(f"row {row.name!r} of the ablation: {error}") from error
    return grid


def budget(minutes: float | None, steps: int | None) -> tuple[str, str]:
    """What every training may spend.

    Raises:
        SettingsError: neither or both are given.
    """
    if (minutes is None) == (steps is None):
        raise SettingsError("an ablation wants minutes or steps for each training, one of them")
    return ("--steps", str(steps)) if minutes is None else ("--minutes", f"{minutes:g}")


def _network_of(row: RowSettings) -> Network:
    return Network(**row.model_dump(exclude={"name", "group", "seeds"}))


def _axis(axis: str, common: Network, seeds: tuple[int, ...]) -> list[Row]:
    if axis == "temporal":
        variants = [(name, Network(temporal=value)) for name, value in TEMPORAL.items()]
        group = "parts"
    elif axis == "frames":
        variants = [(f"T = {n}", Network(frames=n)) for n in LENGTHS]
        group = "window"
    else:
        variants = [(f"{n}×{n}", Network(size=n)) for n in SIZES]
        group = "size"
    return [Row(name, group, network.over(common), seeds) for name, network in variants]
