import os
import shutil
import subprocess
import sys
from configparser import RawConfigParser
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[3] / "packaging/systemd/ocrgan-edge.service"


@pytest.fixture
def analyze() -> str:
    command = shutil.which("systemd-analyze")
    if command is None:
        assert "CI" not in os.environ, "CI must install systemd: nothing is skipped there"
        pytest.skip("systemd-analyze is not installed (Debian: apt-get install systemd)")
    return command


def test_systemd_finds_the_service_exposed_at_most_to_2_0(analyze: str) -> None:
    command = [analyze, "security", "--offline=true", "--threshold=20", "--no-pager", str(UNIT)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def test_systemd_understands_every_line(analyze: str, tmp_path: Path) -> None:
    installed = Path(sys.executable).with_name("ocrgan-edge")
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/ocrgan-edge/bin/ocrgan-edge", str(installed)))
    found = subprocess.run(
        [analyze, "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )
    # Other units of the machine are not our business.
    assert [line for line in found.stderr.splitlines() if UNIT.name in line] == []
    assert found.returncode == 0


def test_it_is_killed_and_started_again_whatever_happens_but_for_bad_settings() -> None:
    unit = RawConfigParser(strict=False, allow_no_value=True)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(UNIT)
    service = unit["Service"]
    assert (service["Type"], service["Restart"], service["WatchdogSec"]) == (
        "notify",
        "always",
        "60",
    )
    assert service["RestartPreventExitStatus"] == "2 4"
    assert unit["Unit"]["StartLimitIntervalSec"] == "0"
