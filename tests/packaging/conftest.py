"""Makes the packages beside the systemd unit importable; the wheel does not have them."""

from __future__ import annotations

import sys
from pathlib import Path

PACKAGING = Path(__file__).parents[2] / "packaging"
sys.path.append(str(PACKAGING))
