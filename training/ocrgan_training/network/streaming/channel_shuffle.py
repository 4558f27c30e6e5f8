"""Channel shuffle frame by frame."""

from jaxtyping import Float
from torch import Tensor

from ocrgan_training.network.channel_shuffle import ChannelShuffle, Shuffled
from ocrgan_training.network.streaming.causal_module import follow

PAST = 2
"""Frames that the context over time sees before the present one."""


class CausalChannelShuffle(ChannelShuffle):
    """`ChannelShuffle` sees only the past already; here the past can also be handed over.

    State: the channel means of the last 2 frames, (B,2,C).
    """

    def run(
        self,
        laplacian: Float[Tensor, "b t c h w"],
        residual: Float[Tensor, "b t c h w"],
        state: Float[Tensor, "b 2 c"],
    ) -> tuple[Shuffled, Float[Tensor, "b 2 c"]]:
        """Weighs the streams of any number of frames."""
        shown, state = follow(state, self.shown(laplacian, residual))
        weight = self.share(shown)[:, PAST:]
        share = weight[..., None, None]
        return Shuffled(laplacian * share, residual * (1 - share), weight), state

    def step(
        self,
        laplacian: Float[Tensor, "b c h w"],
        residual: Float[Tensor, "b c h w"],
        state: Float[Tensor, "b 2 c"],
    ) -> tuple[tuple[Tensor, Tensor, Tensor], Float[Tensor, "b 2 c"]]:
        """Both streams of one frame (B,C,H,W) and the weight (B,C)."""
        shuffled, state = self.run(laplacian[:, None], residual[:, None], state)
        return (shuffled.laplacian[:, 0], shuffled.residual[:, 0], shuffled.weight[:, 0]), state

    def initial_state(self, batch: int) -> Float[Tensor, "b 2 c"]:
        """Zeros."""
        return self.reduce.weight.new_zeros(batch, PAST, self.reduce.in_features)
