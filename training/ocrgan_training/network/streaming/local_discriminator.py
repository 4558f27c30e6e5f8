"""The local discriminator frame by frame."""

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from ocrgan_training.network.convolution import fold_time, unfold_time
from ocrgan_training.network.local_discriminator import LocalDiscriminator
from ocrgan_training.network.streaming.causal_module import follow, stack_newest


class CausalLocalDiscriminator(LocalDiscriminator):
    """`LocalDiscriminator` with a buffer of frames: the same weights, a judgement for every frame.

    State: the luma of the last 7 frames, (B,7,1,H,W); gray before the first one, so that the
    first 7 judgements of a clip say nothing. `forward` stays what it was: the newest frame's.
    """

    def run(
        self, video: Float[Tensor, "b t 3 h w"], state: Float[Tensor, "b kept 1 h w"]
    ) -> tuple[Float[Tensor, "b t _ _"], Float[Tensor, "b kept 1 h w"]]:
        """Logits of every frame (B,T',h,w), positive = normal."""
        time = video.shape[1]
        gray = unfold_time(functional.conv2d(fold_time(video), self.luma), time)
        frames, state = follow(state, gray)
        logits: Tensor = self.classifier(self.layers(stack_newest(frames, self.context)))
        return logits.reshape(-1, time, *logits.shape[-2:]), state

    def step(
        self, frame: Float[Tensor, "b 3 h w"], state: Float[Tensor, "b kept 1 h w"]
    ) -> tuple[Float[Tensor, "b _ _"], Float[Tensor, "b kept 1 h w"]]:
        """Logits of one frame."""
        logits, state = self.run(frame[:, None], state)
        return logits[:, 0], state

    def initial_state(self, batch: int, size: tuple[int, int]) -> Float[Tensor, "b kept 1 h w"]:
        """Gray frames of `size` = (H,W)."""
        return self.luma.new_zeros(batch, self.context - 1, 1, *size)
