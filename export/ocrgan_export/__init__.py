"""Checkpoint to fused graphs, INT8, gates and bundle."""
