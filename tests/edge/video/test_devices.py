from __future__ import annotations

from pathlib import Path

import pytest

from ocrgan_edge.errors import SourceError
from ocrgan_edge.video import devices
from ocrgan_edge.video.open_source import open_source


def test_a_camera_that_is_not_there_is_one_sentence_that_lists_those_that_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (10, 2):
        (tmp_path / f"video{number}").touch()
    (tmp_path / "names/video2").mkdir(parents=True)
    (tmp_path / "names/video2/name").write_text("Front Door\n")
    monkeypatch.setattr(devices, "DEVICES", tmp_path)
    monkeypatch.setattr(devices, "DEVICE_NAMES", tmp_path / "names")
    with pytest.raises(SourceError, match=r"no camera 7 .*: this machine has 2 \(Front Door\), 10"):
        open_source("7")


def test_a_missing_camera_makes_no_noise(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SourceError, match="there is no camera 97"):
        open_source("97")
    assert capfd.readouterr() == ("", "")


def test_a_path_that_is_not_there_is_named() -> None:
    with pytest.raises(SourceError, match="there is no camera /dev/v4l/by-id/usb-none: this "):
        open_source("/dev/v4l/by-id/usb-none")


def test_a_device_that_is_no_camera_makes_no_noise(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SourceError, match="camera /dev/null cannot be opened: inappropriate ioctl"):
        open_source("/dev/null")
    assert capfd.readouterr() == ("", "")


def test_a_file_is_no_camera(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "video97").touch()
    monkeypatch.setattr(devices, "DEVICES", tmp_path)
    with pytest.raises(SourceError, match=r"camera 97 \(.*\) cannot be opened: it is no device: "):
        open_source("97")
