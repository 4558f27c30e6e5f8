from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from ocrgan_edge.alerts.event import Box, EventState, Shares
from ocrgan_edge.alerts.evidence.retention import Limits
from ocrgan_edge.alerts.evidence.snapshot import Drawing
from ocrgan_edge.alerts.evidence.store import EvidenceStore

WALL = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HOT_COLUMN, HOT_ROW = 4, 1
"""Of a map of 6 columns and 4 rows."""


@pytest.fixture
def until() -> Callable[[Callable[[], object]], None]:
    """Waits for something that another thread does."""

    def wait(true: Callable[[], object]) -> None:
        end = time.monotonic() + 15
        while not true():
            assert time.monotonic() < end, "not within 15 s"
            time.sleep(0.01)

    return wait


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[Callable[..., EvidenceStore]]:
    """Opens a store in tmp_path/evidence that leaves no free space to others, and closes it."""
    stores: list[EvidenceStore] = []

    def make(days: float = 14, megabytes: float = 1000) -> EvidenceStore:
        limits = Limits(days, megabytes, free_megabytes=0)
        stores.append(EvidenceStore(tmp_path / "evidence", limits))
        return stores[-1]

    yield make
    for store in stores:
        store.close()


@pytest.fixture
def drawing() -> Drawing:
    """A peak of 5 over a threshold of 2 at one place of the map, and quiet around it."""
    anomaly_map = np.full((4, 6), 0.5, np.float32)
    anomaly_map[HOT_ROW, HOT_COLUMN] = 5.0
    state = EventState(
        start=WALL,
        clock_synced=True,
        media_start=0,
        duration=1,
        score=4.0,
        peak_score=5.0,
        threshold=2.0,
        boxes=(Box(left=4 / 6, top=1 / 4, width=1 / 6, height=1 / 4, score=5.0),),
        shares=Shares(texture=0.1, shape=0, motion=0.7, feature=0.1, patch=0.1),
        model_sha256="0" * 64,
    )
    return Drawing(anomaly_map, 1.5, WALL, state)
