"""One camera from its frames to its alerts, with a real graph, worker and feed.

The graph is frame differencing: windows of 8 frames at 10/s every 4 frames, threshold 2.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from tests.conftest import wait_until

from ocrgan_edge.alerts.publisher import LinePublisher, Numbering
from ocrgan_edge.errors import SettingsError, SourceError
from ocrgan_edge.service import watch as module
from ocrgan_edge.service.progress import Progress
from ocrgan_edge.service.score_file import ScoreFile
from ocrgan_edge.service.watch import Watch
from ocrgan_edge.video.open_source import open_source

Make = Callable[..., Watch]
Video = Callable[..., Path]


def wait_for_the_end(watch: Watch) -> None:
    assert watch.ended.wait(60), "the camera has not come to its end"


def wait_for_an_event(record) -> None:
    wait_until(lambda: record.events, what="an event")


def test_an_anomaly_in_a_recording_is_one_event(record, make_watch: Make, write_video) -> None:
    watch = make_watch(open_source(str(write_video(8, 2, 4))))
    wait_for_the_end(watch)
    assert [event.type for event in record.events] == ["new", "update", "end"]
    assert record.reasons == ["quiet"]
    assert watch.error is None


def test_every_window_of_a_recording_is_scored_however_fast_it_is_read(
    record, make_watch: Make, write_video: Video
) -> None:
    wait_for_the_end(make_watch(open_source(str(write_video(4, 0, 0)))))
    times = [score.media_time for score in record.scores]
    # Of 40 frames: the 4th, 8th … 40th.
    assert times == pytest.approx([(4 * n - 1) / 10 for n in range(1, 11)])


def test_a_camera_is_offline_until_there_are_pictures_and_when_there_are_none_any_more(
    record, make_watch: Make, write_video: Video
) -> None:
    wait_for_the_end(make_watch(open_source(str(write_video(1, 0, 0)))))
    said = [(status.status, status.reason) for status in record.statuses]
    assert said == [("offline", None), ("online", None), ("offline", "stopped")]


def test_a_camera_that_is_switched_off_never_begins_with_an_event(
    record, make_watch: Make, write_video: Video
) -> None:
    wait_for_the_end(make_watch(open_source(str(write_video(6, 0, 6))), enabled=False))
    assert record.events == []
    assert len(record.scores) == 15


def test_outside_its_schedule_a_camera_is_disabled_but_still_scored(
    record, make_watch: Make, hose
) -> None:
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    make_watch(hose, schedule=[days[(datetime.now().weekday() + 2) % 7]])
    hose.give(30)
    wait_until(lambda: len(record.scores) >= 2, what="scores")
    assert record.statuses[-1].status == "disabled"
    assert record.events == []


@pytest.mark.parametrize("reason", ["stopped", "changed"])
def test_an_open_event_ends_for_the_reason_of_the_stop(
    record, make_watch: Make, hose, reason: str
) -> None:
    watch = make_watch(hose)
    hose.give(30)
    wait_for_an_event(record)
    watch.stop(reason)
    assert record.reasons == [reason]
    assert watch.error is None


def test_a_recording_that_breaks_off_ends_its_event_as_failed(
    record, make_watch: Make, hose
) -> None:
    watch = make_watch(hose)
    hose.give(30)
    wait_for_an_event(record)
    hose.fail(SourceError("hose is broken"))
    wait_for_the_end(watch)
    assert record.reasons == ["source_failed"]
    assert str(watch.error) == "hose is broken"
    assert record.statuses[-1].reason == "hose is broken"


def test_a_fault_of_ours_in_the_feed_ends_the_camera_and_is_in_the_log(
    record, make_watch: Make, hose, caplog
) -> None:
    watch = make_watch(hose)
    hose.fail(ZeroDivisionError("of ours"))
    wait_for_the_end(watch)
    assert isinstance(watch.error, ZeroDivisionError)
    assert "reading hose failed" in caplog.text


@pytest.mark.parametrize("frames", [4, 40])
def test_a_worker_that_fails_ends_the_camera_whatever_its_feed_is_doing(
    record, make_watch: Make, write_video: Video, frames: int
) -> None:
    # After 4 frames, one window, the feed has come to its end and waits for the worker.
    for _ in range(5):
        source = open_source(str(write_video(frames / 10, 0, 0)))
        with suppress(OSError), ScoreFile(Path("/dev/full")) as full:
            watch = make_watch(source, scores=full)
            wait_for_the_end(watch)
        assert isinstance(watch.error, OSError)
        assert "No space left" in record.statuses[-1].reason


def test_a_camera_comes_to_its_end_even_if_nobody_can_be_told(make_watch: Make, hose) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    with suppress(BrokenPipeError), os.fdopen(writes, "w") as stdout:
        watch = make_watch(hose, publisher=LinePublisher(stdout, Numbering("attic", "boot")))
        hose.give(30)
        wait_for_the_end(watch)
    assert isinstance(watch.error, BrokenPipeError)


def test_a_camera_that_stays_away_ends_its_event_once(
    record, make_watch: Make, hose, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = make_watch(hose)
    hose.give(30)
    wait_for_an_event(record)
    watch.lost("unplugged")
    watch.tick(datetime.now(UTC))
    assert record.reasons == []
    monkeypatch.setattr(module, "LOST_FOR", 0.0)
    watch.tick(datetime.now(UTC))
    watch.tick(datetime.now(UTC))
    assert record.reasons == ["source_failed"]
    assert (record.statuses[-1].status, record.statuses[-1].reason) == ("offline", "unplugged")


def test_a_camera_that_comes_back_is_online_again_and_goes_on(
    record, make_watch: Make, hose
) -> None:
    watch = make_watch(hose)
    hose.give(10)
    wait_until(lambda: record.scores, what="a score")
    watch.lost("unplugged")
    watch.connected()
    hose.give(10, at=60)
    wait_until(lambda: record.scores[-1].media_time > 60, what="a score after the gap")
    words = [status.status for status in record.statuses]
    assert words == ["offline", "online", "offline", "online"]


def test_only_a_camera_that_was_there_before_is_reconnected(make_watch: Make, hose, record) -> None:
    watch = make_watch(hose)
    totals = watch._crew.stats
    watch.lost("not there yet")
    watch.connected()
    assert totals.totals.reconnects == 0
    hose.give(2)
    wait_until(lambda: totals.totals.frames == 2, what="frames")
    watch.lost("unplugged")
    watch.lost("still unplugged")
    watch.connected()
    assert totals.totals.reconnects == 1


def test_frames_that_the_source_lost_are_counted(make_watch: Make, hose) -> None:
    watch = make_watch(hose)
    watch.dropped(3)
    watch.dropped(4)
    assert watch._crew.stats.totals.frames_lost == 7


def test_the_hop_told_in_stats_is_that_of_the_settings_while_nothing_is_late(
    make_watch: Make, write_video: Video
) -> None:
    watch = make_watch(open_source(str(write_video(4, 0, 0))), hop=3)
    wait_for_the_end(watch)
    assert watch._crew.stats.interval().hop == 3


class TestProgress:
    @pytest.fixture
    def now(self) -> list[float]:
        return [0.0]

    @pytest.fixture
    def progress(self, now: list[float]) -> Progress:
        return Progress(lambda: now[0])

    def test_a_camera_without_frames_hangs_unless_it_is_tried_again_and_again(
        self, make_watch: Make, hose, progress: Progress, now: list[float]
    ) -> None:
        watch = make_watch(hose)
        watch.lost("unplugged")
        for now[0] in (25.0, 50.0, 75.0):
            assert progress.hanging() == {}
            watch.tried()
        now[0] += 31
        assert progress.hanging() == {"camera door": 31.0}

    def test_pictures_that_are_taken_a_minute_apart_are_no_hanging_camera(
        self, make_watch: Make, hose, progress: Progress, now: list[float]
    ) -> None:
        hose.frames_per_second = 1 / 60
        make_watch(hose)
        now[0] = 120.0
        assert progress.hanging() == {}

    def test_a_camera_that_has_ended_is_not_expected_to_get_on(
        self, make_watch: Make, hose, progress: Progress, now: list[float]
    ) -> None:
        make_watch(hose).stop("stopped")
        now[0] = 1000.0
        assert progress.ages() == {"worker-0": 0.0}


def test_calibration_needs_room_for_two_alarms(make_watch: Make, hose) -> None:
    with pytest.raises(
        SettingsError, match=r"calibration is to take 1 minutes, but needs 2 or more"
    ):
        make_watch(hose, minimum_duration=60).calibrate(1)


def test_windows_are_told_in_order(record, make_watch: Make, write_video: Video) -> None:
    wait_for_the_end(make_watch(open_source(str(write_video(6, 0, 6)))))
    times = [score.media_time for score in record.scores]
    assert all(one < other for one, other in pairwise(times))
