"""Whatever comes on whatever topic: a command, or one sentence. Nothing else."""

from __future__ import annotations

import json
import math
import os

from hypothesis import given, settings
from hypothesis import strategies as st

from ocrgan_edge.alerts.command_value import CommandError
from ocrgan_edge.alerts.commands import (
    Calibrate,
    Command,
    InstallModel,
    SetSensitivity,
    SetThreshold,
    parse,
    refusal,
)
from ocrgan_edge.alerts.event import to_json
from ocrgan_edge.alerts.topics import Topics

TOPICS = Topics("ocrgan", "attic")
CAMERAS = ("door", "yard")
EXAMPLES = 50_000 if os.environ.get("OCRGAN_FAULTS") == "long" else 500
GOOD_TOPICS = [
    TOPICS.node_command("model"),
    *(
        TOPICS.command(camera, what)
        for camera in CAMERAS
        for what in ("enabled", "threshold", "sensitivity", "calibrate")
    ),
]
topics = st.sampled_from(GOOD_TOPICS) | st.text(max_size=50)
json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("value"), inner),
)
words = st.sampled_from(["ON", "off", "low", "2.5", "nan", "1e400", "../a.ocrgan", "a.ocrgan"])
payloads = (
    st.binary(max_size=1100)
    | st.text(max_size=80).map(str.encode)
    | words.map(str.encode)
    | json_values.map(lambda value: json.dumps(value).encode())
    | st.integers(1, 1000).map(lambda depth: b"[" * depth)
    | st.integers(1, 500).map(lambda depth: b"[" * depth + b"]" * depth)
    | st.integers(1, 100).map(lambda depth: b'{"value":' * depth + b"1" + b"}" * depth)
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(topics, payloads, st.booleans())
def test_any_bytes_on_any_topic_are_a_command_or_refused(
    topic: str, payload: bytes, retained: bool
) -> None:
    try:
        command = parse(TOPICS, CAMERAS, topic, payload, retained)
    except CommandError as error:
        sentence = str(error)
        assert sentence
        assert "\n" not in sentence
        assert len(sentence) < 400
        answer = to_json(refusal(topic, payload, error))
        assert len(json.loads(answer)["payload"]) <= 200
    else:
        assert not retained
        assert _is_within_its_ranges(command)


def _is_within_its_ranges(command: Command) -> bool:
    match command:
        case SetThreshold(value=value):
            return math.isfinite(value) and abs(value) <= 1e6
        case SetSensitivity(level=level):
            return level in ("low", "medium", "high") or 0.1 <= float(level) <= 10
        case Calibrate(minutes=minutes):
            return 1 <= minutes <= 1440
        case InstallModel(name=name):
            return "/" not in name and not name.startswith(".")
        case _:
            return command.camera in CAMERAS
