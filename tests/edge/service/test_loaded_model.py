from __future__ import annotations

import gc
import threading
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrgan_edge.bundle import open_bundle
from ocrgan_edge.errors import BundleError
from ocrgan_edge.runtime.timing_memory import Timing, circumstances, remember
from ocrgan_edge.service.loaded_model import Budget, LoadedModel, ModelShelf

TARGET = "onnx-fp32"
TWO = Budget(workers=2, threads=1)


@pytest.mark.parametrize(
    ("threads", "cameras", "budget"),
    [
        (4, 1, Budget(1, 4)),
        (4, 2, Budget(2, 2)),
        (4, 3, Budget(3, 1)),
        (4, 9, Budget(4, 1)),
        (1, 9, Budget(1, 1)),
    ],
)
def test_cameras_share_the_processors(threads: int, cameras: int, budget: Budget) -> None:
    assert Budget.of(threads, cameras) == budget


@given(st.integers(1, 256), st.integers(1, 256))
def test_never_are_more_processors_used_than_allowed(threads: int, cameras: int) -> None:
    budget = Budget.of(threads, cameras)
    assert 1 <= budget.workers * budget.threads <= threads


def moving(model: LoadedModel) -> np.ndarray:
    random = np.random.default_rng(5)
    spec = model.spec
    return random.integers(0, 256, (spec.frames, spec.height, spec.width, 3), np.uint8)


def test_every_worker_gives_the_same_score(tiny_bundle: Path) -> None:
    model = LoadedModel(open_bundle(tiny_bundle), TARGET, TWO)
    scores = []
    for worker in range(2):
        model.buffer(worker)[:] = moving(model)
        scores.append(model.score(worker, model.statistics).score)
    assert scores[0] == scores[1] > 0


def test_each_camera_is_scored_by_its_own_statistics_in_turn(model: LoadedModel) -> None:
    model.buffer(0)[:] = moving(model) // 16  # no term is so large that it is clipped
    own = replace(model.statistics, scale=model.statistics.scale * 2)
    alone = model.score(0, model.statistics).score
    other = model.score(0, own).score
    assert other == pytest.approx(alone / 2)
    assert model.score(0, model.statistics).score == alone


def test_workers_do_not_disturb_each_other(tiny_bundle: Path) -> None:
    model = LoadedModel(open_bundle(tiny_bundle), TARGET, TWO)
    windows = [moving(model), moving(model) // 4]
    alone = []
    for window in windows:
        model.buffer(0)[:] = window
        alone.append(model.score(0, model.statistics).score)
    together: dict[int, set[float]] = {0: set(), 1: set()}

    def work(worker: int) -> None:
        for _ in range(50):
            model.buffer(worker)[:] = windows[worker]
            together[worker].add(model.score(worker, model.statistics).score)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == {0: {alone[0]}, 1: {alone[1]}}


def test_cameras_with_the_same_bundle_share_one_model(tiny_bundle: Path) -> None:
    shelf = ModelShelf(TWO)
    first = shelf.load(open_bundle(tiny_bundle), TARGET)
    assert shelf.load(open_bundle(tiny_bundle), TARGET) is first


def test_a_target_that_is_named_and_one_that_is_chosen_share_one_model(tiny_bundle: Path) -> None:
    shelf = ModelShelf(TWO)
    chosen = shelf.load(open_bundle(tiny_bundle), None)
    assert shelf.load(open_bundle(tiny_bundle), chosen.target) is chosen


def test_another_file_or_target_is_another_model(tiny_bundle: Path, other_bundle: Path) -> None:
    shelf = ModelShelf(TWO)
    loaded = [
        shelf.load(open_bundle(tiny_bundle), TARGET),
        shelf.load(open_bundle(other_bundle), TARGET),
        shelf.load(open_bundle(tiny_bundle), "openvino-fp16"),
    ]
    assert len({model.identity for model in loaded}) == 3


def test_a_model_that_no_camera_uses_any_more_is_freed(tiny_bundle: Path) -> None:
    shelf = ModelShelf(TWO)
    gone = weakref.ref(shelf.load(open_bundle(tiny_bundle), TARGET))
    shelf.keep_only(set())
    gc.collect()
    assert gone() is None


def test_a_target_that_the_bundle_lacks_is_refused(tiny_bundle: Path) -> None:
    with pytest.raises(BundleError, match="has no target 'tpu'"):
        ModelShelf(TWO).load(open_bundle(tiny_bundle), "tpu")


def test_the_target_that_was_fastest_on_this_machine_is_loaded(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    bundle = open_bundle(tiny_bundle)
    timing = Timing(
        circumstances=circumstances(bundle.sha256, TWO.threads),
        milliseconds={"onnx-fp32": 1.0, "openvino-fp16": 9.0},  # the other way than usual
    )
    remember(tmp_path, timing)
    assert ModelShelf(TWO, tmp_path).load(bundle, None).target == "onnx-fp32"
