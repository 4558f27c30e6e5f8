"""Settings from file, environment and command line; the later one wins."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ocrgan_edge.errors import SettingsError
from ocrgan_edge.service.settings.camera import is_file_source
from ocrgan_edge.service.settings.complaints import complaints, shown
from ocrgan_edge.service.settings.document import read_document
from ocrgan_edge.service.settings.locate import KeyPath
from ocrgan_edge.service.settings.models import Settings
from ocrgan_edge.service.settings.options import from_command_line
from ocrgan_edge.service.settings.shape import find, is_path
from ocrgan_edge.service.settings.tree import DEFAULTS, Layer, Tree, merge, put
from ocrgan_edge.service.settings.variables import from_environment, unknown_passwords


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and where each comes from."""

    settings: Settings
    origins: Mapping[KeyPath, str]
    """`edge.toml:12`, a variable, an option; what is not in here is the default."""


def load(file: Path | None, cli: Mapping[str, Any], environment: Mapping[str, str]) -> Loaded:
    """Reads all settings and checks each; touches no file but the one with settings.

    Command line > environment > file > defaults, key by key. What [camera_defaults] says is the
    default of every camera. Relative paths in the file begin at its folder.

    Args:
        file: a TOML file, or None.
        cli: options by their names, see `options.from_command_line`.
        environment: all variables.

    Raises:
        SettingsError: something is unknown, missing or out of its range: all of it, one line each.
    """
    written = Layer({}, {}) if file is None else read_document(file)
    if file is not None:
        _anchor(written.values, (), file.parent)
    system = _from_systemd(environment)
    variables = from_environment(environment, merge([written]).cameras)
    options = from_command_line(cli, merge([written, variables]).cameras)
    tree = merge([system, written, variables, options])
    wrong = [*variables.complaints, *options.complaints, *_wrong_defaults(tree)]
    wrong += unknown_passwords(environment, tree.cameras)
    try:
        tree.values.pop(DEFAULTS, None)
        settings = Settings.model_validate(tree.values)
    except ValidationError as error:
        wrong += complaints(error, tree)
        raise SettingsError("\n".join(sorted(wrong, key=_line))) from error
    if wrong:
        raise SettingsError("\n".join(wrong))
    return Loaded(settings, {path: where for path, (where, _) in tree.places.items()})


def _line(complaint: str) -> int:
    """The line of the file that a complaint is about; 0 where it is about no file."""
    found = re.search(r":(\d+): ", complaint)
    return int(found[1]) if found else 0


def _from_systemd(environment: Mapping[str, str]) -> Layer:
    """What a unit with StateDirectory= tells its service (systemd.exec(5))."""
    layer = Layer({}, {})
    folder = environment.get("STATE_DIRECTORY", "").partition(":")[0]
    if folder:
        put(layer, ("state_folder",), folder, "STATE_DIRECTORY")
    return layer


def _wrong_defaults(tree: Tree) -> list[str]:
    shared = tree.values.get(DEFAULTS, {})
    if isinstance(shared, dict):
        return []
    where, _ = tree.place((DEFAULTS,)) or ("", ())
    return [f"{where}: {DEFAULTS} is {shown(shared)}, but must be a table [{DEFAULTS}]"]


def _anchor(values: dict[str, Any], path: KeyPath, folder: Path) -> None:
    """Lets relative paths in a file begin at its folder."""
    for key, value in values.items():
        here = (*path, key)
        if isinstance(value, dict):
            _anchor(value, here, folder)
        elif isinstance(value, str) and value[:1] not in ("", "/") and _is_file(here, value):
            values[key] = str(folder / value)


def _is_file(path: KeyPath, value: str) -> bool:
    spot = find(path)
    if spot.path != path:
        return False
    return is_path(spot.field) or (path[-1] == "source" and is_file_source(value))
