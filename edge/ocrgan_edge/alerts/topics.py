"""The names of all MQTT topics, in one place."""

from __future__ import annotations

from dataclasses import dataclass

from ocrgan_edge.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Topics:
    """Topics of one node; `prefix` may have several levels, `node` and a camera's name are one."""

    prefix: str
    node: str

    def __post_init__(self) -> None:
        """Refuses names that MQTT would read as something else.

        Raises:
            SettingsError: a name is empty, has a wildcard, or starts with `$`.
        """
        for level in self.prefix.split("/"):
            check_level("prefix", level)
        check_level("node", self.node)

    @property
    def available(self) -> str:
        """`online`, `offline` (last will) or `stopped`; retained."""
        return f"{self.prefix}/{self.node}/available"

    def events(self, camera: str) -> str:
        """Life cycle of events; not retained."""
        return f"{self.prefix}/{self.node}/{camera}/events"

    def anomaly(self, camera: str) -> str:
        """`ON` or `OFF`; retained."""
        return f"{self.prefix}/{self.node}/{camera}/anomaly"

    def score(self, camera: str) -> str:
        """The newest score, at most once per score interval; retained."""
        return f"{self.prefix}/{self.node}/{camera}/score"


def check_level(setting: str, name: str) -> str:
    """Gives `name` back if it can be one level of a topic.

    Raises:
        SettingsError: it is empty, contains `/`, `+`, `#` or a control character, or starts with
            `$`, which brokers keep for themselves.
    """
    if not name or name.startswith("$") or not name.isprintable() or set(name) & set("/+#"):
        raise SettingsError(
            f"{setting} is {name!r}, but must be a name for an MQTT topic: "
            "not empty, without / + # and control characters, not starting with $"
        )
    return name
