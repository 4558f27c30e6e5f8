"""The JSON Schema of the file of settings, shipped for editors that check while one types.

`python -m ocrgan_edge.service.settings.schema` prints where it lies; with `--write` it is made
again from the models.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from ocrgan_edge.service.settings.models import Settings
from ocrgan_edge.service.settings.tree import DEFAULTS

FILE = Path(__file__).with_name("settings.schema.json")


def schema_text() -> str:
    """The JSON Schema that the models say, as the file should hold it."""
    schema = Settings.model_json_schema(by_alias=True)
    camera = schema["$defs"]["CameraSettings"]
    schema["properties"][DEFAULTS] = {
        "$ref": "#/$defs/CameraSettings",
        "description": "What every camera has that does not say otherwise.",
    }
    # What a file lacks may be said by the environment or the command line.
    for table in (schema, camera, schema["$defs"]["MqttSettings"]):
        table.pop("required", None)
    described: dict[str, Any] = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps({**described, **schema}, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Prints the schema's path; writes it first with `--write`."""
    if "--write" in sys.argv[1:]:
        FILE.write_text(schema_text())
    print(FILE)


if __name__ == "__main__":
    main()
