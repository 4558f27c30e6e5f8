"""Polygons in shares of the picture, and the cells of a grid that they cover."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from ocrgan_edge.errors import SettingsError

Point = tuple[float, float]
Edge = tuple[Point, Point]
SMALLEST = 1e-6
"""Of the picture's area: a polygon below it has none."""
STEPS = 8
"""Per cell, along an edge, when the cells that a small polygon touches are sought."""


def check_polygon(what: str, points: Sequence[Point]) -> None:
    """Refuses corners that enclose no clear part of the picture.

    Args:
        what: for the message.
        points: corners; the last is joined to the first.

    Raises:
        SettingsError: fewer than three corners, one outside 0 … 1, edges that cross, or no area.
    """
    if len(points) < 3:
        raise SettingsError(f"{what} has {len(points)} points, but a polygon needs 3 or more")
    for x, y in points:
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise SettingsError(
                f"{what} has the point ({x:g}, {y:g}), but both must be between 0 and 1, "
                "as shares of the picture's width and height"
            )
    edges = _edges(points)
    for (i, first), (j, second) in combinations(enumerate(edges), 2):
        if j - i not in (1, len(edges) - 1) and _meet(first, second):
            raise SettingsError(
                f"{what} crosses itself: its edges from {_text(first)} and from {_text(second)} "
                "meet; give the corners in order around it"
            )
    if abs(sum(_turn((0, 0), a, b) for a, b in edges)) / 2 < SMALLEST:
        raise SettingsError(f"{what} has no area: its points lie on a line")


def cells(points: Sequence[Point], grid: tuple[int, int]) -> NDArray[np.bool_]:
    """The cells (h, w) whose centres lie inside, by the even-odd rule.

    A polygon too small or thin to hold a centre has every cell that it touches. Polygons that
    share an edge share no cell.
    """
    height, width = grid
    x = ((np.arange(width) + 0.5) / width)[None, :]
    y = ((np.arange(height) + 0.5) / height)[:, None]
    inside = np.zeros(grid, np.bool_)
    for (x0, y0), (x1, y1) in _edges(points):
        if y0 == y1:
            continue
        beside = (y0 <= y) != (y1 <= y)
        inside ^= beside & (x < x0 + (y - y0) * ((x1 - x0) / (y1 - y0)))
    return inside if inside.any() else _touched(points, grid)


def _touched(points: Sequence[Point], grid: tuple[int, int]) -> NDArray[np.bool_]:
    height, width = grid
    touched = np.zeros(grid, np.bool_)
    for start, end in _edges(points):
        along = np.linspace(start, end, STEPS * max(grid) + 1)
        columns = np.minimum((along[:, 0] * width).astype(int), width - 1)
        rows = np.minimum((along[:, 1] * height).astype(int), height - 1)
        touched[rows, columns] = True
    return touched


def _edges(points: Sequence[Point]) -> list[Edge]:
    """Edges in order; corners given twice in a row, also as first and last, count once."""
    corners = [b for a, b in pairwise([points[-1], *points]) if a != b]
    return list(pairwise([*corners, *corners[:1]]))


def _meet(first: Edge, second: Edge) -> bool:
    """Whether two segments cross or touch."""
    a, b = first
    c, d = second
    sides = _turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b)
    if sides[0] * sides[1] < 0 and sides[2] * sides[3] < 0:
        return True
    ends = ((first, c), (first, d), (second, a), (second, b))
    return any(
        side == 0 and _between(edge, point) for side, (edge, point) in zip(sides, ends, strict=True)
    )


def _turn(a: Point, b: Point, c: Point) -> float:
    """Twice the signed area of a triangle; 0 where the points lie on a line."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _between(edge: Edge, point: Point) -> bool:
    """Whether a point on an edge's line lies on the edge."""
    return all(min(a, b) <= p <= max(a, b) for a, b, p in zip(*edge, point, strict=True))


def _text(edge: Edge) -> str:
    return "({:g}, {:g})".format(*edge[0])
