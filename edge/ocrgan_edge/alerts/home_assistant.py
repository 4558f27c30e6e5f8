"""Home Assistant finds the node and its cameras by one retained message (device discovery).

Source: home-assistant.io/integrations/mqtt, "MQTT discovery", device discovery payload.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ocrgan_edge.alerts.home_assistant_figures import Component
from ocrgan_edge.alerts.home_assistant_parts import available, camera_parts, node_parts
from ocrgan_edge.alerts.messages import ModelMessage
from ocrgan_edge.alerts.topics import Topics

PREFIX = "homeassistant"
ONLINE = "online"
"""What `status_topic` says when Home Assistant has started and wants to hear discovery again."""
LONGEST_SLUG = 40
_HASHED = re.compile(r"(^|_)[0-9a-f]{8}$")


@dataclass(frozen=True, slots=True)
class Device:
    """The node, as Home Assistant's device page tells of it."""

    version: str
    """Of ocrgan-edge."""
    model: str
    """The computer, for example `Raspberry Pi 5 Model B` or `x86_64`."""
    cameras: Sequence[str]
    installed: ModelMessage | None = None
    """What is said on `model/state`; None: the node's model cannot be changed."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """What to publish, retained, and to remember for the next announcement."""

    topic: str
    payload: str
    components: Mapping[str, str]
    """All components ever announced, with their platform: what the next one may have to remove."""


def discovery(
    topics: Topics, device: Device, announced: Mapping[str, str], prefix: str = PREFIX
) -> Announcement:
    """The node as one device with all its components.

    A component of `announced` that is no more (its camera has left the configuration) is listed
    with its platform alone, upon which Home Assistant removes it.

    Args:
        topics: the node's.
        device: what there is now.
        announced: `components` of the announcement before, over restarts; empty if none.
        prefix: Home Assistant's discovery prefix.
    """
    node = slug(topics.node)
    components = {
        f"{slug(camera)}-{what}": part
        for camera in device.cameras
        for what, part in camera_parts(topics, camera).items()
    }
    components |= node_parts(topics, device.installed)
    components = {
        key: {**part, "unique_id": f"ocrgan-{node}-{key}"} for key, part in components.items()
    }
    platforms = {key: str(part["platform"]) for key, part in components.items()}
    removed: dict[str, Component] = {
        key: {"platform": platform} for key, platform in announced.items() if key not in components
    }
    payload = {
        "device": {
            "identifiers": [f"ocrgan-{node}"],
            "name": topics.node,
            "manufacturer": "OCR-GAN edge",
            "model": device.model,
            "sw_version": device.version,
        },
        "origin": {"name": "ocrgan-edge", "sw_version": device.version},
        "availability": [available(topics)],
        "components": components | removed,
    }
    return Announcement(
        discovery_topic(topics, prefix),
        json.dumps(payload, ensure_ascii=False),
        {**announced, **platforms},
    )


def discovery_topic(topics: Topics, prefix: str = PREFIX) -> str:
    """Where a node is announced; an empty retained message there makes it go."""
    return f"{prefix}/device/{slug(topics.node)}/config"


def status_topic(prefix: str = PREFIX) -> str:
    """Where Home Assistant says `online` after its start; discovery is then to be sent again."""
    return f"{prefix}/status"


def slug(name: str) -> str:
    """A name in the letters a … z, digits and `_`, at most 49; different names stay different.

    A name that is no slug gets eight digits of its SHA-256, as does one that ends in such.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    short = re.sub("[^a-z0-9]+", "_", plain).strip("_")[:LONGEST_SLUG].strip("_")
    if short == name and not _HASHED.search(name):
        return name
    digits = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{short}_{digits}" if short else digits
