"""A rendered outdoor camera: normal life and anomalies whose truth is known to the pixel."""

from ocrgan_edge.video.scene.source import SceneSource
from ocrgan_edge.video.scene.spec import KINDS, Anomaly, SceneSpec
from ocrgan_edge.video.scene.text import open_scene
from ocrgan_edge.video.scene.truth import Truth

__all__ = ["KINDS", "Anomaly", "SceneSource", "SceneSpec", "Truth", "open_scene"]
