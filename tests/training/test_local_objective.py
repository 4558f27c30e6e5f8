"""What the local discriminator is trained for."""

import pytest
import torch
from torch import Tensor

from ocrgan_training import losses
from ocrgan_training.data.loader import Batch
from ocrgan_training.learner import Rates, make_learner
from ocrgan_training.local_objective import LocalWeights, local_losses, patch_labels, peaks_of
from ocrgan_training.network.ocr_gan_video import OcrGanVideo
from ocrgan_training.network.presets import NetworkConfig

TINY = NetworkConfig(frames=8, height=32, width=32, base_width=8, features=16)


def network() -> OcrGanVideo:
    return make_learner(TINY, Rates(), seed=1).network.eval()


def batch(strength: Tensor, touched: Tensor | None = None) -> Batch:
    random = torch.Generator().manual_seed(0)
    return Batch(
        windows=torch.zeros(1, 8, 3, 32, 32),
        stacks=torch.rand(len(strength), 8, 3, 32, 32, generator=random) * 2 - 1,
        strength=strength,
        touched=strength if touched is None else touched,
        content=strength,
    )


def two_edited_of_four() -> Batch:
    strength = torch.zeros(4, 32, 32)
    strength[:2, 8:24, 8:24] = 1.0
    return batch(strength)


def test_unlabelled_patches_do_not_reach_the_local_loss() -> None:
    found = local_losses(network(), batch(torch.zeros(4, 32, 32), torch.ones(4, 32, 32)))
    assert found == (0, 0, 0, 0, 0)


def test_patches_filled_by_an_edit_are_anomalous_its_edge_has_no_label() -> None:
    strength, touched = torch.zeros(1, 16, 16), torch.zeros(1, 16, 16)
    strength[0, :4, :4] = 1.0  # one patch of a 4×4 grid, wholly
    touched[0, :4, :8] = 1.0  # and the one beside it a little
    anomalous, normal = patch_labels(strength, touched, (4, 4))
    assert anomalous[0].nonzero().tolist() == [[0, 0]]
    assert normal[0, 0].tolist() == [0, 0, 1, 1]
    assert normal.sum() == 14


def test_a_small_strong_edit_in_a_large_patch_is_anomalous() -> None:
    strength = torch.zeros(1, 16, 16)
    strength[0, 2:4, 2:4] = 1.0  # 1/16 of its patch: mean of 1/16 and 1 is above 0.4
    anomalous, _ = patch_labels(strength, strength, (2, 2))
    assert anomalous.sum() == 1


def test_a_peak_is_the_mean_of_the_four_largest_3x3_means_of_its_label() -> None:
    evidence = torch.zeros(1, 6, 6)
    evidence[0, 1, 1] = 9.0  # its 3×3 means: 1 at nine places, all in the upper left corner
    anomalous = torch.zeros(1, 6, 6)
    anomalous[0, :, 2] = 1.0  # of which three are here: rows 0, 1, 2
    found = peaks_of(_logits(evidence), anomalous, 1 - anomalous)
    # Column 2 at rows 0 … 5: 9/6 (a border's mean is of 6 places), 1, 1, 0, 0, 0.
    torch.testing.assert_close(found.edited, torch.tensor([(1.5 + 1 + 1 + 0) / 4]))
    # The rest: 9/4 in the corner, 9/6 at three border places, 1 elsewhere.
    torch.testing.assert_close(found.normal, torch.tensor([(2.25 + 1.5 + 1.5 + 1.5) / 4]))


def test_fewer_than_four_places_have_the_mean_of_those_that_are_there() -> None:
    evidence = torch.full((1, 4, 4), 2.0)
    one = torch.zeros(1, 4, 4)
    one[0, 0, 0] = 1.0
    found = peaks_of(_logits(evidence), one, torch.zeros(1, 4, 4))
    torch.testing.assert_close(found.edited, torch.tensor([2.0]))
    assert found.has_edited.tolist() == [1]
    assert found.has_normal.tolist() == [0]


def test_ranking_compares_every_edited_stack_with_every_normal_one() -> None:
    found = losses.ranking(torch.tensor([3.0, 1.0]), torch.tensor([0.0, 2.0]))
    apart = torch.tensor([3.0, 1.0, 1.0, -1.0])  # 3−0, 3−2, 1−0, 1−2
    torch.testing.assert_close(found, torch.log1p(torch.exp(1 - apart)).mean())


def test_stacks_without_edits_have_nothing_to_rank() -> None:
    found = local_losses(network(), batch(torch.zeros(4, 32, 32)))
    assert found.ranking == 0
    assert found.normal > 0


@pytest.mark.parametrize("weights", [LocalWeights(1.0, 0.0), LocalWeights(0.5, 2.0)])
def test_the_total_is_the_weighted_sum(weights: LocalWeights) -> None:
    found = local_losses(network(), two_edited_of_four(), weights)
    expected = weights.normal * found.normal + found.pseudo + weights.ranking * found.ranking
    torch.testing.assert_close(found.total, expected)


def test_the_ranking_alone_lifts_edited_stacks_above_normal_ones() -> None:
    one, seen = network(), two_edited_of_four()
    assert one.local_discriminator is not None
    optimiser = torch.optim.Adam(one.local_discriminator.parameters(), 1e-2)
    before = local_losses(one, seen).ranking.item()
    for _ in range(10):
        optimiser.zero_grad()
        local_losses(one, seen).ranking.backward()
        optimiser.step()
    assert local_losses(one, seen).ranking.item() < before / 2


def _logits(evidence: Tensor) -> Tensor:
    """The inverse of softplus(−logit)."""
    return -torch.log(torch.expm1(evidence.clamp_min(1e-12)))
