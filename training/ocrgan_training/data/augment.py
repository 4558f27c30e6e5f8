"""Small changes of light and view, the same for a whole window, so that the network generalises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Augmentation:
    """How much a window may change."""

    rotation: float = 5.0
    """Degrees to either side."""
    brightness: float = 0.1
    """Share by which the light grows or falls."""
    noise: float = 0.01
    """Standard deviation of noise added to pixels in -1 … 1."""
    flip: bool = False
    """Also mirror left and right: only where a mirrored scene is as normal as the scene."""
    turned: float = 0.5
    """Share of the windows that are turned: the others stay as sharp as the camera gives them."""


@dataclass(frozen=True)
class View:
    """One draw of an augmentation: what happens to one window."""

    angle: float = 0.0
    gain: float = 1.0
    mirrored: bool = False

    @classmethod
    def draw(cls, settings: Augmentation, random: np.random.Generator) -> View:
        """Draws turn, light and mirror."""
        angle = random.uniform(-settings.rotation, settings.rotation)
        gain = 1 + random.uniform(-settings.brightness, settings.brightness)
        turned, mirrored = random.random(), random.random()
        return cls(
            angle if turned < settings.turned else 0.0, gain, settings.flip and mirrored < 0.5
        )

    def of_frames(self, frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(T, H, W, 3) turned, lit and mirrored; what turns in from outside is a reflection."""
        seen = self._turn(frames, cv2.BORDER_REFLECT_101)
        lit = cv2.convertScaleAbs(np.ascontiguousarray(seen), alpha=self.gain)
        return np.asarray(lit, np.uint8).reshape(frames.shape)

    def of_maps(self, maps: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, H, W) turned and mirrored along with the frames; outside is 0."""
        return np.asarray(self._turn(maps, cv2.BORDER_CONSTANT), np.float32)

    def _turn(self, pictures: NDArray[Any], border: int) -> NDArray[Any]:
        height, width = pictures.shape[1:3]
        if self.angle:
            turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), self.angle, 1.0)
            turned = np.empty_like(pictures)
            for source, target in zip(pictures, turned, strict=True):
                cv2.warpAffine(source, turn, (width, height), dst=target, borderMode=border)
            pictures = turned
        return pictures[:, :, ::-1] if self.mirrored else pictures


class NoiseBank:
    """Gaussian noise drawn once and added from random places, which is far cheaper than drawing."""

    def __init__(self, seed: int, size: int = 1 << 20) -> None:
        """Draws `size` numbers of standard deviation 1."""
        self._noise = np.random.default_rng(seed).standard_normal(size, dtype=np.float32)

    def add(self, pixels: NDArray[np.float32], sigma: float, random: np.random.Generator) -> None:
        """Adds noise of standard deviation `sigma` to pixels in place."""
        if sigma <= 0:
            return
        noise = self._noise * np.float32(sigma)
        flat = pixels.reshape(-1)
        piece = min(flat.size, noise.size // 2)
        for first in range(0, flat.size, piece):
            part = flat[first : first + piece]
            start = int(random.integers(noise.size - part.size + 1))
            part += noise[start : start + part.size]
