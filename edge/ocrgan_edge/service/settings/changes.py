"""What differs between two settings: a reload restarts that and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from ocrgan_edge.service.settings.models import Settings


@dataclass(frozen=True, slots=True)
class Changes:
    """Names of cameras, and whether what they share is another."""

    added: frozenset[str]
    removed: frozenset[str]
    changed: frozenset[str]
    node: frozenset[str]
    """Keys and tables of the node that differ: `mqtt`, `threads` …"""

    @property
    def node_changed(self) -> bool:
        """Whether something differs that all cameras share."""
        return bool(self.node)

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(self.added or self.removed or self.changed or self.node)


def changes(old: Settings, new: Settings) -> Changes:
    """What a daemon that runs with `old` has to do to run with `new`."""
    both = old.cameras.keys() & new.cameras.keys()
    return Changes(
        added=frozenset(new.cameras.keys() - old.cameras.keys()),
        removed=frozenset(old.cameras.keys() - new.cameras.keys()),
        changed=frozenset(name for name in both if old.cameras[name] != new.cameras[name]),
        node=frozenset(
            key
            for key in Settings.model_fields
            if key != "cameras" and getattr(old, key) != getattr(new, key)
        ),
    )
