"""OCR-GAN Video frame by frame: the whole network with its past as a state."""

from dataclasses import replace
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ocrgan_training.network.convolution import fold_time, unfold_time
from ocrgan_training.network.frequency import decompose
from ocrgan_training.network.ocr_gan_video import Features, OcrGanVideo, Reconstruction
from ocrgan_training.network.presets import NetworkConfig
from ocrgan_training.network.streaming.attention import Memory
from ocrgan_training.network.streaming.causal_module import halved
from ocrgan_training.network.streaming.generator import CausalGenerator, GeneratorState
from ocrgan_training.network.streaming.local_discriminator import CausalLocalDiscriminator
from ocrgan_training.network.streaming.mixers import CausalTemporalAttention
from ocrgan_training.network.streaming.skip import causal_heads


class NetworkState(NamedTuple):
    """All that the network knows of the past; None for what its settings leave out."""

    generator: GeneratorState
    features: Memory | None
    """Of real and rebuilt frames, in one batch."""
    patches: Float[Tensor, "b kept 1 h w"] | None


class Seen(NamedTuple):
    """What the network makes of frames; without `t` when it is stepped."""

    rebuilt: Reconstruction
    """(B,T',3,H,W) in each stream."""
    features: Features
    """Of the real frames, then (along the batch) of the rebuilt ones."""
    patches: Float[Tensor, "b *t h w"] | None
    """The local discriminator's logits, positive = normal."""


class CausalOcrGanVideo(OcrGanVideo):
    """`OcrGanVideo` in which no frame sees a later one, with a state from frame to frame.

    The windowed face is the methods of `OcrGanVideo`, on clips of any length; the stepping face is
    `step`. In evaluation mode both agree; in training, BatchNorm looks at all frames of a clip.
    The first `config.frames` scores after a reset have seen less than later ones.
    """

    generator: CausalGenerator

    def __init__(self, config: NetworkConfig) -> None:
        """Settings mean what they do for `OcrGanVideo`; `frames` is how far attention looks."""
        plain = replace(config, temporal="none", causal=False, patches="stack")
        plain = replace(plain, local_discriminator=False)
        super().__init__(plain)
        self.config = replace(config, causal=True)
        self.generator = CausalGenerator(config)
        if config.temporal != "none":
            heads = causal_heads(config.features)
            self.feature_attention = CausalTemporalAttention(config.features, config.frames, heads)
        if config.local_discriminator:
            self.local_discriminator = CausalLocalDiscriminator(
                config.base_width, (config.height, config.width), slim=config.patches == "slim"
            )

    def run(
        self, video: Float[Tensor, "b t 3 h w"], state: NetworkState
    ) -> tuple[Seen, NetworkState]:
        """Any number of frames that follow on those which led to `state`."""
        reduced = self.reduce(video)
        made, generator = self.generator.run(decompose(reduced), state.generator)
        rebuilt = Reconstruction(made.laplacian, made.residual)
        features, memory = self._judge(torch.cat((reduced, rebuilt.fake)), state.features)
        patches, buffer = self._look_closely(video, state.patches)
        return Seen(rebuilt, features, patches), NetworkState(generator, memory, buffer)

    def step(
        self, frame: Float[Tensor, "b 3 h w"], state: NetworkState
    ) -> tuple[Seen, NetworkState]:
        """One frame; the result has no axis of time."""
        seen, state = self.run(frame[:, None], state)
        rebuilt = Reconstruction(*(stream[:, 0] for stream in seen.rebuilt))
        features = Features(*(part[:, 0] for part in seen.features))
        patches = None if seen.patches is None else seen.patches[:, 0]
        return Seen(rebuilt, features, patches), state

    def initial_state(self, batch: int = 1) -> NetworkState:
        """Before the first frame of so many videos of the network's size."""
        size = self.config.reduced_size
        attention, local = self.feature_attention, self.local_discriminator
        memory: Memory | None = None
        buffer: Tensor | None = None
        if isinstance(attention, CausalTemporalAttention):
            places = halved(size, self.discriminator.levels)
            memory = attention.initial_state(2 * batch, places)
        if isinstance(local, CausalLocalDiscriminator):
            buffer = local.initial_state(batch, (self.config.height, self.config.width))
        return NetworkState(self.generator.initial_state(batch, size), memory, buffer)

    def _look_closely(
        self, video: Tensor, past: Tensor | None
    ) -> tuple[Tensor | None, Tensor | None]:
        """The local discriminator's logits of frames that follow on `past`."""
        local = self.local_discriminator
        if isinstance(local, CausalLocalDiscriminator) and past is not None:
            return local.run(video, past)
        return None, past

    def _judge(self, both: Tensor, memory: Memory | None) -> tuple[Features, Memory | None]:
        """As `features` of real and rebuilt frames (2B,T',3,H,W) that follow on `memory`."""
        time, attention = both.shape[1], self.feature_attention
        logits, found = self.discriminator(fold_time(both))
        raw = attended = unfold_time(found, time)
        if isinstance(attention, CausalTemporalAttention) and memory is not None:
            attended, memory = attention.run(raw, memory)
        return Features(logits.reshape(-1, time, *logits.shape[1:]), raw, attended), memory
