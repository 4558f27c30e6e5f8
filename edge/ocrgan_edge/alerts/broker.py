"""Where the MQTT broker is and how we show ourselves to it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

from ocrgan_edge.errors import BrokerError

PASSWORD_VARIABLE = "OCRGAN_MQTT_PASSWORD"
PORTS = {"mqtt": 1883, "mqtts": 8883}
Version = Literal["5", "3.1.1"]


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker's address; the password never shows in text made of it."""

    host: str
    port: int
    tls: bool = False
    """The broker's certificate is verified."""
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    """Certificates to trust instead of the system's."""
    version: Version = "5"

    def __str__(self) -> str:
        """The address as a person writes it, without user and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"


def parse_broker(
    url: str,
    environment: Mapping[str, str],
    *,
    password_file: Path | None = None,
    ca_file: Path | None = None,
    version: Version = "5",
) -> Broker:
    """Reads `mqtt://[user@]host[:port]` or `mqtts://…`.

    The password comes from `password_file` (its first line) or else from the environment
    variable OCRGAN_MQTT_PASSWORD: command lines are seen by every user of a machine.

    Raises:
        BrokerError: the address cannot be used, holds a password, or a file cannot be read.
    """
    parts = _split(url)
    tls = parts.scheme == "mqtts"
    if ca_file is not None and not (tls and ca_file.is_file()):
        wanted = "must be a file of certificates" if tls else "is of use with mqtts:// only"
        raise BrokerError(f"CA file is {ca_file}, but {wanted}")
    password = _password(password_file, environment)
    user = unquote(parts.username) if parts.username else None
    if password is not None and user is None:
        raise BrokerError(f"there is a password but no user for {url}: write mqtt://USER@host")
    port = parts.port or PORTS[parts.scheme]
    return Broker(parts.hostname or "", port, tls, user, password, ca_file, version)


def _split(url: str) -> SplitResult:
    shown = re.sub(r"://([^:/]*):.*@", r"://\1:***@", url)
    try:
        parts = urlsplit(url)
        usable = parts.scheme in PORTS and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.path.strip("/") or parts.query or parts.fragment:
        raise BrokerError(
            f"MQTT address is {shown!r}, but must look like mqtt://host, mqtt://user@host:1883 "
            "or mqtts://host:8883"
        )
    if parts.password is not None:
        raise BrokerError(
            f"MQTT address {shown!r} holds a password, which every user of this machine could "
            f"see: put it in a file or in {PASSWORD_VARIABLE}"
        )
    return parts


def _password(file: Path | None, environment: Mapping[str, str]) -> str | None:
    if file is None:
        return environment.get(PASSWORD_VARIABLE) or None
    try:
        lines = file.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BrokerError(f"MQTT password file {file} cannot be read ({error})") from error
    if not lines or not lines[0]:
        raise BrokerError(f"MQTT password file {file} has no password in its first line")
    return lines[0]
