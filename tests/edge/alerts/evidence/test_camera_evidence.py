from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ocrgan_edge.alerts.evidence.camera import CameraEvidence, Keep
from ocrgan_edge.alerts.evidence.names import References
from ocrgan_edge.alerts.evidence.snapshot import Drawing
from ocrgan_edge.alerts.evidence.store import EvidenceStore

WALL = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SHORT = Keep(before=1.0, after=1.0, width=96)
NAMES = References("door/2026-01-02/030405-e1.jpg", "door/2026-01-02/030405-e1.mp4")
NOTHING = References(None, None)
Open = Callable[..., EvidenceStore]


def frame(at: float) -> NDArray[np.uint8]:
    """What a media time looks like: its seconds left, its tenths right, below 16 s."""
    image = np.zeros((64, 96, 3), np.uint8)
    image[:, :48] = round(at * 10) // 10 * 16
    image[:, 48:] = round(at * 10) % 10 * 20
    return image


def see(evidence: CameraEvidence, start: float, stop: float) -> None:
    """Frames at 10/s from `start` on, before `stop`."""
    for tick in range(round(start * 10), round(stop * 10)):
        evidence.see(frame(tick / 10), tick / 10)


def shown_at(image: NDArray[np.uint8]) -> float:
    """The media time that a frame shows."""
    return round(float(image[:, 8:40].mean()) / 16) + round(float(image[:, 56:88].mean()) / 20) / 10


def pictures_in(path: Path) -> list[float]:
    """Media times that the frames of a clip show."""
    with av.open(str(path)) as clip:
        return [shown_at(frame.to_ndarray(format="bgr24")) for frame in clip.decode(video=0)]


def pixels(jpeg: bytes) -> NDArray[np.uint8]:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def test_the_names_are_known_when_an_event_begins(open_store: Open) -> None:
    evidence = CameraEvidence("door", open_store(), SHORT)
    assert evidence.begin("e1", 3.0, WALL) == NAMES
    assert evidence.references("e1") == NAMES


def test_a_clip_goes_from_the_pre_roll_to_the_post_roll(open_store: Open, tmp_path: Path) -> None:
    store = open_store()
    evidence = CameraEvidence("door", store, SHORT)
    see(evidence, 0, 3.5)
    refs = evidence.begin("e1", 3.0, WALL)
    see(evidence, 3.5, 5)
    assert evidence.end("e1", 4.5).clip == refs.clip
    see(evidence, 5, 8)
    store.close()
    shown = pictures_in(tmp_path / "evidence" / str(refs.clip))
    assert shown == [tick / 10 for tick in range(20, 56)]


def test_the_clip_is_written_as_soon_as_its_post_roll_is_seen(
    open_store: Open, tmp_path: Path, until: Callable[[Callable[[], object]], None]
) -> None:
    evidence = CameraEvidence("door", open_store(), SHORT)
    see(evidence, 0, 3)
    clip = tmp_path / "evidence" / str(evidence.begin("e1", 3.0, WALL).clip)
    evidence.end("e1", 3.5)
    see(evidence, 3, 4.4)
    assert not clip.exists()
    see(evidence, 4.4, 4.7)
    until(clip.exists)


def test_a_source_s_end_completes_the_clip(open_store: Open, tmp_path: Path) -> None:
    store = open_store()
    evidence = CameraEvidence("door", store, SHORT)
    see(evidence, 0, 3)
    refs = evidence.begin("e1", 2.0, WALL)
    evidence.end("e1", 2.9)
    evidence.close()
    store.close()
    assert pictures_in(tmp_path / "evidence" / str(refs.clip))[-1] == 2.9


def test_two_events_share_the_pictures_that_belong_to_both(
    open_store: Open, tmp_path: Path
) -> None:
    store = open_store()
    evidence = CameraEvidence("door", store, SHORT)
    see(evidence, 0, 3)
    first = evidence.begin("e1", 2.0, WALL)
    evidence.end("e1", 2.9)
    see(evidence, 3, 3.5)
    second = evidence.begin("e2", 3.4, WALL)
    see(evidence, 3.5, 6)
    evidence.end("e2", 5.0)
    evidence.close()
    store.close()
    shown = [pictures_in(tmp_path / "evidence" / str(refs.clip)) for refs in (first, second)]
    assert (shown[0][0], shown[0][-1]) == (1.0, 3.9)
    assert (shown[1][0], shown[1][-1]) == (2.4, 5.9)


