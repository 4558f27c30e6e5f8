"""Lets the daemon run for long with cameras that come and go, and says what grows.

    python tests/faults/soak.py --minutes 60 --cameras 4 --out soak.json --picture soak.png

All but one camera are looped recordings of the rendered scene at their own pace; the last one is a
real RTSP stream whose server is killed every minute and a half. Every ten minutes the broker is
stopped for half a minute; soon after, the settings are read again. Evidence, metrics and Home
Assistant are on, and the room for evidence is so small that old pieces have to go.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from soak_report import describe, draw, slopes
from soak_samples import sample, take_samples, wait_until_healthy
from soak_servers import Broker, RtspCamera, free_port

ROOT = Path(__file__).parents[2]
BUNDLE = ROOT / "edge" / "ocrgan_edge" / "service" / "demo_bundle.ocrgan"
COMMAND = Path(sys.executable).with_name("ocrgan-edge")


def main() -> None:
    options = parse_options()
    result = soak(options)
    options.out.write_text(json.dumps(result, indent=1))
    if options.picture:
        draw(result, options.picture)
    print(describe(result))
    sys.exit(0 if result["exit_code"] == 0 and not result["seq_missing"] else 1)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--cameras", type=int, default=4, help="one of them over RTSP")
    parser.add_argument("--out", type=Path, default=Path("soak.json"), help="and its log: .log")
    parser.add_argument("--picture", type=Path, help="plot of all that was measured, .png")
    parser.add_argument("--every", type=float, default=10, help="seconds between two samples")
    parser.add_argument("--warm-up", type=float, default=10, help="minutes left out of the slopes")
    parser.add_argument("--drop-every", type=float, default=90, help="seconds, of the stream")
    parser.add_argument("--drop-away", type=float, default=20, help="seconds at most, each time")
    parser.add_argument("--broker-every", type=float, default=600, help="seconds between its stops")
    parser.add_argument("--broker-away", type=float, default=30, help="seconds, each time")
    parser.add_argument("--scene", type=Path, help="rendered scene; drawn if it is missing")
    return parser.parse_args()


def soak(options: argparse.Namespace) -> dict[str, Any]:
    """Runs it, and gives all samples, the slopes and what was heard."""
    with ExitStack() as parts:
        folder = Path(parts.enter_context(tempfile.TemporaryDirectory(prefix="soak-")))
        broker = parts.enter_context(Broker(folder))
        camera = parts.enter_context(RtspCamera())
        listener = parts.enter_context(listening(broker.port))
        metrics = f"127.0.0.1:{free_port()}"
        clips = recordings(options.scene or folder / "scene", options.cameras - 1)
        config = write_config(folder, broker, metrics, clips, camera.address)
        log = parts.enter_context(options.out.with_suffix(".log").open("w+"))
        daemon = parts.enter_context(running(config, log))
        wait_until_healthy(metrics)
        with troubles(options, daemon, camera, broker):
            samples = take_samples(
                options.minutes,
                options.every,
                lambda: sample(daemon.pid, metrics, listener.stats),
            )
        began = time.monotonic()
        daemon.send_signal(signal.SIGTERM)
        exit_code = daemon.wait(60)
        stopped_within = round(time.monotonic() - began, 2)
        time.sleep(2)  # the listener's last messages
        log.seek(0)
        return {
            "minutes": options.minutes,
            "cameras": options.cameras,
            "processors": os.cpu_count(),
            "drops": camera.drops,
            "broker_stops": broker.stops,
            "exit_code": exit_code,
            "stopped_within": stopped_within,
            **listener.summary(),
            **sizes(folder / "state" / "evidence"),
            **complaints(log.read().splitlines()),
            "slopes": slopes(samples, options.warm_up * 60),
            "samples": samples,
        }


@contextmanager
def troubles(
    options: argparse.Namespace, daemon: subprocess.Popen[bytes], camera: RtspCamera, broker: Broker
) -> Iterator[None]:
    """Drops the stream, stops the broker and has the settings read again, now and then."""
    over = threading.Event()

    def every(seconds: float, do: Callable[..., None], *values: object) -> None:
        while not over.wait(seconds):
            do(*values)

    threads = [
        threading.Thread(target=every, args=work)
        for work in (
            (options.drop_every, camera.drop, options.drop_away),
            (options.broker_every, broker.be_away, options.broker_away),
            (options.broker_every, daemon.send_signal, signal.SIGHUP),
        )
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def sizes(evidence: Path) -> dict[str, int]:
    found = [path.stat().st_size for path in evidence.rglob("*") if path.is_file()]
    return {"evidence_files": len(found), "evidence_bytes": sum(found)}


def complaints(log: list[str]) -> dict[str, int]:
    words = {"warnings": " WARNING ", "errors": " ERROR ", "tracebacks": "Traceback"}
    words["hanging"] = " hangs: "
    return {name: sum(word in line for line in log) for name, word in words.items()}


def recordings(scene: Path, count: int) -> list[Path]:
    """So many clips with anomalies."""
    if not (scene / "scene.json").exists():
        command = [COMMAND.with_name("ocrgan-scene"), "--out", scene, "--train", "1"]
        subprocess.run([*command, "--test", str(max(count, 1))], check=True, capture_output=True)
    clips = sorted((scene / "test").glob("*.avi"))
    return [clips[number % len(clips)] for number in range(count)]


def write_config(
    folder: Path, broker: Broker, metrics: str, clips: list[Path], stream: str
) -> Path:
    lines = [f'node = "soak"\nstate_folder = "{folder}/state"\nthreads = 1']
    lines += [f'[mqtt]\nurl = "{broker.url}"\nstats_interval = 10']
    lines += ["[evidence]\nmegabytes = 40\nfree_megabytes = 100"]
    lines += [f'[metrics]\nlisten = "{metrics}"']
    lines += [f'[camera_defaults]\nbundle = "{BUNDLE}"\nhop = 4']
    for number, clip in enumerate(clips):
        lines += [f'[camera.clip{number}]\nsource = "{clip}"\nrealtime = true\nloop = true']
    lines += [f'[camera.stream]\nsource = "{stream}"']
    path = folder / "edge.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


@contextmanager
def running(config: Path, log: Any) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([COMMAND, "--config", config], stderr=log) as daemon:
        try:
            yield daemon
        finally:
            daemon.kill()


class Listener:
    """Keeps the newest stats, and the numbers of all event messages."""

    def __init__(self) -> None:
        self.stats: dict[str, Any] = {}
        self.seqs: list[int] = []
        self.reasons: dict[str, int] = {}

    def take(self, topic: str, payload: bytes) -> None:
        if topic.endswith("/stats"):
            self.stats = json.loads(payload)
        elif topic.endswith("/events"):
            message = json.loads(payload)
            self.seqs.append(message["seq"])
            reason = message["after"]["end_reason"]
            if reason:
                self.reasons[reason] = self.reasons.get(reason, 0) + 1

    def summary(self) -> dict[str, Any]:
        told = set(self.seqs)
        return {
            "event_messages": len(told),
            "events_ended": self.reasons,
            "seq_missing": sorted(set(range(1, max(told, default=0) + 1)) - told),
            "duplicates": len(self.seqs) - len(told),
        }


@contextmanager
def listening(port: int) -> Iterator[Listener]:
    """A subscriber whose session outlives the broker's stops."""
    listener = Listener()
    client = Client(CallbackAPIVersion.VERSION2, "soak", protocol=MQTTProtocolVersion.MQTTv5)
    client.on_connect = lambda *_: client.subscribe("ocrgan/#", qos=1)
    client.on_message = lambda _, __, message: listener.take(message.topic, message.payload)
    client.reconnect_delay_set(1, 2)
    lasting = Properties(PacketTypes.CONNECT)
    lasting.SessionExpiryInterval = 3600
    client.connect("127.0.0.1", port, clean_start=False, properties=lasting)
    client.loop_start()
    try:
        yield listener
    finally:
        client.disconnect()
        client.loop_stop()


if __name__ == "__main__":
    main()
