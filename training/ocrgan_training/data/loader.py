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
from ocrgan_training.data.clip_store import ClipStore
from ocrgan_training.data.clips import Clip
from ocrgan_training.data.crop import active_part
from ocrgan_training.data.pseudo_anomaly import PseudoStack, make_pseudo_stack, unedited
from ocrgan_training.data.pseudo_settings import PseudoSettings
from ocrgan_training.data.sampling import (
    ClipRoom,
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
    """Windows B for generator and frame discriminator, of all processes together."""
    stacks: int = 96
    """Stacks M of newest frames, pseudo-anomalous here and there, for the local discriminator; of
    all processes together."""
    stack_frames: int = 8
    """Frames N of a stack."""
    crop: tuple[int, int] | None = None
    """Height and width of the part of the frame that a stack shows; None: all of it."""
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


def to_device(batch: Batch, device: str, dtype: torch.dtype) -> Batch:
    """A batch where, and as precise as, the network is."""
    return Batch(*(tensor.to(device, dtype) for tensor in batch))


def split(batch: Batch, count: int) -> list[Batch]:
    """A batch in `count` parts with about as many stacks each; all windows are in the first."""
    stacks = [torch.tensor_split(tensor, count) for tensor in batch[1:]]
    windows = [batch.windows, *([batch.windows[:0]] * (count - 1))]
    return [Batch(*parts) for parts in zip(windows, *stacks, strict=True)]


class Loader:
    """Makes the batch of any step from clips.

    Every window and every stack is drawn from seed, step and its own place in the batch, so that
    several processes can make a share of it each: windows and stacks i with i mod count = rank.
    """

    def __init__(
        self,
        clips: Sequence[Clip] | ClipStore,
        settings: LoaderSettings,
        share: tuple[int, int] = (0, 1),
    ) -> None:
        """Takes clips of at least one window each, and which process of how many this is."""
        self.settings = settings
        self._rank, self._count = share
        self._clips = clips if isinstance(clips, ClipStore) else ClipStore.of(clips)
        lengths = self._clips.lengths
        self._span = min(SPAN, *lengths)
        room = ClipRoom(self._clips.sizes, self._clips.memory)
        self._sampler = EpochSampler(lengths, settings.frames, settings.batch, settings.seed, room)
        self._noise = NoiseBank(settings.seed)
        whole = self._clips.cut(0, 0, 1).shape[1:3]
        self._part_size, self._pseudo = whole, settings.pseudo
        if settings.crop is not None:
            self._part_size = settings.crop
            self._pseudo = settings.pseudo.within(settings.crop[0] / whole[0])

    @property
    def steps_per_epoch(self) -> int:
        """Steps in which every frame is seen about twice."""
        return self._sampler.steps_per_epoch

    def batch(self, step: int) -> Batch:
        """This process's share of step 0, 1, …; the same step always gives the same batch."""
        places = self._sampler.places(step)
        windows = [
            self._window(places[i], self._random("window", step, i)) for i in self._own(len(places))
        ]
        stacks, maps = self._stacks(step)
        strength, touched, content = torch.from_numpy(maps).unbind(1)
        return Batch(as_video(np.stack(windows)), as_video(stacks), strength, touched, content)

    def _own(self, number: int) -> range:
        return range(self._rank, number, self._count)

    def _random(self, stream: str, *numbers: int) -> np.random.Generator:
        return random_of(self.settings.seed, stream, *numbers)

    def _window(self, place: Place, random: np.random.Generator) -> NDArray[np.float32]:
        length = self.settings.frames
        frames = self._cut(place, length)
        if random.random() < self.settings.cold:
            frames = cold_start(frames, length, random)
        return self._pixels(View.draw(self.settings.augmentation, random).of_frames(frames), random)

    def _stacks(self, step: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Pixels (M, N, H, W, 3) and the three maps (M, 3, H, W)."""
        count = self.settings.stacks
        places = random_places(
            self._clips.lengths,
            self._span,
            count + 1,
            self._random("batch", step),
            self._sampler.neighbours(step),
        )
        own = self._own(count)
        height, width = self._part_size
        pixels = np.empty((len(own), self.settings.stack_frames, height, width, 3), np.float32)
        maps = np.empty((len(own), 3, height, width), np.float32)
        for i, shown, where in zip(own, pixels, maps, strict=True):
            random = self._random("stack", step, i)
            stack = self._stack(places[i], places[i + 1], random)
            self._pixels(stack.frames, random, shown)
            np.stack(stack[1:], out=where)
        return pixels, maps

    def _stack(self, place: Place, donor: Place, random: np.random.Generator) -> PseudoStack:
        settings = self.settings
        context = self._part(self._cut(place, self._span), random)
        if random.random() < settings.cold:
            stack = unedited(cold_start(context, settings.stack_frames, random))
        else:
            stack = make_pseudo_stack(
                context,
                self._part(self._cut(donor, self._span), random),
                settings.stack_frames,
                self._pseudo,
                random,
            )
        return _seen(stack, View.draw(settings.augmentation, random))

    def _part(self, frames: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
        crop = self.settings.crop
        return frames if crop is None else active_part(frames, crop, random)

    def _cut(self, place: Place, length: int) -> NDArray[np.uint8]:
        return self._clips.cut(place.clip, place.start, length)

    def _pixels(
        self,
        frames: NDArray[np.uint8],
        random: np.random.Generator,
        out: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        pixels = scale_pixels(frames, out)
        self._noise.add(pixels, self.settings.augmentation.noise, random)
        return pixels


def _seen(stack: PseudoStack, view: View) -> PseudoStack:
    maps = view.of_maps(np.stack(stack[1:]))
    return PseudoStack(view.of_frames(stack.frames), maps[0], maps[1], maps[2])


def scale_pixels(
    frames: NDArray[np.uint8], out: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Bytes to -1 … 1: x / 127.5 − 1; in `out`, where one is given."""
    pixels = np.divide(frames, np.float32(127.5), out=out, dtype=np.float32)
    pixels -= np.float32(1)
    return pixels


def as_video(pixels: NDArray[np.float32]) -> Float[Tensor, "N T 3 H W"]:
    """(N, T, H, W, 3) → (N, T, 3, H, W) without a copy: channels stay last in memory."""
    return torch.from_numpy(pixels).permute(0, 1, 4, 2, 3)
