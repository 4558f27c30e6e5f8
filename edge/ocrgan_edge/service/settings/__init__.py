"""What the daemon can be told: models, TOML file, environment, command line, secrets."""

# The daemon of one camera; gone when it is built on `models.Settings`.
from ocrgan_edge.service.settings.flat import Settings, make_settings

__all__ = ["Settings", "make_settings"]
