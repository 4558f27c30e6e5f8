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
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from soak_report import describe, draw, slopes
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
        over = threading.Event()
        troubles = [
            threading.Thread(target=every, args=(over, options.drop_every, camera.drop)),
            threading.Thread(
                target=every, args=(over, options.broker_every, broker.be_away, options.broker_away)
            ),
            threading.Thread(
                target=every, args=(over, options.broker_every, daemon.send_signal, signal.SIGHUP)
            ),
        ]
        for trouble in troubles:
            trouble.start()
        try:
            samples = take_samples(options, daemon, metrics, listener)
        finally:
            over.set()
            for trouble in troubles:
                trouble.join()
        began = time.monotonic()
        daemon.send_signal(signal.SIGTERM)
        exit_code = daemon.wait(60)
        stopped_within = time.monotonic() - began
        time.sleep(2)  # the listener's last messages
        log.seek(0)
        lines = log.read().splitlines()
        evidence = [path for path in (folder / "state" / "evidence").rglob("*") if path.is_file()]
        return {
            "minutes": options.minutes,
            "cameras": options.cameras,
            "processors": os.cpu_count(),
            "exit_code": exit_code,
            "stopped_within": round(stopped_within, 2),
            **listener.summary(),
            "drops": camera.drops,
            "broker_stops": broker.stops,
            "evidence_files": len(evidence),
            "evidence_bytes": sum(path.stat().st_size for path in evidence),
            "tracebacks": sum("Traceback" in line for line in lines),
            "hanging": sum(" hangs: " in line for line in lines),
            "slopes": slopes(samples, options.warm_up * 60),
            "samples": samples,
            "warnings": sum(" WARNING " in line or " ERROR " in line for line in lines),
        }


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


def every(over: threading.Event, seconds: float, do: Any, *values: Any) -> None:
    while not over.wait(seconds):
        do(*values)


def take_samples(
    options: argparse.Namespace, daemon: subprocess.Popen[bytes], metrics: str, listener: Listener
) -> list[dict[str, Any]]:
    began, samples = time.monotonic(), list[dict[str, Any]]()
    while (now := time.monotonic() - began) < options.minutes * 60:
        assert daemon.poll() is None, "the daemon has ended"
        if now > 5:
            samples.append({"at": round(now, 1), **sample(daemon.pid, metrics, listener.stats)})
        due = (int(now / options.every) + 1) * options.every
        time.sleep(max(due - (time.monotonic() - began), 0.1))
    return samples


def sample(pid: int, metrics: str, stats: dict[str, Any]) -> dict[str, Any]:
    """Everything that could grow."""
    process = psutil.Process(pid)
    children = [rss_of(child) for child in process.children(recursive=True)]
    cameras = [camera for camera in stats.get("cameras", {}).values() if camera["latency_p50"]]
    pages = urllib.request.urlopen(f"http://{metrics}/metrics", timeout=20).read().decode()
    health = json.load(urllib.request.urlopen(f"http://{metrics}/healthz", timeout=20))
    return {
        "rss": process.memory_info().rss,
        "children_rss": sum(children),
        "children": len(children),
        "descriptors": process.num_fds(),
        "threads": process.num_threads(),
        "latency_p50": max((camera["latency_p50"] for camera in cameras), default=None),
        "latency_p95": max((camera["latency_p95"] for camera in cameras), default=None),
        "age_max": max((camera["age_max"] for camera in cameras), default=None),
        "hop": max((camera["hop"] for camera in cameras), default=None),
        "windows": total(pages, "ocrgan_graph_latency_seconds_count"),
        "cpu_seconds": sum(process.cpu_times()[:2]),
        "outbox": stats.get("outbox", {}).get("depth"),
        "healthy": health["status"] == "ok",
        "load": psutil.getloadavg()[0],
    }


def rss_of(child: psutil.Process) -> int:
    try:
        return int(child.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def total(pages: str, name: str) -> float:
    lines = (line for line in pages.splitlines() if line.startswith(name))
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


if __name__ == "__main__":
    main()
