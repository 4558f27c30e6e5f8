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

    @property
    def stats(self) -> str:
        """How the node fares; retained."""
        return f"{self.prefix}/{self.node}/stats"

    @property
    def errors(self) -> str:
        """Commands that were refused, and why; not retained."""
        return f"{self.prefix}/{self.node}/errors"

    def node_state(self, what: str) -> str:
        """What a command to the node has set, `model`; retained."""
        return f"{self.prefix}/{self.node}/{what}/state"

    def node_command(self, what: str) -> str:
        """Where the node is told something, `model`."""
        return f"{self.prefix}/{self.node}/{what}/set"

    def events(self, camera: str) -> str:
        """Life cycle of events; not retained."""
        return self._of(camera, "events")

    def anomaly(self, camera: str) -> str:
        """`ON` or `OFF`; retained."""
        return self._of(camera, "anomaly")

    def score(self, camera: str) -> str:
        """The newest score, at most once per score interval; retained."""
        return self._of(camera, "score")

    def status(self, camera: str) -> str:
        """Whether there are pictures, and whether they can be judged; retained JSON."""
        return self._of(camera, "status")

    def scene(self, camera: str) -> str:
        """One word of the scene's health, `ok`, `dark` …; retained."""
        return self._of(camera, "scene")

    def snapshot(self, camera: str) -> str:
        """JPEG of the newest event's peak with its heat map; retained."""
        return self._of(camera, "snapshot")

    def state(self, camera: str, what: str) -> str:
        """What a command has set: `enabled`, `threshold`, `sensitivity`, `calibrate`; retained."""
        return self._of(camera, f"{what}/state")

    def command(self, camera: str, what: str) -> str:
        """Where a camera is told something; see `state`."""
        return self._of(camera, f"{what}/set")

    def _of(self, camera: str, what: str) -> str:
        return f"{self.prefix}/{self.node}/{camera}/{what}"


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
