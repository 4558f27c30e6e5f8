"""`ocrgan-evaluate --cluster`: an archive or a labelled data set, scored by many workers."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ocrgan_edge.bundle import Bundle
from ocrgan_edge.errors import DataError, SettingsError
from ocrgan_edge.video.clips import list_clips
from ocrgan_edge.video.folder_source import PICTURE_SUFFIXES
from ocrgan_training.data.published import open_data_folder
from ocrgan_training.evaluation.archive.result_file import ResultFile
from ocrgan_training.evaluation.archive.summary import ArchiveSummary, summarise
from ocrgan_training.evaluation.archive.work import Job, from_bytes
from ocrgan_training.evaluation.data_set import DataSet
from ocrgan_training.evaluation.evaluate import Evaluation, evaluation_of
from ocrgan_training.evaluation.measure import Settings
from ocrgan_training.evaluation.measure_baselines import measure_baselines
from ocrgan_training.evaluation.measure_graph import Scored, figures_of
from ocrgan_training.evaluation.subjects import Constants

INSTALL = "pip install 'ocrgan-edge[cluster]'"
NO_PIXELS = "scored on a cluster: maps are not kept, so there is no pixel AUC"


@dataclass(frozen=True)
class Archive:
    """What is scored where to."""

    bundle: Bundle
    target: str
    clips: dict[str, Path]
    results: Path
    cluster: str
    frames_per_second: float | None = None

    def job(self, settings: Settings) -> Job:
        """How workers score."""
        return Job(
            bundle=str(self.bundle.path.resolve()),
            sha256=self.bundle.sha256,
            target=self.target,
            hop=settings.hop,
            threads=settings.threads or 1,
            frames_per_second=self.frames_per_second,
        )


def archive_clips(folder: Path) -> dict[str, Path]:
    """Clips of a folder and of the folders in it, by path below it; `a/b` for `folder/a/b.mp4`.

    Raises:
        DataError: there are none.
    """
    clips: dict[str, Path] = {}
    for where in [folder, *sorted(path for path in folder.rglob("*") if path.is_dir())]:
        try:
            found = list_clips(where)
        except DataError:
            continue  # a folder of frames, or of folders alone
        inside = where.relative_to(folder)
        clips |= {str(inside / name): path for name, path in found.items() if _has_clip(path)}
    if not clips:
        raise DataError(f"{folder} has no clips: neither video files nor folders of frames")
    return clips


def score_clips(archive: Archive, settings: Settings) -> None:
    """Scores what the result file does not have yet, with a bar.

    Raises:
        SettingsError: Dask is not installed, or the cluster or the result file cannot be used.
    """
    try:
        from ocrgan_training.evaluation.archive.on_cluster import score_archive  # an extra
    except ImportError as error:
        raise SettingsError(f"--cluster needs Dask ({error}): {INSTALL}") from error
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("clips"),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
    ) as progress:
        task = progress.add_task("scoring", total=len(archive.clips))
        score_archive(
            archive.clips,
            archive.job(settings),
            archive.results,
            archive.cluster,
            lambda _: progress.advance(task),
        )


def archive_summary(archive: Archive, settings: Settings) -> ArchiveSummary:
    """Of clips without labels that have been scored."""
    job = archive.job(settings)
    with ResultFile(archive.results, job) as file:
        found = (one for one in file.results() if one.clip in archive.clips)
        return summarise(found, archive.bundle, job, settings)


def labelled_evaluation(archive: Archive, data: DataSet, settings: Settings) -> Evaluation:
    """Of labelled clips that have been scored; the baselines are measured here.

    Raises:
        DataError: a clip could not be read, or labels do not fit.
    """
    bundle, target = archive.bundle, archive.target
    with ResultFile(archive.results, archive.job(settings)) as file:
        found = {one.clip: one for one in file.results() if one.clip in archive.clips}
    for one in found.values():
        if one.error is not None:
            raise DataError(f"clip {one.clip} could not be scored: {one.error}")
    clips = {name: from_bytes(found[name].scores) for name in archive.clips}
    calibration = bundle.target(target).calibration
    constants = Constants(bundle.statistics(target), calibration)
    graph = figures_of(target, Scored(clips), constants, data, settings)
    clock, wish = bundle.manifest.input.frames_per_second, calibration.false_alarms_per_day
    baselines = measure_baselines(data, clock, wish, settings, lambda: None)
    evaluation = evaluation_of(bundle.manifest.name, {target: graph}, baselines, data, settings)
    if data.masks:
        evaluation.report.notes.append(NO_PIXELS)
    return evaluation


def is_labelled(folder: Path) -> bool:
    """Whether a folder is a data set with labels and not just clips."""
    try:
        found = open_data_folder(folder)
    except DataError:
        return False
    return found.has_labels and bool(found.test())


def _has_clip(path: Path) -> bool:
    """Video files, and folders with pictures in them."""
    if path.is_file():
        return True
    return any(file.suffix.lower() in PICTURE_SUFFIXES for file in path.iterdir())
