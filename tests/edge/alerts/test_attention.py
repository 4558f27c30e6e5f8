"""An event tells which frames of the window the newest frame looked at."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError
from numpy.typing import NDArray

from ocrgan_edge.alerts.event import Event, EventMessage, EventType, to_json
from ocrgan_edge.alerts.life import Judgement, attention_of, peak_of
from ocrgan_edge.alerts.publisher import Numbering
from ocrgan_edge.alerts.schema import load_schema
from ocrgan_edge.detection.alarm import AlarmRule
from ocrgan_edge.runtime.scorer import WindowScore

Make = Callable[[EventType], Event]


def result(attention: NDArray[np.float32] | None) -> WindowScore:
    maps = np.ones((4, 2, 2), np.float32)
    shares = np.full(5, 0.2, np.float32)
    terms = np.zeros((5, 4, 2, 2), np.float32)
    return WindowScore(1.0, maps.max((1, 2)), maps, shares, 0.0, terms, attention)


def message(make_event: Make, attention: tuple[float, ...] | None) -> EventMessage:
    event = make_event("new")
    state = event.after.model_copy(update={"attention": attention})
    return Numbering("attic", "b").stamp(event.model_copy(update={"after": state}))


def test_a_peak_keeps_the_attention_of_its_window() -> None:
    attention = np.array([0.5, 0.25, 0.125, 0.125], np.float32)
    seen = Judgement(3.0, result(attention), None, AlarmRule(threshold=0.5, release=0.25), recent=4)
    assert peak_of(seen).attention == (0.5, 0.25, 0.125, 0.125)


def test_attention_is_told_in_four_digits() -> None:
    assert attention_of(result(np.array([2 / 3, 1 / 3], np.float32))) == (0.6667, 0.3333)


def test_a_model_that_does_not_tell_attention_makes_events_without() -> None:
    assert attention_of(result(None)) is None


@given(st.lists(st.floats(-20, 20, width=32), min_size=1, max_size=24))
def test_any_softmax_becomes_shares_whose_sum_is_one(logits: list[float]) -> None:
    raised = np.exp(np.array(logits, np.float32))
    told = attention_of(result(raised / raised.sum()))
    assert told is not None
    assert all(0 <= share <= 1 for share in told)
    assert sum(told) == pytest.approx(1, abs=0.5e-4 * len(told) + 1e-6)


@pytest.mark.parametrize("attention", [(0.25, 0.75), None])
def test_an_event_message_with_or_without_attention_is_valid(
    make_event: Make, attention: tuple[float, ...] | None
) -> None:
    payload = json.loads(to_json(message(make_event, attention)))
    Draft202012Validator(load_schema("events")).validate(payload)
    assert payload["after"]["attention"] == (attention and list(attention))


def test_a_share_above_one_is_not_valid(make_event: Make) -> None:
    payload = json.loads(to_json(message(make_event, (0.25, 0.75))))
    payload["after"]["attention"] = [1.25]
    with pytest.raises(ValidationError):
        Draft202012Validator(load_schema("events")).validate(payload)


def test_a_message_from_before_there_was_attention_is_read(make_event: Make) -> None:
    """An outbox may hold messages of an older version."""
    payload = json.loads(to_json(message(make_event, (0.25, 0.75))))
    del payload["after"]["attention"]
    assert EventMessage.model_validate(payload).after.attention is None
