"""The tables of docs/configuration.md, from the models.

`python -m ocrgan_edge.service.settings.reference docs/configuration.md` writes them anew between
the page's two marks.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic.fields import FieldInfo

from ocrgan_edge.service.settings.camera import CameraSettings, ZoneSettings
from ocrgan_edge.service.settings.models import (
    EvidenceSettings,
    MetricsSettings,
    OutboxSettings,
    Settings,
)
from ocrgan_edge.service.settings.mqtt import MqttSettings
from ocrgan_edge.service.settings.options import CAMERA_OPTIONS, OPTIONS
from ocrgan_edge.service.settings.shape import fields_of, table_in
from ocrgan_edge.service.settings.toml import toml_value
from ocrgan_edge.service.settings.wanted import Table, wanted_of

BEGIN, END = "<!-- settings: made by settings/reference.py -->", "<!-- end of settings -->"
TABLES: dict[str, type[Table]] = {
    "": Settings,
    "[mqtt]": MqttSettings,
    "[outbox]": OutboxSettings,
    "[evidence]": EvidenceSettings,
    "[metrics]": MetricsSettings,
    "[camera.NAME]": CameraSettings,
    "[[camera.NAME.zones]]": ZoneSettings,
}


def with_tables(page: str) -> str:
    """A page with the part between its marks written anew.

    Raises:
        ValueError: it has no marks.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page lacks {BEGIN} or {END}")
    tables = "\n".join(line for name, table in TABLES.items() for line in _table(name, table))
    return f"{before}{BEGIN}\n{tables}\n{END}{after}"


def _table(name: str, table: type[Table]) -> Iterator[str]:
    yield f"\n### {f'`{name}`' if name else 'At the top of the file'}\n"
    yield f"{_one_line(table.__doc__)}\n"
    yield "| key | what it is | must be | default | option |"
    yield "|---|---|---|---|---|"
    for key, field in fields_of(table).items():
        if table_in(field.annotation)[0] is None:
            cells = (f"`{key}`", _one_line(field.description), wanted_of(field) or "")
            yield f"| {' | '.join(cells)} | {_default(field)} | {_option(name, key)} |"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    if field.default_factory is not None or field.default is None:
        return ""
    return f"`{toml_value(field.default)}`"


def _option(table: str, key: str) -> str:
    path = (*table.strip("[]").split("."), key) if table else (key,)
    named = {option for option, to in OPTIONS.items() if to == path}
    if table == "[camera.NAME]":
        named |= {option for option, to in CAMERA_OPTIONS.items() if to == key}
    return ", ".join(f"`--{option.replace('_', '-')}`" for option in sorted(named))


def _one_line(text: str | None) -> str:
    return re.sub(r"\s+", " ", text or "").strip().replace("|", "\\|")


def main() -> None:
    """Writes the tables of the pages named on the command line."""
    for name in sys.argv[1:]:
        page = Path(name)
        page.write_text(with_tables(page.read_text()))


if __name__ == "__main__":
    main()
