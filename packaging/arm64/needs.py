"""What the check needs of this machine, and what to do where it is missing."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

from ocrgan_edge.errors import OcrganError

PROGRAMS = {
    "debootstrap": "debootstrap",
    "qemu-aarch64-static": "qemu-user-static",
    "update-binfmts": "binfmt-support",
    "unshare": "util-linux",
    "mosquitto": "mosquitto",
}
"""Program: Debian package."""
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BINFMT = Path("/proc/sys/fs/binfmt_misc")
EMULATOR = "qemu-aarch64"


class CannotCheck(OcrganError):
    """This machine lacks something, so that nothing can be said about aarch64."""

    exit_code = 77
    """What automake's tests end with when they cannot be run (GNU Automake manual, 15.2)."""


class CheckFailed(OcrganError):
    """Something does not work as it should on aarch64."""

    exit_code = 1


def want_machine(machine: str = "", user: int | None = None, path: str = PATH) -> None:
    """Looks at processor, rights and programs; empty and None stand for this machine's own.

    Raises:
        CannotCheck: one of them will not do.
    """
    machine = machine or platform.machine()
    if machine != "x86_64":
        raise CannotCheck(
            f"this machine is {machine}, but scores of aarch64 are compared with those of x86_64: "
            "run it on an x86_64 machine (on a Raspberry Pi, ocrgan-doctor --bundle tells as much)"
        )
    user = os.geteuid() if user is None else user
    if user != 0:
        raise CannotCheck(
            f"user {user} may not build and enter an arm64 root: run it as root (sudo make …)"
        )
    missing = [name for name in PROGRAMS if not shutil.which(name, path=path)]
    if missing:
        packages = " ".join(PROGRAMS[name] for name in missing)
        raise CannotCheck(f"missing: {', '.join(missing)}; apt-get install {packages}")


def switch_emulator_on() -> None:
    """Makes the kernel run aarch64 programs by QEMU, until the machine is started again.

    Raises:
        CannotCheck: it does not.
    """
    if not (BINFMT / "status").exists():
        subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", BINFMT], capture_output=True)
    if not (BINFMT / EMULATOR).exists():
        subprocess.run(["update-binfmts", "--enable", EMULATOR], capture_output=True)
    want_emulator()


def want_emulator(folder: Path = BINFMT) -> None:
    """Looks whether the kernel runs aarch64 programs by QEMU, also in another root.

    Source: the kernel's admin-guide/binfmt-misc; update-binfmts(8).

    Args:
        folder: where the kernel shows what it runs by what.

    Raises:
        CannotCheck: it does not.
    """
    entry = folder / EMULATOR
    try:
        lines = entry.read_text().splitlines()
    except OSError:
        raise CannotCheck(
            f"the kernel does not run aarch64 programs ({entry} is missing): it needs binfmt_misc "
            "and the right to mount it, which containers seldom have"
        ) from None
    flags = next((line for line in lines if line.startswith("flags:")), "flags:")
    if "enabled" not in lines or "F" not in flags:
        raise CannotCheck(
            f"{entry} says {', '.join(lines[:3])}; wanted: enabled, and flags with F, as Debian's "
            "qemu-user-static sets them"
        )
