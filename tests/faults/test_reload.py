"""A running daemon is told to read its settings again."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

GOOD = '[camera.door]\nsource = "scene"\nrealtime = true\ntarget = "onnx-fp32"\n'


@pytest.fixture
def file(tmp_path: Path, tiny_bundle: Path) -> Path:
    written = tmp_path / "edge.toml"
    written.write_text(f'{GOOD}bundle = "{tiny_bundle}"\n')
    return written


@pytest.fixture
def daemon(file: Path) -> Iterator[subprocess.Popen[str]]:
    command = Path(sys.executable).with_name("ocrgan-edge")
    process = subprocess.Popen(
        [command, "--config", file],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        yield process
        process.kill()


def heard(process: subprocess.Popen[str], words: str) -> str:
    """Reads the log up to the first line with these words."""
    assert process.stderr
    for line in process.stderr:
        if words in line:
            return line
    raise AssertionError(f"the daemon ended without a word of {words!r}")


@pytest.mark.slow
def test_bad_settings_change_nothing_and_good_ones_do(
    file: Path, daemon: subprocess.Popen[str]
) -> None:
    good = file.read_text()

    def reload(change: Callable[[str], str]) -> None:
        file.write_text(change(good))
        daemon.send_signal(signal.SIGHUP)

    heard(daemon, "door is online")
    reload(lambda text: text + "hopp = 2\n")
    heard(daemon, "stay as they were")
    assert heard(daemon, "hopp") == f"{file}:6: [camera.door] has no key hopp: did you mean hop?\n"
    reload(lambda text: text + "hop = 2 3\n")
    assert (
        heard(daemon, ":6:") == f"{file}:6: there is more on the line than one key and its value\n"
    )
    file.unlink()
    daemon.send_signal(signal.SIGHUP)
    assert heard(daemon, "cannot be read") == f"{file} cannot be read: No such file or directory\n"
    assert daemon.poll() is None
    reload(lambda text: text + "hop = 2\n")
    heard(daemon, "every 2 frames")
    heard(daemon, "door is online")
    daemon.terminate()
    assert daemon.wait(20) == 0
