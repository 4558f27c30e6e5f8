"""The network that settings ask for: windows of T frames, or frame by frame."""

from ocrgan_training.network.ocr_gan_video import OcrGanVideo
from ocrgan_training.network.presets import NetworkConfig
from ocrgan_training.network.streaming.causal_network import CausalOcrGanVideo


def make_network(config: NetworkConfig) -> OcrGanVideo:
    """Either form, with PyTorch's initial weights (seed it with torch.manual_seed)."""
    return CausalOcrGanVideo(config) if config.causal else OcrGanVideo(config)
