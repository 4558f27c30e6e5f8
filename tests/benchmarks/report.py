"""docs/benchmarks.md and its figure from what `make bench` has measured.

python tests/benchmarks/report.py runs/benchmarks --out docs/benchmarks.md --picture P.png
"""

from __future__ import annotations

import argparse
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from in_turn import times_faster
from measured import NAMES, Measured, read, shown, table
from report_steps import MeasuredSteps, draw_cameras, read_steps, steps_section

from ocrgan_edge.runtime.processor import read_processor

DRAWN = ("torch-eager", "plain-onnx-int8", "plain-openvino-int8", "onnx-int8", "openvino-int8")
FEATURES = ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "amx_int8", "asimddp")
GOALS = (
    ("OpenVINO INT8 against PyTorch", "openvino-int8", "torch-eager", 8.0),
    ("OpenVINO INT8 against a plain export", "openvino-int8", "plain-openvino-int8", 2.0),
    ("ONNX Runtime INT8 against PyTorch", "onnx-int8", "torch-eager", 4.0),
    ("ONNX Runtime INT8 against its FP32", "onnx-int8", "onnx-fp32", 2.5),
    ("ONNX Runtime INT8 faster than its FP32", "onnx-int8", "onnx-fp32", 1.0),
    ("OpenVINO INT8 faster than its FP32", "openvino-int8", "openvino-fp32", 1.0),
)
RATE_OF, RATE_GOAL = "base", 0.4
"""Of the plain INT8 convolution's rate, for this preset."""
KINDS = 8
"""Of layers, that are told."""
DISTURBED = 1.5
"""Times the processor time of one thread that PyTorch's two may take, for their wall time to count:
where it is more, something else had a processor."""


def document(measured: list[Measured], steps: list[MeasuredSteps], picture: str) -> str:
    """The whole page."""
    parts = [_head(measured, picture)]
    for each in measured:
        parts += [f"## {each.preset}", _about(each), _speed(each), _layers(each)]
    if steps:
        parts.append(steps_section(steps))
    parts += ["## Two threads, wall time", _two_threads(measured)]
    parts += ["## Start, memory, size", _alone(measured)]
    parts += ["## Against the goals", _goals(measured)]
    return "\n\n".join(parts) + "\n"


def _head(measured: list[Measured], picture: str) -> str:
    processor = read_processor()
    has = [name for name in FEATURES if name in processor.features]
    lacks = [name for name in FEATURES if name not in processor.features]
    packages = ("torch", "onnxruntime", "openvino", "nncf")
    loads = [load for each in measured for load in (each.info["load_before"][0],)]
    return "\n".join(
        [
            "# Speed",
            "",
            "Written by `make bench`; not to be edited. One preset: `make bench PRESETS=nano`.",
            "",
            f"![Times faster than PyTorch, by preset]({picture})",
            "",
            f"{processor.model}, with {', '.join(has) or 'none'} of these: {', '.join(FEATURES)} "
            f"(not {', '.join(lacks)}). "
            f"{', '.join(f'{name} {version(name)}' for name in packages)}. "
            f"{', '.join(sorted({each.date for each in measured}))}. Load of the machine when a "
            f"preset began: {', '.join(f'{load:.1f}' for load in loads)} (1 is what an otherwise "
            "idle machine shows under this command).",
            "",
            "Networks have random weights. Everything takes its turn within a round: ratios are "
            "medians over rounds, in brackets what a quarter of the rounds was below and above. "
            "Times are processor time of one thread, so that other work on the machine counts "
            "little. GMAC/s counts the network's multiply-adds; the share is of one large plain "
            "convolution (128 → 128 channels, 64×64, 3×3) in the runtime that does it best, in the "
            "same rounds. “Plain export” is `torch.onnx.export` as it comes, then each quantizer "
            "and runtime with its defaults: OpenVINO's compute in BF16 where the processor can.",
            "",
            "`ONEDNN_MAX_CPU_ISA` can only take instructions away: columns for AMX and for "
            "AVX2-VNNI need a processor that has them.",
        ]
    )


def _about(each: Measured) -> str:
    rates = {precision: each.convolution_rate(precision) for precision in ("fp32", "int8")}
    rounds = len(next(iter(each.seconds.values())))
    missing = "".join(
        f" {NAMES.get(target, target)} did not run ({reason})."
        for target, reason in each.info["missing"].items()
    )
    return (
        f"{each.info['macs'] / 1e6:,.0f} million multiply-adds a window; {rounds} rounds. The "
        f"plain convolution: {rates['fp32']:.0f} GMAC/s in FP32, {rates['int8']:.0f} in INT8."
        + missing
    )


def _speed(each: Measured) -> str:
    rows = []
    for target in each.targets:
        precision = "int8" if target.endswith("int8") else "fp32"
        share = each.rate(target) / each.convolution_rate(precision)
        rows.append(
            (
                NAMES[target],
                f"{median(each.seconds[target]) * 1e3:.1f}",
                _ratio(each, target, "torch-eager"),
                _ratio(each, target, f"plain-{target}"),
                f"{each.rate(target):.1f}",
                f"{share:.0%}",
            )
        )
    head = ("", "ms", "× PyTorch", "× the plain export", "GMAC/s", "of a plain convolution")
    return table(head, rows)


def _ratio(each: Measured, target: str, than: str) -> str:
    if target == than or than not in each.seconds:
        return ""
    return shown(times_faster(each.seconds, target, than))


