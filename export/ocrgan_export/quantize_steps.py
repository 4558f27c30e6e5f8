"""What INT8 ranges of a graph that steps are read from: frames with the states that lead to them.

The state itself stays in float: what is rounded anew with every frame would not be what was kept.
But what is rounded once, as soon as it is read, can be kept rounded (`states_in_bytes`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from ocrgan_edge.runtime.graph import default_threads
from ocrgan_edge.runtime.onnx_scorer import session_options
from ocrgan_edge.runtime.scorer import warmed_up
from ocrgan_edge.runtime.step_scorer import NEXT, STATE
from ocrgan_export.quantize_ranges import Told
from ocrgan_export.windows import Window, spread

Feed = dict[str, NDArray[np.generic]]

MOST_BYTES = 1_000_000_000
"""Of all states that ranges are read from, with some 350 windows: a state of `nano` has 2.4 MB, of
`small` 5, of `large` 10."""


def step_feeds(
    model: onnx.ModelProto,
    windows: Sequence[Window],
    step: Callable[[int], Told] = lambda count: lambda: None,
) -> list[Feed]:
    """Each window's newest frame with the state after those before it, by the FP32 graph.

    States are warmed up as a device does it: ranges would else be those of what no score is made
    from. Where states are large, windows are left out evenly.

    Args:
        model: the FP32 graph.
        windows: (T, H, W, 3) each.
        step: begins so many parts of progress; what it gives is called for each.
    """
    session = onnxruntime.InferenceSession(
        model.SerializeToString(),
        session_options("fp32", default_threads()),
        providers=["CPUExecutionProvider"],
    )
    first = _first(session)
    size = sum(tensor.nbytes for tensor in first.values())
    kept = spread(windows, max(1, MOST_BYTES // size))
    told, feeds = step(len(kept)), []
    for window in kept:
        *_, feed = _steps(session, first, window)
        feeds.append(feed)
        told()
    return feeds


def _first(session: onnxruntime.InferenceSession) -> Feed:
    """All inputs but the frame, before the first one and under neutral statistics."""
    ports = {port.name: port.shape for port in session.get_inputs() if port.name != "frames"}
    zeros: Feed = {name: np.zeros(shape, np.float32) for name, shape in ports.items()}
    return zeros | {"location_scale": np.ones(ports["location_scale"], np.float32)}


def _steps(session: onnxruntime.InferenceSession, first: Feed, window: Window) -> Iterator[Feed]:
    """The inputs of every step through a window."""
    states = [name for name in first if name.startswith(STATE)]
    after = [NEXT + name.removeprefix(STATE) for name in states]
    feed = first
    for frame in warmed_up(window):
        feed = {**feed, "frames": frame[None, None]}
        yield feed
        feed = {**feed, **dict(zip(states, session.run(after, feed), strict=True))}
