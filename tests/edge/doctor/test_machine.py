from __future__ import annotations

from pathlib import Path

import pytest

from ocrgan_edge.doctor.machine import (
    check_clock_rate,
    check_cores,
    check_memory,
    check_processor,
    cpu_quota,
)
from ocrgan_edge.runtime.processor import Processor


@pytest.mark.parametrize(
    ("features", "state", "told"),
    [
        ({"avx2", "avx_vnni", "fpu"}, "ok", ["avx2", "avx_vnni"]),
        ({"asimd", "asimddp"}, "ok", ["asimd", "asimddp"]),
        ({"avx2"}, "ok", ["avx2"]),
        ({"sse2"}, "warning", []),
    ],
)
def test_features_that_decide_the_speed_are_told(
    features: set[str], state: str, told: list[str]
) -> None:
    found = check_processor(Processor("N100", frozenset(features)))
    assert found.state == state
    assert found.data["features"] == told


def cgroup(folder: Path, **limits: str) -> Path:
    """A tree of cgroup v2: `cgroup(tmp, a="50000 100000", a_b="max 100000")`."""
    for name, limit in limits.items():
        group = folder / "cgroup" / name.replace("_", "/")
        group.mkdir(parents=True, exist_ok=True)
        (group / "cpu.max").write_text(limit + "\n")
    (folder / "own").write_text("0::/a/b\n")
    return folder


def quota(folder: Path) -> float | None:
    return cpu_quota(folder / "cgroup", folder / "own")


def test_the_tightest_group_around_the_process_counts(tmp_path: Path) -> None:
    assert quota(cgroup(tmp_path, a="50000 100000", a_b="150000 100000")) == 0.5


def test_a_group_without_a_limit_gives_all(tmp_path: Path) -> None:
    assert quota(cgroup(tmp_path, a="max 100000", a_b="max 100000")) is None


@pytest.mark.parametrize("limit", ["", "garbage", "1 0"])
def test_a_limit_that_cannot_be_read_gives_all(tmp_path: Path, limit: str) -> None:
    assert quota(cgroup(tmp_path, a_b=limit)) is None


def test_inside_a_container_its_own_group_is_the_root(tmp_path: Path) -> None:
    folder = cgroup(tmp_path, a="max 100000")
    (folder / "own").write_text("0::/\n")
    (folder / "cgroup" / "cpu.max").write_text("25000 100000\n")
    assert quota(folder) == 0.25


def test_less_than_the_threads_that_score_is_worth_a_warning(tmp_path: Path) -> None:
    cgroup(tmp_path, a_b="50000 100000")
    found = check_cores(tmp_path / "cgroup", tmp_path / "own")
    assert found.state == "warning"
    assert found.data["quota"] == 0.5
    assert found.advice
    assert "threads = 1" in found.advice


@pytest.mark.parametrize(
    ("governor", "driver", "state"),
    [
        ("powersave", "cpufreq-dt", "warning"),
        ("powersave", "intel_pstate", "ok"),
        ("ondemand", "cpufreq-dt", "ok"),
    ],
)
def test_a_governor_that_never_speeds_up_is_worth_a_warning(
    tmp_path: Path, governor: str, driver: str, state: str
) -> None:
    (tmp_path / "scaling_governor").write_text(f"{governor}\n")
    (tmp_path / "scaling_driver").write_text(f"{driver}\n")
    (tmp_path / "scaling_cur_freq").write_text("600000\n")
    (tmp_path / "cpuinfo_max_freq").write_text("2400000\n")
    found = check_clock_rate(tmp_path)
    assert found.state == state
    assert found.value == f"governor {governor}, 600 MHz of 2400"


def test_a_machine_that_tells_no_clock_rate_is_ok(tmp_path: Path) -> None:
    assert check_clock_rate(tmp_path).state == "ok"


@pytest.mark.parametrize(("free", "state"), [(900_000, "ok"), (200_000, "warning")])
def test_little_memory_is_worth_a_warning(tmp_path: Path, free: int, state: str) -> None:
    (tmp_path / "meminfo").write_text(f"MemTotal: 1000000 kB\nMemAvailable: {free} kB\n")
    found = check_memory(tmp_path / "meminfo")
    assert found.state == state
    assert found.data["available_bytes"] == free * 1024
