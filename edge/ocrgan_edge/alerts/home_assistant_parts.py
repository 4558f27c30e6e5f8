"""What Home Assistant shows of a camera and of the node, as components of a device discovery.

Keys as documented for Home Assistant's MQTT integration (home-assistant.io/integrations/mqtt and
the pages of its platforms), from 2024.12 on.
"""

from __future__ import annotations

from typing import get_args

from ocrgan_edge.alerts.commands import THRESHOLDS
from ocrgan_edge.alerts.home_assistant_figures import (
    UNKNOWN,
    Component,
    camera_figures,
    node_figures,
)
from ocrgan_edge.alerts.messages import ModelMessage
from ocrgan_edge.alerts.topics import Topics
from ocrgan_edge.detection.scene_health import Scene
from ocrgan_edge.detection.sensitivity import FACTORS

CALIBRATE_MINUTES = 30
"""What the button asks for."""
LONGEST_SUMMARY = 255
"""Characters that Home Assistant takes as an update's summary."""


def available(topics: Topics) -> Component:
    """The node can be reached: neither `offline` nor `stopped`."""
    return {
        "topic": topics.available,
        "value_template": "{{ 'online' if value == 'online' else 'offline' }}",
    }


def camera_parts(topics: Topics, camera: str) -> dict[str, Component]:
    """Everything of one camera, by what it is."""
    parts = {
        **_seen(topics, camera),
        **_health(topics, camera),
        **_settings(topics, camera),
        **camera_figures(topics, camera),
    }
    for part in parts.values():
        part["name"] = f"{camera} {part['name']}"
    return parts


def node_parts(topics: Topics, model: ModelMessage | None) -> dict[str, Component]:
    """Everything of the node itself, by what it is."""
    return node_figures(topics) | ({"model": _model(topics, model)} if model else {})


def _seen(topics: Topics, camera: str) -> dict[str, Component]:
    watched = {
        "availability": [
            available(topics),
            {
                "topic": topics.status(camera),
                "value_template": "{{ 'online' if value_json.status == 'online' else 'offline' }}",
            },
        ],
        "availability_mode": "all",
    }
    return {
        "anomaly": {
            "platform": "binary_sensor",
            "name": "anomaly",
            "device_class": "problem",
            "state_topic": topics.anomaly(camera),
            "qos": 1,
            **watched,
        },
        "score": {
            "platform": "sensor",
            "name": "score",
            "icon": "mdi:chart-bell-curve",
            "state_class": "measurement",
            "suggested_display_precision": 2,
            "state_topic": topics.score(camera),
            "value_template": "{{ value_json.score }}",
            **watched,
        },
        "snapshot": {
            "platform": "image",
            "name": "peak",
            "content_type": "image/jpeg",
            "image_topic": topics.snapshot(camera),
        },
        "event": {
            "platform": "event",
            "name": "event",
            "icon": "mdi:eye-outline",
            "event_types": ["new", "end"],
            "state_topic": topics.events(camera),
            "value_template": (
                "{% if value_json.type != 'update' %}"
                "{{ {'event_type': value_json.type, 'event_id': value_json.event_id, "
                "'peak_score': value_json.after.peak_score, 'zone': value_json.after.zone, "
                "'duration': value_json.after.duration, 'snapshot': value_json.after.snapshot, "
                "'clip': value_json.after.clip} | tojson }}"
                "{% endif %}"
            ),
            "qos": 1,
        },
    }


def _health(topics: Topics, camera: str) -> dict[str, Component]:
    return {
        "connection": {
            "platform": "binary_sensor",
            "name": "connection",
            "device_class": "connectivity",
            "entity_category": "diagnostic",
            "state_topic": topics.status(camera),
            "value_template": "{{ 'OFF' if value_json.status == 'offline' else 'ON' }}",
            "json_attributes_topic": topics.status(camera),
        },
        "scene": {
            "platform": "sensor",
            "name": "picture",
            "device_class": "enum",
            "options": list(get_args(Scene)),
            "entity_category": "diagnostic",
            "icon": "mdi:image-check-outline",
            "state_topic": topics.scene(camera),
        },
    }


def _settings(topics: Topics, camera: str) -> dict[str, Component]:
    enabled, threshold, sensitivity = (
        {
            "name": what,
            "state_topic": topics.state(camera, what),
            "command_topic": topics.command(camera, what),
            "qos": 1,
        }
        for what in ("enabled", "threshold", "sensitivity")
    )
    levels = ", ".join(f"'{level}'" for level in FACTORS)
    return {
        "enabled": {"platform": "switch", "icon": "mdi:shield-check-outline", **enabled},
        "threshold": {
            "platform": "number",
            "entity_category": "config",
            "mode": "box",
            "min": THRESHOLDS[0],
            "max": THRESHOLDS[1],
            "step": 0.001,
            **threshold,
        },
        "sensitivity": {
            "platform": "select",
            "entity_category": "config",
            "options": list(FACTORS),
            # A number that was set elsewhere is none of the options.
            "value_template": f"{{{{ value if value in [{levels}] else '{UNKNOWN}' }}}}",
            **sensitivity,
        },
        "calibrate": {
            "platform": "button",
            "name": "calibrate",
            "entity_category": "config",
            "icon": "mdi:school-outline",
            "command_topic": topics.command(camera, "calibrate"),
            "payload_press": str(CALIBRATE_MINUTES),
            "qos": 1,
        },
        "calibration": {
            "platform": "sensor",
            "name": "calibration",
            "device_class": "enum",
            "options": ["idle", "running", "done", "failed"],
            "entity_category": "diagnostic",
            "state_topic": topics.state(camera, "calibrate"),
            "value_template": "{{ value_json.state }}",
            "json_attributes_topic": topics.state(camera, "calibrate"),
        },
    }


def _model(topics: Topics, model: ModelMessage) -> Component:
    """An update: the newest bundle of the models folder, if another one is installed."""
    install = (
        {"command_topic": topics.node_command("model"), "payload_install": model.offered[0]}
        if model.offered
        else {}
    )
    return {
        "platform": "update",
        "name": "model",
        "entity_category": "config",
        "title": "Model",
        "state_topic": topics.node_state("model"),
        "value_template": (
            "{% set installed = value_json.installed or 'several' %}"
            "{{ {'installed_version': installed, "
            "'latest_version': value_json.offered | first | default(installed), "
            "'in_progress': value_json.state == 'installing', "
            f"'release_summary': (value_json.message or '')[:{LONGEST_SUMMARY}]}} | tojson }}}}"
        ),
        "qos": 1,
        **install,
    }
