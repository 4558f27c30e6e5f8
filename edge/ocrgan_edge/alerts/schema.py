"""JSON Schemas of the payloads, shipped as files for whoever subscribes.

`python -m ocrgan_edge.alerts.schema` prints where they lie; with `--write` they are made again.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ocrgan_edge.alerts.event import EventMessage, ScoreMessage
from ocrgan_edge.alerts.messages import (
    CalibrateMessage,
    ErrorMessage,
    ModelMessage,
    StatsMessage,
    StatusMessage,
)

FOLDER = Path(__file__).with_name("schemas")
PAYLOADS: Mapping[str, type[BaseModel]] = {
    "events": EventMessage,
    "score": ScoreMessage,
    "status": StatusMessage,
    "stats": StatsMessage,
    "errors": ErrorMessage,
    "calibrate": CalibrateMessage,
    "model": ModelMessage,
}
"""Level of a topic → what is published there; that of `…/state` topics is the one before it."""


def load_schema(topic_level: str) -> dict[str, Any]:
    """The shipped JSON Schema of a topic's level, one of `PAYLOADS`."""
    loaded: dict[str, Any] = json.loads(schema_file(topic_level).read_text())
    return loaded


def schema_file(topic_level: str) -> Path:
    """Where the JSON Schema of a topic's level lies."""
    return FOLDER / f"{topic_level}.schema.json"


def schema_text(topic_level: str) -> str:
    """The JSON Schema that the types say, as the file should hold it."""
    schema = PAYLOADS[topic_level].model_json_schema(by_alias=True, mode="serialization")
    described = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return json.dumps(described, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Prints the schema files' paths; writes them first with `--write`."""
    for level in PAYLOADS:
        if "--write" in sys.argv[1:]:
            schema_file(level).write_text(schema_text(level))
        print(schema_file(level))


if __name__ == "__main__":
    main()
