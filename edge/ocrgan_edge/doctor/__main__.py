"""`ocrgan-doctor`: looks a device over before it is hung on a wall, or when something is odd."""

from __future__ import annotations

import signal
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ocrgan_edge.command_line import INTERRUPTED, run
from ocrgan_edge.errors import SettingsError

if TYPE_CHECKING:
    from ocrgan_edge.doctor.examine import Asked

EPILOG = """\b
Examples:
  ocrgan-doctor
  ocrgan-doctor --bundle door.ocrgan --mqtt mqtt://hub
  ocrgan-doctor --config /etc/ocrgan-edge/ocrgan-edge.toml --json
  ocrgan-doctor --bundle door.ocrgan --target onnx-int8 --seconds 10

Every line is ok, a warning or failed, and says what to do. Nothing is changed on the device.
Exit codes: 0 all ok or warnings, 1 something failed, 2 bad usage, 130 Ctrl-C.
"""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command(epilog=EPILOG)
def command(
    bundle: Annotated[
        Path | None, typer.Option(help="The .ocrgan file [those of the settings].")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="The daemon's TOML file.")] = None,
    mqtt: Annotated[str | None, typer.Option(help="The broker, as for ocrgan-edge.")] = None,
    target: Annotated[str, typer.Option(help="One of the bundle's targets, or all.")] = "all",
    seconds: Annotated[float, typer.Option(help="How long each target is timed.")] = 3.0,
    threads: Annotated[int | None, typer.Option(help="Processors for one window.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, not a table.")] = False,
) -> None:
    """Tells whether this device can do what it is there for, and what to do if not."""
    if not 0 < seconds <= 3600:
        raise SettingsError(f"--seconds is {seconds:g}, but must be above 0 and at most 3600")
    if threads is not None and threads < 1:
        raise SettingsError(f"--threads is {threads}, but must be at least 1")
    if config is not None and mqtt is not None:
        raise SettingsError("--config names a broker already: leave out --mqtt or --config")
    # Imported here so that --help and usage errors come at once.
    from ocrgan_edge.doctor.ask import Options, ask

    asked = ask(Options(bundle, config, mqtt, target, seconds, threads))
    raise typer.Exit(_report(asked, as_json))


def _report(asked: Asked, as_json: bool) -> int:
    from ocrgan_edge.doctor.examine import examine
    from ocrgan_edge.doctor.finding import Report, worst
    from ocrgan_edge.doctor.table import Lines

    lines = None if as_json else Lines()
    findings = []
    for finding in examine(asked):
        findings.append(finding)
        if lines:
            lines.show(finding)
    report = Report(version=version("ocrgan-edge"), state=worst(findings), findings=tuple(findings))
    if lines:
        lines.end(report)
    else:
        print(report.model_dump_json(indent=1))
    return int(report.state == "failed")


def main() -> None:
    """The command; Ctrl-C ends it with code 130, also while it is still being loaded."""
    import logging

    signal.signal(signal.SIGINT, lambda *_: sys.exit(INTERRUPTED))
    # What libraries of the house log is said in the report.
    logging.getLogger("ocrgan_edge").addHandler(logging.NullHandler())
    sys.exit(run(app))


if __name__ == "__main__":
    main()
