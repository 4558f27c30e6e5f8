"""The numbers of the stats, as Home Assistant's diagnostic sensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ocrgan_edge.alerts.topics import Topics

Component = dict[str, Any]
UNKNOWN = "None"
"""What a template says for a value that is not known."""
_SECONDS = {"device_class": "duration", "unit_of_measurement": "s"}
_COUNT = {"state_class": "total_increasing"}
_CAMERA_FIGURES: Mapping[str, tuple[str, str, Component]] = {
    "fps": ("frame rate", "frames_per_second", {"unit_of_measurement": "fps"}),
    "latency": ("latency", "latency_p95", _SECONDS),
    "age": ("age of scores", "age_max", _SECONDS),
    "skipped": ("windows skipped", "windows_skipped", _COUNT),
    "reconnects": ("reconnects", "reconnects", _COUNT),
}
_NODE_FIGURES: Mapping[str, tuple[str, str, Component]] = {
    "memory": ("memory", "rss_bytes", {"device_class": "data_size", "unit_of_measurement": "B"}),
    "temperature": (
        "temperature",
        "temperature",
        {"device_class": "temperature", "unit_of_measurement": "°C"},
    ),
    "uptime": ("uptime", "uptime", _SECONDS),
    "outbox": ("messages waiting", "outbox.depth", {}),
    "dropped": ("messages dropped", "outbox.dropped", _COUNT),
    "failed_writes": ("failed writes", "outbox.failed_writes", _COUNT),
    "evidence_dropped": ("evidence dropped", "evidence_dropped", _COUNT),
    "broker_reconnects": ("broker reconnects", "broker_reconnects", _COUNT),
}


def camera_figures(topics: Topics, camera: str) -> dict[str, Component]:
    """How one camera fares, by what it is."""
    # Before its first interval is over, a camera is not among the stats.
    stats = f"(value_json.cameras[{literal(camera)}] | default({{}}))"
    return {
        what: _figure(topics, name, f"{stats}.{path}", **more)
        for what, (name, path, more) in _CAMERA_FIGURES.items()
    }


def node_figures(topics: Topics) -> dict[str, Component]:
    """How the node fares, by what it is."""
    return {
        what: _figure(topics, name, f"value_json.{path}", **more)
        for what, (name, path, more) in _NODE_FIGURES.items()
    }


def literal(text: str) -> str:
    """A string in a template that stays the same whatever it holds."""
    plain = (
        letter if letter.isascii() and letter.isalnum() else f"\\U{ord(letter):08x}"
        for letter in text
    )
    return f"'{''.join(plain)}'"


def _figure(topics: Topics, name: str, value: str, **more: Any) -> Component:
    """A number of the stats; `value` is where it lies, in a template."""
    return {
        "platform": "sensor",
        "name": name,
        "entity_category": "diagnostic",
        "state_class": "measurement",
        "state_topic": topics.stats,
        "value_template": f"{{{{ {value} | default('{UNKNOWN}') }}}}",
        **more,
    }
