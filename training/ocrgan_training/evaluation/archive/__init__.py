"""Scoring of archives too large for one machine."""
