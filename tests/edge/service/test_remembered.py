import json
import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from ocrgan_edge.service import remembered
from ocrgan_edge.service.remembered import (
    FILE,
    Memory,
    Remembered,
    RememberedCalibration,
    RememberedCamera,
    RememberedThreshold,
)

ONE, OTHER = "1" * 64, "2" * 64
CALIBRATION = RememberedCalibration(
    threshold=3.0,
    median=0.5,
    statistics="door.npz",
    when=datetime(2026, 1, 2, tzinfo=UTC),
    minutes=30.0,
    hop=4,
    bundle_sha256=ONE,
)


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def set_all(memory: Memory) -> None:
    memory.set_enabled("door", False)
    memory.set_sensitivity("door", "low")
    memory.set_calibration("door", CALIBRATION)
    memory.set_threshold("door", 2.5, ONE)
    memory.set_sensitivity("yard", 1.3)
    memory.set_model("new.ocrgan")
    memory.set_announced({"door-score": "sensor"})


ALL = Remembered(
    model="new.ocrgan",
    cameras={
        "door": RememberedCamera(
            enabled=False,
            sensitivity="low",
            calibration=CALIBRATION,
            threshold=RememberedThreshold(value=2.5, bundle_sha256=ONE),
        ),
        "yard": RememberedCamera(sensitivity=1.3),
    },
    announced={"door-score": "sensor"},
)


def test_what_was_set_is_there_after_a_restart(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    set_all(memory)
    memory.close()
    assert Memory(tmp_path).now == ALL
    assert [entry.name for entry in tmp_path.iterdir()] == [FILE]


def test_it_is_on_disk_without_a_stop(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    set_all(memory)
    until(lambda: (tmp_path / FILE).exists() and Memory(tmp_path).now == ALL)


def test_what_was_set_holds_at_once(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    set_all(memory)
    assert memory.now == ALL


def test_nothing_is_kept_without_a_folder() -> None:
    memory = Memory(None)
    set_all(memory)
    memory.close()
    assert (memory.now, memory.writes.failed) == (ALL, 0)


def test_a_first_start_remembers_nothing_and_writes_nothing(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory.close()
    assert memory.now == Remembered()
    assert not memory.writes.set_aside
    assert not list(tmp_path.iterdir())


def test_a_threshold_of_another_model_is_not_used_but_kept(
    caplog: pytest.LogCaptureFixture,
) -> None:
    memory = Memory(None)
    set_all(memory)
    with caplog.at_level(logging.INFO):
        of_other = memory.camera("door", OTHER)
        memory.camera("door", OTHER)
    assert of_other == RememberedCamera(enabled=False, sensitivity="low")
    assert [record.message for record in caplog.records] == [
        "door: the remembered threshold is for another model and not used",
        "door: the remembered calibration is for another model and not used",
    ]
    assert memory.camera("door", ONE) == ALL.cameras["door"]


def test_a_calibration_makes_an_earlier_threshold_void() -> None:
    memory = Memory(None)
    memory.set_threshold("door", 9.0, ONE)
    memory.set_calibration("door", CALIBRATION)
    assert memory.camera("door", ONE).threshold is None


def test_a_camera_of_which_nothing_was_set_follows_the_configuration() -> None:
    assert Memory(None).camera("door", ONE) == RememberedCamera()


@pytest.mark.parametrize("level", [float("nan"), 11.0, 0.0, "loud"])
def test_nothing_bad_is_remembered(level: float) -> None:
    memory = Memory(None)
    with pytest.raises(ValidationError):
        memory.set_sensitivity("door", level)
    assert memory.now == Remembered()


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff\x00", b'{"schema_version": 2}', b'{"colour": "red"}',
     b'{"cameras": {"door": {"enabled": "yes"}}}', b'{"cameras": {"door": {"sensitivity": 99}}}',
     b'{"model": 5}', b"[" * 100_000, b" " * (remembered.LARGEST + 1)],
)  # fmt: skip
def test_a_file_that_cannot_be_understood_is_set_aside_with_one_line(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE).write_bytes(content)
    memory = Memory(tmp_path)
    assert memory.now == Remembered()
    assert memory.writes.set_aside
    (record,) = caplog.records
    assert "cannot be understood" in record.message
    assert "\n" not in record.message
    assert len(record.message) < 400
    assert (tmp_path / f"{FILE}.corrupt").read_bytes() == content
    memory.set_enabled("door", True)
    memory.close()
    assert Memory(tmp_path).now.cameras["door"].enabled is True


def test_statistics_lie_in_the_state_folder_only() -> None:
    with pytest.raises(ValidationError):
        RememberedCalibration.model_validate({**dict(CALIBRATION), "statistics": "../door.npz"})


def test_a_file_is_small_and_readable(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    set_all(memory)
    memory.close()
    kept = json.loads((tmp_path / FILE).read_text())
    assert kept["cameras"]["door"]["threshold"] == {"value": 2.5, "bundle_sha256": ONE}


def test_a_disk_that_refuses_is_told_once_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "RETRY_SECONDS", 0.05)
    folder = tmp_path / "not yet there"
    memory = Memory(folder)
    memory.set_enabled("door", False)
    until(lambda: memory.writes.failed >= 3)
    assert memory.now.cameras["door"].enabled is False
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    folder.mkdir()
    until((folder / FILE).exists)
    memory.close()
    assert Memory(folder).now == memory.now


def test_closing_tries_once_more_and_does_not_wait_for_a_disk_that_refuses(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "not there")
    memory.set_enabled("door", True)
    memory.close()
    assert memory.writes.failed >= 1


def test_many_threads_set_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    memory = Memory(tmp_path)

    def set_some(first: int) -> None:
        for number in range(first, 80, 8):
            memory.set_enabled(f"camera {number}", True)

    threads = [threading.Thread(target=set_some, args=(first,)) for first in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    memory.close()
    assert set(Memory(tmp_path).now.cameras) == {f"camera {number}" for number in range(80)}
