"""What commands have set survives kills and full disks."""

from __future__ import annotations

import logging
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ocrgan_edge.service import remembered
from ocrgan_edge.service.remembered import FILE, Memory

LONG = os.environ.get("OCRGAN_FAULTS") == "long"
KILLS = 100 if LONG else 10
SETS_WITHOUT_END = """
import sys
from pathlib import Path
from ocrgan_edge.service.remembered import Memory
memory = Memory(Path(sys.argv[1]))
number = int(memory.now.model or 0)
while True:
    number += 1
    memory.set_model(str(number))
    for camera in range(50):
        memory.set_enabled(f"{number} {camera}"[-12:], True)
    print(number, flush=True)
"""


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.slow
def test_a_kill_at_any_moment_leaves_a_whole_file(tmp_path: Path) -> None:
    moments = random.Random(5)
    last = 0
    for _ in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, "-c", SETS_WITHOUT_END, tmp_path], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        process.stdout.readline()
        time.sleep(moments.uniform(0, 0.3))
        process.kill()
        process.communicate()
        memory = Memory(tmp_path)
        memory.close()
        assert not memory.writes.set_aside
        kept = int(memory.now.model or 0)
        assert kept >= last
        last = kept
    assert last > 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with 256 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        assert "CI" not in os.environ, "CI must be able to mount: nothing is skipped there"
        pytest.skip(f"no file system can be mounted here ({mounted.stderr.strip()})")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.slow
def test_on_a_full_disk_commands_hold_in_memory_and_are_written_when_there_is_room(
    small_disk: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "RETRY_SECONDS", 0.05)
    memory = Memory(small_disk)
    memory.set_enabled("door", True)
    until((small_disk / FILE).exists)
    filler = small_disk / "filler"
    with pytest.raises(OSError, match="No space left"):
        filler.write_bytes(b"x" * (1 << 20))
    memory.set_enabled("door", False)
    memory.set_announced({str(number): "sensor" for number in range(1000)})
    until(lambda: memory.writes.failed >= 2)
    assert memory.now.cameras["door"].enabled is False
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "No space left on device" in caplog.records[0].message
    filler.unlink()
    until(lambda: Memory(small_disk).now == memory.now)
    memory.close()
    assert {entry.name for entry in small_disk.iterdir()} == {FILE}
