from typing import Any

import pytest

from ocrgan_edge.errors import SettingsError
from ocrgan_edge.service.settings import make_settings


def settings(**values: Any) -> Any:
    return make_settings(camera="0", bundle="door.ocrgan", **values)


def test_what_is_not_given_keeps_its_default() -> None:
    made = settings(hop=None, cool_down=None)
    assert (made.hop, made.cool_down, made.minimum_duration, made.prefix) == (
        None,
        2,
        0.8,
        "ocrgan",
    )


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("hop", 0, "hop is 0, but must be 1 or more frames"),
        ("fps", 0.0, "fps is 0.0, but must be above 0 and at most 1000 frames per second"),
        ("threads", 0, "threads is 0, but must be between 1 and 256"),
        ("sensitivity", 11.0, "sensitivity is 11.0, but must be between 0.1 and 10"),
        ("minimum_duration", -1.0,
         "minimum duration is -1.0, but must be between 0 and 3600 seconds"),
        ("cool_down", 9e9, "cool down is 9000000000.0, but must be between 0 and 3600 seconds"),
        ("threshold", float("nan"), "threshold is nan, but must be a number"),
        ("camera", "", "camera is '', but must be a source of frames"),
    ],
)  # fmt: skip
def test_a_bad_value_is_refused_with_its_range(name: str, value: object, message: str) -> None:
    with pytest.raises(SettingsError) as refused:
        make_settings(**{"camera": "0", "bundle": "door.ocrgan", name: value})
    assert str(refused.value) == message
