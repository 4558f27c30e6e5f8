"""What is evaluated on: labelled test clips, and normal clips that nothing was trained on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.errors import DataError
from ocrgan_edge.video.clips import LABELS, check_frame_count
from ocrgan_edge.video.normal_clips import share_out
from ocrgan_edge.video.open_source import open_source
from ocrgan_training.data.data_folder import DataFolder
from ocrgan_training.data.published import open_data_folder
from ocrgan_training.evaluation.counted_source import CountedSource
from ocrgan_training.evaluation.kinds import KindInterval, load_kinds
from ocrgan_training.evaluation.pixels import stride_for

ONLY_NORMAL = (
    "no labels: only false alarms are measured, on the held-out normal clips that thresholds may "
    "have been read from; detection needs test/ and labels.json"
)


@dataclass(frozen=True)
class DataSet:
    """A folder of recordings, ready to be evaluated on."""

    folder: Path

    clips: Mapping[str, Path]
    """The labelled test clips; without labels, the held-out normal clips."""

    labels: Mapping[str, NDArray[np.bool_]] | None
    """Per clip (frames,), True where abnormal; None where the data set has none."""

    masks: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    """Per clip (frames, H, W); may be empty."""

    held_out: Mapping[str, Path] = field(default_factory=dict)
    """Normal clips for the thresholds of the baselines."""

    background: Mapping[str, Path] = field(default_factory=dict)
    """Normal clips that a detector may have seen."""

    kinds: Mapping[str, tuple[KindInterval, ...]] = field(default_factory=dict)
    """Of rendered scenes: what happens when."""

    frames_per_second: float | None = None
    """At which the clips were recorded, where they do not say it themselves."""

    def open(self, clip: str, told: Callable[[], None] = lambda: None) -> CountedSource:
        """Opens a clip; `told` is called for every frame.

        Raises:
            SourceError: it cannot be read.
        """
        return self.open_path(self.clips[clip], told)

    def open_path(self, path: Path, told: Callable[[], None] = lambda: None) -> CountedSource:
        """As `open`, also for normal clips."""
        rate = self.frames_per_second
        return CountedSource(open_source(str(path), frames_per_second=rate), told)

    @property
    def pixel_stride(self) -> int:
        """Every how manieth row and column is compared with the masks; 1 without masks."""
        first = next(iter(self.masks), None)
        if first is None or self.labels is None:
            return 1
        frames = sum(len(self.labels[name]) for name in self.masks)
        return stride_for(frames, *self.masks[first].shape[1:])

    def labels_of(self, clip: str, frames: int) -> NDArray[np.bool_]:
        """Labels of a clip that was decoded to so many frames; normal where there are none.

        Raises:
            DataError: there is another number of labels; the message names clip and both counts.
        """
        if self.labels is None:
            return np.zeros(frames, np.bool_)
        labels = self.labels[clip]
        check_frame_count(clip, frames, "labels", len(labels))
        return labels

    def masks_of(self, clip: str, frames: int) -> NDArray[np.bool_] | None:
        """Masks of a clip that was decoded to so many frames, if it has any.

        Raises:
            DataError: they are for another number of frames.
        """
        if clip not in self.masks:
            return None
        masks = self.masks[clip]
        check_frame_count(clip, frames, "masks", len(masks))
        return masks


def load_data_set(folder: Path, frames_per_second: float | None = None) -> DataSet:
    """Finds clips, labels and masks of a folder, published or plain.

    Args:
        folder: of recordings.
        frames_per_second: at which clips were recorded that do not say it themselves.

    Raises:
        DataError: there are neither labelled test clips nor normal clips to hold out, or labels
            and clips do not fit together.
    """
    found = open_data_folder(folder)
    rate = frames_per_second or found.frames_per_second
    kept, background = _normal_clips(found)
    if not found.has_labels:
        if not kept:
            raise DataError(f"{folder} has no {LABELS} with test clips, nor normal clips in train/")
        return DataSet(
            folder, kept, None, held_out=kept, background=background, frames_per_second=rate
        )
    return DataSet(
        folder=folder,
        clips=found.test(),
        labels=found.labels(),
        masks=found.masks(),
        held_out=kept,
        background=background,
        kinds=load_kinds(folder),
        frames_per_second=rate,
    )


def count_frames(clips: Mapping[str, Path]) -> int:
    """Frames that clips say they have, for a progress bar; unknown ones count as 0."""
    total = 0
    for path in clips.values():
        with closing(open_source(str(path))) as source:
            total += source.length or 0
    return total


def _normal_clips(folder: DataFolder) -> tuple[dict[str, Path], dict[str, Path]]:
    try:
        clips = folder.training()
    except DataError:
        return {}, {}  # none are needed where there are labels
    learned, held_out = share_out(clips)
    return held_out, learned
