"""Front door of a frame: sources, the model's frame rate, windows."""
