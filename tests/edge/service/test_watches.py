"""Several cameras of one node, on one worker."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from tests.conftest import wait_until

from ocrgan_edge.alerts.evidence.camera import Keep
from ocrgan_edge.alerts.topics import Topics
from ocrgan_edge.errors import SourceError
from ocrgan_edge.service import watches as module
from ocrgan_edge.service.loaded_model import LoadedModel
from ocrgan_edge.service.progress import Progress
from ocrgan_edge.service.scheduler import Scheduler
from ocrgan_edge.service.settings.camera import CameraSettings
from ocrgan_edge.service.stats import NodeStats
from ocrgan_edge.service.view import configured_view
from ocrgan_edge.service.watch import Watch
from ocrgan_edge.service.watches import Prepared, Reports, Shared, Watches, prepare
from ocrgan_edge.video.source import Source


@pytest.fixture
def watches(record, progress: Progress) -> Iterator[Watches]:
    scheduler = Scheduler(1, progress=progress)
    shared = Shared(
        scheduler=scheduler,
        progress=progress,
        stats=NodeStats("boot"),
        publisher=record,
        topics=Topics("ocrgan", "attic"),
        store=None,
        keep=Keep(),
        scores=None,
    )
    made = Watches(shared)
    yield made
    made.end_all("stopped")
    scheduler.close()


@pytest.fixture
def begin(watches: Watches, model: LoadedModel) -> Callable[..., Watch]:
    def make(name: str, source: Source, **settings: object) -> Watch:
        camera = CameraSettings.model_validate({"source": "0", "bundle": "b.ocrgan"} | settings)
        view = configured_view(camera, model)
        return watches.begin(Prepared(name, camera, view, source, Reports()))

    return make


def tick(watches: Watches) -> None:
    watches.tick(datetime.now(UTC))


def test_all_cameras_share_one_worker(record, watches: Watches, begin, make_hose) -> None:
    hoses = {name: make_hose() for name in ("door", "yard", "shed")}
    for name, hose in hoses.items():
        begin(name, hose)
        hose.give(30)
    wait_until(lambda: len({e.camera for e in record.events}) == 3, what="an event of each")


def test_one_camera_can_end_while_the_others_go_on(
    record, watches: Watches, begin, make_hose
) -> None:
    door, yard = make_hose(), make_hose()
    begin("door", door)
    begin("yard", yard)
    watches.end("door", "changed")
    yard.give(30)
    wait_until(lambda: record.events, what="an event")
    assert list(watches.by_name) == ["yard"]
    assert not watches.all_ended


def test_all_have_ended_when_the_last_recording_has(watches: Watches, begin, make_hose) -> None:
    door, yard = make_hose(), make_hose()
    first, second = begin("door", door), begin("yard", yard)
    door.close()
    assert first.ended.wait(60)
    assert not watches.all_ended
    yard.close()
    assert second.ended.wait(60)
    assert watches.all_ended


def test_a_camera_that_is_forgotten_leaves_nothing_behind(
    record, watches: Watches, begin, make_hose
) -> None:
    begin("door", make_hose())
    watches.forget("door")
    cleared = {topic for topic, payload in record.states[-9:] if payload == ""}
    assert {topic for topic, _ in record.states} <= cleared
    assert "feed-door" not in [thread.name for thread in threading.enumerate()]


def test_an_open_event_of_a_forgotten_camera_ends_as_changed(
    record, watches: Watches, begin, make_hose
) -> None:
    hose = make_hose()
    begin("door", hose)
    hose.give(30)
    wait_until(lambda: record.events, what="an event")
    watches.forget("door")
    assert record.reasons == ["changed"]


def test_end_all_ends_every_open_event_for_one_reason(
    record, watches: Watches, begin, make_hose
) -> None:
    for name in ("door", "yard"):
        hose = make_hose()
        begin(name, hose)
        hose.give(30)
    wait_until(lambda: len(record.events) == 2, what="two events")
    watches.end_all("stopped")
    assert record.reasons == ["stopped", "stopped"]
    assert watches.by_name == {}


class TestGivenUp:
    @pytest.fixture
    def broken(self, watches: Watches, begin, make_hose) -> Watch:
        begin("yard", make_hose())
        hose = make_hose()
        hose.live = True
        watch = begin("door", hose)
        hose.fail(SourceError("door is walled up"))
        assert watch.ended.wait(60)
        return watch

    def test_a_camera_that_is_given_up_is_told_at_once_and_once(
        self, watches: Watches, broken: Watch, caplog
    ) -> None:
        tick(watches)
        tick(watches)
        errors = [entry.getMessage() for entry in caplog.records if entry.levelname == "ERROR"]
        assert errors == ["door is given up: door is walled up"]

    def test_it_is_worth_another_try_after_a_while(
        self, watches: Watches, broken: Watch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tick(watches)
        assert watches.worth_another_try() == []
        monkeypatch.setattr(module, "TRY_AGAIN_AFTER", 0.0)
        assert watches.worth_another_try() == ["door"]

    def test_a_broken_recording_is_not_tried_again(
        self, watches: Watches, begin, make_hose, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        begin("yard", make_hose())
        recording = make_hose()
        watch = begin("door", recording)
        recording.fail(SourceError("door.mp4 is broken"))
        assert watch.ended.wait(60)
        tick(watches)
        monkeypatch.setattr(module, "TRY_AGAIN_AFTER", 0.0)
        assert watches.worth_another_try() == []

    def test_when_none_is_left_none_is_tried_again(
        self, watches: Watches, broken: Watch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        watches.end("yard", "stopped")
        tick(watches)
        monkeypatch.setattr(module, "TRY_AGAIN_AFTER", 0.0)
        assert watches.worth_another_try() == []


def test_a_camera_that_is_not_there_yet_can_be_waited_for(
    model: LoadedModel, record, watches: Watches, caplog
) -> None:
    camera = CameraSettings.model_validate({"source": "/dev/video77", "bundle": "b.ocrgan"})
    view = configured_view(camera, model)
    watch = watches.begin(prepare("door", camera, view, "/dev/video77", patient=True))
    wait_until(lambda: any(s.reason for s in record.statuses), what="why it is away")
    assert "there is no camera" in record.statuses[-1].reason
    assert not watch.ended.is_set()


def test_without_patience_a_camera_must_be_there(model: LoadedModel) -> None:
    camera = CameraSettings.model_validate({"source": "/dev/video77", "bundle": "b.ocrgan"})
    view = configured_view(camera, model)
    with pytest.raises(SourceError, match="there is no camera"):
        prepare("door", camera, view, "/dev/video77", patient=False)


def test_counts_of_a_camera_go_on_when_its_settings_change(
    watches: Watches, begin, make_hose
) -> None:
    stats = watches._shared.stats
    hose = make_hose()
    begin("door", hose)
    hose.give(10)
    wait_until(lambda: stats.cameras["door"].totals.frames == 10, what="frames")
    watches.end("door", "changed")
    assert not stats.cameras["door"].totals.online
    begin("door", make_hose(), hop=2)
    assert stats.cameras["door"].totals.frames == 10
    assert stats.cameras["door"].hop == 2
