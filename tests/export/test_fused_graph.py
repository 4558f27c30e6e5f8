import numpy as np
import pytest
import torch

from ocrgan_edge.detection.explain import TERM_WEIGHTS
from ocrgan_edge.errors import SettingsError
from ocrgan_edge.runtime.scorer import TERMS
from ocrgan_export.to_onnx import OUTPUTS
from ocrgan_training.fused_graph import FusedGraph, around, to_video
from ocrgan_training.network.frequency import decompose
from ocrgan_training.network.ocr_gan_video import OcrGanVideo
from ocrgan_training.network.presets import NetworkConfig

K, T, GRID = 5, 8, (8, 8)


def run(graph, window, mean=None, scale=None):
    """Outputs as numpy arrays."""
    mean = torch.zeros(K, *GRID) if mean is None else torch.as_tensor(mean)
    scale = torch.ones(K, *GRID) if scale is None else torch.as_tensor(scale)
    with torch.no_grad():
        outputs = graph(torch.from_numpy(window)[None], mean, scale)
    named = outputs._asdict()
    return {name: value.numpy() for name, value in named.items() if value is not None}


@pytest.fixture(scope="module")
def outputs(graph, windows):
    return run(graph, windows[0])


@pytest.fixture(scope="module")
def reconstruction(network, windows):
    """Video (T,3,H,W), its two streams and the reconstruction's, from the network itself."""
    video = to_video(torch.from_numpy(windows[0])[None])
    with torch.no_grad():
        made, fake = decompose(video), network.reconstruct(video)
    streams = (video, *made, fake.fake_laplacian, fake.fake_residual)
    return [stream[0].numpy() for stream in streams]


def test_outputs_are_those_of_the_contract(outputs):
    shapes = {name: value.shape for name, value in outputs.items()}
    assert shapes == {
        "score": (1,),
        "frame_scores": (T,),
        "anomaly_map": (T, *GRID),
        "shares": (K,),
        "attention": (T,),
        "seed": (1,),
        "terms": (K, T, *GRID),
    }
    assert {value.dtype for value in outputs.values()} == {np.dtype(np.float32)}
    assert tuple(outputs) == OUTPUTS


def test_pixels_become_minus_one_to_one():
    frames = torch.tensor([0, 255, 51], dtype=torch.uint8).reshape(1, 1, 1, 1, 3)
    assert to_video(frames).flatten().tolist() == pytest.approx([-1, 1, -0.6])


def cell(picture, row, column):
    """Mean of the 8×8 pixels around one cell of the 4×4 grid, colours too; inside the picture."""
    top, left = 4 * row - 2, 4 * column - 2
    return picture[:, top : top + 8, left : left + 8].mean()


def test_texture_and_shape_are_squared_errors_of_the_streams(outputs, reconstruction):
    _, laplacian, residual, fake_laplacian, fake_residual = reconstruction
    texture = cell(np.square(laplacian - fake_laplacian)[3], 2, 5)
    shape = cell(np.square(residual - fake_residual)[3], 2, 5)
    assert outputs["terms"][TERMS.index("texture"), 3, 2, 5] == pytest.approx(texture, rel=1e-4)
    assert outputs["terms"][TERMS.index("shape"), 3, 2, 5] == pytest.approx(shape, rel=1e-4)


def test_a_cell_at_the_edge_is_the_mean_of_the_pixels_that_exist(outputs, reconstruction):
    _, laplacian, _, fake_laplacian, _ = reconstruction
    corner = np.square(laplacian - fake_laplacian)[0, :, :6, :6].mean()
    assert outputs["terms"][0, 0, 0, 0] == pytest.approx(corner, rel=1e-4)


def test_motion_is_the_squared_error_of_frame_differences(outputs, reconstruction):
    video, _, _, fake_laplacian, fake_residual = reconstruction
    fake = fake_laplacian + fake_residual
    change = (video[5] - video[4]) - (fake[5] - fake[4])
    motion = outputs["terms"][TERMS.index("motion")]
    assert motion[5, 3, 3] == pytest.approx(cell(np.square(change), 3, 3), rel=1e-4)


def test_the_first_frame_repeats_the_motion_of_the_second(outputs):
    motion = outputs["terms"][TERMS.index("motion")]
    np.testing.assert_array_equal(motion[0], motion[1])


def test_feature_is_the_mean_squared_distance_of_attended_features(network, windows, outputs):
    video = to_video(torch.from_numpy(windows[0])[None])
    with torch.no_grad():
        real = network.features(video).attended[0]
        fake = network.features(network.reconstruct(video).fake).attended[0]
    distance = (real - fake).square().mean(1).numpy()  # (T, 2, 2)
    feature = outputs["terms"][TERMS.index("feature")]
    np.testing.assert_allclose(feature[:, 0, 0], distance[:, 0, 0], rtol=1e-3)
    np.testing.assert_allclose(feature[:, -1, -1], distance[:, -1, -1], rtol=1e-3)


def test_patch_is_the_local_discriminators_evidence_in_every_frame(network, windows, outputs):
    video = to_video(torch.from_numpy(windows[0])[None])
    with torch.no_grad():
        evidence = torch.nn.functional.softplus(-network.patch_logits(video))[0].numpy()
    patch = outputs["terms"][TERMS.index("patch")]
    np.testing.assert_allclose(patch, np.broadcast_to(evidence, patch.shape), rtol=1e-4)


