"""The graph of a network: of windows, or of steps where no frame sees a later one."""

from ocrgan_training.fused_graph import FusedGraph, ScoringGraph
from ocrgan_training.network.ocr_gan_video import OcrGanVideo
from ocrgan_training.step_graph import StepGraph


def graph_of(network: OcrGanVideo) -> ScoringGraph:
    """A module that scores, ready for export. Raises SettingsError for sizes without a grid."""
    return StepGraph(network) if network.config.causal else FusedGraph(network)
