"""What has to be installed for a target, in bytes on disk."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution

from packaging.requirements import Requirement

NEEDS = {
    "onnx": ("ocrgan-edge", ""),
    "openvino": ("ocrgan-edge", "openvino"),
    "torch": ("ocrgan-edge", "train"),
}
"""Project and extra that each runtime's targets come with."""


def installed_bytes(runtime: str) -> int:
    """All packages that pip would bring, as they lie here; those that are not here count 0."""
    return sum(_bytes(name) for name in _closure(*NEEDS[runtime]))


def _closure(project: str, extra: str) -> set[str]:
    wanted, known = [(project, extra)], set[tuple[str, str]]()
    while wanted:
        name, with_extra = wanted.pop()
        if (name, with_extra) in known:
            continue
        known.add((name, with_extra))
        for requirement in _requirements(name):
            marker = requirement.marker
            environments = ({"extra": ""}, {"extra": with_extra})
            if marker is None or any(marker.evaluate(each) for each in environments):
                extras = requirement.extras or {""}
                wanted += [(requirement.name.lower(), each) for each in extras]
    return {name.replace("_", "-") for name, _ in known}


def _requirements(name: str) -> Iterable[Requirement]:
    try:
        return [Requirement(text) for text in distribution(name).requires or ()]
    except PackageNotFoundError:
        return ()


def _bytes(name: str) -> int:
    try:
        files = distribution(name).files or ()
    except PackageNotFoundError:
        return 0
    return sum(path.stat().st_size for file in files if (path := file.locate()).is_file())
