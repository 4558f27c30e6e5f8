"""Settings before they are checked: nested plain values, and where each was given."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ocrgan_edge.service.settings.locate import KeyPath

CAMERA, DEFAULTS = "camera", "camera_defaults"


@dataclass(frozen=True, slots=True)
class Layer:
    """What one place says: the file, the environment or the command line."""

    values: dict[str, Any]
    places: dict[KeyPath, str]
    """Where a key is given: `edge.toml:12`, a variable, an option."""
    complaints: tuple[str, ...] = ()
    """Sentences about what has no place in any table."""


def put(layer: Layer, path: KeyPath, value: object, place: str) -> None:
    """Gives a layer one more value, with the tables around it."""
    table = layer.values
    for length, key in enumerate(path[:-1], 1):
        table = table.setdefault(str(key), {})
        layer.places.setdefault(path[:length], place)
    table[str(path[-1])] = value
    layer.places[path] = place


@dataclass(slots=True)
class Tree:
    """All layers in one; the later ones have overridden the earlier ones."""

    values: dict[str, Any] = field(default_factory=dict)
    places: dict[KeyPath, tuple[str, KeyPath]] = field(default_factory=dict)
    """Where a key was given, and as what: a camera's hop may stand in [camera_defaults]."""

    @property
    def cameras(self) -> list[str]:
        """The cameras' names."""
        cameras = self.values.get(CAMERA)
        return [*cameras] if isinstance(cameras, dict) else []

    def place(self, path: KeyPath) -> tuple[str, KeyPath] | None:
        """Where the key, or else the nearest table around it, was given."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.places:
                where, told = self.places[path[:length]]
                return where, told + path[length:]
        return None


def merge(layers: Iterable[Layer]) -> Tree:
    """Puts layers above each other, the strongest last; a list replaces a list as a whole."""
    tree = Tree()
    for layer in layers:
        _lay(tree, layer, (), tree.values, layer.values)
    _give_defaults(tree)
    return tree


def _lay(
    tree: Tree, layer: Layer, path: KeyPath, below: dict[str, Any], above: dict[str, Any]
) -> None:
    for key, value in above.items():
        here = (*path, key)
        if isinstance(value, dict) and isinstance(below.get(key, {}), dict):
            if here in layer.places:
                tree.places.setdefault(here, (layer.places[here], here))
            _lay(tree, layer, here, below.setdefault(key, {}), value)
        else:
            if key in below:
                _forget(tree, here)
            below[key] = value
            plain = not isinstance(value, list | dict)
            for inner in [here] if plain else _within(layer.places, here):
                tree.places[inner] = (layer.places[inner], inner)


def _give_defaults(tree: Tree) -> None:
    """Hands each camera what [camera_defaults] says and itself does not."""
    shared = tree.values.get(DEFAULTS)
    cameras = tree.values.get(CAMERA)
    if not isinstance(shared, dict) or not isinstance(cameras, dict):
        return
    places = {path: tree.places[path] for path in _within(tree.places, (DEFAULTS,))}
    for name, camera in cameras.items():
        for key in shared.keys() - camera.keys() if isinstance(camera, dict) else ():
            camera[key] = shared[key]
            for path in _within(places, (DEFAULTS, key)):
                tree.places[(CAMERA, name, *path[1:])] = places[path]


def _forget(tree: Tree, path: KeyPath) -> None:
    for inner in _within(tree.places, path):
        del tree.places[inner]


def _within(places: Iterable[KeyPath], path: KeyPath) -> list[KeyPath]:
    return [inner for inner in places if inner[: len(path)] == path]
