"""A checkpoint scored through torch, against its exported graph and by itself."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ocrgan_edge.bundle import open_bundle
from ocrgan_edge.errors import DataError
from ocrgan_training.checkpoint import save_checkpoint
from ocrgan_training.data.clips import find_recordings
from ocrgan_training.data.loader import LoaderSettings
from ocrgan_training.evaluation.data_set import load_data_set
from ocrgan_training.evaluation.evaluate import TORCH, Evaluation, evaluate
from ocrgan_training.evaluation.measure import Settings
from ocrgan_training.evaluation.network_plots import write_network_plots
from ocrgan_training.evaluation.network_view import Inside, places, spread
from ocrgan_training.evaluation.torch_subject import (
    LoadedRun,
    TorchScorer,
    load_run,
    of_run,
    with_run,
)
from ocrgan_training.learner import Rates, make_learner
from ocrgan_training.network.presets import NetworkConfig
from ocrgan_training.options import TrainOptions
from ocrgan_training.schedule import Budget, Plateau

pytestmark = pytest.mark.slow

CONFIG = NetworkConfig(frames=8, height=32, width=32, base_width=8, features=20)
SETTINGS = Settings(hop=8, threads=1)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def run(data_set: Path, tmp_path_factory: pytest.TempPathFactory) -> LoadedRun:
    """A run folder whose network has learned nothing yet."""
    return untrained(CONFIG, data_set, tmp_path_factory.mktemp("runs") / "yard")


def untrained(config: NetworkConfig, data_set: Path, folder: Path) -> LoadedRun:
    folder.mkdir()
    loader = LoaderSettings(frames=config.clip_frames, batch=1, stacks=4, seed=1)
    options = TrainOptions(data_set, folder, config, Budget(steps=1), loader)
    learner = make_learner(config, Rates(), seed=1)
    save_checkpoint(folder, learner, options.info(find_recordings(data_set)), Plateau())
    return load_run(folder)


@pytest.fixture(scope="module")
def found(run: LoadedRun, data_set: Path) -> Evaluation:
    data = load_data_set(data_set)
    return evaluate(of_run(run, data, SETTINGS), data, SETTINGS, lambda: None)


def test_a_checkpoint_alone_is_a_row_with_a_threshold_from_normal_clips(found: Evaluation) -> None:
    names = [row.name for row in found.report.rows]
    assert names == ["torch", "seed score of torch", "frame differencing", "MOG2 foreground"]
    assert found.report.bundle == "yard"
    assert found.report.row(TORCH).alarms is not None
    assert found.report.row(TORCH).pixel_auc is not None


def test_the_same_window_gives_the_same_score(run: LoadedRun) -> None:
    window = np.random.default_rng(0).integers(0, 255, (8, 32, 32, 3), dtype=np.uint8)
    scores = {TorchScorer(run.graph).score(window).score for _ in range(3)}
    assert len(scores) == 1


def test_a_checkpoint_needs_normal_clips_for_its_constants(
    run: LoadedRun, data_set: Path, tmp_path: Path
) -> None:
    for name in ("test", "labels.json"):
        (tmp_path / name).symlink_to(data_set / name)
    data = load_data_set(tmp_path)
    with pytest.raises(DataError, match="needs 2 normal clips or more"):
        of_run(run, data, SETTINGS).openers[TORCH]()


def test_a_bundle_of_another_network_is_refused(run: LoadedRun, tiny: Path) -> None:
    bundle = open_bundle(tiny)
    other = LoadedRun(run.name, run.graph, run.info.model_copy(update={"frames_per_second": 5.0}))
    with pytest.raises(DataError, match="but the network of yard takes"):
        with_run(bundle, ["onnx-fp32"], other, SETTINGS)


def test_what_the_network_does_inside_is_drawn(
    found: Evaluation, run: LoadedRun, data_set: Path, tmp_path: Path
) -> None:
    inside = Inside(run, found.statistics[TORCH], load_data_set(data_set))
    paths = write_network_plots(tmp_path, inside, found.of(TORCH), "svg")
    assert [path.name for path in paths] == [
        *("reconstruction.svg", "attention.svg", "channel-shuffle.svg"),
    ]
    assert "abnormal, score" in paths[0].read_text()
    assert "abnormal − normal" in paths[1].read_text()


def test_what_a_network_that_steps_does_inside_is_drawn(data_set: Path, tmp_path: Path) -> None:
    steps = untrained(replace(CONFIG, causal=True, patches="slim"), data_set, tmp_path / "steps")
    data = load_data_set(data_set)
    found = evaluate(of_run(steps, data, SETTINGS), data, SETTINGS, lambda: None)
    inside = Inside(steps, found.statistics[TORCH], data)
    paths = write_network_plots(tmp_path, inside, found.of(TORCH), "svg")
    assert [path.name for path in paths] == [
        *("reconstruction.svg", "attention.svg", "channel-shuffle.svg"),
    ]


def test_every_window_has_the_label_of_its_newest_frame(found: Evaluation, data_set: Path) -> None:
    data = load_data_set(data_set)
    clips = found.of(TORCH).clips
    labels = {name: data.labels_of(name, 60) for name in clips}
    known = places(clips, labels)
    crossing = [place for place in known if place.clip == "crossing"]
    assert [place.end for place in crossing if place.abnormal] == [31, 39, 47]
    assert not any(place.abnormal for place in known if place.clip == "quiet")


def test_chosen_windows_are_spread_evenly(found: Evaluation, data_set: Path) -> None:
    known = places(
        found.of(TORCH).clips, {name: np.zeros(60, np.bool_) for name in ("crossing", "quiet")}
    )
    assert spread(known, 100) == known
    assert [place.end for place in spread(known, 2)] == [known[3].end, known[10].end]
