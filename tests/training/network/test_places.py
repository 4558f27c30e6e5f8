"""Between frames and places."""

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from ocrgan_training.network.places import (
    TemporalMixer,
    from_places,
    pool_places,
    spread_places,
    to_places,
)


class Doubled(TemporalMixer):
    """Finds what is there, so that the result is twice the video."""

    def mix(self, tokens: Tensor) -> Tensor:
        return tokens


def test_a_place_is_the_sequence_of_one_pixel():
    video = torch.rand(2, 3, 4, 5, 6)
    places = to_places(video)
    assert places.shape == (2 * 5 * 6, 3, 4)
    assert_close(places[1 * 30 + 2 * 6 + 5], video[1, :, :, 2, 5])


def test_there_and_back_is_the_same_video():
    video = torch.rand(2, 3, 4, 5, 6)
    assert torch.equal(from_places(to_places(video), (5, 6)), video)


def test_pooled_places_are_means_of_squares_also_where_squares_are_cut_off():
    plane = torch.tensor([[1.0, 3.0, 5.0], [1.0, 3.0, 5.0], [2.0, 4.0, 8.0]])
    pooled = pool_places(plane.reshape(1, 1, 1, 3, 3), 2)
    assert pooled[0, 0, 0].tolist() == [[2, 5], [3, 8]]


def test_spreading_repeats_a_value_over_its_square():
    pooled = torch.tensor([[1.0, 2.0], [3.0, 4.0]]).reshape(1, 1, 1, 2, 2)
    spread = spread_places(pooled, 2, (3, 4))
    assert spread[0, 0, 0].tolist() == [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4]]


@pytest.mark.parametrize("pool", [1, 2, 4])
def test_a_mixer_adds_what_it_finds(pool):
    constant = torch.full((1, 2, 3, 8, 8), 0.5)
    assert_close(Doubled(pool)(constant), 2 * constant)


def test_two_videos_together_are_the_same_as_one_after_the_other():
    mixer, first, second = Doubled(2), torch.rand(1, 2, 3, 4, 4), torch.rand(1, 2, 3, 4, 4)
    together = mixer.streams(first, second)
    assert_close(together[0], mixer(first))
    assert_close(together[1], mixer(second))
