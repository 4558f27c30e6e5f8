"""Ctrl-C and `kill` end a training after the step it is in, so that it can be saved."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType


class Interruption:
    """While entered, the first SIGINT or SIGTERM sets `signal`; a second one acts as usual."""

    def __init__(self, patient: bool = False) -> None:
        """`patient`: later ones do nothing; torchrun sends one more to what a terminal stopped."""
        self._patient = patient
        self.signal: int | None = None
        self._before: dict[int, signal.Handlers] = {}

    def __call__(self) -> bool:
        """Whether to stop."""
        return self.signal is not None

    def __enter__(self) -> Interruption:
        """Starts to listen."""
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._note)  # type: ignore[assignment]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hands the signals back."""
        self._restore()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.signal = number
        if not self._patient:
            self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()
