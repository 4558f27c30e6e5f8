"""`ocrgan-demo`: the whole device on a rendered scene, with every MQTT message shown."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from ocrgan_edge.alerts.connection import OFFLINE, STOPPED
from ocrgan_edge.alerts.event import EventMessage
from ocrgan_edge.alerts.topics import Topics
from ocrgan_edge.errors import OcrganError, SettingsError
from ocrgan_edge.service.demo_broker import VERSION, running_broker
from ocrgan_edge.service.verdict import AFTERGLOW, Alert, Happening, Verdict, alerts_of, judge, runs
from ocrgan_edge.video.scene.text import open_scene

DEMO_BUNDLE = Path(__file__).with_name("demo_bundle.ocrgan")
DEMO_SCENE = "scene:seed=2000,seconds=60,runner@12,vehicle@28,cyclist@44"
TOPICS = Topics("ocrgan", "demo")
CAMERA = "scene"
"""The camera's name."""
JPEG = b"\xff\xd8"
"""What every JPEG file begins with (ITU-T T.81, start of image)."""
HELP = """Watches a rendered scene with the shipped bundle and shows every MQTT message.

Broker, subscriber and daemon run on this machine; nothing else is needed. At the end the alerts
are compared with what happened in the scene: exit code 0 if each anomaly was told and nothing else.

Examples:

ocrgan-demo

ocrgan-demo --bundle my.ocrgan --scene scene:seed=5,seconds=40,fall@15
"""
app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


class Subscriber:
    """Prints every message as one line and keeps the events."""

    def __init__(self, port: int) -> None:
        """Subscribes to everything on this machine's broker."""
        self.events: list[EventMessage] = []
        self.last_word = threading.Event()
        """Set when the daemon has said goodbye: nothing comes after it."""
        self._ready = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv311)
        self._client.on_connect = self._subscribe
        self._client.on_message = self._take
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._ready.wait(10)

    def _subscribe(self, client: Client, *_: object) -> None:
        client.subscribe("#", qos=1)

    def _take(self, _: Client, __: object, message: MQTTMessage) -> None:
        text = shown(bytes(message.payload))
        print(message.topic, text, flush=True)
        if message.topic == TOPICS.events(CAMERA):
            self.events.append(EventMessage.model_validate_json(text))
        if message.topic == TOPICS.available and text in (STOPPED, OFFLINE):
            self.last_word.set()

    def close(self) -> None:
        """Leaves."""
        self._client.disconnect()
        self._client.loop_stop()


@app.command(help=HELP)
def run(
    bundle: Annotated[Path, typer.Option(help="What to watch with")] = DEMO_BUNDLE,
    scene: Annotated[str, typer.Option(help="What happens")] = DEMO_SCENE,
) -> None:
    """Runs the demo."""
    try:
        code = _demo(bundle, scene)
    except OcrganError as error:
        typer.echo(f"error: {error}", err=True)
        code = error.exit_code
    raise typer.Exit(code)


def _demo(bundle: Path, scene: str) -> int:
    happenings = happenings_of(scene)
    with running_broker() as port:
        subscriber = Subscriber(port)
        code = _watch(bundle, scene, port)
        if code == 0:
            subscriber.last_word.wait(10)
        subscriber.close()
    if code:
        return code
    alerts = alerts_of(subscriber.events)
    verdict = judge(happenings, alerts)
    print(report(happenings, alerts, verdict))
    return 0 if verdict.good else 1


def _watch(bundle: Path, scene: str, port: int) -> int:
    """Runs the real daemon until the scene has ended; Ctrl-C reaches it as well as us."""
    options = {
        "--camera": scene,
        "--bundle": bundle,
        "--mqtt": f"mqtt://127.0.0.1:{port}",
        "--mqtt-version": VERSION,
        "--node": TOPICS.node,
        "--prefix": TOPICS.prefix,
        "--name": CAMERA,
    }
    words = [str(word) for option in options.items() for word in option]
    daemon = subprocess.Popen([sys.executable, "-m", "ocrgan_edge", *words, "--realtime"])
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        return daemon.wait()
    finally:
        daemon.kill()  # no effect on one that has ended
        signal.signal(signal.SIGINT, before)


def shown(payload: bytes) -> str:
    """A payload as text; a picture as its size."""
    if payload.startswith(JPEG):
        return f"<JPEG picture, {len(payload):,} bytes>"
    return payload.decode()


def happenings_of(scene: str) -> list[Happening]:
    """What will happen out of the ordinary, and when.

    Raises:
        SettingsError: the scene cannot be understood or never ends.
    """
    source = open_scene(scene)
    if source.length is None:
        raise SettingsError(f"{scene!r} never ends: give it seconds, as in {DEMO_SCENE}")
    rate = source.frames_per_second
    seen = [source.truth(number).kinds for number in range(source.length)]
    kinds = sorted({kind for frame in seen for kind in frame})
    found = [
        Happening(kind, first / rate, last / rate)
        for kind in kinds
        for first, last in runs([kind in frame for frame in seen], round(AFTERGLOW * rate))
    ]
    return sorted(found, key=lambda it: it.start)


def report(happenings: list[Happening], alerts: list[Alert], verdict: Verdict) -> str:
    """What happened and what was told, as lines for a person."""
    lines = ["", f"{'anomaly':<18}{'seconds':>12}   alert"]
    for it, delay in zip(happenings, verdict.delays, strict=True):
        told = "MISSED" if delay is None else f"after {delay:.1f} s"
        lines.append(f"{it.kind:<18}{it.start:>6.1f}-{it.end:<6.1f}  {told}")
    lines.append(f"alerts: {len(alerts)}, outside of any anomaly: {len(verdict.false_alerts)}")
    for alert in verdict.false_alerts:
        lines.append(f"  FALSE {alert.start:.1f}-{alert.end:.1f} s")
    return "\n".join(lines)


def main() -> None:
    """The command; Ctrl-C ends it with code 130."""
    signal.signal(signal.SIGINT, lambda *_: sys.exit(128 + signal.SIGINT))
    app()


if __name__ == "__main__":
    main()
