"""One preset through every runtime, in turn: `make bench PRESETS=nano`.

Settings, as the environment: OCRGAN_PRESETS (names, comma between), OCRGAN_BENCH (folder that
keeps the graphs), OCRGAN_BENCH_SECONDS (for the rounds of a preset, 60 by default),
OCRGAN_BENCH_WITHOUT (targets to leave out).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from alone import measure_alone
from graphs import Graphs
from in_turn import Race, clock_for, rounds_in
from layers import milliseconds_by_kind
from packages import NEEDS, installed_bytes
from plain_convolution import MACS, plain_convolutions
from pytest_benchmark.fixture import BenchmarkFixture
from targets import OURS, run_of, target_names

from ocrgan_training.network.cost import count_cost

PRESETS = os.environ.get("OCRGAN_PRESETS", "nano").split(",")
FOLDER = Path(os.environ.get("OCRGAN_BENCH", "runs/benchmarks"))
WITHOUT = os.environ.get("OCRGAN_BENCH_WITHOUT", "").split(",")
SECONDS = float(os.environ.get("OCRGAN_BENCH_SECONDS", "60"))
ALONE = ("torch-eager", *OURS)
IN_TWO_THREADS = ("torch-eager", "onnx-fp32", "onnx-int8", "openvino-fp32", "openvino-int8")


@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", PRESETS)
def test_a_window_through_every_runtime(benchmark: BenchmarkFixture, name: str) -> None:
    benchmark.group = "all targets once"
    benchmark.name = name
    graphs = Graphs(name, FOLDER / name)
    missing = {target: "left out" for target in target_names() if target in WITHOUT}
    about = {"preset": name, "macs": count_cost(graphs.config).macs, "convolution_macs": MACS}
    benchmark.extra_info.update(
        about,
        load_before=os.getloadavg(),
        sizes=sizes(graphs),
        missing=missing,
    )
    race = Race(candidates(graphs, 1, target_names(), missing), clock_for(1))
    benchmark.pedantic(race.round, rounds=rounds_in(race, SECONDS), warmup_rounds=1)
    benchmark.extra_info["seconds"] = race.seconds
    benchmark.extra_info["two_threads"] = in_two_threads(graphs)
    benchmark.extra_info["alone"] = alone(graphs)
    benchmark.extra_info["layers"] = {
        target: milliseconds_by_kind(graphs, target) for target in ("onnx-int8", "openvino-int8")
    }
    benchmark.extra_info["load_after"] = os.getloadavg()
    assert set(OURS) <= race.seconds.keys()


def candidates(
    graphs: Graphs, threads: int, names: tuple[str, ...], missing: dict[str, str]
) -> dict[str, Callable[[], object]]:
    """Each target on the newest window, and the plain convolutions; what cannot run is told."""
    window = graphs.windows[-1]
    found: dict[str, Callable[[], object]] = {}
    for target in names:
        if target in WITHOUT:
            continue
        try:
            run = run_of(graphs, target, threads)
            run(window)
        except Exception as error:  # whatever a compiler or a quantizer comes up with
            missing[target] = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        else:
            found[target] = partial(run, window)
    convolutions = plain_convolutions(threads)
    return found | {f"convolution-{name}": run for name, run in convolutions.items()}


def in_two_threads(graphs: Graphs) -> dict[str, list[float]]:
    """Wall time; nothing on a machine with one processor."""
    if len(os.sched_getaffinity(0)) < 2:
        return {}
    race = Race(candidates(graphs, 2, IN_TWO_THREADS, {}), clock_for(2))
    race.round()
    for _ in range(rounds_in(race, SECONDS) // 2):
        race.round()
    return race.seconds


def alone(graphs: Graphs) -> dict[str, dict[str, float]]:
    """Start and memory of the targets that somebody would install."""
    about: dict[str, Any] = {
        "preset": graphs.name,
        "grid": graphs.grid,
        "input": graphs.spec.model_dump(),
    }
    (graphs.folder / "about.json").write_text(json.dumps(about))
    return {target: measure_alone(graphs.folder, target) for target in ALONE}


def sizes(graphs: Graphs) -> dict[str, dict[str, int]]:
    """Bytes of every graph, and of what is installed to run it."""
    of_graphs = {}
    for target in OURS:
        path = graphs.file(target)
        of_graphs[target] = path.stat().st_size
        if target.startswith("openvino"):
            of_graphs[target] += path.with_suffix(".bin").stat().st_size
    return {"graphs": of_graphs, "installed": {each: installed_bytes(each) for each in NEEDS}}
