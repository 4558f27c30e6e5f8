"""Expected frames per second on small computers: an estimate, computed from what a window costs.

`PYTHONPATH=packaging python -m arm64.estimates --write` puts the tables into docs/devices.md. A
window's or a frame's cycles on one core are those of its multiplications, as fast as in a large
convolution, and those of everything else, of which there are more on a smaller core. Both come from
one core of Zen 3 (`efficiency`). docs/devices.md has the reasons and the sources.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from ocrgan_training.network.cost import count_cost
from ocrgan_training.network.presets import PRESETS
from ocrgan_training.network.streaming.cost import count_step

PAGE = Path(__file__).parents[2] / "docs/devices.md"
BEGIN = "<!-- table: PYTHONPATH=packaging python -m arm64.estimates --write -->\n"
END = "<!-- end of the table -->\n"
SHOWN = ("nano", "small", "base", "large")
HOP = 4
"""Frames between two windows, the usual one of graphs that see windows."""
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
OTHER_STEPS = {"nano": 0.556, "small": 0.366, "base": 0.370, "large": 0.304}
"""The same of a single frame in a graph that steps: there is less to multiply for all the rest."""


def frames_per_second(macs: float, other: float, device: Device, hop: int = 1) -> float:
    """Frames of the camera that one core keeps up with.

    Args:
        macs: millions in a window, or in a frame of a graph that steps.
        other: cycles of Zen 3 for each, beyond those of a large convolution.
        device: the computer in question.
        hop: new frames from one window to the next.
    """
    cycles = macs * (1 / (device.macs_per_cycle * SHARE) + other * device.slower)
    return hop * device.gigahertz * 1e3 / cycles


def window_macs() -> dict[str, float]:
    """Millions in a window, of the presets as they are now."""
    return {name: count_cost(PRESETS[name]).macs / 1e6 for name in SHOWN}


def frame_macs() -> dict[str, float]:
    """Millions in a frame of a graph that steps, as it is by default."""
    configs = {name: replace(PRESETS[name], causal=True, patches="slim") for name in SHOWN}
    return {name: count_step(config).macs / 1e6 for name, config in configs.items()}


def tables(windows: Mapping[str, float], frames: Mapping[str, float]) -> str:
    """The tables of docs/devices.md, from million MACs."""
    return "\n".join(
        [
            _table("every frame, million MACs a frame", frames, OTHER_STEPS, 1),
            _table(f"a window every {HOP} frames, million MACs a window", windows, OTHER, HOP),
        ]
    )


def _table(what: str, macs: Mapping[str, float], other: Mapping[str, float], hop: int) -> str:
    lines = [f"| {what} | | {' | '.join(d.name for d in DEVICES)} |"]
    lines.append("|" + "---|" * (len(DEVICES) + 2))
    for name, count in macs.items():
        speeds = (frames_per_second(count, other[name], device, hop) for device in DEVICES)
        ranges = (f"{_round(speed / UNSURE)}–{_round(speed * UNSURE)}" for speed in speeds)
        lines.append(f"| `{name}` | {count:,.0f} | {' | '.join(ranges)} |")
    return "\n".join(lines) + "\n"


def page_with(page: str, new: str) -> str:
    """The page with new tables between its marks."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{new}\n{END}{after}"


def _round(value: float) -> str:
    """To two digits at most: more would be a lie."""
    return f"{value:.0f}" if value >= 10 else f"{value:.1g}" if value < 1 else f"{value:.1f}"


def command(
    write: Annotated[bool, typer.Option("--write", help="Into docs/devices.md.")] = False,
) -> None:
    """Prints the tables of expected frames per second, or writes them into docs/devices.md."""
    new = tables(window_macs(), frame_macs())
    if write:
        PAGE.write_text(page_with(PAGE.read_text(), new))
    else:
        print(new, end="")


if __name__ == "__main__":
    typer.run(command)
