"""What is missing for the check on aarch64 is said in a sentence, with an exit code of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from arm64.needs import CannotCheck, want_emulator, want_machine

PACKAGING = Path(__file__).parents[2] / "packaging"


def test_another_processor_is_refused_because_there_is_nothing_to_compare_with() -> None:
    with pytest.raises(CannotCheck, match="this machine is riscv64, but .* x86_64"):
        want_machine("riscv64")


def test_without_root_rights_it_says_who_may() -> None:
    with pytest.raises(CannotCheck, match="user 1000 may not .* run it as root"):
        want_machine("x86_64", user=1000)


def test_missing_programs_are_named_with_their_packages(tmp_path: Path) -> None:
    with pytest.raises(CannotCheck, match="debootstrap, qemu-aarch64-static.*apt-get install deb"):
        want_machine("x86_64", user=0, path=str(tmp_path))


def test_a_kernel_without_an_emulator_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotCheck, match="the kernel does not run aarch64 programs"):
        want_emulator(tmp_path)


@pytest.mark.parametrize("state", ["disabled\ninterpreter /q\nflags: PF\n", "enabled\nflags: P\n"])
def test_an_emulator_that_another_root_would_not_find_is_refused(
    tmp_path: Path, state: str
) -> None:
    (tmp_path / "qemu-aarch64").write_text(state)
    with pytest.raises(CannotCheck, match="wanted: enabled, and flags with F"):
        want_emulator(tmp_path)


def test_debians_emulator_will_do(tmp_path: Path) -> None:
    (tmp_path / "qemu-aarch64").write_text("enabled\ninterpreter /q\nflags: PF\noffset 0\n")
    want_emulator(tmp_path)


@pytest.mark.slow
def test_the_command_ends_with_77_where_it_cannot_check() -> None:
    if not shutil.which("setarch"):
        assert "CI" not in os.environ, "CI must install util-linux: nothing is skipped there"
        pytest.skip("setarch is not installed (Debian: apt-get install util-linux)")
    done = subprocess.run(
        ["setarch", "i686", sys.executable, "-m", "arm64"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PACKAGING)},
    )
    assert done.returncode == 77
    assert done.stderr.startswith("error: this machine is i686, but scores of aarch64")
    assert done.stdout == ""
