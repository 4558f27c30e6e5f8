import json

import pytest
from jsonschema import Draft202012Validator

from ocrgan_edge.alerts.command_value import CommandError
from ocrgan_edge.alerts.commands import (
    Calibrate,
    Command,
    InstallModel,
    SetEnabled,
    SetSensitivity,
    SetThreshold,
    parse,
    refusal,
    state_text,
    subscriptions,
)
from ocrgan_edge.alerts.event import to_json
from ocrgan_edge.alerts.messages import CalibrateMessage, ModelMessage
from ocrgan_edge.alerts.schema import load_schema
from ocrgan_edge.alerts.topics import Topics

TOPICS = Topics("ocrgan", "attic")
CAMERAS = ["door", "model"]


def told(what: str, payload: bytes, camera: str = "door") -> Command:
    return parse(TOPICS, CAMERAS, f"ocrgan/attic/{camera}/{what}/set", payload)


def refused(what: str, payload: bytes, camera: str = "door") -> str:
    with pytest.raises(CommandError) as error:
        told(what, payload, camera)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("payload", [b"ON", b"on", b"true", b" True\n", b'"ON"', b'{"value":true}'])
def test_a_camera_is_armed_in_words_and_in_json(payload: bytes) -> None:
    assert told("enabled", payload) == SetEnabled("door", True)


def test_a_camera_is_disarmed() -> None:
    assert told("enabled", b"OFF") == told("enabled", b"false") == SetEnabled("door", False)


@pytest.mark.parametrize("payload", [b"2.5", b"+2.5", b"25e-1", b'"2.5"', b'{"value": 2.5}'])
def test_a_threshold_is_a_number_in_text_or_json(payload: bytes) -> None:
    assert told("threshold", payload) == SetThreshold("door", 2.5)


@pytest.mark.parametrize(
    "payload",
    [b"nan", b"NaN", b"inf", b"-Infinity", b"1e999", b"1e7", b"9" * 999, b"1_0", b"0x10", b"true",
     b"[2]", b"null", b"", b"2,5", "٣".encode(), b'{"value": NaN}', b"\xff", b"2 3"],
)  # fmt: skip
def test_what_is_no_finite_number_of_moderate_size_sets_no_threshold(payload: bytes) -> None:
    assert " is " in refused("threshold", payload)


def test_sensitivity_is_a_word_or_a_number() -> None:
    assert told("sensitivity", b"High") == SetSensitivity("door", "high")
    assert told("sensitivity", b"0.1") == SetSensitivity("door", 0.1)


@pytest.mark.parametrize(
    ("what", "payload", "sentence"),
    [
        ("enabled", b"1", "enabled is 1, but must be ON or OFF"),
        ("threshold", b"much", "threshold is 'much', but must be a number between -1000000 and "
         "1000000"),
        ("sensitivity", b"0", "sensitivity is 0, but must be low, medium, high or a number between "
         "0.1 and 10"),
        ("calibrate", b"1441", "calibrate is 1441, but must be the minutes to learn from, between "
         "1 and 1440"),
        ("enabled", b'{"value": true, "for": 5}',
         "the command has the fields ['value', 'for'], but must have value alone"),
        ("enabled", b'{"value": true, "value": false}',
         "the command has the fields ['value', 'value'], but must have value alone"),
        ("enabled", b"x" * 1001, "the command has 1001 bytes, but must have at most 1000"),
        ("enabled", b"\xff\xfe", "the command is b'\\xff\\xfe', but must be UTF-8 text"),
    ],
)  # fmt: skip
def test_a_bad_command_is_refused_with_its_sentence(
    what: str, payload: bytes, sentence: str
) -> None:
    assert refused(what, payload) == sentence


def test_a_long_bad_value_is_shown_cut() -> None:
    assert len(refused("enabled", b"y" * 1000)) < 120


def test_calibration_takes_minutes() -> None:
    assert told("calibrate", b"30") == Calibrate("door", 30)


def test_a_model_is_a_file_name() -> None:
    topic = TOPICS.node_command("model")
    assert parse(TOPICS, CAMERAS, topic, b"door 2.ocrgan") == InstallModel("door 2.ocrgan")
    assert parse(TOPICS, CAMERAS, topic, b'{"value": "a.ocrgan"}') == InstallModel("a.ocrgan")


@pytest.mark.parametrize(
    "name",
    ["../a.ocrgan", "/etc/a.ocrgan", "a/b.ocrgan", "..\\a.ocrgan", ".ocrgan", "a.zip", "", "5",
     "a\0.ocrgan", "a\n.ocrgan", '"\\ud800.ocrgan"', "é" * 130 + ".ocrgan", "~"],
)  # fmt: skip
def test_a_model_that_is_no_plain_file_name_is_refused(name: str) -> None:
    with pytest.raises(CommandError, match="must be the file name of a bundle in the models folde"):
        parse(TOPICS, CAMERAS, TOPICS.node_command("model"), name.encode())


def test_a_mistyped_camera_is_refused_with_those_there() -> None:
    assert refused("enabled", b"ON", camera="dor") == (
        "nothing is set by 'ocrgan/attic/dor/enabled/set', but by ocrgan/attic/model/set and, with "
        "what one of enabled, threshold, sensitivity, calibrate and the camera one of door, model, "
        "by ocrgan/attic/<camera>/<what>/set"
    )


def test_a_camera_called_like_a_node_s_topic_is_still_a_camera() -> None:
    assert told("enabled", b"ON", camera="model") == SetEnabled("model", True)


def test_a_retained_command_is_refused() -> None:
    with pytest.raises(CommandError, match="must be sent without retain"):
        parse(TOPICS, CAMERAS, TOPICS.command("door", "enabled"), b"ON", retained=True)


def test_two_filters_catch_every_command_and_mistyped_ones() -> None:
    assert subscriptions(TOPICS) == ["ocrgan/attic/+/set", "ocrgan/attic/+/+/set"]


def test_a_refusal_says_topic_payload_and_sentence() -> None:
    message = refusal("a/b/set", b"\xff" + b"x" * 500, CommandError("no"))
    assert (message.topic, message.error) == ("a/b/set", "no")
    assert message.payload == "�" + "x" * 199
    Draft202012Validator(load_schema("errors")).validate(json.loads(to_json(message)))


def test_states_are_said_as_they_are_commanded() -> None:
    assert [state_text(value) for value in (True, False, 2.5, 2.0, "low")] == [
        "ON", "OFF", "2.5", "2", "low",
    ]  # fmt: skip


def test_calibration_and_model_states_are_valid() -> None:
    calibrate = CalibrateMessage(state="running", minutes=30, progress=0.5)
    model = ModelMessage(installed=None, sha256=None, state="ok", offered=("a.ocrgan",))
    for level, message in (("calibrate", calibrate), ("model", model)):
        Draft202012Validator(load_schema(level)).validate(json.loads(to_json(message)))
