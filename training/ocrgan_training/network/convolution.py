"""The convolution blocks all networks are made of; every BatchNorm folds into its convolution."""

from jaxtyping import Float
from torch import Tensor, nn

from ocrgan_training.network.presets import Upsampling

SLOPE = 0.2
"""Of every LeakyReLU (Radford et al. 2016, DCGAN)."""


class ConvBlock(nn.Sequential):
    """Convolution → BatchNorm → LeakyReLU: (N,Cin,H,W) → (N,Cout,H/stride,W/stride)."""

    def __init__(
        self, channels: int, out: int, kernel: int = 3, stride: int = 1, *, norm: bool = True
    ) -> None:
        """`norm=False` leaves BatchNorm out, as DCGAN does on the layer that sees pixels."""
        super().__init__(
            nn.Conv2d(channels, out, kernel, stride, (kernel - 1) // 2, bias=not norm),
            nn.BatchNorm2d(out) if norm else nn.Identity(),
            nn.LeakyReLU(SLOPE),
        )


class UpBlock(nn.Sequential):
    """Doubles height and width: (N,Cin,H,W) → (N,Cout,2H,2W).

    A 1×1 convolution comes first, because what follows costs 36 (resize, subpixel) or 16
    (transposed) multiplications per input pixel and pair of channels. `resize` is nearest
    neighbours, then 3×3 (Odena et al. 2016); `subpixel` is 3×3, then depth to space (Shi et al.
    2016); `transposed` is 4×4, which ONNX Runtime never runs in INT8.
    """

    def __init__(self, channels: int, out: int, upsampling: Upsampling) -> None:
        """`channels` → `out` by the chosen upsampling."""
        super().__init__(ConvBlock(channels, out, 1), *_doubled(out, out, upsampling, norm=True))


class ToPixels(nn.Sequential):
    """The last step of a decoder: doubles the size and ends in 3 colours, not limited."""

    def __init__(self, channels: int, middle: int, upsampling: Upsampling) -> None:
        """`channels` → `middle` → 3."""
        super().__init__(ConvBlock(channels, middle, 1), *_doubled(middle, 3, upsampling))


def _doubled(
    channels: int, out: int, upsampling: Upsampling, *, norm: bool = False
) -> list[nn.Module]:
    if upsampling == "transposed":
        conv: nn.Module = nn.ConvTranspose2d(channels, out, 4, 2, 1, bias=not norm)
    elif upsampling == "subpixel":
        conv = nn.Conv2d(channels, 4 * out, 3, padding=1, bias=not norm)
    else:
        conv = nn.Conv2d(channels, out, 3, padding=1, bias=not norm)
    # Normalised before depth to space: there BatchNorm still folds into the convolution.
    shuffled = upsampling == "subpixel"
    finish = [nn.BatchNorm2d(out * (4 if shuffled else 1)), nn.LeakyReLU(SLOPE)] if norm else []
    before = [nn.Upsample(scale_factor=2, mode="nearest")] if upsampling == "resize" else []
    return [*before, conv, *finish, *([nn.PixelShuffle(2)] if shuffled else [])]


def fold_time(video: Float[Tensor, "b t c h w"]) -> Float[Tensor, "n c h w"]:
    """(B,T,C,H,W) → (B·T,C,H,W), a view: space does not know about time."""
    return video.flatten(0, 1)


def unfold_time(frames: Float[Tensor, "n c h w"], time: int) -> Float[Tensor, "b t c h w"]:
    """(B·T,C,H,W) → (B,T,C,H,W), a view."""
    return frames.reshape(-1, time, *frames.shape[1:])
