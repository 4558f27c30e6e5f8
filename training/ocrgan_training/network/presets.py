"""The settings of a network, checked once, and the named settings that are shipped."""

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from ocrgan_edge.errors import SettingsError

CONTEXT = 8
"""Newest frames that the local discriminator looks at."""

GROUP = 4
"""Frames that are treated together at the sequence level; a window is a whole number of groups."""

CHOICES = {
    "temporal": ("none", "basic", "multi-scale", "hierarchical", "full"),
    "discriminator": ("basic", "netd", "nlayer"),
    "upsampling": ("resize", "subpixel", "transposed"),
    "patches": ("stack", "slim"),
}
"""What the settings that are names can be."""

_AT_LEAST = {"height": 16, "width": 16, "features": 1, "hidden_frames": 0, "attention_pool": 1}


@dataclass(frozen=True)
class NetworkConfig:
    """Everything that decides a network's shape; SettingsError for values that cannot work."""

    frames: int = 16
    """T, frames in a window; a multiple of 4, at least 8."""

    height: int = 64
    """Pixels, a multiple of `patch` · `reduction`; export wants multiples of 32 · `reduction`."""

    width: int = 64
    """Pixels, as `height`."""

    base_width: int = 32
    """n, channels of the outermost level; a multiple of 8."""

    features: int = 100
    """nz, channels of the frame discriminator's features."""

    temporal: str = "full"
    """`none` sees single frames; `basic`: attention on skips; `multi-scale`: on the outermost skip;
    `hierarchical`: on the inner ones too; `full`: fusion at the bottleneck and at the input."""

    causal: bool = False
    """Whether no frame sees a later one, so that frames can be scored one by one: the streaming
    form. `frames` is then how far attention looks back."""

    channel_shuffle: bool = True
    """Whether the two streams are weighed against each other on every skip."""

    discriminator: str = "basic"
    """`basic`, `netd` or `nlayer`."""

    local_discriminator: bool = True
    """Whether there is a discriminator of patches in space and time."""

    patches: str = "stack"
    """What the local discriminator is made of. `stack`: full convolutions over 8 frames at once;
    `slim`: a sixth of the multiplications, most of them taken apart into space and channels."""

    reduction: int = 1
    """How many times smaller generator and frame discriminator see the frames. The local
    discriminator sees every pixel: shape shows in details, and it is cheap enough."""

    hidden_frames: int = 0
    """Newest frames that the generator does not see and has to predict; at most half a window."""

    recent: int = 4
    """Newest frames whose anomaly maps are averaged for the score."""

    attention_pool: int = 2
    """Attention on inner skips looks at means of squares this wide, on the outermost twice as wide;
    1 looks at every pixel everywhere."""

    patch: int = 4
    """The input-level fusion looks at squares this many pixels wide."""

    upsampling: str = "resize"
    """How the decoder doubles its size: `resize`, `subpixel` or `transposed`."""

    def __post_init__(self) -> None:
        """Checks every value."""
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                wanted = ", ".join(choices)
                raise SettingsError(f"{name} is {getattr(self, name)!r}, wanted one of {wanted}")
        for name, least in _AT_LEAST.items():
            _want(name, getattr(self, name), getattr(self, name) >= least, f"at least {least}")
        _want("frames", self.frames, _multiple(self.frames, GROUP, CONTEXT), "8, 12, 16, 20, …")
        _want("base_width", self.base_width, _multiple(self.base_width, 8, 8), "a multiple of 8")
        _want("patch", self.patch, self.patch in (1, 2, 4, 8), "1, 2, 4 or 8")
        _want("reduction", self.reduction, self.reduction in (1, 2, 3, 4), "1, 2, 3 or 4")
        step = self.patch * self.reduction
        for name, size in (("height", self.height), ("width", self.width)):
            fine = _multiple(size, step, 16 * self.reduction)
            _want(name, size, fine, f"a multiple of {step} (patch · reduction)")
        hidden = self.hidden_frames
        _want("hidden_frames", hidden, 2 * hidden <= self.frames, "at most half of the frames")
        _want("recent", self.recent, 1 <= self.recent <= self.frames, f"1 … {self.frames}")
        past = not self.causal or self.temporal != "none"
        _want("temporal", self.temporal, past, "a network that looks back (causal)")

    @property
    def lead_in(self) -> int:
        """Frames of a training clip that only lead to the others, which see T frames each."""
        return self.frames - 1 + self.hidden_frames if self.causal else 0

    @property
    def clip_frames(self) -> int:
        """Frames of a training clip: T that count, and those that lead to them."""
        return self.frames + self.lead_in

    @property
    def reduced_size(self) -> tuple[int, int]:
        """Height and width of what generator and frame discriminator see."""
        return self.height // self.reduction, self.width // self.reduction

    @property
    def levels(self) -> int:
        """Stride-2 levels, so that the bottleneck's shorter side is 4 … 7 pixels."""
        return (min(self.reduced_size) // 4).bit_length() - 1

    @property
    def level_widths(self) -> tuple[int, ...]:
        """Channels of every level: n, 2n, 4n, 8n and, if there are more, 8n."""
        return tuple(self.base_width * min(2**level, 8) for level in range(self.levels))

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "NetworkConfig":
        """The inverse of `to_dict`. Raises SettingsError for a setting that does not exist."""
        unknown = sorted(set(values) - {field.name for field in fields(cls)})
        if unknown:
            raise SettingsError(f"a network has no setting named {', '.join(unknown)}")
        return cls(**values)


def _multiple(value: int, step: int, least: int) -> bool:
    return value >= least and value % step == 0


def _want(name: str, value: object, fine: bool, wanted: str) -> None:
    if not fine:
        raise SettingsError(f"{name} is {value}, wanted {wanted}")


_SMALL = NetworkConfig(height=256, width=384, reduction=4, base_width=16, hidden_frames=4)
PRESETS: dict[str, NetworkConfig] = {
    "nano": NetworkConfig(
        frames=8, height=192, width=288, reduction=3, base_width=8, hidden_frames=2
    ),
    "small": _SMALL,
    "base": replace(_SMALL, base_width=24),
    "large": replace(_SMALL, height=384, width=512, base_width=32),
    "recipe": NetworkConfig(base_width=64),
}
"""Named settings: nano … large for devices, `recipe` is the published size (64×64, n = 64)."""


def preset(name: str) -> NetworkConfig:
    """The named settings. Raises SettingsError when there are none of that name."""
    if name not in PRESETS:
        raise SettingsError(f"there is no preset {name!r}, wanted one of {', '.join(PRESETS)}")
    return PRESETS[name]
