"""Rendered people and things in recordings of a real place: to see what would be detected there."""
