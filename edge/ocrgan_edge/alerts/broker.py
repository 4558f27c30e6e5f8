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
PORTS = {"mqtt": 1883, "mqtts": 8883, "ws": 80, "wss": 443}
WEBSOCKET_PATH = "/mqtt"
"""Where brokers listen for websockets, unless the address says otherwise."""
Version = Literal["5", "3.1.1"]


@dataclass(frozen=True, slots=True)
class BrokerFiles:
    """Secrets and certificates, which never are in an address."""

    password: Path | None = None
    """The password is its first line."""
    ca: Path | None = None
    """Certificates to trust instead of the system's."""
    certificate: Path | None = None
    """Ours, shown to a broker that wants to see one."""
    key: Path | None = None
    """Private key of `certificate`; None where it is in the same file."""


NO_FILES = BrokerFiles()


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker's address; the password never shows in text made of it."""

    host: str
    port: int
    tls: bool = False
    """The broker's certificate is verified."""
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    files: BrokerFiles = NO_FILES
    version: Version = "5"
    path: str | None = None
    """Path of the websocket; None for plain MQTT over TCP."""

    def __str__(self) -> str:
        """The address as a person writes it, without user and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        scheme = ("mqtt" if self.path is None else "ws") + ("s" if self.tls else "")
        return f"{scheme}://{host}:{self.port}{self.path or ''}"


def parse_broker(
    url: str,
    environment: Mapping[str, str],
    *,
    user: str | None = None,
    files: BrokerFiles = NO_FILES,
    version: Version = "5",
) -> Broker:
    """Reads `mqtt://[user@]host[:port]`, `mqtts://…`, `ws://…[/path]` or `wss://…[/path]`.

    The password comes from its file or else from the environment variable OCRGAN_MQTT_PASSWORD:
    command lines are seen by every user of a machine.

    Args:
        url: the address.
        environment: the process's.
        user: goes before a user in the address.
        files: secrets and certificates.
        version: of MQTT.

    Raises:
        BrokerError: the address cannot be used, holds a password, or a file cannot be read.
    """
    parts = _split(url)
    tls = parts.scheme in ("mqtts", "wss")
    _check_certificates(tls, files)
    password = _password(files.password, environment)
    user = user or (unquote(parts.username) if parts.username else None)
    if password is not None and user is None:
        raise BrokerError(
            f"there is a password but no user for {url}: write {parts.scheme}://USER@host"
        )
    port = parts.port or PORTS[parts.scheme]
    path = (parts.path or WEBSOCKET_PATH) if parts.scheme.startswith("ws") else None
    return Broker(parts.hostname or "", port, tls, user, password, files, version, path)


def _split(url: str) -> SplitResult:
    shown = re.sub(r"://([^:/]*):.*@", r"://\1:***@", url)
    try:
        parts = urlsplit(url)
        usable = parts.scheme in PORTS and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if usable and not parts.scheme.startswith("ws"):
        usable = not parts.path.strip("/")
    if not usable or parts.query or parts.fragment:
        raise BrokerError(
            f"MQTT address is {shown!r}, but must look like mqtt://host, mqtt://user@host:1883, "
            "mqtts://host:8883, ws://host:9001/mqtt or wss://host/mqtt"
        )
    if parts.password is not None:
        raise BrokerError(
            f"MQTT address {shown!r} holds a password, which every user of this machine could "
            f"see: put it in a file or in {PASSWORD_VARIABLE}"
        )
    return parts


def _check_certificates(tls: bool, files: BrokerFiles) -> None:
    named = {
        "CA file": files.ca,
        "client certificate": files.certificate,
        "key of the client certificate": files.key,
    }
    for what, file in named.items():
        if file is not None and not (tls and file.is_file()):
            wanted = "must be a PEM file" if tls else "is of use with mqtts:// and wss:// only"
            raise BrokerError(f"{what} is {file}, but {wanted}")
    if files.key is not None and files.certificate is None:
        raise BrokerError(f"there is a key {files.key}, but no client certificate that it is for")


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
