"""`python -m ocrgan_training.data DIR OUT`: a published data set in the plain layout."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from ocrgan_edge.command_line import run
from ocrgan_edge.errors import SettingsError
from ocrgan_edge.video.clips import LABELS, MASKS
from ocrgan_edge.video.recorded_rate import CLIPS
from ocrgan_training.data.data_folder import DataFolder
from ocrgan_training.data.published import open_data_folder

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def command(
    data: Annotated[Path, typer.Argument(help="A data set as it was downloaded.")],
    out: Annotated[Path, typer.Argument(help="Folder to write: links to the clips, labels, …")],
) -> None:
    """Lays a data set out plainly, so that every command reads it; clips are linked, not copied."""
    if out.exists() and any(out.iterdir()):
        raise SettingsError(f"{out} is there already and not empty: give a new folder")
    found = open_data_folder(data)
    write_plain(found, out)
    print(f"{found.layout}: {len(found.training())} training and {len(found.test())} test clips")


def write_plain(data: DataFolder, out: Path) -> None:
    """Writes `out` in the plain layout: links to clips, labels.json, masks.npz, clips.json.

    Raises:
        DataError: labels or masks are broken or do not fit the clips.
    """
    for part, clips in (("train", data.training()), ("test", data.test())):
        (out / part).mkdir(parents=True, exist_ok=True)
        for path in clips.values():
            (out / part / path.name).symlink_to(path.resolve())
    if data.frames_per_second is not None:
        (out / CLIPS).write_text(json.dumps({"frames_per_second": data.frames_per_second}) + "\n")
    if data.has_labels:
        labels = {name: values.astype(int).tolist() for name, values in data.labels().items()}
        (out / LABELS).write_text(json.dumps(labels) + "\n")
    masks = data.masks()
    if masks:
        with zipfile.ZipFile(out / MASKS, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in masks:  # one at a time: all together they may not fit in memory
                with archive.open(f"{name}.npy", "w", force_zip64=True) as opened:
                    np.lib.format.write_array(opened, masks[name], allow_pickle=False)


def main() -> None:
    """Runs the command."""
    sys.exit(run(app))


if __name__ == "__main__":
    main()
