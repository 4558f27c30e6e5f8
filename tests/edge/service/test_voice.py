from __future__ import annotations

from ocrgan_edge.alerts.topics import Topics
from ocrgan_edge.service.voice import Voice


def test_all_that_a_camera_says_is_on_its_own_topics(record) -> None:
    voice = Voice(record, Topics("ocrgan", "attic"), "door")
    voice.anomaly(True)
    voice.scene("dark")
    voice.snapshot(b"jpeg")
    voice.setting("enabled", "OFF")
    assert record.states == [
        ("ocrgan/attic/door/anomaly", "ON"),
        ("ocrgan/attic/door/scene", "dark"),
        ("ocrgan/attic/door/snapshot", b"jpeg"),
        ("ocrgan/attic/door/enabled/state", "OFF"),
    ]


def test_a_camera_that_is_gone_leaves_nothing_retained(record) -> None:
    Voice(record, Topics("ocrgan", "attic"), "door").clear()
    parts = ["anomaly", "score", "status", "scene", "snapshot"]
    parts += [f"{what}/state" for what in ("enabled", "threshold", "sensitivity", "calibrate")]
    assert record.states == [(f"ocrgan/attic/door/{part}", "") for part in parts]
