"""`--check-config` and `--print-config`, as somebody at a terminal sees them."""

import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ocrgan_edge.__main__ import app


@pytest.fixture
def file(tmp_path: Path, tiny_bundle: Path) -> Path:
    """A good file with two cameras."""
    written = tmp_path / "edge.toml"
    written.write_text(
        f'[camera_defaults]\nbundle = "{tiny_bundle}"\n'
        '[camera.door]\nsource = "rtsp://me:geheim@10.0.0.7/1"\n'
        '[camera.yard]\nsource = "0"\nenabled = false\n'
    )
    return written


def call(*options: str | Path, **variables: str) -> Result:
    return CliRunner().invoke(app, [str(option) for option in options], env=variables)


def test_good_settings_are_told_in_one_line_per_camera(file: Path, tiny_bundle: Path) -> None:
    result = call("--config", file, "--check-config")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        f"door: rtsp://me:***@10.0.0.7/1 through {tiny_bundle}",
        f"yard: 0 through {tiny_bundle}, disabled",
    ]


def test_bad_settings_end_with_code_2_and_all_that_is_wrong(file: Path) -> None:
    file.write_text(file.read_text() + "hop = 0\nfpss = 5\n")
    result = call("--config", file, "--check-config", OCRGAN_NOED="x")
    assert (result.exit_code, result.stdout) == (2, "")
    said = result.stderr.splitlines()
    assert len(said) == 3
    assert [f"{file}:{line}: " in said[line - 7] for line in (8, 9)] == [True, True]


def test_missing_files_end_with_code_2(file: Path, tmp_path: Path) -> None:
    result = call("--config", file, "--name", "door", "--bundle", tmp_path / "n", "--check-config")
    assert result.exit_code == 2
    assert f"--bundle: camera.door.bundle: there is no bundle at {tmp_path / 'n'}" in result.stderr


def test_what_is_printed_is_a_file_of_settings_without_secrets(file: Path) -> None:
    result = call("--config", file, "--print-config", OCRGAN_MQTT_PASSWORD="geheim")
    assert result.exit_code == 0
    assert "geheim" not in result.stdout
    assert tomllib.loads(result.stdout)["camera"]["yard"]["enabled"] is False
