import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from jsonschema import Draft202012Validator, ValidationError

from ocrgan_edge.alerts.event import Event, EventType, ScoreMessage, Shares, to_json
from ocrgan_edge.alerts.publisher import Numbering
from ocrgan_edge.alerts.schema import PAYLOADS, load_schema, schema_file, schema_text
from ocrgan_edge.runtime.scorer import TERMS

Make = Callable[[EventType], Event]


@pytest.mark.parametrize("level", PAYLOADS)
def test_shipped_schema_is_what_the_types_say(level: str) -> None:
    assert schema_file(level).read_text() == schema_text(level), (
        "run `python -m ocrgan_edge.alerts.schema --write`"
    )


@pytest.mark.parametrize("level", PAYLOADS)
def test_shipped_schema_is_a_schema(level: str) -> None:
    Draft202012Validator.check_schema(load_schema(level))


@pytest.mark.parametrize("kind", ["new", "update", "end"])
def test_an_event_message_is_valid_and_says_which_schema_it_follows(
    make_event: Make, kind: EventType
) -> None:
    payload = json.loads(to_json(Numbering("attic", "b").stamp(make_event(kind))))
    Draft202012Validator(load_schema("events")).validate(payload)
    assert payload["schema"] == 1


def test_a_score_message_is_valid() -> None:
    shares = Shares(texture=1, shape=0, motion=0, feature=0, patch=0)
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    message = ScoreMessage(score=-1, threshold=2, time=now, media_time=0.5, shares=shares)
    payload = json.loads(to_json(message))
    Draft202012Validator(load_schema("score")).validate(payload)
    assert payload["time"] == "2026-01-02T03:04:05Z"


def test_schema_demands_every_field(make_event: Make) -> None:
    whole = json.loads(to_json(Numbering("attic", "b").stamp(make_event("new"))))
    for field in whole:
        part = {name: value for name, value in whole.items() if name != field}
        with pytest.raises(ValidationError):
            Draft202012Validator(load_schema("events")).validate(part)


def test_shares_are_named_after_the_graph_s_terms() -> None:
    assert tuple(Shares.model_fields) == TERMS
