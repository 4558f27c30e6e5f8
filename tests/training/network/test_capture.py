"""A network is one static graph: nothing in it depends on the data or on the size of a tensor."""

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from ocrgan_training.network.ocr_gan_video import OcrGanVideo
from ocrgan_training.network.presets import NetworkConfig

TINY = NetworkConfig(frames=8, height=32, width=32, base_width=8, features=12)


class Scoring(nn.Module):
    """All that a score is made of."""

    def __init__(self, network: OcrGanVideo) -> None:
        super().__init__()
        self.network = network

    def forward(self, video: Tensor) -> tuple[Tensor, ...]:
        rebuilt = self.network.reconstruct(video)
        features = self.network.features(torch.cat((video, rebuilt.fake)))
        return (*rebuilt, *features, self.network.patch_logits(video))


@pytest.mark.slow
@pytest.mark.parametrize("hidden", [0, 4])
def test_the_whole_network_is_captured_without_a_branch_and_gives_the_same_numbers(hidden):
    config = NetworkConfig.from_dict({**TINY.to_dict(), "hidden_frames": hidden})
    scoring, video = Scoring(OcrGanVideo(config)).eval(), torch.rand(1, 8, 3, 32, 32) * 2 - 1
    with torch.no_grad():
        captured = torch.export.export(scoring, (video,))
        other = torch.rand(1, 8, 3, 32, 32) * 2 - 1
        assert_close(captured.module()(other), scoring(other))
    operations = {str(node.target) for node in captured.graph.nodes}
    assert not {"cond", "while_loop", "item", "_local_scalar_dense"} & operations
