"""FP32 models: networks, losses, data, loop, evaluation."""
