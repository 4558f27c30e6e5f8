"""Which layout a folder has: the published ones are read as they were downloaded."""

from __future__ import annotations

from pathlib import Path

from ocrgan_edge.errors import DataError
from ocrgan_training.data.avenue import AvenueFolder
from ocrgan_training.data.data_folder import DataFolder
from ocrgan_training.data.plain import PlainFolder
from ocrgan_training.data.shanghaitech import ShanghaiTechFolder
from ocrgan_training.data.ucsd import UcsdFolder

LAYOUTS: tuple[type[DataFolder], ...] = (
    UcsdFolder,
    AvenueFolder,
    ShanghaiTechFolder,
    PlainFolder,
)


def open_data_folder(folder: Path) -> DataFolder:
    """The data set in a folder: UCSD Ped1/Ped2, CUHK Avenue, ShanghaiTech, or the plain layout.

    Raises:
        DataError: the folder is missing or has none of these layouts; where a folder within has
            one, the message names it.
    """
    if not folder.is_dir():
        raise DataError(f"there is no folder of clips at {folder}")
    found = _recognise(folder)
    if found is not None:
        return found
    inside = [path for path in sorted(folder.iterdir()) if path.is_dir() and _recognise(path)]
    if inside:
        raise DataError(f"{folder} is no data set itself: give {' or '.join(map(str, inside))}")
    raise DataError(
        f"there is no folder of clips at {folder / 'train'}, nor is {folder} laid out as UCSD Ped, "
        "CUHK Avenue or ShanghaiTech are published"
    )


def _recognise(folder: Path) -> DataFolder | None:
    return next((layout(folder) for layout in LAYOUTS if layout.recognises(folder)), None)
