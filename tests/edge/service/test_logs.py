import io
import json
import logging
import os
import sys
import tempfile

import pytest

from ocrgan_edge.service.logs import (
    JournalFormatter,
    JsonFormatter,
    TextFormatter,
    is_journal,
    masked,
)
from ocrgan_edge.service.repetition import Repetition


def record(
    text: str, *words: object, level: int = logging.WARNING, **extra: object
) -> logging.LogRecord:
    made = logging.LogRecord("ocrgan_edge.x", level, "", 1, text, words, None)
    made.created = 0.5
    made.__dict__.update(extra)
    return made


def test_a_json_log_line_has_time_level_logger_and_message() -> None:
    assert json.loads(JsonFormatter().format(record("cam %s", "ü"))) == {
        "time": "1970-01-01T00:00:00.500000+00:00",
        "level": "warning",
        "logger": "ocrgan_edge.x",
        "message": "cam ü",
    }


def test_a_json_log_line_has_the_camera_and_the_number_of_repetitions() -> None:
    fields = json.loads(JsonFormatter().format(record("lost", camera="door", repeated=7)))
    assert (fields["camera"], fields["repeated"]) == ("door", 7)


def test_a_json_log_line_holds_an_exception_s_stack() -> None:
    failed = record("failed")
    try:
        raise ValueError("rtsp://me:secret@cam is bad")
    except ValueError:
        failed.exc_info = sys.exc_info()
    line = JsonFormatter().format(failed)
    assert "\n" not in line
    assert "ValueError: rtsp://me:***@cam is bad" in json.loads(line)["exception"]


@pytest.mark.parametrize(
    ("level", "priority"),
    [(logging.DEBUG, 7), (logging.INFO, 6), (logging.WARNING, 4), (logging.ERROR, 3)],
)
def test_the_journal_reads_the_priority_off_each_line(level: int, priority: int) -> None:
    text = JournalFormatter().format(record("one\ntwo", level=level))
    assert text == f"<{priority}>one\n<{priority}>two"


def test_json_lines_have_the_journal_s_priority_too() -> None:
    line = JournalFormatter(JsonFormatter()).format(record("lost"))
    assert json.loads(line.removeprefix("<4>"))["message"] == "lost"


def test_the_journal_is_known_by_its_stream() -> None:
    with tempfile.TemporaryFile("w") as stream:
        found = os.fstat(stream.fileno())
        ours = {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}
        assert is_journal(stream, ours)
        assert not is_journal(stream, {"JOURNAL_STREAM": f"{found.st_dev}:1"})
        assert not is_journal(stream, {})
        assert not is_journal(io.StringIO(), ours)


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("rtsp://me:secret@cam/1 is away", "rtsp://me:***@cam/1 is away"),
        ("mqtts://me:p@ss:w/rd@host:8883", "mqtts://me:***@host:8883"),
        ("http://cam:8080/mjpeg at 12:30", "http://cam:8080/mjpeg at 12:30"),
        ("rtsp://me@cam", "rtsp://me@cam"),
    ],
)
def test_passwords_in_addresses_are_masked(said: str, written: str) -> None:
    assert masked(said) == written
    assert TextFormatter("%(message)s").format(record("%s", said)) == written


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def written(repetition: Repetition, *records: logging.LogRecord) -> list[str]:
    formatter = TextFormatter("%(message)s")
    return [formatter.format(one) for one in records if repetition.filter(one)]


def test_a_message_that_comes_again_and_again_is_written_a_few_times() -> None:
    repetition = Repetition(period=300, most=2, monotonic=Clock())
    flaps = [record("%s lost after %.1f s", "door", seconds) for seconds in (1.0, 2.0, 3.0, 4.0)]
    assert written(repetition, *flaps) == ["door lost after 1.0 s", "door lost after 2.0 s"]


def test_after_the_period_it_is_written_with_how_often_it_was_not() -> None:
    clock = Clock()
    repetition = Repetition(period=300, most=1, monotonic=clock)
    written(repetition, *[record("lost") for _ in range(4)])
    clock.now = 300
    assert written(repetition, record("lost")) == ["lost (3 more like this were not written)"]
    assert written(repetition, record("lost")) == []
    clock.now = 700
    assert written(repetition, record("lost")) == ["lost (1 more like this were not written)"]


def test_the_same_message_about_another_camera_is_another_message() -> None:
    repetition = Repetition(most=1, monotonic=Clock())
    door, yard = record("%s is lost", "cam-1"), record("%s is lost", "cam-2")
    assert written(repetition, door, yard, door) == ["cam-1 is lost", "cam-2 is lost"]
    both = [record("lost", camera=name) for name in ("door", "yard", "door")]
    assert written(repetition, *both) == ["lost", "lost"]


def test_what_is_remembered_of_messages_is_bounded() -> None:
    repetition = Repetition(monotonic=Clock())
    written(repetition, *[record("%s", f"message {number}") for number in range(1000)])
    assert len(repetition._kinds) == 256
