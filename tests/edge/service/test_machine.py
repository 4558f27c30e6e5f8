import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from ocrgan_edge.service.machine import children_rss_bytes, rss_bytes, temperature, versions


def zone(folder: Path, number: int, kind: str, millidegrees: str) -> None:
    place = folder / f"thermal_zone{number}"
    place.mkdir()
    (place / "type").write_text(kind + "\n")
    (place / "temp").write_text(millidegrees + "\n")


def test_memory_is_what_the_kernel_says() -> None:
    assert rss_bytes() == pytest.approx(psutil.Process().memory_info().rss, rel=0.05)


def test_memory_of_children_is_counted_apart() -> None:
    assert children_rss_bytes() == 0
    command = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert children_rss_bytes() == psutil.Process(child.pid).memory_info().rss
        child.communicate(b"\n")
    assert children_rss_bytes() == 0


def test_memory_of_a_process_that_is_gone_is_none() -> None:
    assert rss_bytes(2**22 + 1) == 0


def test_the_temperature_is_that_of_the_hottest_processor_zone(tmp_path: Path) -> None:
    zone(tmp_path, 0, "cpu-thermal", "51500")
    zone(tmp_path, 1, "x86_pkg_temp", "64000")
    zone(tmp_path, 2, "battery", "80000")
    assert temperature(tmp_path) == 64.0


def test_without_a_processor_zone_the_hottest_zone_is_told(tmp_path: Path) -> None:
    zone(tmp_path, 0, "acpitz", "27800")
    zone(tmp_path, 1, "acpitz", "29800")
    assert temperature(tmp_path) == 29.8


def test_zones_that_cannot_be_right_are_left_out(tmp_path: Path) -> None:
    zone(tmp_path, 0, "cpu-thermal", "-273000")
    zone(tmp_path, 1, "soc-thermal", "nonsense")
    assert temperature(tmp_path) is None
    assert temperature(tmp_path / "none") is None


def test_versions_are_those_of_what_is_installed() -> None:
    found = versions()
    assert found["python"] == f"{sys.version_info.major}.{sys.version_info.minor}." + str(
        sys.version_info.micro
    )
    assert set(found) >= {"onnxruntime", "numpy"}
