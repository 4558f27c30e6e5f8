"""The local discriminator: is this patch, in space and time, normal life?"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from ocrgan_training.network.convolution import ConvBlock
from ocrgan_training.network.presets import CONTEXT

LUMA = (0.114, 0.587, 0.299)
"""Blue, green, red (ITU-R BT.601)."""


class LocalDiscriminator(nn.Module):
    """The newest 8 frames → one logit per patch (positive = normal): (B,T,3,H,W) → (B,h,w).

    Frames enter as luma, stacked as channels, so that the first convolution sees motion directly
    and everything is plain 2-D convolution. One patch is 4×4 pixels below 96 pixels of height and
    8×8 above; a logit sees about 40 or 60 pixels, most of it its middle.
    """

    def __init__(self, base_width: int, size: tuple[int, int], context: int = CONTEXT) -> None:
        """`base_width` = the network's n; `size` = (H,W), which decides the stride."""
        super().__init__()
        self.context = context
        n = local_width(base_width)
        self.stride = 4 if min(size) < 96 else 8
        layers = [
            ConvBlock(context, n, kernel=4, stride=2, norm=False),
            ConvBlock(n, 2 * n, kernel=4, stride=2),
            ConvBlock(2 * n, 4 * n),
        ]
        if self.stride == 8:
            layers.append(ConvBlock(4 * n, 4 * n, stride=2))
        layers += [ConvBlock(4 * n, 4 * n), ConvBlock(4 * n, 4 * n)]
        self.layers = nn.Sequential(*layers)
        self.classifier = nn.Conv2d(4 * n, 1, 1)
        self.luma: Tensor
        self.register_buffer("luma", torch.tensor(LUMA).reshape(1, 3, 1, 1), persistent=False)

    def forward(self, video: Float[Tensor, "b t 3 _ _"]) -> Float[Tensor, "b _ _"]:
        """Logits of the newest `context` frames; older ones are not looked at."""
        if video.shape[1] < self.context:
            raise ValueError(f"{video.shape[1]} frames, wanted at least {self.context}")
        newest = video[:, -self.context :]
        gray = functional.conv2d(newest.flatten(0, 1), self.luma)
        stacked = gray.reshape(-1, self.context, *gray.shape[-2:])
        logits: Tensor = self.classifier(self.layers(stacked))
        return logits.squeeze(1)


def local_width(base_width: int) -> int:
    """Channels of the first level: the network's n, but at least 16 and at most 40.

    More pixels detect more, more channels do not (docs/decisions/015-every-pixel.md).
    """
    return min(40, max(16, base_width // 8 * 8))
