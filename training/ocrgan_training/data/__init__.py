"""Clips, windows and pseudo-anomalies for training."""
