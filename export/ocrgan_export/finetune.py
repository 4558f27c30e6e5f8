"""Quantization-aware fine-tuning: a network learns to say in INT8 what it says in float.

The float network is the teacher, so that no labels are needed (Hinton et al. 2015, arXiv
1503.02531); what the student learns is to round its weights so that the errors cancel out.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import cos, pi

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ocrgan_edge.runtime.scorer import LocationStatistics
from ocrgan_export.finetune_layers import fold_norms, layers_in
from ocrgan_export.finetune_rounding import Rules, rounding
from ocrgan_export.quantize_ranges import Ranges, Told
from ocrgan_export.windows import Window
from ocrgan_training.fused_graph import ScoringGraph
from ocrgan_training.graph_of import graph_of
from ocrgan_training.learner import channels_last
from ocrgan_training.network.ocr_gan_video import OcrGanVideo

RATE = 0.01
"""Rounding steps that a weight or a bias moves in an update, at most. Ten times as much moves all
of a layer's weights so far at once that what they say together is lost, and not found again."""

WARM_UP = 0.1
"""Share of the updates in which the rate grows: Adam's first ones move every weight alike."""


@dataclass(frozen=True)
class Lessons:
    """What is shown, and in what units it is compared."""

    normal: Sequence[Window]
    edited: Sequence[Window]
    """With something wrong in them; every second window that is shown is one of these."""
    statistics: LocationStatistics
    """Of the float network: what its terms vary by in normal life."""
    steps: int
    """Updates, each by one window."""

    def window(self, step: int) -> Tensor:
        """(1, T, H, W, 3) of one step; the same every time."""
        kind = self.edited if step % 2 and self.edited else self.normal
        place = int(np.random.default_rng(step).integers(len(kind)))
        return torch.tensor(kind[place])[None]


def finetune(
    teacher: ScoringGraph,
    ranges: Ranges,
    rules: Rules,
    lessons: Lessons,
    told: Told = lambda: None,
) -> OcrGanVideo:
    """A copy of a network, folded, whose rounded weights come closer to the float network's scores.

    Args:
        teacher: the float network's graph; it is left as it is.
        ranges: of its activations, which the copy rounds to.
        rules: of the runtime that the copy is for.
        lessons: what both are shown.
        told: called after each step.
    """
    network = copy.deepcopy(teacher.network)
    fold_norms(network)
    student = graph_of(channels_last(network.requires_grad_(False)))
    layers = layers_in(student.network, ranges)
    judge = _Judge(lessons, teacher)
    with rounding(layers, rules) as learned:
        optimiser = torch.optim.Adam(learned, eps=1e-12)
        for step in range(lessons.steps):
            optimiser.param_groups[0]["lr"] = RATE * schedule(step / lessons.steps)
            window = lessons.window(step)
            with torch.no_grad():
                wanted = judge.of(teacher, window)
            optimiser.zero_grad()
            torch.autograd.backward(difference(judge.of(student, window), wanted))
            optimiser.step()
            told()
    return student.network.requires_grad_(False)


def schedule(progress: float) -> float:
    """Factor of the rate at 0 … 1 of the updates: grows to 1, then falls to 0 along a cosine."""
    return min(1.0, progress / WARM_UP) * (1 + cos(pi * progress)) / 2


def difference(found: Sequence[Tensor], wanted: Sequence[Tensor]) -> Tensor:
    """Sum over what is compared of mean huber(found − wanted): d²/2 up to 1, |d| − 1/2 beyond.

    Not the square: what is wrong in a picture is many scales large, and would be all that counts.
    """
    pairs = zip(found, wanted, strict=True)
    return torch.stack([functional.smooth_l1_loss(one, other) for one, other in pairs]).sum()


class _Judge:
    """What a score is made of."""

    def __init__(self, lessons: Lessons, graph: ScoringGraph) -> None:
        weights = graph.term_weights.flatten()
        self._terms = weights.nonzero().flatten()  # the others say nothing in the score
        self._weights = weights[self._terms].view(-1, 1, 1, 1)
        self._mean = torch.from_numpy(lessons.statistics.mean).float()
        self._scale = torch.from_numpy(lessons.statistics.scale).float()

    def of(self, graph: ScoringGraph, window: Tensor) -> list[Tensor]:
        """Each place's weighted terms in the newest frames, in scales of normal life; logits.

        The local discriminator's logits beside its term, because a term that is nearly 0, as a
        normal place's is, has hardly a gradient.
        """
        with _logits_of(graph.network) as logits:
            terms = graph.over(window, self._mean, self._scale).terms
        newest = terms[self._terms, -graph.recent :]
        mean, scale = self._mean[self._terms, None], self._scale[self._terms, None]
        return [*(self._weights * (newest - mean) / scale), *logits[-1:]]


@contextmanager
def _logits_of(network: OcrGanVideo) -> Iterator[list[Tensor]]:
    """Collects what the local discriminator's last layer gives, call by call."""
    found: list[Tensor] = []
    classifier = getattr(network.local_discriminator, "classifier", None)
    if not isinstance(classifier, nn.Module):
        yield found
        return
    hook = classifier.register_forward_hook(_into(found))
    try:
        yield found
    finally:
        hook.remove()


def _into(found: list[Tensor]) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
    def keep(_: nn.Module, __: tuple[Tensor, ...], output: Tensor) -> None:
        found.append(output)

    return keep