def _layers(each: Measured) -> str:
    told = []
    for target, kinds in each.info["layers"].items():
        whole = sum(kinds.values())
        most = ", ".join(f"{kind} {ms / whole:.0%}" for kind, ms in list(kinds.items())[:KINDS])
        told.append(f"Where {NAMES[target].strip('*')} spends it: {most}.")
    return "\n".join(told)


def _two_threads(measured: list[Measured]) -> str:
    """Wall time, unlike the processor time of one thread, tells of other work on the machine."""
    rows, disturbed = [], []
    for each in measured:
        seconds, than = each.info["two_threads"], "torch-eager"
        if than in seconds and median(seconds[than]) > DISTURBED * median(each.seconds[than]):
            disturbed.append(each.preset)
            continue
        for target in (name for name in NAMES if name in seconds):
            wall = f"{median(seconds[target]) * 1e3:.1f}"
            faster = "" if target == than else shown(times_faster(seconds, target, than))
            rows.append((each.preset, NAMES[target], wall, faster))
    told = table(("", "", "ms", "× PyTorch"), rows)
    if disturbed:
        told += (
            f"\n\nNot told: {', '.join(disturbed)}. Other work had the second processor: PyTorch "
            f"took more than {DISTURBED:g} times as long as with one thread."
        )
    return told


def _alone(measured: list[Measured]) -> str:
    rows = []
    for each in measured:
        sizes = each.info["sizes"]
        for target, found in each.info["alone"].items():
            installed = sizes["installed"][target.split("-")[0]]
            graph = sizes["graphs"].get(target)
            rows.append(
                (
                    each.preset,
                    NAMES[target],
                    f"{found['first_score']:.1f} ({found['processor']:.1f})",
                    f"{found['peak_mb']:.0f}",
                    f"{graph / 1e6:.1f}" if graph else "",
                    f"{installed / 1e6:,.0f}",
                )
            )
    told = (
        "A process that only runs that target, one thread. First score: seconds from process start "
        "(in brackets, of processor time); memory: the most it ever had (VmHWM); installed: all "
        "packages that pip brings for it, as they lie on disk."
    )
    head = ("", "", "first score, s", "memory, MB", "graph, MB", "installed, MB")
    return f"{told}\n\n{table(head, rows)}"


def _rate_goal(each: Measured, target: str) -> tuple[str, ...]:
    share = each.rate(target) / each.convolution_rate("int8")
    verdict = "reached" if share >= RATE_GOAL else "not reached"
    what = f"{NAMES[target].strip('*')}: share of the plain convolution's rate"
    return (each.preset, what, f"{RATE_GOAL:.0%}", f"{share:.0%}", verdict)


def _goals(measured: list[Measured]) -> str:
    rows = []
    for each in measured:
        for what, target, than, goal in GOALS:
            if {target, than} <= each.seconds.keys():
                ratio = times_faster(each.seconds, target, than)
                verdict = "reached" if ratio.median >= goal else "not reached"
                rows.append((each.preset, what, f"{goal:g}", shown(ratio), verdict))
        if each.preset == RATE_OF:
            rows += [_rate_goal(each, target) for target in ("onnx-int8", "openvino-int8")]
    told = (
        "The goals were set for a processor whose INT8 convolutions are 4 to 15 times as fast as "
        "its FP32 ones (VNNI, AMX) and for `recipe`."
    )
    if measured:
        gain = measured[0].convolution_rate("int8") / measured[0].convolution_rate("fp32")
        told += (
            f" Here a large plain convolution gains {gain:.1f}: more than that, INT8 cannot bring "
            "to what is convolution, and nothing to what is not."
        )
    return f"{told}\n\n{table(('', '', 'goal', 'measured', ''), rows)}"


def draw(measured: list[Measured], steps: list[MeasuredSteps], path: Path) -> None:
    """Times faster than PyTorch, and below it how many cameras a core carries, by preset."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    rows = 2 if steps else 1
    figure, grid = pyplot.subplots(
        rows, figsize=(7, 3.2 * rows), layout="constrained", squeeze=False
    )
    _draw_windows(measured, grid[0, 0])
    if steps:
        draw_cameras(steps, grid[1, 0])
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _draw_windows(measured: list[Measured], axes: Any) -> None:
    width = 0.8 / len(DRAWN)
    for place, target in enumerate(DRAWN):
        bars = [
            (number, times_faster(each.seconds, target, "torch-eager").median)
            for number, each in enumerate(measured)
            if target in each.seconds
        ]
        at = [number + (place - len(DRAWN) / 2 + 0.5) * width for number, _ in bars]
        axes.bar(at, [value for _, value in bars], width, label=NAMES[target].strip("*"))
    axes.set_xticks(range(len(measured)), [each.preset for each in measured])
    axes.set_ylabel("× PyTorch, one thread")
    axes.axhline(1, color="black", linewidth=0.5)
    axes.legend(fontsize="small", frameon=False)


def main() -> None:
    """Writes both files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="JSON files, one per preset")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--picture", type=Path, required=True)
    options = parser.parse_args()
    measured = read(options.folder)
    if not measured:
        parser.error(f"{options.folder} has no measurements: make bench")
    steps = read_steps(options.folder / "steps")
    draw(measured, steps, options.picture)
    picture = options.picture.relative_to(options.out.parent)
    options.out.write_text(document(measured, steps, str(picture)))


if __name__ == "__main__":
    main()