def test_a_clip_of_an_endless_event_is_cut_and_that_is_said(
    open_store: Open, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    store = open_store()
    evidence = CameraEvidence("door", store, SHORT)
    evidence.begin("e1", 0.0, WALL)
    for second in range(70):
        evidence.see(frame(0.0), float(second))
    assert evidence.end("e1", 69.0).clip == NAMES.clip
    store.close()
    assert len(pictures_in(tmp_path / "evidence" / str(NAMES.clip))) == 61
    assert f"door: clip {NAMES.clip} is cut: its event lasts too long" in caplog.messages


def test_a_time_that_steps_back_begins_a_new_recording(open_store: Open, tmp_path: Path) -> None:
    store = open_store()
    evidence = CameraEvidence("door", store, SHORT)
    see(evidence, 8, 10)
    refs = evidence.begin("e1", 9.0, WALL)
    see(evidence, 0, 3)
    store.close()
    assert pictures_in(tmp_path / "evidence" / str(refs.clip))[-1] == 9.9


def test_the_snapshot_shows_the_frame_of_its_peak_with_the_heat_in_it(
    open_store: Open, tmp_path: Path, drawing: Drawing
) -> None:
    store = open_store()
    evidence = CameraEvidence("door", store, SHORT)
    see(evidence, 0, 5)
    refs = evidence.begin("e1", 3.0, WALL)
    jpeg = evidence.peak("e1", 3.8, drawing)
    store.close()
    assert jpeg is not None
    assert (tmp_path / "evidence" / str(refs.snapshot)).read_bytes() == jpeg
    change = np.abs(pixels(jpeg)[:64].astype(int) - frame(3.8)).max(axis=2)
    # The map is hot in the fifth of six columns and the second of four rows.
    assert change[:, :40].max() <= 6
    assert change[24, 72] > 30


def test_a_peak_long_ago_is_found_while_its_event_is_open(
    open_store: Open, drawing: Drawing
) -> None:
    evidence = CameraEvidence("door", open_store(), SHORT)
    see(evidence, 0, 3)
    evidence.begin("e1", 2.0, WALL)
    see(evidence, 3, 12)
    jpeg = evidence.peak("e1", 2.5, drawing)
    assert jpeg is not None
    assert shown_at(pixels(jpeg)[40:64]) == 2.5


def test_without_a_picture_of_the_peak_there_is_no_snapshot(
    open_store: Open, drawing: Drawing
) -> None:
    evidence = CameraEvidence("door", open_store(), SHORT)
    see(evidence, 0, 3)
    evidence.begin("e1", 2.0, WALL)
    assert evidence.peak("e1", 9.0, drawing) is None
    assert evidence.end("e1", 2.5) == References(None, NAMES.clip)


def test_an_event_that_nothing_was_seen_of_has_no_evidence_and_that_is_counted(
    open_store: Open,
) -> None:
    store = open_store()
    evidence = CameraEvidence("door", store, SHORT)
    evidence.begin("e1", 2.0, WALL)
    assert evidence.end("e1", 2.5) == NOTHING
    evidence.close()
    assert store.dropped == 1


def test_an_event_that_was_never_begun_has_no_evidence(open_store: Open) -> None:
    evidence = CameraEvidence("door", open_store(), SHORT)
    assert evidence.references("e9") == NOTHING
    assert evidence.end("e9", 1.0) == NOTHING


def test_only_what_is_wanted_is_kept(open_store: Open, tmp_path: Path, drawing: Drawing) -> None:
    store = open_store()
    pictures = CameraEvidence("door", store, Keep(clips=False, width=96))
    clips = CameraEvidence("gate", store, Keep(snapshots=False, width=96))
    for evidence in (pictures, clips):
        see(evidence, 0, 1)
        evidence.begin("e1", 0.5, WALL)
        assert evidence.peak("e1", 0.5, drawing) is not None
        evidence.end("e1", 0.9)
        evidence.close()
    store.close()
    kept = sorted(path.relative_to(tmp_path / "evidence") for path in tmp_path.rglob("*-e1.*"))
    assert [(path.parts[0], path.suffix) for path in kept] == [("door", ".jpg"), ("gate", ".mp4")]


def test_without_a_store_there_are_still_pictures_of_peaks(drawing: Drawing) -> None:
    evidence = CameraEvidence("door", None, SHORT)
    see(evidence, 0, 1)
    assert evidence.begin("e1", 0.5, WALL) == NOTHING
    assert evidence.peak("e1", 0.5, drawing) is not None
    assert evidence.end("e1", 0.9) == NOTHING


def test_a_machine_short_of_cpu_may_keep_fewer_frames(open_store: Open, tmp_path: Path) -> None:
    store = open_store()
    evidence = CameraEvidence("door", store, SHORT)
    evidence.every = 3
    see(evidence, 0, 3)
    refs = evidence.begin("e1", 2.0, WALL)
    evidence.end("e1", 2.9)
    evidence.close()
    store.close()
    shown = pictures_in(tmp_path / "evidence" / str(refs.clip))
    assert shown == [1.2, 1.5, 1.8, 2.1, 2.4, 2.7]


def test_a_machine_without_an_encoder_keeps_motion_jpeg(
    open_store: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("av.codecs_available", {"mjpeg"})
    store = open_store()
    evidence = CameraEvidence("door", store, SHORT)
    see(evidence, 0, 1)
    refs = evidence.begin("e1", 0.5, WALL)
    evidence.end("e1", 0.9)
    evidence.close()
    store.close()
    assert str(refs.clip).endswith(".mov")
    assert len(pictures_in(tmp_path / "evidence" / str(refs.clip))) == 10
