import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")


def call(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN / "ocrgan-sign", *map(str, words)], capture_output=True, text=True, timeout=60
    )


def test_the_command_signs_and_says_who_has_signed(tmp_path: Path, tiny_bundle: Path) -> None:
    """By the words of its own help."""
    for words in (
        "genpkey -algorithm ed25519 -out shop.key",
        "pkey -in shop.key -pubout -out shop.pem",
    ):
        subprocess.run(["openssl", *words.split()], cwd=tmp_path, check=True, capture_output=True)
    bundle = shutil.copy(tiny_bundle, tmp_path / "door.ocrgan")
    refused = call(bundle, "--check", tmp_path / "shop.pem")
    assert refused.returncode == 4
    assert refused.stderr.startswith(f"error: bundle {bundle} is not signed")
    assert call(bundle, "--key", tmp_path / "shop.key").returncode == 0
    assert call(bundle, "--check", tmp_path / "shop.pem").stdout.startswith(f"{bundle}: signed by")


@pytest.mark.parametrize("words", [(), ("--key", "a", "--check", "b")])
def test_either_a_key_or_keys_are_wanted(words: tuple[str, ...]) -> None:
    done = call("door.ocrgan", *words)
    assert done.returncode == 2
    assert done.stderr == "error: wanted either --key FILE, which signs, or --check FILE\n"
