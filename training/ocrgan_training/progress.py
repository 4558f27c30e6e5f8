"""What a person sees of a training: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

SHOWN = {
    "generator/context": "con",
    "generator/adversarial": "adv",
    "generator/latent": "lat",
    "discriminator/total": "D",
    "local/normal": "normal",
    "local/pseudo": "pseudo",
    "held_out/context": "held-out con",
    "local/ranking": "rank",
    "held_out/peak_auc": "peak AUC",
}


@dataclass(frozen=True)
class Report:
    """How far a training is."""

    progress: float
    """0 … 1 of the budget."""
    seconds: float
    step: int
    epoch: float
    windows_per_second: float
    losses: dict[str, float] = field(default_factory=dict)
    """Newest means by name."""
    waiting: float = 0.0
    """Share of the time spent waiting for data."""

    @property
    def left(self) -> str:
        """Time left in words, from what was needed so far."""
        if self.progress <= 0:
            return "?"
        left = self.seconds * (1 - self.progress) / self.progress
        return f"{left / 60:.1f} min" if left >= 90 else f"{left:.0f} s"

    @property
    def terms(self) -> str:
        """The losses."""
        return "  ".join(
            f"{short} {self.losses[name]:.3g}"
            for name, short in SHOWN.items()
            if name in self.losses
        )

    @property
    def pace(self) -> str:
        """How far, how fast, how long still."""
        return (
            f"step {self.step}  epoch {self.epoch:.1f}  "
            f"{self.windows_per_second:.2f} windows/s  "
            f"{self.waiting:.0%} waiting for data  {self.left} left"
        )

    def __str__(self) -> str:
        """One line."""
        return "  ".join(part for part in (self.pace, self.terms) if part)


class Reporter:
    """Where messages and reports go: a line now and then, as a log wants it."""

    def __init__(self, console: Console, interval: float = 30.0) -> None:
        """`interval`: seconds between two lines."""
        self._console = console
        self._interval = interval
        self._next = 0.0

    def __enter__(self) -> Reporter:
        """Starts to show."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends cleanly."""

    def say(self, text: str) -> None:
        """Shows a message."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def show(self, report: Report) -> None:
        """Shows how far the training is, if that is due; called after every step."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self._interval
            self.say(str(report))


class BarReporter(Reporter):
    """The losses, and a progress bar below them, for a terminal."""

    def __init__(self, console: Console) -> None:
        """Messages appear above."""
        super().__init__(console)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:>3.0f} %"),
            console=console,
            expand=True,
        )
        self._task: TaskID = self._bar.add_task("starting", total=1.0)
        self._live = Live(self._bar, console=console, refresh_per_second=4)

    def __enter__(self) -> Reporter:
        """Draws the bar."""
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leaves the bar as it is."""
        self._live.stop()

    def show(self, report: Report) -> None:
        """Moves the bar."""
        self._bar.update(self._task, completed=report.progress, description=report.pace)
        self._live.update(Group(Text(report.terms, style="dim"), self._bar))


def make_reporter(console: Console) -> Reporter:
    """A bar on a terminal, lines elsewhere."""
    return BarReporter(console) if console.is_terminal else Reporter(console)
