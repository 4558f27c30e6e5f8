"""How the node shows itself to the MQTT broker."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from ocrgan_edge.service.settings.wanted import Names, NotWanted, Table, Truth, Wanted

SCHEMES = ("mqtt", "mqtts", "ws", "wss")
FilePath = Annotated[Path | None, Field(strict=False), Wanted("the path of a file")]


def _address(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in SCHEMES and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment:
        raise NotWanted
    if parts.path.strip("/") and not parts.scheme.startswith("ws"):
        raise NotWanted
    if parts.password is not None:
        raise ValueError("holds a password: put it in a file, see password_file")
    return url


class MqttSettings(Table):
    """The broker; without this table, events are lines of JSON on stdout."""

    url: Annotated[
        str,
        AfterValidator(_address),
        Wanted("like mqtt://host, mqtts://user@host:8883, ws://host:9001 or wss://host/mqtt"),
    ]
    """The broker's address; never with a password."""
    user: Annotated[str | None, Field(min_length=1), Wanted("a name that is not empty")] = None
    """Whom to log in as; goes before a user in `url`."""
    password_file: FilePath = None
    """Its first line is the password; else OCRGAN_MQTT_PASSWORD or the systemd credential
    mqtt_password is."""
    ca_file: FilePath = None
    """Certificates to trust instead of the system's."""
    certificate_file: FilePath = None
    """This node's own certificate, for brokers that ask for one."""
    key_file: FilePath = None
    """The key of `certificate_file`, where it is not in the same file."""
    version: Annotated[Literal["5", "3.1.1"], Wanted('"5" or "3.1.1"')] = "5"
    """Protocol spoken with the broker."""
    home_assistant: Truth = True
    """Tell Home Assistant of this node and its cameras."""
    discovery_prefix: Names = "homeassistant"
    """Where Home Assistant listens for devices."""
    stats_interval: Annotated[
        float, Field(ge=1, le=86_400), Wanted("a number of seconds between 1 and 86,400")
    ] = 60.0
    """Seconds between two messages of how the node fares."""

    @property
    def tls(self) -> bool:
        """Whether the connection is encrypted; the broker's certificate is then verified."""
        return urlsplit(self.url).scheme in ("mqtts", "wss")

    @model_validator(mode="after")
    def _files_fit(self) -> MqttSettings:
        if self.key_file is not None and self.certificate_file is None:
            raise ValueError("has a key_file, but no certificate_file that it is for")
        if not self.tls and (self.ca_file or self.certificate_file):
            raise ValueError("has certificates, which are of use with mqtts:// and wss:// only")
        return self
