"""A node put together, changed while it runs, and taken apart; without a broker."""

from __future__ import annotations

import gc
import json
import os
import threading
import weakref
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.conftest import wait_until

from ocrgan_edge.errors import BundleError, SettingsError, SourceError
from ocrgan_edge.service import watches
from ocrgan_edge.service.node import Node
from ocrgan_edge.service.settings.changes import changes
from ocrgan_edge.service.settings.models import Settings

Make = Callable[..., Node]


def change(node: Node, settings: Settings) -> None:
    node.change_cameras(settings, changes(node.settings, settings))


def events(capsys: pytest.CaptureFixture[str]) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


OTHERS: set[threading.Thread] = set()
"""Threads that earlier tests of this process have left to end by themselves."""


@pytest.fixture(autouse=True)
def know_the_others() -> None:
    OTHERS.clear()
    OTHERS.update(threading.enumerate())


def ours() -> set[str]:
    """Threads of a node."""
    names = ("feed-", "worker-", "memory", "evidence", "web", "publisher")
    mine = set(threading.enumerate()) - OTHERS
    return {thread.name for thread in mine if thread.name.startswith(names)}


def open_files(path: Path) -> int:
    links = [os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")]
    return links.count(str(path))


class TestStart:
    def test_every_camera_is_watched(self, make_node: Make) -> None:
        node = make_node({"door": {}, "yard": {}})
        assert set(node.watches.by_name) == {"door", "yard"}
        wait_until(
            lambda: all(c.totals.windows for c in node.stats.cameras.values()), what="scores"
        )

    def test_cameras_with_one_bundle_share_its_graph(self, make_node: Make) -> None:
        door, yard = make_node({"door": {}, "yard": {}}).watches.by_name.values()
        assert door.view.model is yard.view.model

    @pytest.mark.parametrize(
        ("wrong", "error"),
        [
            ({"source": "nowhere.mp4"}, SourceError),
            ({"bundle": "nowhere.ocrgan"}, BundleError),
            ({"hop": 99}, SettingsError),
        ],
    )
    def test_where_one_camera_cannot_be_watched_nothing_is_left_open(
        self, make_node: Make, tmp_path: Path, video: Path, wrong: dict, error: type[Exception]
    ) -> None:
        with pytest.raises(error):
            make_node({"door": {}, "yard": wrong}, state_folder=tmp_path / "state")
        assert ours() == set()
        assert open_files(video) == 0

    def test_a_port_that_is_taken_is_told_and_nothing_is_left_open(
        self, make_node: Make, video: Path
    ) -> None:
        make_node({"door": {}}, metrics={"listen": "127.0.0.1:19273"})
        before = ours()
        with pytest.raises(SettingsError, match="cannot serve metrics"):
            make_node({"door": {}}, metrics={"listen": "127.0.0.1:19273"})
        assert ours() == before
        assert open_files(video) == 1

    def test_an_installed_model_counts_more_than_the_configured_ones(
        self, make_node: Make, tmp_path: Path, other_bundle: Path
    ) -> None:
        (tmp_path / "remembered.json").write_text('{"model": "other.ocrgan"}')
        node = make_node({"door": {}}, state_folder=tmp_path, models_folder=other_bundle.parent)
        assert node.watches.by_name["door"].view.model.bundle.path.name == "other.ocrgan"

    @pytest.mark.parametrize("content", [None, b"broken"])
    def test_an_installed_model_that_is_gone_or_broken_gives_way_to_the_configured_ones(
        self, make_node: Make, tmp_path: Path, content: bytes | None, caplog
    ) -> None:
        (tmp_path / "remembered.json").write_text('{"model": "bad.ocrgan"}')
        if content is not None:
            (tmp_path / "bad.ocrgan").write_bytes(content)
        node = make_node({"door": {}}, state_folder=tmp_path, models_folder=tmp_path)
        assert node.watches.by_name["door"].view.model.bundle.path.name == "tiny.ocrgan"
        assert "the installed model cannot be used" in caplog.text


class TestChange:
    def test_only_what_differs_is_watched_anew(self, make_node: Make, settings) -> None:
        node = make_node({"door": {}, "yard": {}, "shed": {}})
        before = dict(node.watches.by_name)
        change(node, settings({"door": {}, "yard": {"hop": 2}, "hall": {}}))
        after = node.watches.by_name
        assert set(after) == {"door", "yard", "hall"}
        assert after["door"] is before["door"]
        assert after["yard"].view.hop == 2
        assert before["shed"].ended.is_set()
        assert set(node.stats.cameras) == {"door", "yard", "hall"}

    @pytest.mark.parametrize(
        ("wrong", "error"),
        [
            ({"source": "nowhere.mp4"}, SourceError),
            ({"bundle": "nowhere.ocrgan"}, BundleError),
            ({"hop": 99}, SettingsError),
        ],
    )
    def test_where_one_camera_cannot_be_watched_all_stay_as_they_were(
        self, make_node: Make, settings, video: Path, wrong: dict, error: type[Exception]
    ) -> None:
        node = make_node({"door": {}, "yard": {}})
        before, old = dict(node.watches.by_name), node.settings
        with pytest.raises(error):
            change(node, settings({"yard": wrong, "hall": {}}))
        assert node.watches.by_name == before
        assert node.settings is old
        assert not any(watch.ended.is_set() for watch in before.values())
        assert open_files(video) == 2

    @pytest.mark.slow
    def test_an_open_event_of_a_changed_camera_ends_as_changed_that_of_another_goes_on(
        self, make_node: Make, settings, capsys: pytest.CaptureFixture[str]
    ) -> None:
        node = make_node({"door": {"cool_down": 60}, "yard": {"cool_down": 60}})
        counts = node.stats.cameras
        wait_until(lambda: all(c.totals.events for c in counts.values()), what="two events")
        capsys.readouterr()
        change(node, settings({"door": {"cool_down": 60}, "yard": {"cool_down": 50}}))
        ended = [e for e in events(capsys) if e["type"] == "end"]
        assert [(e["camera"], e["after"]["end_reason"]) for e in ended] == [("yard", "changed")]

    def test_a_model_and_a_camera_that_are_no_longer_used_are_freed(
        self, make_node: Make, settings, other_bundle: Path
    ) -> None:
        node = make_node({"door": {}})
        watch = weakref.ref(node.watches.by_name["door"])
        model = weakref.ref(node.watches.by_name["door"].view.model)
        change(node, settings({"door": {"bundle": other_bundle}}))
        gc.collect()
        assert watch() is None
        assert model() is None

    def test_a_camera_that_was_given_up_is_told_and_watched_again(
        self, make_node: Make, settings, monkeypatch: pytest.MonkeyPatch, caplog
    ) -> None:
        caplog.set_level("INFO")
        node = make_node({"door": {}, "yard": {}})
        # Not a question of waiting: this machine has no library for it.
        change(node, settings({"door": {"source": "picamera"}, "yard": {}}))
        first = node.watches.by_name["door"]
        assert first.ended.wait(60)
        node.tick(datetime.now(UTC))
        assert "door is given up: picamera" in caplog.text
        assert node.watches.by_name["door"] is first
        monkeypatch.setattr(watches, "TRY_AGAIN_AFTER", 0.0)
        node.tick(datetime.now(UTC))
        assert "door is tried again" in caplog.text
        assert node.watches.by_name["door"] is not first


@pytest.mark.slow
class TestClose:
    def test_open_events_end_as_stopped_and_nothing_is_left(
        self,
        make_node: Make,
        tmp_path: Path,
        video: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        node = make_node(
            {"door": {}}, state_folder=tmp_path / "state", metrics={"listen": "127.0.0.1:0"}
        )
        wait_until(lambda: node.stats.cameras["door"].totals.events, what="an event")
        node.close(clean=True)
        assert events(capsys)[-1]["after"]["end_reason"] == "stopped"
        assert ours() == set()
        assert open_files(video) == 0

    def test_it_may_be_closed_twice(self, make_node: Make) -> None:
        node = make_node({"door": {}})
        node.close(clean=True)
        node.close(clean=False)

    def test_evidence_of_an_event_that_the_stop_ends_is_kept(
        self, make_node: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        node = make_node({"door": {}}, state_folder=tmp_path, evidence={"free_megabytes": 0})
        wait_until(lambda: node.stats.cameras["door"].totals.events, what="an event")
        node.close(clean=True)
        end = events(capsys)[-1]["after"]
        assert (tmp_path / "evidence" / end["snapshot"]).is_file()
        assert (tmp_path / "evidence" / end["clip"]).is_file()
