"""The check, step by step; each gives lines that say what was found."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from arm64.agreement import agree
from arm64.debian_root import DebianRoot
from arm64.needs import CheckFailed
from arm64.outside import Subscriber, running_mosquitto
from arm64.processors import PI_4, PI_5, Processor
from arm64.wheels import ENVIRONMENT, GOAL, NEVER, install, megabytes
from ocrgan_edge.alerts.topics import Topics
from ocrgan_edge.bundle import Bundle
from ocrgan_edge.doctor.finding import Report
from ocrgan_edge.runtime.open_scorer import open_scorer
from ocrgan_edge.runtime.scoring import score_source
from ocrgan_edge.video.open_source import open_source

TARGET = "onnx-int8"
SCENE = "scene:seed=2000,seconds=4,runner@2"
"""A rendered scene in which the shipped bundle alarms."""
CAMERA = "scene"
TOPICS = Topics("ocrgan", "arm64")
BUNDLE = f"{ENVIRONMENT}/lib/python3.11/site-packages/ocrgan_edge/service/demo_bundle.ocrgan"
SCORES = "/tmp/scores.jsonl"
INSIDE = Path(__file__).with_name("inside.py")
TIMED = ("start_up", "latency", "choice")
"""The doctor's lines about speed: of an emulated processor they mean nothing."""


@dataclass(frozen=True)
class Line:
    """One thing that was looked at."""

    about: str
    value: str
    good: bool = True
    data: dict[str, Any] = field(default_factory=dict)


def weigh_and_install(root: DebianRoot, wheels: list[Path]) -> Iterator[Line]:
    """How much is downloaded, and whether the root's own pip takes it."""
    size = megabytes(wheels)
    value = f"{len(wheels)} wheels for aarch64, {size:.1f} MB; the goal, at most {GOAL:.0f} MB, is "
    # Others' releases decide it: no reason to hold aarch64 for broken.
    value += "reached" if size <= GOAL else "missed"
    sizes = {wheel.name: wheel.stat().st_size for wheel in wheels}
    yield Line("wheels", value, data={"megabytes": size, "goal": GOAL, "bytes": sizes})
    done = "by its own pip" if install(root, wheels) else "as before: the wheels are the same"
    yield Line("installed", done)


def ask_doctor(root: DebianRoot) -> Iterator[Line]:
    """`ocrgan-doctor`, for a person about the device, and as JSON about device and bundle."""
    doctor = [f"{ENVIRONMENT}/bin/ocrgan-doctor"]
    for_a_person = root.run(doctor, PI_5)
    if for_a_person.returncode:
        raise CheckFailed(f"ocrgan-doctor failed inside:\n{_said(for_a_person)}")
    yield Line("doctor", f"says:\n{for_a_person.stdout.rstrip()}")
    asked = [*doctor, "--bundle", BUNDLE, "--target", TARGET, "--threads", "1", "--seconds", "1"]
    done = root.run([*asked, "--json"], PI_5)
    if done.returncode not in (0, 1) or not done.stdout.startswith("{"):
        raise CheckFailed(f"ocrgan-doctor --json failed inside:\n{_said(done)}")
    report = Report.model_validate_json(done.stdout)
    for finding in report.findings:
        if finding.about != "device" and finding.name not in TIMED:
            value = f"{finding.state}: {finding.value}"
            yield Line(
                f"doctor, {finding.name}", value, finding.state != "failed", dict(finding.data)
            )


