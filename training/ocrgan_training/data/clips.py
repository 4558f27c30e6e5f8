"""Training clips: decoded once with the device's own preprocessing, kept as bytes in memory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.errors import DataError, SourceError
from ocrgan_edge.video.clips import LABELS
from ocrgan_edge.video.fit import fit
from ocrgan_edge.video.normal_clips import share_out
from ocrgan_edge.video.open_source import open_source
from ocrgan_edge.video.part_source import stretch_of
from ocrgan_edge.video.resample import frames_on_clock
from ocrgan_training.data.published import open_data_folder

BLOCK = 1 << 20


@dataclass(frozen=True)
class ClipSpec:
    """What a clip is decoded to."""

    height: int
    width: int
    frames_per_second: float
    """The model's clock in 1/s."""
    shortest: int
    """Frames a clip needs at least: one window."""
    memory: int = 8 << 30
    """Bytes that decoded clips may take at once."""
    recorded: float | None = None
    """Rate of the recordings in 1/s; None where each says its own."""


@dataclass(frozen=True, eq=False)
class Clip:
    """One recording of normal life."""

    name: str
    frames: NDArray[np.uint8]
    """(N, H, W, 3), blue-green-red, on the model's clock."""


@dataclass(frozen=True)
class Recordings:
    """The normal clips of a data set, shared out."""

    training: dict[str, Path]
    held_out: dict[str, Path]
    sha256: dict[str, str]
    """Of every clip's file, or of a folder's names and files in order."""
    frames_per_second: float | None = None
    """Rate of all recordings; None where each says its own."""


def find_recordings(data: Path) -> Recordings:
    """Lists the normal clips of a data set in any layout and keeps some apart (`share_out`).

    Raises:
        DataError: there is no clip, or one of them is labelled abnormal.
        SourceError: one recording alone cannot be read.
    """
    folder = open_data_folder(data)
    clips = folder.training()
    _refuse_abnormal(data, clips)
    learned, held_out = share_out(clips)
    return Recordings(
        training=learned,
        held_out=held_out,
        sha256={name: fingerprint(path) for name, path in (learned | held_out).items()},
        frames_per_second=folder.frames_per_second,
    )


class ShortClipError(DataError):
    """A clip has fewer frames than are looked at together."""


def load_clips(
    paths: dict[str, Path], spec: ClipSpec, progress: Callable[[str], None] = lambda name: None
) -> list[Clip]:
    """Decodes clips in order and leaves out those that are too short.

    `progress` is told each clip's name when it is done.

    Raises:
        DataError: a clip cannot be read, all are too short, or together take too much memory.
    """
    clips: list[Clip] = []
    short: ShortClipError | None = None
    left = spec.memory
    for name, path in paths.items():
        try:
            clip = load_clip(name, path, spec, left)
        except ShortClipError as error:
            short = short or error
        else:
            left -= clip.frames.nbytes
            clips.append(clip)
        progress(name)
    if short and not clips:
        raise short
    return clips


def load_clip(name: str, path: Path, spec: ClipSpec, memory: int | None = None) -> Clip:
    """Decodes one clip: source → resampled to the model's clock → fitted to its size.

    Raises:
        ShortClipError: it has fewer than `spec.shortest` frames.
        DataError: it cannot be read, or takes more than `memory` bytes.
    """
    most = (spec.memory if memory is None else memory) // (spec.height * spec.width * 3)
    images: list[NDArray[np.uint8]] = []
    try:
        for image in _images(path, spec):
            images.append(image)
            if len(images) > most:
                raise DataError(
                    f"the clips up to {name!r} take more than {spec.memory / 2**30:.1f} GiB at "
                    f"{spec.height}x{spec.width}: take a smaller --size or --fps, shorter clips, "
                    "or a larger --memory"
                )
    except SourceError as error:
        raise DataError(f"training clip {name!r} cannot be read: {error}") from error
    if len(images) < spec.shortest:
        raise ShortClipError(
            f"training clip {name!r} has {len(images)} frames at {spec.frames_per_second:g} "
            f"frames/s, but training needs {spec.shortest} at a time: longer clips or fewer "
            "--frames are wanted"
        )
    return Clip(name, np.stack(images))


def _images(path: Path, spec: ClipSpec) -> Iterator[NDArray[np.uint8]]:
    with closing(open_source(str(path), frames_per_second=spec.recorded)) as source:
        for frame in frames_on_clock(source, spec.frames_per_second):
            yield fit(frame.image, spec.height, spec.width)


def fingerprint(path: Path) -> str:
    """SHA-256 of a file, or of the names and contents of a folder's files in order.

    A stretch has that of the whole recording.
    """
    path = path if (part := stretch_of(str(path))) is None else part[0]
    digest = hashlib.sha256()
    for file in sorted(path.iterdir()) if path.is_dir() else [path]:
        if path.is_dir():
            digest.update(file.name.encode())
        with file.open("rb") as opened:
            while block := opened.read(BLOCK):
                digest.update(block)
    return digest.hexdigest()


def _refuse_abnormal(data: Path, clips: dict[str, Path]) -> None:
    file = data / LABELS
    if not file.exists():
        return
    try:
        labels = json.loads(file.read_text())
        abnormal = [name for name in clips if any(labels.get(name, ()))]
    except (ValueError, AttributeError, TypeError) as error:
        raise DataError(f"{file} is not a table of clip names to labels: {error}") from error
    tested = {path.stem for path in (data / "test").glob("*")}  # the label may be a test clip's
    for name in abnormal:
        if name not in tested:
            raise DataError(
                f"training clip {name!r} is labelled abnormal in {file}: "
                "training wants normal life only, so move it to test/ or remove it"
            )
