"""The table of expected speeds is computed from the presets as they are."""

from __future__ import annotations

import pytest
from arm64.estimates import (
    DEVICES,
    OTHER,
    OTHER_STEPS,
    PAGE,
    SHOWN,
    Device,
    frame_macs,
    frames_per_second,
    page_with,
    tables,
    window_macs,
)


def test_the_page_has_the_table_of_the_presets_as_they_are() -> None:
    page = PAGE.read_text()
    wanted = page_with(page, tables(window_macs(), frame_macs()))
    assert page == wanted, "PYTHONPATH=packaging .venv/bin/python -m arm64.estimates --write"


def test_speed_follows_from_cycles() -> None:
    # 740 million at 10 · 0.74 a cycle are 100 million cycles, 0.5 · 740 · 2 are 740 more:
    # 840 million cycles at 2.1 GHz are 0.4 s, in which 4 new frames come.
    device = Device("x", gigahertz=2.1, macs_per_cycle=10, slower=2)
    assert frames_per_second(740, 0.5, device, hop=4) == pytest.approx(10)
    assert frames_per_second(740, 0.5, device) == pytest.approx(2.5)


def test_a_range_is_shown_and_no_digits_that_nobody_knows() -> None:
    for line in tables({"nano": 100.0}, {"nano": 30.0}).splitlines():
        if line.startswith("| `"):
            assert line.count("–") == len(DEVICES)
            assert "." not in line


def test_every_preset_shown_was_measured_or_carried_over() -> None:
    assert set(SHOWN) == set(OTHER) == set(OTHER_STEPS)
