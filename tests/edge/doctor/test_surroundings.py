from __future__ import annotations

from pathlib import Path

import pytest

from ocrgan_edge.doctor.surroundings import (
    check_clock,
    check_disk,
    check_software,
    check_temperature,
    check_throttling,
)


@pytest.mark.parametrize(
    ("degrees", "state"), [(None, "ok"), (45.0, "ok"), (79.9, "ok"), (80.0, "warning")]
)
def test_heat_is_worth_a_warning(degrees: float | None, state: str) -> None:
    assert check_temperature(degrees).state == state


@pytest.mark.parametrize("chip", ["soc", "soc@107c000000"])
@pytest.mark.parametrize(
    ("bits", "state", "now", "before"),
    [
        ("0", "ok", [], []),
        ("50000", "warning", [], ["under-voltage", "throttled"]),
        ("50005", "failed", ["under-voltage", "throttled"], ["under-voltage", "throttled"]),
        ("8", "failed", ["temperature limit"], []),
    ],
)
def test_a_raspberry_pi_tells_what_slows_it_down(
    tmp_path: Path, bits: str, state: str, now: list[str], before: list[str], chip: str
) -> None:
    folder = tmp_path / chip / f"{chip}:firmware"
    folder.mkdir(parents=True)
    (folder / "get_throttled").write_text(bits + "\n")
    found = check_throttling(tmp_path)
    assert found
    assert found.state == state
    assert found.data == {"now": now, "since_start": before}


def test_other_computers_have_no_line_about_throttling(tmp_path: Path) -> None:
    assert check_throttling(tmp_path) is None


def test_a_state_folder_that_is_still_to_be_made_is_looked_for_above(tmp_path: Path) -> None:
    found = check_disk(tmp_path / "not" / "yet")
    assert found.state in ("ok", "warning")
    assert found.data["free_bytes"]


def test_a_folder_that_nobody_can_write_to_fails() -> None:
    found = check_disk(Path("/proc/1/nothing"))
    assert found.state == "failed"


@pytest.mark.parametrize(("synced", "state"), [(True, "ok"), (False, "warning")])
def test_a_clock_that_is_not_synchronised_is_worth_a_warning(synced: bool, state: str) -> None:
    assert check_clock(synced).state == state


def test_the_wheels_that_decide_the_scores_are_told() -> None:
    data = check_software().data
    assert {"python", "libc", "numpy", "onnxruntime", "opencv-python-headless"} <= data.keys()
