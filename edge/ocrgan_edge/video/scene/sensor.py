"""What a camera makes of the light: drifting exposure, blur, noise, compression."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.video.scene.painter import Floats
from ocrgan_edge.video.scene.spec import SceneSpec

POOL = 1 << 16
"""Values kept beyond one frame's, so that frames can start at different ones."""


class Sensor:
    """Turns a clean picture into what is recorded; a pure function of the frame's number."""

    def __init__(self, spec: SceneSpec) -> None:
        """Draws the noise and the day's light."""
        self._spec = spec
        rng = np.random.default_rng([spec.seed, 41])
        self._phases = rng.uniform(0.0, 2 * math.pi, 4)
        count = spec.width * spec.height * 3 + POOL
        self._noise = rng.standard_normal(count, np.float32)

    def sunshine(self, time: float) -> float:
        """Share of the sun that comes through the clouds, 0.45 to 1; changes slowly."""
        wave = math.sin(time / 19.0 + self._phases[0]) + math.sin(time / 7.3 + self._phases[1])
        return 0.45 + 0.55 / (1.0 + math.exp(-2.2 * (wave + 0.7)))

    def record(self, clean: Floats, index: int) -> NDArray[np.uint8]:
        """The frame (H, W, 3) as it leaves the camera."""
        spec = self._spec
        time = index / spec.frames_per_second
        gain = 1.0 + 0.025 * math.sin(time / 31.0 + self._phases[2])
        picture = np.asarray(cv2.GaussianBlur(clean, (3, 3), 0.55), np.float32)
        picture *= np.float32(gain)
        if spec.noise:
            self._add_noise(picture, index)
        frame = cv2.convertScaleAbs(np.clip(picture, 0.0, 255.0))
        if spec.jpeg_quality is None:
            return np.asarray(frame, np.uint8)
        data = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, spec.jpeg_quality])[1]
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)

    def movement(self, index: int) -> tuple[float, float]:
        """How far the camera is moved, in pixels to the right and down."""
        if not self._spec.shake:
            return 0.0, 0.0
        rng = np.random.default_rng([self._spec.seed, 42, index])
        right, down = rng.normal(0.0, self._spec.shake, 2)
        return float(right), float(down)

    def _add_noise(self, picture: Floats, index: int) -> None:
        """Grows with the square root of the light, as photons do."""
        rng = np.random.default_rng([self._spec.seed, 43, index])
        first = int(rng.integers(POOL))
        grain = self._noise[first : first + picture.size].reshape(picture.shape)
        spread = cv2.sqrt(picture * np.float32(0.035) + np.float32(1.2))
        picture += grain * np.asarray(spread, np.float32) * np.float32(self._spec.noise)
