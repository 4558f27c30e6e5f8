"""One frame through every graph that steps, in turn with one window: `make bench PRESETS=nano`.

Settings as of `test_speed.py`. Networks have random weights, ranges come from the rendered scene:
neither changes a frame's time. 100 ms over a frame's time is how many cameras at 10 frames/s one
core carries, each frame scored.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest
from graphs import Graphs
from in_turn import Race, clock_for, rounds_in
from pytest_benchmark.fixture import BenchmarkFixture
from step_graphs import TARGETS, StepGraphs
from targets import run_of

from ocrgan_training.network.cost import count_cost
from ocrgan_training.network.streaming.cost import count_step

PRESETS = os.environ.get("OCRGAN_PRESETS", "nano").split(",")
FOLDER = Path(os.environ.get("OCRGAN_BENCH", "runs/benchmarks"))
SECONDS = float(os.environ.get("OCRGAN_BENCH_SECONDS", "60"))
PATCHES = ("stack", "slim")


@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", PRESETS)
def test_a_frame_in_turn_with_a_window(benchmark: BenchmarkFixture, name: str) -> None:
    benchmark.group = "a frame against a window"
    benchmark.name = name
    windows = Graphs(name, FOLDER / name)
    steps = {patches: StepGraphs(windows, patches) for patches in PATCHES}
    macs = {patches: count_step(made.config).macs for patches, made in steps.items()}
    benchmark.extra_info.update(
        preset=name,
        load_before=os.getloadavg(),
        macs={"window": count_cost(windows.config).macs, **macs},
    )
    race = Race(candidates(windows, steps), clock_for(1))
    rounds = rounds_in(race, SECONDS)
    benchmark.pedantic(race.round, rounds=rounds, warmup_rounds=1)
    benchmark.extra_info["seconds"] = race.seconds
    benchmark.extra_info["state_bytes"] = {
        patches: made.state_bytes for patches, made in steps.items()
    }
    assert len(race.seconds) == len(TARGETS) * (1 + len(PATCHES))


def candidates(windows: Graphs, steps: Mapping[str, StepGraphs]) -> dict[str, Callable[[], object]]:
    """By form and target, as `window/onnx-int8` and `slim/onnx-int8`."""
    newest = windows.windows[-1]
    found: dict[str, Callable[[], object]] = {}
    for target in TARGETS:
        found[f"window/{target}"] = partial(run_of(windows, target, threads=1), newest)
        for patches, made in steps.items():
            found[f"{patches}/{target}"] = made.run_of(target)
    return found
