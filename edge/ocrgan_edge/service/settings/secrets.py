"""Passwords: from a file, from the environment, or handed over by systemd; never in settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ocrgan_edge.alerts.broker import PASSWORD_VARIABLE, Broker, BrokerFiles, parse_broker
from ocrgan_edge.errors import SettingsError
from ocrgan_edge.service.settings.camera import CameraSettings
from ocrgan_edge.service.settings.mqtt import MqttSettings
from ocrgan_edge.video.address import with_password

CREDENTIALS = "CREDENTIALS_DIRECTORY"
"""Set by systemd: where LoadCredential= and SetCredential= put files for the service alone."""


def password_of(secret: str, file: Path | None, environment: Mapping[str, str]) -> str | None:
    """A password, or None if nobody has given one.

    The file that the settings name comes first, then the variable OCRGAN_<SECRET>_PASSWORD, then
    systemd's credential `<secret>_password` (systemd.exec(5), "Credentials").

    Args:
        secret: `mqtt`, or `camera_secret` of a camera's name.
        file: its first line is the password.
        environment: all variables.

    Raises:
        SettingsError: a file cannot be read or is empty; the message never holds what is in it.
    """
    if file is not None:
        return _first_line(file)
    variable = password_variable(secret)
    if variable in environment:
        if not environment[variable]:
            raise SettingsError(f"{variable} is empty, but must be a password")
        return environment[variable]
    credential = _credential(secret, environment)
    return None if credential is None else _first_line(credential)


def address_of(name: str, camera: CameraSettings, environment: Mapping[str, str]) -> str:
    """A camera's source with its password put in.

    Raises:
        SettingsError: there is a password but no user in the address to give it to.
    """
    password = password_of(camera_secret(name), camera.source_password_file, environment)
    if password is None:
        return camera.source
    if re.match(r"[A-Za-z][\w+.-]*://[^/@:?#]+(:.*)?@", camera.source) is None:
        raise SettingsError(
            f"camera.{name} has a password but no user in source: write rtsp://USER@host/…"
        )
    return with_password(camera.source, password)


def broker_of(mqtt: MqttSettings, environment: Mapping[str, str]) -> Broker:
    """The broker with its password.

    Raises:
        SettingsError: the password cannot be read.
        BrokerError: the address cannot be used, or certificates are not there.
    """
    password = password_of("mqtt", mqtt.password_file, environment)
    files = BrokerFiles(ca=mqtt.ca_file, certificate=mqtt.certificate_file, key=mqtt.key_file)
    given = {} if password is None else {PASSWORD_VARIABLE: password}
    return parse_broker(mqtt.url, given, user=mqtt.user, files=files, version=mqtt.version)


def camera_secret(name: str) -> str:
    """What a camera's password is called."""
    return f"camera_{name}"


def password_variable(secret: str) -> str:
    """The variable that may hold a password: `mqtt` → OCRGAN_MQTT_PASSWORD."""
    return f"OCRGAN_{name_part(secret)}_PASSWORD"


def name_part(name: str) -> str:
    """A name as it stands in variables: capitals, digits and `_`."""
    return re.sub(r"[^A-Z0-9_]", "_", name.upper())


def _credential(secret: str, environment: Mapping[str, str]) -> Path | None:
    if CREDENTIALS not in environment or "/" in secret or "\0" in secret:
        return None
    file = Path(environment[CREDENTIALS], f"{secret}_password")
    return file if file.exists() else None


def _first_line(file: Path) -> str:
    try:
        lines = file.read_text().splitlines()
    except OSError as error:
        raise SettingsError(f"password file {file} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, ValueError):
        raise SettingsError(f"password file {file} is not text") from None
    if not lines or not lines[0]:
        raise SettingsError(f"password file {file} has no password in its first line")
    return lines[0]
