"""Held-out normal windows with something wrong in them: what INT8's ranks are compared on.

The same pseudo-anomalies that the local discriminator is trained on, in clips that nothing was
trained on. They say nothing about how well anything is detected, but move the score as far.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from ocrgan_edge.bundle import InputSpec
from ocrgan_edge.errors import DataError
from ocrgan_export.windows import Window, sample_windows
from ocrgan_training.data.pseudo_anomaly import make_pseudo_stack
from ocrgan_training.data.pseudo_settings import PseudoSettings

EDITED = 60
"""Windows that are edited, where there are that many."""

STRENGTH = 0.5
"""Of the newest frames' worst place (0 … 1): below it an edit may not be seen."""

NORMAL_EDITS = ("decoy", "transplanted")


def edited_windows(
    clips: Mapping[str, Path], spec: InputSpec, pseudo: PseudoSettings, count: int = EDITED
) -> list[Window]:
    """At most `count` windows (T, H, W, 3), the same every time.

    Args:
        clips: of normal life.
        spec: what a window is.
        pseudo: the edits of the training; decoys, which are normal, are left out.
        count: windows that are tried; an edit that can hardly be seen is left out, too.

    Raises:
        DataError: no clip is long enough for a window.
        SourceError: a clip cannot be read.
    """
    contexts = _contexts(clips, spec, count)
    shares = {kind: share for kind, share in pseudo.shares.items() if kind not in NORMAL_EDITS}
    settings = replace(pseudo, shares=shares, untouched=0.0)
    windows = []
    for number, context in enumerate(contexts):
        donor = contexts[(number + len(contexts) // 2) % len(contexts)]
        random = np.random.default_rng(number)
        stack = make_pseudo_stack(context, donor, spec.frames, settings, random)
        if stack.strength.max() >= STRENGTH:
            windows.append(stack.frames)
    return windows


def _contexts(clips: Mapping[str, Path], spec: InputSpec, count: int) -> list[Window]:
    """Twice as long as a window, because what plays faster needs more; else as long as one."""
    try:
        return sample_windows(clips, spec.model_copy(update={"frames": 2 * spec.frames}), count)
    except DataError:
        return sample_windows(clips, spec, count)
