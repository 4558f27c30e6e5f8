"""The disk full, read-only or corrupt under the whole daemon: it scores, tells, and recovers."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.mosquitto, pytest.mark.slow]
Play = Callable[..., dict[str, Any]]
ALL_ROOM = "[evidence]\nfree_megabytes = 0\nbefore = 0.5\nafter = 0.5"


def run(*command: object) -> bool:
    done = subprocess.run([str(word) for word in command], capture_output=True, check=False)
    return done.returncode == 0


@pytest.fixture
def mount(house: Any, tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Gives the daemon a file system of its own for its state."""
    disk = tmp_path / "disk"
    disk.mkdir()
    house.state = disk

    def make(*options: object) -> Path:
        if not run("mount", *options, disk):
            assert "CI" not in os.environ, "CI must be able to mount a file system"
            pytest.skip("no file system can be mounted (needs root)")
        return disk

    yield make
    house.kill()
    run("umount", "-l", disk)


def often(play: Play) -> dict[str, Any]:
    """A camera with an event every two seconds."""
    short = {"minimum_duration": 0.2, "cool_down": 0.3, "hop": 1}
    return play("door", 2, 0.5, 1.1) | short


def fill(file: Path) -> None:
    with file.open("wb", buffering=0) as filling, suppress(OSError):
        while True:
            filling.write(bytes(4096))


def ended(house: Any) -> int:
    return sum(event["type"] == "end" for event in house.events())


def gapless(house: Any) -> bool:
    seqs = [event["seq"] for event in house.events()]
    return seqs == list(range(1, len(seqs) + 1))


def test_a_disk_that_fills_up_costs_evidence_but_no_alert_until_there_is_room(
    house: Any, play: Play, mount: Callable[..., Path]
) -> None:
    disk = mount("-t", "tmpfs", "-o", "size=3m", "none")
    house.settle(mqtt=ALL_ROOM, door=often(play))
    house.start()
    house.wait_until(lambda: list(disk.glob("evidence/**/*.mp4")), what="a clip")
    while not house.newest("stats")["evidence_dropped"] or not written_in_vain(house):
        fill(disk / f"filling{len(house.events())}")
        house.goes_on_scoring()
    before = ended(house)
    house.wait_until(lambda: ended(house) > before + 1, what="events on a full disk")
    for filling in disk.glob("filling*"):
        filling.unlink()
    house.wait_for_log("can be written again", 40)
    pieces = set(disk.glob("evidence/**/*.mp4"))
    house.wait_until(lambda: set(disk.glob("evidence/**/*.mp4")) - pieces, 40, "new evidence")
    # Evidence fills what is freed: each time that there is no room is told once, and so is each
    # end of it but that of the last time, which may still go on.
    for begins, ends in (
        ("cannot be written", "can be written again"),
        ("evidence cannot be kept", "evidence is kept again"),
    ):
        assert 1 <= house.said(ends) <= house.said(begins) <= house.said(ends) + 1
    assert gapless(house)
    assert house.stop() == 0
    print(house.newest("stats")["outbox"], house.newest("stats")["evidence_dropped"])


def written_in_vain(house: Any) -> int:
    return int(house.newest("stats")["outbox"]["failed_writes"])


def test_a_disk_that_turns_read_only_is_told_and_scoring_goes_on(
    house: Any, play: Play, mount: Callable[..., Path], tmp_path: Path
) -> None:
    image = tmp_path / "image"
    image.write_bytes(bytes(16_000_000))
    if not run("mkfs.ext4", "-q", image):
        assert "CI" not in os.environ, "CI must install e2fsprogs"
        pytest.skip("mkfs.ext4 is not installed")
    disk = mount("-o", "loop", image)
    house.settle(mqtt=ALL_ROOM, door=often(play))
    house.start()
    house.wait_for_event("end")
    assert run("mount", "-o", "remount,abort", disk)  # as the kernel does after an I/O error
    before = ended(house)
    house.wait_for("stats", lambda stats: stats["outbox"]["failed_writes"], 20)
    house.wait_for("stats", lambda stats: stats["evidence_dropped"], 20)
    house.wait_until(lambda: ended(house) > before + 1, what="events on a read-only disk")
    house.tell("door/threshold/set", "1.5")
    house.wait_for("door/threshold/state", lambda state: state == "1.5")
    house.goes_on_scoring()
    house.stop()
    assert gapless(house)
    assert house.said("outbox") == 1
    assert "Traceback" not in house.log


def test_a_corrupt_outbox_is_set_aside_counted_and_told_once(house: Any, play: Play) -> None:
    house.state.mkdir()
    (house.state / "outbox.sqlite").write_bytes(b"no database at all" * 1000)
    (house.state / "remembered.json").write_text("{no json")
    house.settle(door=often(play))
    house.start()
    house.wait_for_event("end")
    house.wait_for("stats", lambda stats: stats["outbox"]["set_aside"] == 1)
    aside = [path for path in house.state.glob("outbox.sqlite*") if path.stat().st_size == 18_000]
    assert len(aside) == 1
    assert (house.said("is set aside as"), house.said("remembered.json.corrupt")) == (1, 1)
    assert house.stop() == 0