def score_golden_windows(root: DebianRoot, bundle: Bundle) -> Iterator[Line]:
    """The bundle's golden windows on both Raspberry Pis against x86 and the bundle."""
    here = _inside(subprocess.run(_command(sys.executable), capture_output=True, text=True))
    stored = bundle.arrays(bundle.manifest.golden)[f"score/{TARGET}"].tolist()
    for processor in (PI_4, PI_5):
        there = _inside(root.run(_command(f"{ENVIRONMENT}/bin/python"), processor))
        yield _identity(processor, there, bundle)
        x86 = f"x86 (onnxruntime {here['onnxruntime']})"
        for whose, wanted in ((x86, here["scores"]), ("the bundle", stored)):
            found = agree(bundle.target(TARGET), there["scores"], wanted)
            value = f"{found.windows} golden windows against {whose}: {found}"
            data = {"found": there["scores"], "wanted": wanted, "largest_difference": found.largest}
            yield Line(processor.cpu, value, found.good, data)


def raise_an_alert(root: DebianRoot, bundle: Bundle) -> Iterator[Line]:
    """The daemon inside watches a scene; its alert comes out, and its scores are those of x86."""
    options = {"--camera": SCENE, "--bundle": BUNDLE, "--target": TARGET, "--threads": "1"}
    options |= {"--node": TOPICS.node, "--prefix": TOPICS.prefix, "--name": CAMERA}
    words = [word for option in options.items() for word in option]
    with running_mosquitto() as port:
        subscriber = Subscriber(port, TOPICS.events(CAMERA))
        command = [f"{ENVIRONMENT}/bin/ocrgan-edge", *words, "--scores", SCORES]
        done = root.run([*command, "--mqtt", f"mqtt://127.0.0.1:{port}"], PI_5)
        events = subscriber.heard()
    if done.returncode:
        raise CheckFailed(f"ocrgan-edge failed inside:\n{_said(done)}")
    new = [event for event in events if event.type == "new"]
    good = len(new) == 1 and new[0].after.model_sha256 == bundle.sha256
    steps = ", ".join(event.type for event in events) or "nothing"
    value = f"a subscriber outside hears {steps}"
    if new:
        value += f"; the event begins at {new[0].after.media_start:.1f} s of the scene"
    yield Line("alert", value, good, {"events": [json.loads(e.model_dump_json()) for e in events]})
    yield _daemon_scores(root, bundle)


def _daemon_scores(root: DebianRoot, bundle: Bundle) -> Line:
    lines = (root.folder / SCORES[1:]).read_text().splitlines()
    found = {line["end"]: line["score"] for line in map(json.loads, lines)}
    scorer, hop = open_scorer(bundle, TARGET, 1), bundle.target(TARGET).calibration.hop
    here = {
        window.end: window.result.score
        for window in score_source(open_source(SCENE), scorer, bundle.manifest.input, hop)
    }
    scores = [found.get(end, np.nan) for end in here]
    agreement = agree(bundle.target(TARGET), scores, list(here.values()))
    value = f"the daemon's {len(found)} windows of the scene against x86: {agreement}"
    data = {"windows": len(found), "largest_difference": agreement.largest}
    return Line("daemon", value, agreement.good and len(found) == len(here), data)


def _identity(processor: Processor, there: dict[str, Any], bundle: Bundle) -> Line:
    """Whether it is the machine and the installation that was meant."""
    dot = "with" if there["dot_products"] else "without"
    installed = ", ".join(there["importable"]) or "none"
    value = (
        f"{there['machine']} {dot} dot products, Python {there['python']}, {there['libc']}, "
        f"onnxruntime {there['onnxruntime']}; of {', '.join(NEVER)}: {installed}"
    )
    good = (
        there["machine"] == "aarch64"
        and there["dot_products"] == processor.dot_products
        and there["bundle"] == bundle.sha256
        and not there["importable"]
    )
    return Line(processor.cpu, value, good, {k: v for k, v in there.items() if k != "scores"})


def _command(python: str) -> list[str]:
    return [python, "-c", INSIDE.read_text(), TARGET, *NEVER]


def _inside(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    if done.returncode:
        raise CheckFailed(f"golden windows cannot be scored:\n{_said(done)}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _said(done: subprocess.CompletedProcess[str]) -> str:
    return f"code {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}".rstrip()
