"""`ocrgan-both-forms`: a bundle of windows and one of steps → one with both."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ocrgan_edge.bundle import Bundle, InputSpec, Manifest, open_bundle
from ocrgan_edge.command_line import run as run_command
from ocrgan_edge.detection.explain import recent_frames
from ocrgan_edge.errors import BundleError
from ocrgan_edge.runtime.no_telemetry import forbid_telemetry
from ocrgan_edge.runtime.open_scorer import open_scorer
from ocrgan_edge.runtime.self_test import golden_scores
from ocrgan_export.measure import Measured, from_bundle
from ocrgan_export.pack import Label, label_of, pack

SUFFIX = "-step"
"""Of the targets that step, which are called as the others are in their own bundle."""

EPILOG = """
Examples:

ocrgan-both-forms runs/door/door.ocrgan runs/steps/steps.ocrgan --out door.ocrgan

Both are bundles of one camera, from two trainings with the same frames, size, rate and --recent.
Each graph keeps its statistics and its threshold. The daemon uses those that step, unless form =
"window" is set.
"""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@dataclass(frozen=True)
class Pair:
    """Two bundles that watch the same."""

    windows: Bundle
    """Whose graphs of windows are wanted."""
    steps: Bundle
    """Whose graphs that step are wanted."""

    def __post_init__(self) -> None:
        """Raises BundleError where they do not watch the same, or one lacks its form."""
        for bundle, form in ((self.windows, "window"), (self.steps, "step")):
            if not _names(bundle, form):
                raise BundleError(f"bundle {bundle.path} has no graph of form {form!r}")
        one, other = (bundle.manifest for bundle in (self.windows, self.steps))
        _same("input", _shown(one.input), _shown(other.input))
        _same("terms", ", ".join(one.terms), ", ".join(other.terms))
        _same("frames per score", str(recent_frames(one)), str(recent_frames(other)))

    def label(self, name: str | None = None) -> Label:
        """That of the windows, with where both networks come from; the other's as `step_…`."""
        label = label_of(self.windows)
        steps = {f"step_{key}": value for key, value in self.steps.manifest.training.items()}
        return replace(label, name=name or label.name, training={**label.training, **steps})

    def targets(self) -> list[Measured]:
        """Of both forms; what steps has scored the other's golden windows."""
        golden = self.label().golden
        found = [from_bundle(self.windows, name) for name in _names(self.windows, "window")]
        for name in _names(self.steps, "step"):
            measured = from_bundle(self.steps, name)
            scores = golden_scores(open_scorer(self.steps, name, threads=1), golden)
            target = f"{name.removesuffix(SUFFIX)}{SUFFIX}"
            graph = replace(measured.graph, target=target)
            found.append(replace(measured, graph=graph, golden=scores))
        return found


def both_forms(windows: Path, steps: Path, out: Path, name: str | None = None) -> Manifest:
    """Writes a bundle with both forms, once every graph has passed its self-test.

    Raises:
        BundleError: they are no bundles of the same input, or lack the form that is wanted.
        SettingsError: a target needs a runtime that is not installed.
    """
    pair = Pair(open_bundle(windows), open_bundle(steps))
    return pack(out, pair.label(name), pair.targets())


def _names(bundle: Bundle, form: str) -> list[str]:
    return [name for name, target in bundle.manifest.targets.items() if target.form == form]


def _shown(spec: InputSpec) -> str:
    return f"{spec.frames} frames of {spec.height}x{spec.width} at {spec.frames_per_second:g}/s"


def _same(what: str, one: str, other: str) -> None:
    if one != other:
        raise BundleError(f"two forms in one bundle have the same {what}, not {one} and {other}")


@app.command(epilog=EPILOG)
def command(
    windows: Annotated[Path, typer.Argument(help="Bundle with graphs of windows.")],
    steps: Annotated[Path, typer.Argument(help="Bundle with graphs that step.")],
    out: Annotated[Path, typer.Option(help="The bundle with both.")],
    name: Annotated[str | None, typer.Option(help="Its name [that of WINDOWS].")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, not text.")] = False,
) -> None:
    """Puts both forms of a camera's network into one bundle."""
    forbid_telemetry()
    manifest = both_forms(windows, steps, out, name)
    forms = {target: entry.form for target, entry in manifest.targets.items()}
    if as_json:
        print(json.dumps({"bundle": str(out), "name": manifest.name, "targets": forms}))
    else:
        told = ", ".join(f"{target} ({form})" for target, form in forms.items())
        Console().print(f"{out}: {told}", highlight=False, soft_wrap=True)


def main() -> None:
    """Runs the command."""
    sys.exit(run_command(app))


if __name__ == "__main__":
    main()
