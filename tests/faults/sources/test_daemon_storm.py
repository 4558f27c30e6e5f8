"""Reloads, commands, models, dropped streams and hung decoders, all at once."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest

from ocrgan_edge.bundle import open_bundle, write_bundle

pytestmark = [pytest.mark.mosquitto, pytest.mark.slow, pytest.mark.timeout(900)]
SECONDS = 600 if os.environ.get("OCRGAN_FAULTS") == "long" else 10
SEED = int(os.environ.get("OCRGAN_SEED", "0")) or random.randrange(1 << 30)
TOLD = {
    "enabled": ["ON", "OFF"],
    "threshold": ["1", "2", "3.5", "nonsense"],
    "sensitivity": ["low", "high", "0.5", "[]"],
    "calibrate": ["1", "0"],
}


class Storm:
    """Does at random what people and the world do to a daemon."""

    def __init__(self, house: Any, cameras: dict[str, Any], models: Path, stream: Any) -> None:
        self._house, self._cameras, self._models, self._stream = house, cameras, models, stream
        self._chance = random.Random(SEED)
        self._deeds = [self.reload, self.command, self.command, self.model, self.stop_decoder]
        self._deeds += [self.drop] * (stream is not None)

    def rage(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._chance.choice(self._deeds)()
            assert self._house.daemon.poll() is None, self._house.log[-3000:]
            time.sleep(self._chance.uniform(0, 0.8))

    def settle(self, **more: Any) -> None:
        self._house.settle(top=f'models_folder = "{self._models}"', **more)

    def reload(self) -> None:
        names = self._chance.sample(sorted(self._cameras), self._chance.randint(1, 3))
        hop = self._chance.choice([1, 2, 4, 99])  # 99: refused
        self.settle(**{name: self._cameras[name] | {"hop": hop} for name in names})
        self._house.reload()

    def command(self) -> None:
        what = self._chance.choice(sorted(TOLD))
        topic = f"{self._chance.choice(sorted(self._cameras))}/{what}/set"
        self._house.tell(topic, self._chance.choice(TOLD[what]))

    def model(self) -> None:
        self._house.tell("model/set", self._chance.choice(["a.ocrgan", "b.ocrgan", "bad.ocrgan"]))

    def stop_decoder(self) -> None:
        with suppress(psutil.NoSuchProcess):
            for child in self._house.process.children():
                if "ocrgan_edge.video.decoder" in child.cmdline():  # not one that just begins
                    child.send_signal(signal.SIGSTOP)

    def drop(self) -> None:
        self._stream.kill()
        self._stream.start()


def lives(events: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    found = defaultdict(list)
    for event in sorted(events, key=lambda event: event["seq"]):
        found[event["event_id"]].append(event)
    return list(found.values())


def test_in_a_storm_of_faults_and_orders_every_event_has_its_end(
    house: Any,
    rtsp: Callable[..., Any],
    play: Callable[..., dict[str, Any]],
    tmp_path: Path,
    tiny_bundle: Path,
) -> None:
    print("OCRGAN_SEED =", SEED)
    models = tmp_path / "models"
    models.mkdir()
    tiny = open_bundle(tiny_bundle)
    members = {name: tiny.member(name) for name in tiny.manifest.members}
    for name in "ab":
        manifest = tiny.manifest.model_copy(update={"name": name})
        write_bundle(models / f"{name}.ocrgan", manifest, members)
    shutil.copy(__file__, models / "bad.ocrgan")
    stream = rtsp(rate=10)
    short = {"minimum_duration": 0.2, "cool_down": 0.3, "update_interval": 0.5}
    cameras = {
        "door": play("door", 2, 0.5, 1.1) | short,
        "yard": play("yard", 20, 0, 0),
        "stream": {"source": stream.address(), "threshold": 0.3} | short,
    }
    storm = Storm(house, cameras, models, stream)
    storm.settle(**cameras)
    house.start()
    house.wait_for_event("end", "door")
    calm = house.process.num_threads(), house.process.num_fds(), house.process.memory_info().rss
    storm.rage(SECONDS)
    storm.settle(**cameras)
    house.reload()
    for name in cameras:
        house.goes_on_scoring(name, 30)
    house.tell("door/enabled/set", "ON")
    house.tell("door/threshold/set", "2")
    house.tell("door/sensitivity/set", "medium")
    house.wait_until(lambda: house.events("door")[-1]["type"] == "new", 30, "an event")
    house.wait_until(lambda: len(house.process.children()) == 1, 30, "one decoder")
    after = house.process.num_threads(), house.process.num_fds(), house.process.memory_info().rss
    print("threads, descriptors, RSS before and after:", calm, after)
    assert house.stop() == 0
    assert "Traceback" not in house.log
    assert not house.said(" hangs: ")
    assert after[0] <= calm[0] + 2
    assert after[1] <= calm[1] + 4
    seqs = [event["seq"] for event in house.events()]
    assert seqs == list(range(1, len(seqs) + 1))
    for life in lives(house.events()):
        kinds = [event["type"] for event in life]
        assert kinds == ["new", *["update"] * (len(kinds) - 2), "end"]
        assert all(now["before"] == then["after"] for then, now in pairwise(life))
    reasons = [life[-1]["after"]["end_reason"] for life in lives(house.events())]
    print(json.dumps({reason: reasons.count(reason) for reason in sorted(set(reasons))}))
