"""The wheels that `pip install ocrgan-edge` takes on aarch64: fetched, weighed and installed."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from arm64.debian_root import WHEELS, DebianRoot
from arm64.needs import CannotCheck, CheckFailed
from arm64.processors import PI_5

GOAL = 120.0
"""MB (10⁶ bytes) of wheels, at most."""
PYTHON = "3.11"
TAGS = [f"manylinux_2_{minor}_aarch64" for minor in range(36, 16, -1)] + ["manylinux2014_aarch64"]
"""What bookworm's pip takes: glibc 2.17 … 2.36 (PEP 600)."""
ENVIRONMENT = "/opt/ocrgan"
"""The virtual environment inside the root."""
NEVER = ("torch", "onnx", "nncf", "openvino")
"""What a device does not install."""


def collect(checkout: Path, folder: Path) -> list[Path]:
    """The project's wheel, built anew, and those it needs, fetched when pyproject.toml asks others.

    Raises:
        CannotCheck: pip cannot build or fetch them.
    """
    project = tomllib.loads((checkout / "pyproject.toml").read_text())["project"]
    wanted = json.dumps([PYTHON, TAGS, project["dependencies"]])
    asked = folder.with_name("wheels.asked")
    if not folder.exists() or not asked.exists() or asked.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("ocrgan_edge-*.whl"):
        old.unlink()
    _pip("wheel", "--no-deps", "--wheel-dir", str(folder), str(checkout))
    if len(_wheels(folder)) == 1:
        tags = [word for tag in TAGS for word in ("--platform", tag)]
        exactly = ["--only-binary=:all:", "--implementation", "cp", "--python-version", PYTHON]
        _pip("download", *exactly, *tags, "--dest", str(folder), str(_wheels(folder)[0]))
        asked.write_text(wanted)
    return _wheels(folder)


def megabytes(wheels: list[Path]) -> float:
    """Of all together, in 10⁶ bytes."""
    return sum(wheel.stat().st_size for wheel in wheels) / 1e6


def install(root: DebianRoot, wheels: list[Path]) -> bool:
    """Installs inside, by the root's own pip and from these wheels alone; False if they are there.

    Raises:
        CheckFailed: pip inside does not take them.
    """
    digests = {wheel.name: hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in wheels}
    stamp = root.folder / f"{ENVIRONMENT[1:]}/wheels.json"
    if stamp.exists() and json.loads(stamp.read_text()) == digests:
        return False
    stamp.unlink(missing_ok=True)
    own = next(wheel.name for wheel in wheels if wheel.name.startswith("ocrgan_edge-"))
    pip = [f"{ENVIRONMENT}/bin/pip", "install", "--no-index", "--no-compile", "--quiet"]
    steps = [
        ["python3", "-m", "venv", ENVIRONMENT],
        [*pip, "--find-links", WHEELS, "--upgrade", f"{WHEELS}/{own}"],
        # Of the same version, it would stay as it was.
        [*pip, "--no-deps", "--force-reinstall", f"{WHEELS}/{own}"],
    ]
    for step in steps:
        done = root.run(step, PI_5)
        if done.returncode:
            raise CheckFailed(f"{' '.join(step[:3])} … failed inside: {done.stderr.strip()[-800:]}")
    stamp.write_text(json.dumps(digests))
    return True


def _wheels(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.whl"))


def _pip(*words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *words, "--quiet"],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise CannotCheck(f"pip {words[0]} failed: {done.stderr.strip()[-800:]}")
