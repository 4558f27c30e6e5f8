"""What is shipped about settings says what the models say."""

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest
import typer

from ocrgan_edge.__main__ import app
from ocrgan_edge.errors import SettingsError
from ocrgan_edge.service.settings.check import check
from ocrgan_edge.service.settings.load import load
from ocrgan_edge.service.settings.options import CAMERA_OPTIONS, OPTIONS
from ocrgan_edge.service.settings.reference import with_tables
from ocrgan_edge.service.settings.schema import FILE, schema_text

ROOT = Path(__file__).parents[4]
EXAMPLE = ROOT / "packaging" / "ocrgan-edge.toml"
PAGE = ROOT / "docs" / "configuration.md"
SCHEMA = jsonschema.Draft202012Validator(json.loads(FILE.read_text()))


def test_the_schema_is_that_of_the_models() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA.schema)
    assert FILE.read_text() == schema_text(), (
        "python -m ocrgan_edge.service.settings.schema --write"
    )


def test_the_page_has_every_setting() -> None:
    page = PAGE.read_text()
    command = "python -m ocrgan_edge.service.settings.reference docs/configuration.md"
    assert page == with_tables(page), command


def test_the_example_is_good_but_for_files_that_are_not_there() -> None:
    problems = check(load(EXAMPLE, {}, {}), {})
    assert len(problems) == 2
    assert all("there is no bundle at" in problem for problem in problems)


def test_the_example_s_comments_hold_good_settings(tmp_path: Path) -> None:
    lines = EXAMPLE.read_text().splitlines()
    bare = [line.removeprefix("# ") if " = " in line else line for line in lines]
    file = tmp_path / "edge.toml"
    file.write_text("\n".join(bare).replace("mqtt://", "mqtts://"))
    assert load(file, {}, {}).settings.threads == 2


@pytest.mark.parametrize("text", [
    "threads = 0", "mqtt = 3", "nod = 'x'", "[outbox]\nmessages = 1.5", "[camera.door]\nhop = 0",
    "[camera.door]\nsensitivity = 'x'", "[[camera.door.zones]]\nname = 'a'\npoints = [[0, 2]]",
    "[camera_defaults]\nhopp = 1", "[evidence]\nclips = 'yes'",
])  # fmt: skip
def test_the_schema_refuses_what_the_daemon_refuses(text: str, tmp_path: Path) -> None:
    file = tmp_path / "edge.toml"
    file.write_text(text)
    assert not SCHEMA.is_valid(tomllib.loads(text))
    with pytest.raises(SettingsError):
        load(file, {}, {})


def test_the_schema_accepts_the_example() -> None:
    SCHEMA.validate(tomllib.loads(EXAMPLE.read_text()))


def test_options_of_settings_are_those_of_the_command() -> None:
    command = typer.main.get_command(app)
    others = {"config", "check_config", "print_config", "name", "scores", "version"}
    assert {option.name for option in command.params} - others == {*OPTIONS, *CAMERA_OPTIONS}
