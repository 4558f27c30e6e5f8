"""Pictures and clips of events, kept on disk within limits."""
