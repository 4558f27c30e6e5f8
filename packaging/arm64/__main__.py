"""`make check-arm64`: install, doctor, golden windows and an alert on an emulated Raspberry Pi."""

from __future__ import annotations

import json
import shutil
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from arm64.debian_root import DebianRoot
from arm64.needs import switch_emulator_on, want_machine
from arm64.steps import (
    Line,
    ask_doctor,
    raise_an_alert,
    score_golden_windows,
    weigh_and_install,
)
from arm64.wheels import collect
from ocrgan_edge.bundle import open_bundle
from ocrgan_edge.command_line import INTERRUPTED, run
from ocrgan_edge.service.demo import DEMO_BUNDLE

CHECKOUT = Path(__file__).parents[2]
EPILOG = """\b
Examples (as root, in the folder of the sources):
  make check-arm64
  PYTHONPATH=packaging .venv/bin/python -m arm64 --json
  PYTHONPATH=packaging .venv/bin/python -m arm64 --fresh --folder /var/tmp/arm64

All is kept in the folder; the second time takes a few minutes. Of an emulated processor times mean
nothing, so none is told. Exit codes: 0 all is right, 1 something is not, 2 bad usage, 77 this
machine lacks something that the check needs, 130 Ctrl-C.
"""
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command(epilog=EPILOG)
def command(
    folder: Annotated[Path, typer.Option(help="Keeps Debian root and wheels.")] = CHECKOUT
    / "build/arm64",
    fresh: Annotated[bool, typer.Option("--fresh", help="Build and fetch all again.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, not lines.")] = False,
) -> None:
    """Installs the project in an emulated Debian arm64 and compares it with this machine."""
    lines = []
    for line in check(folder.absolute(), fresh):
        lines.append(line)
        if not as_json:
            print(f"{'ok    ' if line.good else 'FAILED'}  {line.about}: {line.value}", flush=True)
    good = all(line.good for line in lines)
    if as_json:
        print(json.dumps({"good": good, "lines": [asdict(line) for line in lines]}, indent=1))
    raise typer.Exit(int(not good))


def check(folder: Path, fresh: bool) -> Iterator[Line]:
    """All steps, in turn.

    Raises:
        CannotCheck: this machine lacks something.
        CheckFailed: the rest cannot be looked at.
    """
    want_machine()
    switch_emulator_on()
    if fresh:
        for part in ("root", "wheels"):
            shutil.rmtree(folder / part, ignore_errors=True)
    bundle = open_bundle(DEMO_BUNDLE)
    root = DebianRoot(folder / "root", folder / "wheels")
    built = "was built" if root.build() else "is there from before"
    yield Line("root", f"Debian arm64 {built}: {root.folder}")
    yield from weigh_and_install(root, collect(CHECKOUT, folder / "wheels"))
    yield from ask_doctor(root)
    yield from score_golden_windows(root, bundle)
    yield from raise_an_alert(root, bundle)


def main() -> None:
    """The command; Ctrl-C ends it with code 130."""
    signal.signal(signal.SIGINT, lambda *_: sys.exit(INTERRUPTED))
    sys.exit(run(app))


if __name__ == "__main__":
    main()
