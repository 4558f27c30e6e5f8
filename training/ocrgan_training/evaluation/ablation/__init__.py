"""Experiments as settings: what each part of the network is worth."""
