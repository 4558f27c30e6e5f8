"""Recordings of normal life to per-location statistics and thresholds; runs on a device."""
