"""Ranges over dimensions: both ends belong to them, and an end that is None is open."""

import math
from typing import Any

from msgspec import Struct

from headrace.engines._arrays_columns import Column

MAX_RANGES = 1000  # on one dimension; beyond, one range around them all
MAX_BOXES = 20_000  # ranges multiply over dimensions, and TileDB walks each combination

Value = Any  # int, float, str or bytes: what a cell of the dimension is, dates as a number of units
Range = tuple[Value, Value]


class Selection(Struct, kw_only=True):
    """What of an array a query asks for: a superset of the cells that it needs."""

    ranges: dict[str, list[Range]] = {}  # by dimension; several are OR-ed, dimensions are AND-ed
    condition: str | None = None  # in TileDB-Py's words; sparse arrays only
    limit: int | None = None  # rows that are enough

    @property
    def apart(self) -> bool:
        """Whether the ranges are few enough to be read as they are, and not as fewer around them."""
        counts = [len(some) for some in self.ranges.values()]
        return max(counts, default=0) <= MAX_RANGES and math.prod(counts) <= MAX_BOXES


def intersect(left: list[Range], right: list[Range]) -> list[Range]:
    """What is in both."""
    made: list[Range] = []
    for a in left:
        for b in right:
            low = a[0] if b[0] is None else b[0] if a[0] is None else max(a[0], b[0])
            high = a[1] if b[1] is None else b[1] if a[1] is None else min(a[1], b[1])
            if low is None or high is None or low <= high:
                made.append((low, high))
    return merge(made)


def merge(ranges: list[Range], *, whole: bool = False) -> list[Range]:
    """The same cells in ranges that do not overlap, in order; `whole` numbers join where they are neighbours."""
    if len(ranges) < 2:
        return ranges
    opened = [r for r in ranges if r[0] is None]
    ordered = opened + sorted((r for r in ranges if r[0] is not None), key=lambda r: r[0])
    made = [ordered[0]]
    for low, high in ordered[1:]:
        last = made[-1]
        if last[1] is None:
            break
        edge = last[1] + 1 if whole and isinstance(last[1], int) else last[1]
        if low is None or low <= edge:
            made[-1] = (last[0], None if high is None else max(last[1], high))
        else:
            made.append((low, high))
    return made


def clip(ranges: list[Range] | None, low: Value, high: Value, column: Column) -> list[tuple[Value, Value]]:
    """The ranges within what was written, without open ends; too many become one around them all."""
    clipped = intersect(ranges if ranges is not None else [(None, None)], [(low, high)])
    clipped = merge(clipped, whole=column.family != "text" and column.dtype.kind in "iu")
    if len(clipped) > MAX_RANGES:
        clipped = [(clipped[0][0], clipped[-1][1])]
    return clipped
