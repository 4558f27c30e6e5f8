"""The metrics for TensorBoard: RUN/tensorboard."""

from __future__ import annotations

from pathlib import Path

FOLDER = "tensorboard"


class MetricsBoard:
    """Writes scalars; rows of an earlier session that lie after `step` are hidden."""

    def __init__(self, run: Path, step: int) -> None:
        """Goes on after `step`."""
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(run / FOLDER), purge_step=step + 1)

    def write(self, step: int, values: dict[str, float]) -> None:
        """Adds one point to every curve."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Ends the file."""
        self._writer.close()