def test_a_network_without_local_discriminator_has_no_patch_evidence(windows):
    config = NetworkConfig(8, 32, 32, 8, temporal="none", local_discriminator=False)
    assert not run(FusedGraph(OcrGanVideo(config)), windows[0])["terms"][4].any()


def test_seed_is_the_published_score(network, windows, outputs):
    video = to_video(torch.from_numpy(windows[0])[None])
    with torch.no_grad():
        fake = network.reconstruct(video).fake
        real_features, fake_features = network.features(torch.cat([video, fake])).attended
    expected = 0.9 * (video - fake).square().mean()
    expected += 0.1 * (real_features - fake_features).square().mean()
    assert outputs["seed"][0] == pytest.approx(float(expected), rel=1e-4)


def test_neighbours_are_averaged_over_the_cells_that_exist():
    maps = torch.zeros(1, 4, 4)
    maps[0, 1, 1] = 18
    spread = around(maps)[0].tolist()
    assert spread == [[4.5, 3, 3, 0], [3, 2, 2, 0], [3, 2, 2, 0], [0, 0, 0, 0]]


def mean_of_neighbours(picture):
    """(h, w), each cell the mean of itself and its neighbours within the picture."""
    height, width = picture.shape
    return np.array(
        [
            [picture[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2].mean() for x in range(width)]
            for y in range(height)
        ]
    )


@pytest.mark.parametrize("weights", [TERM_WEIGHTS, (0.5, 0.1, 0.1, 0.1, 0.2)])
def test_score_is_the_worst_place_of_the_mean_of_the_newest_maps(network, windows, weights):
    random = np.random.default_rng(0)
    terms = run(FusedGraph(network), windows[0])["terms"]
    mean = terms.mean(1) * random.uniform(0, 2, (K, *GRID)).astype(np.float32)
    scale = terms.std(1) + random.uniform(1e-3, 1e-2, (K, *GRID)).astype(np.float32)
    outputs = run(FusedGraph(network, weights), windows[0], mean, scale)

    parts = np.clip((terms - mean[:, None]) / scale[:, None], -3, 100)
    parts = parts * np.reshape(weights, (K, 1, 1, 1))
    anomaly_map = np.stack([mean_of_neighbours(picture) for picture in parts.sum(0)])
    close = {"rtol": 1e-3, "atol": 1e-3}
    np.testing.assert_allclose(outputs["anomaly_map"], anomaly_map, **close)
    np.testing.assert_allclose(outputs["frame_scores"], anomaly_map.max((1, 2)), **close)
    newest = anomaly_map[-4:].mean(0)
    assert outputs["score"][0] == pytest.approx(newest.max(), rel=1e-3, abs=1e-3)
    row, column = np.unravel_index(newest.argmax(), GRID)
    unusual = np.maximum(parts[:, -4:], 0).mean(1)
    there = np.array([mean_of_neighbours(picture)[row, column] for picture in unusual])
    np.testing.assert_allclose(outputs["shares"], there / there.sum(), atol=2e-3)


def test_attention_is_where_the_newest_real_frame_looks_on_average(network, windows, outputs):
    video = to_video(torch.from_numpy(windows[0])[None])
    with torch.no_grad():
        weights = network.feature_attention.weights(network.features(video).raw)
    rows = weights[:, :, -1].flatten(0, 1).numpy()  # one per place and head
    np.testing.assert_allclose(outputs["attention"], rows.mean(0), rtol=1e-4)
    assert outputs["attention"].sum() == pytest.approx(1)


def test_a_network_of_single_frames_has_no_attention_to_tell(windows):
    graph = FusedGraph(OcrGanVideo(NetworkConfig(8, 32, 32, 8, temporal="none")))
    assert tuple(run(graph, windows[0])) == tuple(name for name in OUTPUTS if name != "attention")


EQUAL = (0.2,) * K


def test_shares_are_equal_where_nothing_is_unusual(network, windows):
    outputs = run(FusedGraph(network, EQUAL), windows[0], mean=np.full((K, *GRID), 1e3, np.float32))
    assert outputs["score"][0] == pytest.approx(-3)
    assert outputs["shares"].tolist() == pytest.approx([0.2] * K)


def test_one_loud_term_counts_for_at_most_a_hundred_scales(network, windows):
    scale = np.ones((K, *GRID), np.float32)
    scale[0] = 1e-9
    mean = np.full((K, *GRID), 1e3, np.float32)
    mean[0] = 0
    score = run(FusedGraph(network, EQUAL), windows[0], mean, scale)["score"][0]
    assert score == pytest.approx((100 - 4 * 3) / 5)


def test_the_given_network_is_left_as_it_is(windows):
    network = OcrGanVideo(NetworkConfig(8, 32, 32, 8, temporal="none")).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    run(FusedGraph(network), windows[0])
    assert network.training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_a_size_without_a_whole_grid_is_refused():
    network = OcrGanVideo(NetworkConfig(8, 48, 64, 8, temporal="none"))
    with pytest.raises(SettingsError, match="48x64, but an exported graph needs multiples of 32"):
        FusedGraph(network)


def test_a_weight_for_each_term_is_wanted(network):
    with pytest.raises(SettingsError, match="2 term weights given, but there are 5"):
        FusedGraph(network, [0.5, 0.5])
