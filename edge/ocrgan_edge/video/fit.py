"""Any picture to the model's size."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def fit(
    image: NDArray[np.uint8], height: int, width: int, out: NDArray[np.uint8] | None = None
) -> NDArray[np.uint8]:
    """Resizes by area averaging; the sides' ratio is not kept.

    Args:
        image: (H, W, 3) blue-green-red, or gray as (H, W) or (H, W, 1).
        height: of the result.
        width: of the result.
        out: (height, width, 3) to write into, instead of a new array.

    Returns:
        (height, width, 3) blue-green-red; gray gives three equal channels.
    """
    if out is None:
        out = np.empty((height, width, 3), np.uint8)
    if image.ndim == 2 or image.shape[2] == 1:
        out[:] = _resize(image.reshape(image.shape[:2]), height, width, None)[..., None]
    elif image.shape[:2] == (height, width):
        out[:] = image
    else:
        _resize(image, height, width, out)
    return out


def _resize(
    image: NDArray[np.uint8], height: int, width: int, out: NDArray[np.uint8] | None
) -> NDArray[np.uint8]:
    resized = cv2.resize(image, (width, height), dst=out, interpolation=cv2.INTER_AREA)
    return np.asarray(resized, np.uint8)
