from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ocrgan_edge.alerts.topics import Topics
from ocrgan_edge.service.presence import Presence
from ocrgan_edge.service.voice import Voice

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def presence(record) -> Presence:
    ticks = iter(range(100))
    voice = Voice(record, Topics("ocrgan", "attic"), "door")
    return Presence("door", voice, lambda: NOON + timedelta(seconds=next(ticks)))


def test_a_camera_is_offline_until_there_are_pictures(record, presence: Presence) -> None:
    presence.online()
    assert [status.status for status in record.statuses] == ["offline", "online"]


def test_the_same_word_is_not_said_twice(record, presence: Presence) -> None:
    for _ in range(3):
        presence.online()
        presence.scene("ok")
        presence.armed(True)
    assert len(record.statuses) == 2


def test_since_is_when_the_word_changed(record, presence: Presence) -> None:
    presence.online()
    assert [status.since for status in record.statuses] == [NOON, NOON + timedelta(seconds=1)]


def test_a_camera_that_is_not_armed_is_disabled_but_offline_without_pictures(
    record, presence: Presence
) -> None:
    presence.armed(False)
    assert presence.word == "offline"
    presence.online()
    assert presence.word == "disabled"
    presence.armed(True)
    assert presence.word == "online"


def test_why_there_are_no_pictures_is_said_until_there_are(record, presence: Presence) -> None:
    presence.offline("unplugged")
    presence.offline("unplugged")
    presence.online()
    assert [status.reason for status in record.statuses] == [None, "unplugged", None]


def test_the_scene_s_word_is_said_with_the_status_and_on_its_own(
    record, presence: Presence, caplog
) -> None:
    presence.online()
    presence.scene("covered")
    assert record.statuses[-1].scene == "covered"
    assert record.states[-1] == ("ocrgan/attic/door/scene", "covered")
    assert "door: the picture is covered" in caplog.text


def test_the_scene_s_word_can_be_asked_for(presence: Presence) -> None:
    presence.scene("moved")
    assert presence.scene_word == "moved"
