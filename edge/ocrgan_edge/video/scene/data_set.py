"""The scene as a data set in the plain layout: clips, labels, masks, kinds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.errors import DataError
from ocrgan_edge.video.scene.plan import Plan
from ocrgan_edge.video.scene.renderer import render
from ocrgan_edge.video.scene.truth import Truth

RENDERER = 1
"""Counted up when the same parameters give other pictures."""
RECORD, UNFINISHED = "scene.json", "scene.unfinished.json"
QUALITY = 92
"""Of the clips' JPEG frames."""
LULL = 1.0
"""Seconds out of sight that do not end an anomaly."""


def write_data_set(folder: Path, plan: Plan, progress: Callable[[], object]) -> bool:
    """Renders the clips unless that has been done; returns whether it was necessary.

    Args:
        folder: new, empty, or of the same plan.
        plan: what to render.
        progress: called after each frame.

    Raises:
        DataError: the folder holds something else, or a clip cannot be written.
    """
    record = _parameters(plan)
    if (folder / RECORD).exists():
        _expect_same(folder / RECORD, record)
        return False
    try:
        _clear(folder)
        (folder / UNFINISHED).write_text(json.dumps(record, indent=1) + "\n")
        _render_all(folder, plan, progress)
        (folder / UNFINISHED).replace(folder / RECORD)
    except OSError as error:
        raise DataError(f"{folder} cannot be written ({error})") from error
    return True


def spans(truths: Sequence[Truth], frames_per_second: float) -> list[dict[str, Any]]:
    """Anomalies of a clip: kind, start and end in seconds, by start.

    What is out of sight for a moment, behind a tree for example, goes on afterwards.
    """
    gap = max(1, round(LULL * frames_per_second))
    found = [
        {"kind": kind, "start": first / frames_per_second, "end": last / frames_per_second}
        for kind in sorted({kind for truth in truths for kind in truth.kinds})
        for first, last in _stretches((kind in truth.kinds for truth in truths), gap)
    ]
    return sorted(found, key=lambda it: (it["start"], it["kind"]))


def write_clip(
    path: Path,
    frames_per_second: float,
    frames: Iterable[tuple[NDArray[np.uint8], Truth]],
    progress: Callable[[], object],
) -> list[Truth]:
    """One clip as Motion JPEG; returns the truth of each frame.

    Args:
        path: of the new file.
        frames_per_second: of the clip.
        frames: pictures (H, W, 3), blue-green-red, all of one size, with what is to be seen.
        progress: called after each frame.

    Raises:
        DataError: it cannot be written, or there are no frames.
    """
    writer = cv2.VideoWriter()
    truths: list[Truth] = []
    codec = cv2.VideoWriter.fourcc(*"MJPG")
    for image, truth in frames:
        if not truths:
            size = (image.shape[1], image.shape[0])
            writer.open(str(path), cv2.CAP_OPENCV_MJPEG, codec, frames_per_second, size)
            writer.set(cv2.VIDEOWRITER_PROP_QUALITY, QUALITY)
        if not writer.isOpened():
            raise DataError(
                f"clip {path} cannot be written: OpenCV opens no Motion JPEG file there"
            )
        writer.write(image)
        truths.append(truth)
        progress()
    writer.release()
    if not truths:
        raise DataError(f"clip {path} would have no frames")
    return truths


def write_truths(
    folder: Path, truths: Mapping[str, Sequence[Truth]], frames_per_second: float
) -> None:
    """labels.json, masks.npz and anomalies.json of a data set's test clips, by name."""
    labels = {clip: [truth.label for truth in found] for clip, found in truths.items()}
    kinds = {clip: spans(found, frames_per_second) for clip, found in truths.items()}
    masks = {clip: np.stack([truth.mask for truth in found]) for clip, found in truths.items()}
    (folder / "labels.json").write_text(json.dumps(labels) + "\n")
    (folder / "anomalies.json").write_text(json.dumps(kinds, indent=1) + "\n")
    np.savez_compressed(folder / "masks.npz", allow_pickle=False, **masks)


def _clear(folder: Path) -> None:
    """An empty data set, also where another was begun; what is not ours is not touched."""
    if folder.exists() and any(folder.iterdir()) and not (folder / UNFINISHED).exists():
        raise DataError(f"{folder} is not empty: a rendered data set needs a folder of its own")
    for part in ("train", "test"):
        (folder / part).mkdir(parents=True, exist_ok=True)
        for old in (folder / part).glob("*.avi"):
            old.unlink()


def _stretches(present: Iterable[bool], longest_gap: int) -> list[tuple[int, int]]:
    """First and last frame of each stretch; gaps of no more than some frames do not end it."""
    found: list[tuple[int, int]] = []
    for index in (index for index, there in enumerate(present) if there):
        if found and index - found[-1][1] <= longest_gap:
            found[-1] = (found[-1][0], index)
        else:
            found.append((index, index))
    return found


def _render_all(folder: Path, plan: Plan, progress: Callable[[], object]) -> None:
    found: dict[str, list[Truth]] = {}
    for name, spec in plan.clips().items():
        truths = write_clip(folder / name, spec.frames_per_second, render(spec), progress)
        if name.startswith("test/"):
            found[Path(name).stem] = truths
    write_truths(folder, found, plan.scene.frames_per_second)


def _parameters(plan: Plan) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(json.dumps(asdict(plan)))
    return {"renderer": RENDERER, **fields}


def _expect_same(path: Path, wanted: dict[str, Any]) -> None:
    try:
        found = json.loads(path.read_text())
    except ValueError as error:
        raise DataError(f"{path} is not what ocrgan-scene writes ({error})") from error
    if found != wanted:
        raise DataError(
            f"{path.parent} holds a scene of other parameters: remove it or give another --out"
        )
