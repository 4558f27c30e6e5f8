"""Batches for one training step, a pure function of the seed and the step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from ocrgan_training.data.augment import Augmentation, NoiseBank, View
from ocrgan_training.data.clips import Clip
from ocrgan_training.data.pseudo_anomaly import (
    PseudoSettings,
    PseudoStack,
    make_pseudo_stack,
    unedited,
)
from ocrgan_training.data.sampling import (
    EpochSampler,
    Place,
    cold_start,
    random_of,
    random_places,
)

SPAN = 28
"""Frames that an edited stack of 8 is made from: enough to play it three times faster."""


@dataclass(frozen=True)
class LoaderSettings:
    """What a batch holds."""

    frames: int
    """T of a window."""
    batch: int = 1
    """Windows B for generator and frame discriminator."""
    stacks: int = 24
    """Stacks M of newest frames, pseudo-anomalous here and there, for the local discriminator."""
    stack_frames: int = 8
    """Frames N of a stack."""
    cold: float = 0.05
    """Share of windows and stacks that look as in a camera's first moments, which is normal too."""
    seed: int = 1
    augmentation: Augmentation = field(default_factory=Augmentation)
    pseudo: PseudoSettings = field(default_factory=PseudoSettings)


class Batch(NamedTuple):
    """What one step looks at; pixels in -1 … 1, stored channels last."""

    windows: Float[Tensor, "B T 3 H W"]
    """Normal life."""
    stacks: Float[Tensor, "M N 3 H W"]
    """Normal life with pseudo-anomalies."""
    strength: Float[Tensor, "M H W"]
    """0 … 1: how strongly a stack's newest frames are anomalous."""
    touched: Float[Tensor, "M H W"]
    """Above 0 where anything was edited at all."""
    content: Float[Tensor, "M H W"]
    """0 … 1: how strongly the newest frame alone shows content from elsewhere."""


def split(batch: Batch, count: int) -> list[Batch]:
    """A batch in `count` parts of about the same size."""
    return [Batch(*(tensor[part::count] for tensor in batch)) for part in range(count)]


class Loader:
    """Makes the batch of any step from clips in memory."""

    def __init__(self, clips: Sequence[Clip], settings: LoaderSettings) -> None:
        """Takes clips of at least one window each."""
        self.settings = settings
        self._clips = clips
        self._lengths = [len(clip.frames) for clip in clips]
        self._span = min(SPAN, *self._lengths)
        self._sampler = EpochSampler(self._lengths, settings.frames, settings.batch, settings.seed)
        self._noise = NoiseBank(settings.seed)

    @property
    def steps_per_epoch(self) -> int:
        """Steps in which every frame is seen about twice."""
        return self._sampler.steps_per_epoch

    def batch(self, step: int) -> Batch:
        """The batch of step 0, 1, …; the same step always gives the same batch."""
        random = random_of(self.settings.seed, "batch", step)
        windows = self._windows(self._sampler.places(step), random)
        stacks = self._stacks(random)
        maps = np.stack([np.stack(stack[1:]) for stack in stacks])
        strength, touched, content = torch.from_numpy(maps).unbind(1)
        return Batch(
            self._pixels(windows, random),
            self._pixels([stack.frames for stack in stacks], random),
            strength,
            touched,
            content,
        )

    def _windows(self, places: list[Place], random: np.random.Generator) -> list[NDArray[np.uint8]]:
        return [self._window(place, random) for place in places]

    def _window(self, place: Place, random: np.random.Generator) -> NDArray[np.uint8]:
        length = self.settings.frames
        frames = self._cut(place, length)
        if random.random() < self.settings.cold:
            frames = cold_start(frames, length, random)
        return View.draw(self.settings.augmentation, random).of_frames(frames)

    def _stacks(self, random: np.random.Generator) -> list[PseudoStack]:
        count = self.settings.stacks
        places = random_places(self._lengths, self._span, count + 1, random)
        contexts = [self._cut(place, self._span) for place in places]
        return [
            self._stack(context, donor, random)
            for context, donor in zip(contexts, contexts[1:], strict=False)
        ]

    def _stack(
        self, context: NDArray[np.uint8], donor: NDArray[np.uint8], random: np.random.Generator
    ) -> PseudoStack:
        settings = self.settings
        if random.random() < settings.cold:
            stack = unedited(cold_start(context, settings.stack_frames, random))
        else:
            stack = make_pseudo_stack(
                context, donor, settings.stack_frames, settings.pseudo, random
            )
        return _seen(stack, View.draw(settings.augmentation, random))

    def _cut(self, place: Place, length: int) -> NDArray[np.uint8]:
        return self._clips[place.clip].frames[place.start : place.start + length]

    def _pixels(self, frames: list[NDArray[np.uint8]], random: np.random.Generator) -> Tensor:
        pixels = scale_pixels(np.stack(frames))
        self._noise.add(pixels, self.settings.augmentation.noise, random)
        return as_video(pixels)


def _seen(stack: PseudoStack, view: View) -> PseudoStack:
    maps = view.of_maps(np.stack(stack[1:]))
    return PseudoStack(view.of_frames(stack.frames), maps[0], maps[1], maps[2])


def scale_pixels(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Bytes to -1 … 1: x / 127.5 − 1."""
    pixels = frames.astype(np.float32)
    pixels /= np.float32(127.5)
    pixels -= np.float32(1)
    return pixels


def as_video(pixels: NDArray[np.float32]) -> Float[Tensor, "N T 3 H W"]:
    """(N, T, H, W, 3) → (N, T, 3, H, W) without a copy: channels stay last in memory."""
    return torch.from_numpy(pixels).permute(0, 1, 4, 2, 3)
