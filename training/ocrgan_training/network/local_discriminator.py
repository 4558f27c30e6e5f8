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

    def __init__(
        self,
        base_width: int,
        size: tuple[int, int],
        context: int = CONTEXT,
        *,
        slim: bool = False,
    ) -> None:
        """`base_width` = the network's n; `size` = (H,W), which decides the stride.

        `slim` sees the same with a sixth of the multiplications (`slim_layers`).
        """
        super().__init__()
        self.context = context
        self.stride = 4 if min(size) < 96 else 8
        make = slim_layers if slim else full_layers
        layers, width = make(context, local_width(base_width), self.stride)
        self.layers = nn.Sequential(*layers)
        self.classifier = nn.Conv2d(width, 1, 1)
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


Layers = tuple[list[nn.Module], int]
"""From stacked luma on, and the channels of the last."""


def full_layers(context: int, n: int, stride: int) -> Layers:
    """Two levels of 4×4, then 3×3 at 4n channels."""
    layers: list[nn.Module] = [
        ConvBlock(context, n, kernel=4, stride=2, norm=False),
        ConvBlock(n, 2 * n, kernel=4, stride=2),
        ConvBlock(2 * n, 4 * n),
    ]
    if stride == 8:
        layers.append(ConvBlock(4 * n, 4 * n, stride=2))
    return [*layers, ConvBlock(4 * n, 4 * n), ConvBlock(4 * n, 4 * n)], 4 * n


def slim_layers(context: int, n: int, stride: int) -> Layers:
    """As `full_layers`, narrower where there are many pixels and taken apart after the first layer.

    At `small`, 30 % of a full stack's multiplications are in its 3×3 at a quarter of the size, 44 %
    are behind it and 26 % in the two layers before. All but the first layer, which sees motion, are
    taken apart into space and channels (Howard et al. 2017, MobileNets).
    """
    first = max(8, 3 * n // 4)
    layers: list[nn.Module] = [
        ConvBlock(context, first, kernel=4, stride=2, norm=False),
        _separable(first, 2 * n, kernel=4, stride=2),
        _separable(2 * n, 2 * n),
        _separable(2 * n, 3 * n, stride=2 if stride == 8 else 1),
    ]
    return [*layers, _separable(3 * n, 3 * n), _separable(3 * n, 3 * n)], 3 * n


def _separable(channels: int, out: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    padding = (kernel - 1) // 2
    space = nn.Conv2d(channels, channels, kernel, stride, padding, groups=channels, bias=False)
    return nn.Sequential(space, ConvBlock(channels, out, kernel=1))


def local_width(base_width: int) -> int:
    """Channels of the first level: five eighths of the network's n, but at least 16.

    More pixels detect more, more channels do not (docs/decisions/015-every-pixel.md).
    """
    return max(16, base_width * 5 // 64 * 8)
