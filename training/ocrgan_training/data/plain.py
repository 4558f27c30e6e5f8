"""The plain layout: train/<clip>, test/<clip>, labels.json, masks.npz, clips.json."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ocrgan_edge.video.clips import LABELS, list_clips, load_labels, load_masks
from ocrgan_training.data.data_folder import DataFolder, Labels, Masks, check_count


class PlainFolder(DataFolder):
    """What a user brings; `ocrgan_edge.video.clips` says what lies where."""

    layout = "plain"

    @classmethod
    def recognises(cls, folder: Path) -> bool:
        """There is a folder `train` or `test`."""
        return (folder / "train").is_dir() or (folder / "test").is_dir()

    def training(self) -> dict[str, Path]:
        """Everything in train/."""
        return list_clips(self.folder / "train")

    def test(self) -> dict[str, Path]:
        """Everything in test/, if that is there."""
        folder = self.folder / "test"
        return list_clips(folder) if folder.is_dir() else {}

    @property
    def has_labels(self) -> bool:
        """Whether there is a labels.json."""
        return (self.folder / LABELS).exists()

    def labels(self) -> dict[str, Labels]:
        """Of labels.json, checked against the clips' names and lengths."""
        found = load_labels(self.folder)
        for name, path in self.test().items():
            check_count(name, path, "labels", len(found[name]))
        return found

    def masks(self) -> Mapping[str, Masks]:
        """Of masks.npz."""
        return load_masks(self.folder)
