"""clips.json says how fast folders of frames were recorded."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocrgan_edge.errors import SourceError
from ocrgan_edge.video.folder_source import FolderSource
from ocrgan_edge.video.recorded_rate import recorded_rate


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    folder = tmp_path / "train" / "yard"
    folder.mkdir(parents=True)
    cv2.imwrite(str(folder / "1.png"), np.zeros((6, 8), np.uint8))
    return folder


def say(clip: Path, what: object) -> None:
    (clip.parent.parent / "clips.json").write_text(json.dumps(what))


def test_without_it_a_folder_is_played_at_ten_per_second(clip: Path) -> None:
    assert recorded_rate(clip) is None
    assert FolderSource(clip).frames_per_second == 10.0


def test_one_rate_is_that_of_every_clip(clip: Path) -> None:
    say(clip, {"frames_per_second": 25})
    assert FolderSource(clip).frames_per_second == 25.0


def test_a_table_is_read_clip_by_clip(clip: Path) -> None:
    say(clip, {"frames_per_second": {"yard": 12.5, "gate": 30}})
    assert recorded_rate(clip) == 12.5
    assert recorded_rate(clip.with_name("street")) is None


def test_a_rate_that_is_given_wins(clip: Path) -> None:
    say(clip, {"frames_per_second": 25})
    assert FolderSource(clip, frames_per_second=5.0).frames_per_second == 5.0


def test_a_folder_elsewhere_is_not_in_the_table(clip: Path) -> None:
    say(clip.parent, {"frames_per_second": 25})  # DIR/train/clips.json says nothing
    assert recorded_rate(clip) is None


@pytest.mark.parametrize(
    "what", [[25], {"fps": 25}, {"frames_per_second": 0}, {"frames_per_second": "25"}]
)
def test_what_is_no_rate_is_refused_with_the_file(clip: Path, what: object) -> None:
    say(clip, what)
    with pytest.raises(SourceError, match=r"clips\.json"):
        FolderSource(clip)
