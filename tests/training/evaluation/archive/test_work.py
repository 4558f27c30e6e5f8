"""One clip on a worker."""

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from ocrgan_edge.bundle import open_bundle
from ocrgan_edge.errors import BundleError, DataError
from ocrgan_edge.runtime.open_scorer import open_scorer
from ocrgan_edge.runtime.scoring import score_source
from ocrgan_edge.video.open_source import open_source
from ocrgan_training.evaluation.archive.run import archive_clips
from ocrgan_training.evaluation.archive.work import Job, from_bytes, score


@pytest.fixture
def job(tiny: Path) -> Job:
    return Job(str(tiny), open_bundle(tiny).sha256, "onnx-fp32", hop=2)


def test_a_workers_scores_are_the_daemons_bit_for_bit(job: Job, data_set: Path) -> None:
    path = str(data_set / "test" / "crossing")
    scored = score(job, "crossing", path)
    assert scored.error is None
    bundle = open_bundle(Path(job.bundle))
    scorer = open_scorer(bundle, job.target, threads=1)
    with closing(open_source(path)) as source:
        wanted = list(score_source(source, scorer, bundle.manifest.input, hop=2))
    found = from_bytes(scored.scores)
    assert found.windows.score.tolist() == [window.result.score for window in wanted]
    assert found.windows.end.tolist() == [window.end for window in wanted]
    assert found.windows.frames == 60
    assert found.seed.tolist() == [window.result.seed for window in wanted]
    assert found.raw_terms.dtype == np.float64


def test_a_clip_that_cannot_be_read_is_an_answer(job: Job, tmp_path: Path) -> None:
    (tmp_path / "broken.avi").write_bytes(b"nothing")
    scored = score(job, "broken", str(tmp_path / "broken.avi"))
    assert scored.scores == b""
    assert "broken.avi" in str(scored.error)


def test_a_worker_that_sees_another_bundle_refuses(tiny: Path) -> None:
    with pytest.raises(BundleError, match="SHA-256 differs"):
        score(Job(str(tiny), "ab" * 32, "onnx-fp32", hop=2), "a", "/nowhere")


def test_clips_of_an_archive_are_named_by_their_place(tmp_path: Path) -> None:
    for place in ("a.mp4", "monday/a.mp4", "monday/night/b.avi", "tuesday/frames/001.png"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_bytes(b"")
    assert list(archive_clips(tmp_path)) == [
        *("a", "monday/a", "monday/night/b", "tuesday/frames"),
    ]


def test_a_folder_without_clips_is_no_archive(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no clips"):
        archive_clips(tmp_path)
