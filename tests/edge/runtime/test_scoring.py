from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ocrgan_edge.bundle import Bundle
from ocrgan_edge.errors import SourceError
from ocrgan_edge.runtime.open_scorer import open_scorer
from ocrgan_edge.runtime.scoring import ScoredWindow, raw_windows, score_source, windows
from ocrgan_edge.video.fit import fit
from ocrgan_edge.video.folder_source import FolderSource
from ocrgan_edge.video.frame import Frame
from ocrgan_edge.video.open_source import open_source


@pytest.fixture
def images() -> NDArray[np.uint8]:
    """20 frames of 48x40 noise, with a bright spot that moves."""
    images = np.random.default_rng(0).integers(80, 100, (20, 40, 48, 3), dtype=np.uint8)
    for t in range(20):
        images[t, 10:20, 2 * t : 2 * t + 8] = 255
    return images


@pytest.fixture
def folder(tmp_path: Path, images: NDArray[np.uint8]) -> Path:
    for index, image in enumerate(images):
        cv2.imwrite(str(tmp_path / f"{index:03}.png"), image)
    return tmp_path


class Camera:
    """A live source that plays pictures at given times."""

    name = "camera"
    frames_per_second = 10.0
    live = True
    length = None

    def __init__(self, images: NDArray[np.uint8], times: list[float]) -> None:
        self._frames = [
            Frame(image, index, at)
            for index, (image, at) in enumerate(zip(images, times, strict=False))
        ]

    def read(self) -> Frame | None:
        return self._frames.pop(0) if self._frames else None

    def close(self) -> None:
        self._frames.clear()


def scored(folder: Path, bundle: Bundle, hop: int = 4) -> list[ScoredWindow]:
    scorer = open_scorer(bundle, "onnx-fp32", threads=1)
    return list(score_source(FolderSource(folder), scorer, bundle.manifest.input, hop))


def test_a_window_is_the_newest_frames_at_the_models_size(
    tiny: Bundle, folder: Path, images: NDArray[np.uint8]
) -> None:
    seen = list(raw_windows(FolderSource(folder), tiny.manifest.input, hop=4))
    assert len(seen) == 5
    wanted = np.stack([fit(image, 32, 32) for image in images[4:12]])
    assert np.array_equal(seen[2], wanted)


def test_windows_end_every_hop_frames_the_first_full_one_among_them(
    tiny: Bundle, folder: Path
) -> None:
    result = scored(folder, tiny)
    assert [window.end for window in result] == [3, 7, 11, 15, 19]
    assert [window.at for window in result] == pytest.approx([0.3, 0.7, 1.1, 1.5, 1.9])


def test_the_score_is_the_scorers_for_that_window(tiny: Bundle, folder: Path) -> None:
    scorer = open_scorer(tiny, "onnx-fp32", threads=1)
    copies = raw_windows(FolderSource(folder), tiny.manifest.input, hop=4)
    assert [window.result.score for window in scored(folder, tiny)] == [
        scorer.score(frames).score for frames in copies
    ]


def test_scores_are_the_same_bit_for_bit_each_time(tiny: Bundle, folder: Path) -> None:
    first, again = scored(folder, tiny, hop=1), scored(folder, tiny, hop=1)
    assert [window.result.score for window in first] == [window.result.score for window in again]


def test_scores_do_not_depend_on_the_hop(tiny: Bundle, folder: Path) -> None:
    every = {window.end: window.result.score for window in scored(folder, tiny, hop=1)}
    some = {window.end: window.result.score for window in scored(folder, tiny, hop=3)}
    assert some.items() <= every.items()


def test_windows_are_views_that_are_not_copied(tiny: Bundle, folder: Path) -> None:
    seen = [window.frames for window in windows(FolderSource(folder), tiny.manifest.input, 1)]
    full = seen[6:]  # those before are completed by mirrored frames
    assert all(np.shares_memory(full[0].base, frames) for frames in full)


def test_a_source_of_another_rate_is_put_on_the_models_clock(tiny: Bundle, folder: Path) -> None:
    """20 frames at 20/s are 1 s: 10 ticks of a clock with 10/s."""
    source = FolderSource(folder, frames_per_second=20.0)
    ends = [window.end for window in windows(source, tiny.manifest.input, hop=1)]
    assert ends == list(range(1, 10))


def test_no_window_reaches_across_a_cameras_gap(tiny: Bundle, images: NDArray[np.uint8]) -> None:
    times = [i / 10 if i < 10 else 60 + i / 10 for i in range(20)]
    seen = windows(Camera(images, times), tiny.manifest.input, hop=1)
    frames = {window.end: window.frames.copy() for window in seen}
    assert list(frames) == [*range(1, 10), *range(11, 20)]
    after = {fit(image, 32, 32).tobytes() for image in images[10:]}
    assert all(image.tobytes() in after for end in range(11, 20) for image in frames[end])


def test_a_source_that_breaks_gives_its_windows_and_then_the_error(
    tiny: Bundle, folder: Path
) -> None:
    (folder / "012.png").write_bytes(b"broken")
    seen = windows(open_source(str(folder)), tiny.manifest.input, hop=1)
    assert [next(seen).end for _ in range(11)] == list(range(1, 12))
    with pytest.raises(SourceError, match=r"012\.png"):
        next(seen)
