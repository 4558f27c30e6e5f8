"""What both runtimes do alike, on a graph whose results can be worked out by hand.

Only the motion term is not 0: squared change of pixels in -1 … 1 to the frame before, mean 0 and
scale 0.002 everywhere, each term's weight 1/5, z at most 30: a map is at most 30/5 = 6.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from ocrgan_edge.bundle import Bundle
from ocrgan_edge.errors import BundleError
from ocrgan_edge.runtime.graph import Graph
from ocrgan_edge.runtime.open_scorer import graph_of, load_scorer, open_scorer
from ocrgan_edge.runtime.scorer import LocationStatistics, Scorer

GRID = (5, 8, 8)


@pytest.fixture(scope="module", params=["onnx-fp32", "openvino-fp16"])
def scorer(request: pytest.FixtureRequest, tiny: Bundle) -> Scorer:
    return open_scorer(tiny, request.param, threads=1)


@pytest.fixture(scope="module")
def still() -> NDArray[np.uint8]:
    return np.full((8, 32, 32, 3), 90, np.uint8)


def test_nothing_moves_nothing_scores(scorer: Scorer, still: NDArray[np.uint8]) -> None:
    result = scorer.score(still)
    assert result.score == 0
    assert not result.anomaly_map.any()
    assert not result.terms.any()
    assert result.shares.tolist() == pytest.approx([0.2] * 5, abs=1e-4)  # 0.2 in FP16
    assert result.attention is not None
    assert result.attention.tolist() == [1 / 8] * 8


def test_a_flash_scores_as_worked_out_by_hand(scorer: Scorer, flash: NDArray[np.uint8]) -> None:
    result = scorer.score(flash)
    # change 2, squared 4, z = 4 / 0.002 clipped to 30, map 6 in one of the four newest frames
    assert result.terms[2, 7].tolist() == [[4.0] * 8] * 8
    assert result.frame_scores.tolist() == pytest.approx([0, 0, 0, 0, 0, 0, 0, 6])
    assert result.score == pytest.approx(6 / 4)
    assert result.shares.tolist() == pytest.approx([0, 0, 1, 0, 0])
    assert result.seed == pytest.approx(0.9 * 4 / 8)
    assert result.attention is not None
    assert result.attention.tolist() == pytest.approx([0, 0, 0, 0, 0, 0, 0, 1])


def test_the_outputs_have_the_shapes_of_the_contract(
    scorer: Scorer, flash: NDArray[np.uint8]
) -> None:
    result = scorer.score(flash)
    assert result.frame_scores.shape == (8,)
    assert result.anomaly_map.shape == (8, 8, 8)
    assert result.shares.shape == (5,)
    assert result.terms.shape == (5, 8, 8, 8)


def test_the_same_window_gives_the_same_score_bit_for_bit(scorer: Scorer) -> None:
    windows = np.random.default_rng(0).integers(0, 255, (3, 8, 32, 32, 3), dtype=np.uint8)
    first = [scorer.score(window) for window in windows]
    again = [scorer.score(window) for window in windows]
    assert [a.score for a in first] == [b.score for b in again]
    assert all(np.array_equal(a.terms, b.terms) for a, b in zip(first, again, strict=True))


def test_a_result_stays_as_it_is_when_the_next_window_is_scored(
    scorer: Scorer, flash: NDArray[np.uint8], still: NDArray[np.uint8]
) -> None:
    result = scorer.score(flash)
    scorer.score(still)
    assert result.frame_scores[7] == pytest.approx(6)
    assert result.terms[2, 7, 0, 0] == 4
    assert result.attention is not None
    assert result.attention[7] == pytest.approx(1)


def test_a_window_that_lies_in_pieces_scores_the_same(scorer: Scorer) -> None:
    wide = np.random.default_rng(0).integers(0, 255, (8, 32, 64, 3), dtype=np.uint8)
    pieces = wide[:, :, ::2]
    assert scorer.score(pieces).score == scorer.score(pieces.copy()).score


def test_other_statistics_take_effect_at_once(
    scorer: Scorer, tiny: Bundle, flash: NDArray[np.uint8]
) -> None:
    own = tiny.statistics(scorer.target)
    scale = np.full(GRID, 2.0, np.float32)
    scorer.use(LocationStatistics(np.zeros(GRID, np.float32), scale))
    # z = 4 / 2, map 2 / 5, in one of four frames
    assert scorer.score(flash).score == pytest.approx(0.4 / 4)
    scorer.use(own)
    assert scorer.score(flash).score == pytest.approx(1.5)


def test_statistics_are_copied(scorer: Scorer, tiny: Bundle, flash: NDArray[np.uint8]) -> None:
    mine = LocationStatistics(np.zeros(GRID, np.float32), np.full(GRID, 2.0, np.float32))
    scorer.use(mine)
    mine.scale[:] = 9
    assert scorer.score(flash).score == pytest.approx(0.4 / 4)
    scorer.use(tiny.statistics(scorer.target))


@pytest.mark.parametrize(
    ("statistics", "sentence"),
    [
        (LocationStatistics.neutral((5, 8, 9)), r"mean has shape \(5, 8, 9\), but .*\(5, 8, 8\)"),
        (
            LocationStatistics(np.full(GRID, np.nan, np.float32), np.ones(GRID, np.float32)),
            "mean is not finite",
        ),
        (
            LocationStatistics(np.zeros(GRID, np.float32), np.zeros(GRID, np.float32)),
            "scale is not above 0",
        ),
    ],
)
def test_statistics_that_cannot_be_used_are_refused(
    scorer: Scorer, statistics: LocationStatistics, sentence: str
) -> None:
    with pytest.raises(BundleError, match=sentence):
        scorer.use(statistics)


@pytest.mark.parametrize(
    "window",
    [np.zeros((7, 32, 32, 3), np.uint8), np.zeros((8, 32, 32, 3), np.float32)],
)
def test_a_window_of_another_shape_or_type_is_refused(scorer: Scorer, window: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"a window is .* but uint8 \[1,8,32,32,3\] is wanted"):
        scorer.score(window)


def test_both_runtimes_agree(tiny: Bundle) -> None:
    windows = np.random.default_rng(1).integers(80, 100, (4, 8, 32, 32, 3), dtype=np.uint8)
    one, other = (open_scorer(tiny, name) for name in ("onnx-fp32", "openvino-fp16"))
    for window in windows:
        assert one.score(window).score == pytest.approx(other.score(window).score, rel=1e-4)


@pytest.mark.parametrize("runtime", ["onnx", "openvino"])
def test_a_graph_that_is_none_is_refused(tiny: Bundle, runtime: str) -> None:
    graph = Graph("broken", runtime, "fp32", b"\x00garbage" * 20, b"")
    with pytest.raises(BundleError, match="graph broken cannot be loaded"):
        load_scorer(graph, tiny.manifest.input, LocationStatistics.neutral(GRID))


@pytest.mark.parametrize("target", ["onnx-fp32", "openvino-fp16"])
def test_a_manifest_of_another_input_size_is_refused(tiny: Bundle, target: str) -> None:
    spec = tiny.manifest.input.model_copy(update={"height": 64})
    with pytest.raises(
        BundleError,
        match=r"input 'frames' is uint8 \[1,8,32,32,3\], but .* want uint8 \[1,8,64,32,3\]",
    ):
        load_scorer(graph_of(tiny, target), spec, tiny.statistics(target))


@pytest.mark.parametrize("target", ["onnx-fp32", "openvino-fp16"])
def test_statistics_of_another_grid_than_the_graphs_are_refused(tiny: Bundle, target: str) -> None:
    with pytest.raises(BundleError, match="'location_mean' is float32"):
        load_scorer(
            graph_of(tiny, target), tiny.manifest.input, LocationStatistics.neutral((5, 4, 4))
        )


def test_a_graph_that_lacks_an_output_is_refused(
    tiny: Bundle, tiny_graph: Callable[..., Graph]
) -> None:
    graph = tiny_graph({"float[1] seed, ": "", "seed = Reshape (less, all)": ""})
    with pytest.raises(BundleError, match="graph onnx-fp32 has no output 'seed'"):
        load_scorer(graph, tiny.manifest.input, LocationStatistics.neutral(GRID))


@pytest.mark.parametrize("runtime", ["onnx", "openvino"])
def test_a_graph_that_does_not_tell_attention_scores_as_one_that_does(
    tiny: Bundle, tiny_graph: Callable[..., Graph], flash: NDArray[np.uint8], runtime: str
) -> None:
    graph = tiny_graph({"float[8] attention, ": ""}, runtime)
    result = load_scorer(graph, tiny.manifest.input, tiny.statistics("onnx-fp32")).score(flash)
    assert result.attention is None
    assert result.score == pytest.approx(1.5)


@pytest.mark.parametrize("runtime", ["onnx", "openvino"])
def test_an_attention_over_another_number_of_frames_is_refused(
    tiny: Bundle, tiny_graph: Callable[..., Graph], runtime: str
) -> None:
    changes = {
        "float[8] attention": "float[5] attention",
        "attention = Where (any, part_moved, alike)": "attention = Where (some, normal, equal)",
    }
    with pytest.raises(BundleError, match=r"'attention' is float32 \[5\], but .* float32 \[8\]"):
        load_scorer(
            tiny_graph(changes, runtime), tiny.manifest.input, LocationStatistics.neutral(GRID)
        )


def test_a_graph_with_an_output_too_many_is_refused(
    tiny: Bundle, tiny_graph: Callable[..., Graph]
) -> None:
    graph = tiny_graph({"float[1] seed, ": "float[1] seed, float[5] part, "})
    with pytest.raises(BundleError, match="has an output 'part' that is not known"):
        load_scorer(graph, tiny.manifest.input, LocationStatistics.neutral(GRID))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("half = {127.5}", "half = {0.0}"),
        ("normal = Div (part, divisor)", "normal = Div (part, nothing)"),
        ("part_moved = Div (moved, per)", "part_moved = Div (moved, nothing)"),
    ],
    ids=["everything", "shares", "attention"],
)
def test_values_that_are_no_numbers_are_refused(
    tiny: Bundle, tiny_graph: Callable[..., Graph], flash: NDArray[np.uint8], old: str, new: str
) -> None:
    graph = tiny_graph({old: new})
    scorer = load_scorer(graph, tiny.manifest.input, LocationStatistics.neutral(GRID))
    with pytest.raises(BundleError, match=r"graph onnx-fp32 gives values that are no numbers"):
        scorer.score(flash)


def test_a_graph_with_weights_outside_the_bundle_is_refused(
    tiny: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ONNX Runtime would read them from the working directory."""
    monkeypatch.chdir(tmp_path)
    model = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 18]> g (float[4] x) => (float[4] y) { y = Add (x, w) }'
    )
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.ones(4, np.float32), "w"))
    onnx.save_model(
        model,
        "graph.onnx",
        save_as_external_data=True,
        location="weights.bin",
        size_threshold=0,
    )
    graph = Graph("onnx-fp32", "onnx", "fp32", Path("graph.onnx").read_bytes())
    with pytest.raises(BundleError, match="graph onnx-fp32 refers to data outside the bundle"):
        load_scorer(graph, tiny.manifest.input, LocationStatistics.neutral(GRID))
