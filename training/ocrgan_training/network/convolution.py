"""The convolution blocks all networks are made of; every BatchNorm folds into its convolution."""

from jaxtyping import Float
from torch import Tensor, nn

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

    A 1×1 convolution first brings the channels down. Then, with multiplications per input pixel
    and pair of channels: `resize` is 3×3 and nearest neighbours (9), smoothed by the 3×3 of the
    next block; `subpixel` is 3×3 and depth to space (36; Shi et al. 2016); `transposed` is 4×4
    (16), which ONNX Runtime never runs in INT8.
    """

    def __init__(self, channels: int, out: int, upsampling: str) -> None:
        """`channels` → `out` by the chosen upsampling."""
        parts: list[nn.Module] = [ConvBlock(channels, out, 1)]
        if upsampling == "resize":
            parts += [ConvBlock(out, out), nn.Upsample(scale_factor=2, mode="nearest")]
        elif upsampling == "subpixel":
            # Normalised before depth to space: there BatchNorm still folds into the convolution.
            parts += [ConvBlock(out, 4 * out), nn.PixelShuffle(2)]
        else:
            up = nn.ConvTranspose2d(out, out, 4, 2, 1, bias=False)
            parts += [up, nn.BatchNorm2d(out), nn.LeakyReLU(SLOPE)]
        super().__init__(*parts)


class ToPixels(nn.Sequential):
    """The last step of a decoder: (N,C,H,W) → (N,3,2H,2W), values not limited.

    Depth to space unless `transposed` is asked for: 3×3 to 4·3 channels at half the size has the
    multiplications of 3×3 to 3 channels at full size, fills a runtime's channel blocks twice as
    well, and never writes the doubled image.
    """

    def __init__(self, channels: int, middle: int, upsampling: str) -> None:
        """`channels` → `middle` → 3."""
        if upsampling == "transposed":
            last: list[nn.Module] = [nn.ConvTranspose2d(middle, 3, 4, 2, 1)]
        else:
            last = [nn.Conv2d(middle, 4 * 3, 3, padding=1), nn.PixelShuffle(2)]
        super().__init__(ConvBlock(channels, middle, 1), *last)


def fold_time(video: Float[Tensor, "b t c h w"]) -> Float[Tensor, "n c h w"]:
    """(B,T,C,H,W) → (B·T,C,H,W), a view: space does not know about time."""
    return video.flatten(0, 1)


def unfold_time(frames: Float[Tensor, "n c h w"], time: int) -> Float[Tensor, "b t c h w"]:
    """(B·T,C,H,W) → (B,T,C,H,W), a view."""
    return frames.reshape(-1, time, *frames.shape[1:])
