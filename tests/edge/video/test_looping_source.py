from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ocrgan_edge.errors import SourceError
from ocrgan_edge.video.looping_source import LoopingSource
from ocrgan_edge.video.open_source import open_source
from ocrgan_edge.video.opencv_source import VideoFileSource
from ocrgan_edge.video.source import Source

Record = Callable[..., Path]
Pictures = Callable[..., list[np.ndarray]]


def test_a_recording_begins_again_and_time_goes_on(record: Record, pictures: Pictures) -> None:
    source = open_source(str(record("clip.mkv", pictures(3), 8.0)), loop=True)
    frames = [frame for _ in range(7) if (frame := source.read())]
    source.close()
    assert [int(frame.image[3, 3, 0]) for frame in frames] == [0, 5, 10, 0, 5, 10, 0]
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4, 5, 6]
    assert [frame.at for frame in frames] == [0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75]


def test_it_has_no_length(record: Record, pictures: Pictures) -> None:
    source = LoopingSource(lambda: VideoFileSource(record("clip.mkv", pictures(3))))
    source.close()
    assert isinstance(source, Source)
    assert source.length is None


def test_a_scene_can_be_looped() -> None:
    source = open_source("scene:seed=3,size=64x48,seconds=0.2", loop=True)
    assert [frame.index for _ in range(5) if (frame := source.read())] == [0, 1, 2, 3, 4]


def test_a_recording_that_is_gone_when_it_shall_begin_again_is_an_error(
    record: Record, pictures: Pictures
) -> None:
    path = record("clip.mkv", pictures(2))
    source = open_source(str(path), loop=True)
    path.unlink()
    assert source.read()
    assert source.read()
    with pytest.raises(SourceError, match="there is no source"):
        source.read()


def test_after_close_it_has_ended(record: Record, pictures: Pictures) -> None:
    source = open_source(str(record("clip.mkv", pictures(2))), loop=True)
    source.read()
    source.close()
    assert source.read() is None
