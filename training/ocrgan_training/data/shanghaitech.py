"""ShanghaiTech Campus as published (Luo, Liu & Gao 2017).

DIR/training/videos/01_001.avi (or training/frames/01_001/*.jpg)  DIR/testing/frames/01_0014/*.jpg
DIR/testing/test_frame_mask/01_0014.npy: (frames,)
DIR/testing/test_pixel_mask/01_0014.npy: (frames, H, W)
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from ocrgan_edge.errors import DataError
from ocrgan_edge.video.clips import list_clips
from ocrgan_training.data.data_folder import (
    DataFolder,
    Labels,
    LazyMasks,
    Masks,
    check_count,
    check_same_clips,
    load_array,
)


class ShanghaiTechFolder(DataFolder):
    """`shanghaitech`."""

    layout = "shanghaitech"
    frames_per_second = 24.0

    @classmethod
    def recognises(cls, folder: Path) -> bool:
        """There is training/videos or training/frames."""
        return any((folder / "training" / part).is_dir() for part in ("videos", "frames"))

    def training(self) -> dict[str, Path]:
        """The training videos, or the folders of their frames."""
        videos = self.folder / "training" / "videos"
        return list_clips(videos if videos.is_dir() else self.folder / "training" / "frames")

    def test(self) -> dict[str, Path]:
        """The folders of frames."""
        folder = self.folder / "testing" / "frames"
        return list_clips(folder) if folder.is_dir() else {}

    @property
    def has_labels(self) -> bool:
        """Whether there are labels of frames."""
        return self._arrays("test_frame_mask").is_dir()

    def labels(self) -> dict[str, Labels]:
        """Of testing/test_frame_mask."""
        folder, clips = self._arrays("test_frame_mask"), self.test()
        if not folder.is_dir():
            raise DataError(f"there are no labels at {folder}")
        files = {path.stem: path for path in sorted(folder.glob("*.npy"))}
        check_same_clips(str(folder), files, clips)
        found = {name: load_array(files[name], 1) for name in clips}
        for name, labels in found.items():
            check_count(name, clips[name], "labels", len(labels))
        return found

    def masks(self) -> LazyMasks:
        """Of testing/test_pixel_mask."""
        clips = self.test()
        files = {
            name: self._arrays("test_pixel_mask") / f"{name}.npy"
            for name in clips
            if (self._arrays("test_pixel_mask") / f"{name}.npy").exists()
        }
        return LazyMasks(
            {name: partial(_masks, name, clips[name], file) for name, file in files.items()}
        )

    def _arrays(self, name: str) -> Path:
        return self.folder / "testing" / name


def _masks(clip: str, path: Path, file: Path) -> Masks:
    masks = load_array(file, 3)
    check_count(clip, path, "masks", len(masks))
    return masks
