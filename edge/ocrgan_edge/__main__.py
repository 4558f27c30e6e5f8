"""`ocrgan-edge`: watches a camera and tells of anomalies."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ocrgan_edge.detection.alarm import COOL_DOWN, MINIMUM_DURATION
from ocrgan_edge.errors import OcrganError, SettingsError

if TYPE_CHECKING:
    from ocrgan_edge.service.settings.load import Loaded

EXAMPLES = """Watches a camera through a bundle and tells of anomalies, over MQTT or on stdout.

Examples:

ocrgan-edge --camera 0 --bundle door.ocrgan --name door --mqtt mqtt://hub

ocrgan-edge --camera rtsp://10.0.0.7/stream1 --bundle yard.ocrgan --mqtt mqtts://me@hub

ocrgan-edge --camera recording.mp4 --bundle door.ocrgan --scores scores.jsonl

ocrgan-edge --config /etc/ocrgan-edge.toml --check-config

Exit codes: 0 stopped or end of a recording, 2 settings, 3 camera, 4 bundle, 5 broker, 130 Ctrl-C.
"""

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"ocrgan-edge {version('ocrgan-edge')}")
        raise typer.Exit


Config = Annotated[Path | None, typer.Option(help="TOML file with all settings")]
CheckConfig = Annotated[
    bool,
    typer.Option("--check-config", help="Check all settings and the files they name, then end"),
]
PrintConfig = Annotated[
    bool,
    typer.Option("--print-config", help="Show all settings and where each comes from, then end"),
]
Camera = Annotated[
    str | None,
    typer.Option(help="0 or /dev/video0, rtsp:// or http:// stream, file, folder of frames, scene"),
]
Bundle = Annotated[Path | None, typer.Option(help="The .ocrgan file made for this camera")]
Mqtt = Annotated[
    str | None,
    typer.Option(help="mqtt://[user@]host[:port], mqtts://, ws://, wss://; without: stdout"),
]
PasswordFile = Annotated[
    Path | None,
    typer.Option(help="Its first line is the MQTT password; else OCRGAN_MQTT_PASSWORD is"),
]
Ca = Annotated[Path | None, typer.Option(help="Certificates to trust with mqtts:// and wss://")]
Version = Annotated[
    Literal["5", "3.1.1"] | None, typer.Option(help="Protocol spoken with the broker [5]")
]
StateFolder = Annotated[
    Path | None, typer.Option(help="Keeps outbox, evidence and what commands have set [nothing]")
]
ModelsFolder = Annotated[Path | None, typer.Option(help="Bundles that commands may install")]
TrustedKeys = Annotated[
    Path | None, typer.Option(help="Public keys (PEM): only bundles signed by one are used")
]
Metrics = Annotated[
    str | None, typer.Option(help="HOST:PORT for /metrics (Prometheus) and /healthz")
]
Name = Annotated[str | None, typer.Option(help="The camera's name in topics [camera]")]
Node = Annotated[str | None, typer.Option(help="This device's name in topics [its host name]")]
Prefix = Annotated[str | None, typer.Option(help="First part of all topics [ocrgan]")]
Target = Annotated[
    str | None, typer.Option(help="Which of the bundle's graphs [the fastest on this machine]")
]
Form = Annotated[
    str | None,
    typer.Option(help="Of its graphs, those of this form: window, step or auto [steps, if any]"),
]
Threads = Annotated[int | None, typer.Option(help="Processors that score [at most 4]")]
Hop = Annotated[int | None, typer.Option(help="Frames between two windows [the bundle's]")]
Realtime = Annotated[bool, typer.Option("--realtime", help="Play a recording at its own pace")]
Loop = Annotated[bool, typer.Option("--loop", help="Begin a recording again when it ends")]
Fps = Annotated[float | None, typer.Option(help="Frame rate, instead of the recorded one")]
Threshold = Annotated[
    float | None, typer.Option(help="Score above which it is an anomaly [the bundle's]")
]
Sensitivity = Annotated[
    str | None,
    typer.Option(help="low, medium, high, or a number: 2 halves the threshold's distance [medium]"),
]
MinimumDuration = Annotated[
    float | None,
    typer.Option(help=f"Seconds above the threshold that raise an alarm [{MINIMUM_DURATION:g}]"),
]
CoolDown = Annotated[
    float | None, typer.Option(help=f"Quiet seconds that end an alarm [{COOL_DOWN:g}]")
]
HoldOff = Annotated[
    float | None, typer.Option(help="Seconds after an event in which no other begins [0]")
]
SettleAfter = Annotated[
    float | None,
    typer.Option(help="Seconds after which what stays no longer counts, 0: never [1800]"),
]
ScoreInterval = Annotated[float | None, typer.Option(help="Seconds between published scores [1]")]
UpdateInterval = Annotated[
    float | None, typer.Option(help="Seconds between two messages of an open event [2]")
]
Scores = Annotated[Path | None, typer.Option(help="Write every window's score here, as JSON lines")]
JsonLogs = Annotated[bool, typer.Option("--json-logs", help="Logs on stderr as JSON lines")]
ShowVersion = Annotated[
    bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version")
]


@app.command(help=EXAMPLES)
def run(
    context: typer.Context,
    config: Config = None,
    camera: Camera = None,
    bundle: Bundle = None,
    mqtt: Mqtt = None,
    mqtt_password_file: PasswordFile = None,
    mqtt_ca: Ca = None,
    mqtt_version: Version = None,
    name: Name = None,
    node: Node = None,
    prefix: Prefix = None,
    state_folder: StateFolder = None,
    models_folder: ModelsFolder = None,
    trusted_keys: TrustedKeys = None,
    metrics: Metrics = None,
    target: Target = None,
    form: Form = None,
    threads: Threads = None,
    hop: Hop = None,
    realtime: Realtime = False,
    loop: Loop = False,
    fps: Fps = None,
    threshold: Threshold = None,
    sensitivity: Sensitivity = None,
    minimum_duration: MinimumDuration = None,
    cool_down: CoolDown = None,
    hold_off: HoldOff = None,
    settle_after: SettleAfter = None,
    score_interval: ScoreInterval = None,
    update_interval: UpdateInterval = None,
    scores: Scores = None,
    json_logs: JsonLogs = False,
    check_config: CheckConfig = False,
    print_config: PrintConfig = False,
    version: ShowVersion = False,
) -> None:
    """Runs the daemon with what the command line says; all options are read from the context."""
    try:
        code = _run(context.params)
    except OcrganError as error:
        typer.echo(f"error: {error}", err=True)
        code = error.exit_code
    except BrokenPipeError:  # whoever read our events is gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    raise typer.Exit(code)


def _run(options: Mapping[str, Any]) -> int:
    # Imported here so that --help, --version and usage errors come at once.
    from ocrgan_edge.service.settings.load import load

    file = _path(options["config"])
    loaded = load(file, options, os.environ)
    if options["print_config"]:
        from ocrgan_edge.service.settings.show import print_config

        typer.echo(print_config(loaded), nl=False)
        return 0
    if options["check_config"]:
        return _check(loaded)
    from ocrgan_edge.runtime.lean_memory import keep_little
    from ocrgan_edge.service.daemon import Daemon, Manner
    from ocrgan_edge.service.logs import start_logging

    keep_little()
    start_logging(loaded.settings.json_logs)
    manner = Manner(scores=_path(options["scores"]), patient=file is not None)
    return Daemon(lambda: load(file, options, os.environ).settings, manner).run()


def _check(loaded: Loaded) -> int:
    from ocrgan_edge.service.settings.check import check, summary

    problems = check(loaded, os.environ)
    for line in problems:
        typer.echo(f"error: {line}", err=True)
    if problems:
        return SettingsError.exit_code
    for line in summary(loaded.settings):
        typer.echo(line)
    return 0


def _path(option: str | Path | None) -> Path | None:
    # Up to some version of typer, paths are still text in the context.
    return None if option is None else Path(option)


def main() -> None:
    """The command; Ctrl-C ends it with code 130, also before the daemon listens for it."""
    signal.signal(signal.SIGINT, lambda *_: sys.exit(128 + signal.SIGINT))
    app()


if __name__ == "__main__":
    main()
