"""Which pseudo-anomalies are made, how often, how large and how fast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

LARGEST = 0.95
"""Of the frame's height: no edit is larger."""

RESTING = 0.15
"""Share of edits that stay where they are, in the parts of `shares`, where they are asked for."""


def _shares() -> dict[str, float]:
    return {
        "fast": 0.25,
        "pasted": 0.20,
        "gliding": 0.20,
        "drawn": 0.25,
        "shuffled": 0.05,
        "skipping": 0.05,
        "slow": 0.02,
        "frozen": 0.02,
        "reversed": 0.01,
        "decoy": 0.10,
        "transplanted": 0.15,
        "resting": 0.0,
    }


@dataclass(frozen=True)
class PseudoSettings:
    """How pseudo-anomalies are drawn."""

    shares: dict[str, float] = field(default_factory=_shares)
    """How often each kind of edit is made, in parts of their sum."""
    size: tuple[float, float] = (0.06, 0.35)
    """Height of an edit as a share of the frame's height."""
    speed: tuple[float, float] = (2.0, 3.0)
    """How many times faster fast content plays."""
    scale: tuple[float, float] = (1.2, 2.2)
    """How many times larger pasted content is than it was."""
    still_scale: tuple[float, float] = (0.8, 2.0)
    """The same of content that glides."""
    drift: float = 0.025
    """Fastest own motion of pasted content, in frame heights a frame."""
    glide: tuple[float, float] = (0.003, 0.03)
    """Motion of still things, in frame heights a frame."""
    edits: int = 4
    """Most edits in one stack."""
    untouched: float = 0.15
    """Share of stacks without any edit."""

    faint: tuple[float, float] = (2.0, 8.0)
    """Mean change in gray levels, around a pixel, below which nothing happened and above which the
    edit is seen for certain."""

    @classmethod
    def from_dict(cls, recorded: Mapping[str, Any]) -> PseudoSettings:
        """The settings that a run folder has recorded; what an older run lacks is as today."""
        known: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in recorded.items()
            if name in {each.name for each in fields(cls)}
        }
        return cls(**known)

    def with_resting(self) -> PseudoSettings:
        """Also what lies or was left, which the others do not speak of (decision 028)."""
        return replace(self, shares={**self.shares, "resting": RESTING})

    def within(self, share: float) -> PseudoSettings:
        """The same edits in a part of the frame that has this share of its height, half as many."""
        return replace(self.enlarged(1 / share), edits=max(1, self.edits // 2))

    def enlarged(self, times: float) -> PseudoSettings:
        """The same edits where life is so many times taller."""
        return replace(
            self,
            size=(min(LARGEST / 2, self.size[0] * times), min(LARGEST, self.size[1] * times)),
            drift=self.drift * times,
            glide=(self.glide[0] * times, self.glide[1] * times),
        )
