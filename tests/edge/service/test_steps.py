"""Cameras watched by a graph that steps: nothing above the runtime knows.

The graph's seed score is the number of frames that it knows of; its score is the largest change.
A first window of 8 is 15 frames: seven of them backwards before.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import wait_until

from ocrgan_edge.bundle import Bundle, InputSpec, open_bundle
from ocrgan_edge.runtime.scoring import ScoredWindow
from ocrgan_edge.service.handover import Handover
from ocrgan_edge.service.loaded_model import Budget, LoadedModel, ModelShelf
from ocrgan_edge.service.watch import Watch
from ocrgan_edge.video.frame import Frame
from ocrgan_edge.video.open_source import open_source

SPEC = InputSpec(frames=4, height=2, width=2, frames_per_second=10)
Make = Callable[..., Watch]


@pytest.fixture(scope="module")
def model(step_bundle: Bundle) -> LoadedModel:
    return LoadedModel(step_bundle, "onnx-fp32", Budget(workers=1, threads=1))


class Scores:
    """Keeps what is scored."""

    def __init__(self) -> None:
        self.kept: list[ScoredWindow] = []

    def write(self, scored: ScoredWindow) -> None:
        self.kept.append(scored)

    @property
    def known(self) -> list[float]:
        return [scored.result.seed for scored in self.kept]

    def wait_for(self, count: int) -> None:
        wait_until(lambda: len(self.kept) >= count, what=f"{count} scores")


def test_every_frame_of_a_recording_is_scored_from_its_second_on(
    make_watch: Make, write_video: Callable[..., Path]
) -> None:
    scores = Scores()
    watch = make_watch(open_source(str(write_video(4, 0, 0))), scores=scores)
    assert watch.ended.wait(60)
    assert [scored.end for scored in scores.kept] == list(range(1, 40))
    assert scores.known == list(range(15, 54))


def test_an_anomaly_is_one_event(record, make_watch: Make, hose) -> None:
    watch = make_watch(hose, threshold=0.2, minimum_duration=0.3, cool_down=0.5)
    hose.give(20)
    wait_until(lambda: record.events, what="an event")
    watch.stop("stopped")
    assert [event.type for event in record.events][0] == "new"
    assert record.reasons == ["stopped"]


def test_after_a_gap_a_camera_begins_anew(make_watch: Make, hose) -> None:
    scores = Scores()
    make_watch(hose, scores=scores)
    hose.give(4)
    hose.give(3, at=60.0)
    scores.wait_for(5)
    assert scores.known == [15, 16, 17, 15, 16]


def test_a_camera_that_is_watched_anew_knows_nothing(make_watch: Make, make_hose) -> None:
    for _ in range(2):
        scores, hose = Scores(), make_hose()
        watch = make_watch(hose, scores=scores)
        hose.give(5)
        scores.wait_for(4)
        watch.stop("stopped")
        assert scores.known == [15, 16, 17, 18]


def test_cameras_that_share_a_graph_do_not_share_a_past(make_watch: Make, make_hose) -> None:
    hoses, scores = [make_hose(), make_hose()], [Scores(), Scores()]
    for hose, kept in zip(hoses, scores, strict=True):
        make_watch(hose, scores=kept)
    for _ in range(6):
        for hose in hoses:
            hose.give(1)
    for kept in scores:
        kept.wait_for(5)
        assert kept.known == [15, 16, 17, 18, 19]


def test_a_hop_leaves_out_scores_but_no_frames(make_watch: Make, hose) -> None:
    scores = Scores()
    make_watch(hose, scores=scores, hop=4)
    hose.give(16)
    scores.wait_for(4)
    assert scores.known == [15, 19, 23, 27]


def test_every_camera_has_a_past_of_its_own_the_first_that_of_the_graph(
    step_bundle: Bundle,
) -> None:
    model = ModelShelf(Budget(1, 1)).load(step_bundle, None)
    followed = [model.follow() for _ in range(3)]
    steppers = {id(each.stepper) for each in followed if each is not None}
    assert len(steppers) == 3


def test_a_model_of_windows_follows_nobody(tiny_bundle: Path) -> None:
    assert LoadedModel(open_bundle(tiny_bundle), "onnx-fp32", Budget(1, 1)).follow() is None


def test_the_daemon_takes_graphs_that_step_where_the_bundle_has_them(step_bundle: Bundle) -> None:
    model = ModelShelf(Budget(1, 1)).load(step_bundle, None)
    assert step_bundle.target(model.target).form == "step"


def test_only_new_frames_are_copied_where_the_others_are_known() -> None:
    handover = Handover(SPEC, hop=1, only_new=True)
    out = np.zeros((4, 2, 2, 3), np.uint8)
    taken = []
    for number in range(1, 8):
        handover.put(Frame(np.full((2, 2, 3), number, np.uint8), number, number / 10))
        if number in (4, 5, 7):
            out[:] = 0
            taken.append((handover.take(out).hop, out[:, 0, 0, 0].tolist()))
    assert taken == [(None, [1, 2, 3, 4]), (1, [0, 0, 0, 5]), (2, [0, 0, 6, 7])]
