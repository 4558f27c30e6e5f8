"""From scores to decisions: alarm logic."""
