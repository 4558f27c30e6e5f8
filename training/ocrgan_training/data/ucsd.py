"""UCSD Pedestrian 1 and 2 as published (Mahadevan et al. 2010).

DIR/Train/Train001/*.tif  DIR/Test/Test001/*.tif  DIR/Test/Test001_gt/*.bmp (Ped1: of some clips)
DIR/Test/UCSDpedN.m: the abnormal frames of every test clip in order, counted from 1.
"""

from __future__ import annotations

import re
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np

from ocrgan_edge.errors import DataError
from ocrgan_edge.video.clips import GROUND_TRUTH, check_frame_count, list_clips
from ocrgan_edge.video.open_source import open_source
from ocrgan_training.data.data_folder import DataFolder, Labels, LazyMasks, Masks, read_mask

PICTURES = (".bmp", ".png", ".tif", ".tiff")


class UcsdFolder(DataFolder):
    """`UCSDped1` or `UCSDped2`."""

    layout = "ucsd"
    frames_per_second = 10.0

    @classmethod
    def recognises(cls, folder: Path) -> bool:
        """There is a folder Train/Train001."""
        # Compared by name: where capitals do not count, Train would be taken for train.
        return any(path.name == "Train" for path in folder.glob("*")) and any(
            path.is_dir() for path in (folder / "Train").glob("Train[0-9]*")
        )

    def training(self) -> dict[str, Path]:
        """Train001, Train002, …."""
        return list_clips(self.folder / "Train")

    def test(self) -> dict[str, Path]:
        """Test001, Test002, …, without the folders of masks."""
        folder = self.folder / "Test"
        return list_clips(folder) if folder.is_dir() else {}

    @property
    def has_labels(self) -> bool:
        """Whether the .m file is there."""
        return self._label_file() is not None

    def labels(self) -> dict[str, Labels]:
        """The abnormal frames that the .m file lists."""
        file = self._label_file()
        if file is None:
            raise DataError(f"there are no labels at {self.folder}/Test/{self.folder.name}.m")
        listed = _abnormal_frames(file)
        clips = self.test()
        if len(listed) != len(clips):
            raise DataError(
                f"{file} lists {len(listed)} clips, but {self.folder}/Test has {len(clips)}"
            )
        return {
            name: _labels(name, _count(path), ranges)
            for (name, path), ranges in zip(clips.items(), listed, strict=True)
        }

    def masks(self) -> LazyMasks:
        """Of the clips that have a folder of masks."""
        folders = {
            name: path.with_name(name + GROUND_TRUTH)
            for name, path in self.test().items()
            if path.with_name(name + GROUND_TRUTH).is_dir()
        }
        clips = self.test()
        return LazyMasks(
            {name: partial(_masks, name, clips[name], folder) for name, folder in folders.items()}
        )

    def _label_file(self) -> Path | None:
        found = [*self.folder.glob("Test/*.m"), *self.folder.glob("*.m")]
        return next((path for path in found if not path.name.startswith(".")), None)


def _abnormal_frames(file: Path) -> list[list[tuple[int, int]]]:
    """First and last abnormal frames of every clip, from lines as `….gt_frame = [5:90, 140:200];`.

    Raises:
        DataError: it has no such line, or one that is not ranges of frames.
    """
    try:
        lines = [line.partition("%")[0] for line in file.read_text().splitlines()]
    except (OSError, ValueError) as error:
        raise DataError(f"labels {file} cannot be read ({error})") from error
    found = re.findall(r"gt_frame\s*=\s*\[([^\]]*)\]", "\n".join(lines))
    if not found:
        raise DataError(f"{file} has no line `TestVideoFile{{end+1}}.gt_frame = [first:last];`")
    return [[_range(file, part) for part in re.split(r"[,;\s]+", text) if part] for text in found]


def _range(file: Path, text: str) -> tuple[int, int]:
    matched = re.fullmatch(r"(\d+)(?::(\d+))?", text)
    first = int(matched[1]) if matched else 0
    last = int(matched[2] or first) if matched else 0
    if not 1 <= first <= last:
        raise DataError(f"{file}: {text!r} is no range of frames as 5:90, counted from 1")
    return first, last


def _labels(clip: str, frames: int, ranges: list[tuple[int, int]]) -> Labels:
    labels = np.zeros(frames, np.bool_)
    for first, last in ranges:
        if last > frames:
            raise DataError(
                f"clip {clip} has {frames} frames, but its labels name frame {last} abnormal"
            )
        labels[first - 1 : last] = True
    return labels


def _count(path: Path) -> int:
    with closing(open_source(str(path))) as source:
        return source.length or 0


def _masks(clip: str, path: Path, folder: Path) -> Masks:
    files = sorted(
        file
        for file in folder.iterdir()
        if file.suffix.lower() in PICTURES and not file.name.startswith(".")
    )
    check_frame_count(clip, _count(path), "masks", len(files))
    return np.stack([read_mask(file) for file in files])
