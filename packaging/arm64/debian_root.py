"""A Debian arm64 root: built once, entered through a mount namespace that leaves no traces."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from arm64.needs import PATH, CannotCheck
from arm64.processors import Processor

SUITE = "bookworm"
"""Debian 12, as Raspberry Pi OS 12: Python 3.11, glibc 2.36."""
MIRROR = "http://deb.debian.org/debian"
WHEELS = "/mnt"
"""Where the wheels are seen inside."""
ENTER = """set -e
mount -t proc proc "$1/proc"
mount --bind "$2" "$1/proc/cpuinfo"
mount -t sysfs -o ro sysfs "$1/sys"
mkdir -p "$1/dev/shm"
mount -t tmpfs tmpfs "$1/dev/shm"
mount --bind "$3" "$1/mnt"
root=$1
shift 3
exec chroot "$root" "$@"
"""
"""In a mount namespace of its own: root, a text for /proc/cpuinfo, the wheels, the command."""


class DebianRoot:
    """Its folder, and how programs are run in it. The network is that of this machine."""

    def __init__(self, folder: Path, wheels: Path) -> None:
        """Does nothing yet.

        Args:
            folder: of the root.
            wheels: seen inside as `WHEELS`.
        """
        self.folder = folder
        self._wheels = wheels

    def build(self) -> bool:
        """Builds it where it is not built; False if it was there.

        Raises:
            CannotCheck: debootstrap fails, usually for want of the network.
        """
        if self.folder.exists():
            return False
        partial = self.folder.with_name(self.folder.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.parent.mkdir(parents=True, exist_ok=True)
        command = ["debootstrap", "--arch=arm64", "--variant=minbase", "--include=python3-venv"]
        done = subprocess.run(
            [*command, SUITE, partial, MIRROR], capture_output=True, text=True, env={"PATH": PATH}
        )
        if done.returncode:
            last = (done.stdout + done.stderr).strip().splitlines()[-1:]
            raise CannotCheck(f"debootstrap {SUITE} from {MIRROR} failed: {' '.join(last)}")
        partial.rename(self.folder)
        return True

    def run(
        self, command: Sequence[str], processor: Processor, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Runs a program inside to its end, on an emulated processor.

        All that is mounted is seen by this program alone, and gone with it; a Ctrl-C ends it too.
        """
        apart = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", ENTER, "sh"]
        with tempfile.NamedTemporaryFile("w", suffix=".cpuinfo") as cpuinfo:
            cpuinfo.write(processor.cpuinfo())
            cpuinfo.flush()
            return subprocess.run(
                [*apart, self.folder, cpuinfo.name, self._wheels, *command],
                input=stdin,
                capture_output=True,
                text=True,
                env={
                    "PATH": PATH,
                    "HOME": "/root",
                    "LANG": "C.UTF-8",
                    "QEMU_CPU": processor.cpu,
                },
            )
