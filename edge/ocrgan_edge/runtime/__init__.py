"""Runs a bundle's graph on a window of frames."""
