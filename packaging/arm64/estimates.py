"""Expected frames per second on small computers: an estimate, computed from what a window costs.

`PYTHONPATH=packaging python -m arm64.estimates --write` puts the table into docs/devices.md. A
window's cycles on one core are those of its multiplications, as fast as in a large convolution, and
those of everything else, of which there are more on a smaller core. Both come from one core of
Zen 3 (`efficiency`). docs/devices.md has the reasons and the sources.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ocrgan_training.network.cost import count_cost
from ocrgan_training.network.presets import PRESETS

PAGE = Path(__file__).parents[2] / "docs/devices.md"
BEGIN = "<!-- table: PYTHONPATH=packaging python -m arm64.estimates --write -->\n"
END = "<!-- end of the table -->\n"
SHOWN = ("nano", "small", "base", "large")
HOP = 4
"""Frames between two windows, the exporter's usual one."""
UNSURE = 1.5
"""The truth is thought to lie within this factor, to both sides."""


@dataclass(frozen=True)
class Device:
    """A small computer."""

    name: str
    gigahertz: float
    """That four busy cores keep up."""
    macs_per_cycle: float
    """8-bit multiply-accumulates of one core at most, as published."""
    slower: float
    """Cycles for everything that is no multiplication, as a multiple of Zen 3's."""


DEVICES = (
    Device("Raspberry Pi 4", gigahertz=1.8, macs_per_cycle=8, slower=4.0),
    Device("Raspberry Pi 5", gigahertz=2.4, macs_per_cycle=32, slower=2.5),
    Device("N100", gigahertz=2.6, macs_per_cycle=32, slower=2.0),
)
SHARE = 0.74
"""Of the published rate, that a large INT8 convolution reaches on Zen 3 (32 a cycle)."""
OTHER = {"nano": 0.222, "small": 0.169, "base": 0.169, "large": 0.169}
"""Cycles of Zen 3 per multiply-accumulate of a window, beyond those of a large convolution."""


def frames_per_second(macs: float, other: float, device: Device) -> float:
    """Frames of the camera that one core keeps up with.

    Args:
        macs: millions in a window.
        other: cycles of Zen 3 for each, beyond those of a large convolution.
        device: the computer in question.
    """
    cycles = macs * (1 / (device.macs_per_cycle * SHARE) + other * device.slower)
    return HOP * device.gigahertz * 1e3 / cycles


def window_macs() -> dict[str, float]:
    """Millions in a window, of the presets as they are now."""
    return {name: count_cost(PRESETS[name]).macs / 1e6 for name in SHOWN}


def table(macs: Mapping[str, float]) -> str:
    """The table of docs/devices.md."""
    lines = [f"| preset | million MACs a window | {' | '.join(d.name for d in DEVICES)} |"]
    lines.append("|" + "---|" * (len(DEVICES) + 2))
    for name, count in macs.items():
        speeds = (frames_per_second(count, OTHER[name], device) for device in DEVICES)
        ranges = (f"{_round(speed / UNSURE)}–{_round(speed * UNSURE)}" for speed in speeds)
        lines.append(f"| `{name}` | {count:,.0f} | {' | '.join(ranges)} |")
    return "\n".join(lines) + "\n"


def page_with(page: str, new: str) -> str:
    """The page with a new table between its marks."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{new}\n{END}{after}"


def _round(value: float) -> str:
    """To two digits at most: more would be a lie."""
    return f"{value:.0f}" if value >= 10 else f"{value:.1g}" if value < 1 else f"{value:.1f}"


def command(
    write: Annotated[bool, typer.Option("--write", help="Into docs/devices.md.")] = False,
) -> None:
    """Prints the table of expected frames per second, or writes it into docs/devices.md."""
    new = table(window_macs())
    if write:
        PAGE.write_text(page_with(PAGE.read_text(), new))
    else:
        print(new, end="")


if __name__ == "__main__":
    typer.run(command)
