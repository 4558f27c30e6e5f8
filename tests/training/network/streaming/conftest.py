"""Stepping through clips with resets, for whatever can be stepped."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor


@pytest.fixture(scope="session")
def by_steps() -> Callable[..., Tensor]:
    """Frame by frame, from a fresh state before every frame of `resets`: (B,T',C,H,W) → same."""

    def walk(module, video: Tensor, resets: set[int] = frozenset()) -> Tensor:
        fresh = module.initial_state(len(video), tuple(video.shape[-2:]))
        state, found = fresh, []
        for number, frame in enumerate(video.unbind(1)):
            out, state = module.step(frame, fresh if number in resets else state)
            found.append(out)
        return torch.stack(found, dim=1)

    return walk


@pytest.fixture(scope="session")
def by_parts() -> Callable[..., Tensor]:
    """Every part of a clip between resets by itself, all frames at once."""

    def walk(module, video: Tensor, resets: set[int] = frozenset()) -> Tensor:
        cuts = sorted({0, len(video[0]), *resets})
        parts = [video[:, start:end] for start, end in zip(cuts, cuts[1:], strict=False)]
        return torch.cat([module(part) for part in parts], dim=1)

    return walk
