from pathlib import Path

import pytest

from ocrgan_edge.errors import BrokerError, SettingsError
from ocrgan_edge.service.settings.camera import CameraSettings
from ocrgan_edge.service.settings.mqtt import MqttSettings
from ocrgan_edge.service.settings.secrets import (
    address_of,
    broker_of,
    camera_secret,
    password_of,
    password_variable,
)


def camera(source: str, password_file: Path | None = None) -> CameraSettings:
    return CameraSettings(source=source, bundle=Path("b"), source_password_file=password_file)


@pytest.fixture
def everywhere(tmp_path: Path) -> dict[str, str]:
    """Variables of a machine on which every place has a password."""
    (tmp_path / "mqtt_password").write_text("from systemd\n")
    (tmp_path / "camera_back yard_password").write_text("yard's")
    return {"CREDENTIALS_DIRECTORY": str(tmp_path), "OCRGAN_MQTT_PASSWORD": "from environment"}


def test_the_named_file_comes_first(everywhere: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("from file\nsecond line\n")
    assert password_of("mqtt", tmp_path / "mine", everywhere) == "from file"


def test_the_environment_comes_second(everywhere: dict[str, str]) -> None:
    assert password_of("mqtt", None, everywhere) == "from environment"


def test_systemd_s_credential_comes_third(everywhere: dict[str, str]) -> None:
    del everywhere["OCRGAN_MQTT_PASSWORD"]
    assert password_of("mqtt", None, everywhere) == "from systemd"
    assert password_of(camera_secret("back yard"), None, everywhere) == "yard's"


def test_a_password_that_nobody_gave_is_none(tmp_path: Path) -> None:
    assert password_of("mqtt", None, {}) is None
    assert password_of("mqtt", None, {"CREDENTIALS_DIRECTORY": str(tmp_path)}) is None


def test_a_camera_s_name_cannot_lead_out_of_the_folder(everywhere: dict[str, str]) -> None:
    assert password_of("x/../mqtt", None, everywhere) is None


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"", "has no password in its first line"),
        (b"\ngeheim", "has no password in its first line"),
        (b"\xffgeheim", "is not text"),
    ],
)
def test_a_file_without_a_password_is_refused(
    content: bytes | None, sentence: str, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError) as refused:
        password_of("mqtt", file, {})
    assert str(refused.value) == f"password file {file} {sentence}"


def test_an_empty_variable_is_refused() -> None:
    with pytest.raises(SettingsError, match="OCRGAN_MQTT_PASSWORD is empty"):
        password_of("mqtt", None, {"OCRGAN_MQTT_PASSWORD": ""})


def test_variables_are_written_in_capitals() -> None:
    assert password_variable(camera_secret("back-yard 2")) == "OCRGAN_CAMERA_BACK_YARD_2_PASSWORD"


def test_a_stream_s_password_is_put_into_its_address() -> None:
    variables = {"OCRGAN_CAMERA_DOOR_PASSWORD": "p@ss/word"}
    address = address_of("door", camera("rtsp://me@10.0.0.7/1"), variables)
    assert address == "rtsp://me:p%40ss%2Fword@10.0.0.7/1"
    assert address_of("yard", camera("rtsp://me@10.0.0.7/1"), variables) == "rtsp://me@10.0.0.7/1"


@pytest.mark.parametrize("source", ["rtsp://10.0.0.7/1", "0", "yard.mp4", "rtsp://h/a?b=c@d"])
def test_a_password_needs_a_user(source: str) -> None:
    with pytest.raises(SettingsError, match="has a password but no user in source"):
        address_of("door", camera(source), {"OCRGAN_CAMERA_DOOR_PASSWORD": "p"})


def test_the_broker_gets_user_password_and_version(everywhere: dict[str, str]) -> None:
    broker = broker_of(MqttSettings(url="mqtt://hub", user="me", version="3.1.1"), everywhere)
    assert (broker.host, broker.user, broker.version) == ("hub", "me", "3.1.1")
    assert broker.password == "from environment"


def test_a_broker_s_password_needs_a_user() -> None:
    with pytest.raises(BrokerError, match="password but no user"):
        broker_of(MqttSettings(url="mqtt://hub"), {"OCRGAN_MQTT_PASSWORD": "p"})
