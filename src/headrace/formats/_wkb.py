"""Well-known binary (OGC 06-103r4, 8.2) of a whole Arrow column, read where it lies: no object for each geometry.

geometry   0x01 · kind, 4 bytes · what it holds, little-endian
point      x y
line       count · [x y]*
polygon    rings · [count · [x y]*]*
multi...   parts · geometry*

All rows take their next path at once, as often as the row of most paths has some. What is rare is left to shapely:
big-endian numbers, heights, collections, points and lines and polygons in one column, rows of very many paths.
"""

# Libraries make many of their functions at import, where no checker sees them.
# pyright: reportAttributeAccessIssue=false

from typing import Any, NamedTuple

POINT, POLYGON, MULTI = 1, 3, 3  # kinds; that of many is MULTI more
STEPS = 64  # paths of a row


class Ragged(NamedTuple):
    """Paths as they are written: `points` are complex numbers, x + iy, those of all paths one after another.

    For each path `counts` says how many points it has, `rows` of which row it is, `polygons` of which polygon, `holes`
    whether it is a hole. Rows stand in order. Rings have their last point alone, which is the first again.
    """

    dimension: int
    points: Any
    counts: Any
    rows: Any
    polygons: Any
    holes: Any


def read(column: Any) -> Ragged | None:
    """The paths of an Arrow array of WKB, or None where it is not of the common kind, or not WKB."""
    try:
        return _read(column)
    except IndexError:  # past the end
        return None


def _read(column: Any) -> Ragged | None:
    import numpy as np
    import pyarrow as pa

    large = pa.types.is_large_binary(column.type)
    _, ends, content = column.buffers()
    if not content or not len(column):
        return None
    width = np.int64 if large else np.int32
    offsets = np.frombuffer(ends, width)[column.offset : column.offset + len(column) + 1].astype(np.int64)
    rows = np.flatnonzero(offsets[1:] > offsets[:-1])  # the others are missing
    places, limits = offsets[:-1][rows], offsets[1:][rows]
    if not len(rows) or (column.null_count and not column.is_valid().to_numpy(zero_copy_only=False)[rows].all()):
        return None
    cursor = _Cursor(content, places)
    kinds = cursor.header()
    dimension = int(kinds[0] - 1) % MULTI
    parts = np.ones(len(rows), np.int64)
    multi = np.flatnonzero(kinds > MULTI)
    if (kinds < POINT).any() or (kinds > POLYGON + MULTI).any() or ((kinds - 1) % MULTI != dimension).any():
        return None
    if len(multi):
        parts[multi] = cursor.number(multi)
        if int(parts.max()) > STEPS:
            return None
    walked = _paths(cursor, dimension, rows, parts, multi)
    if walked is None or (cursor.places != limits).any():
        return None
    starts, counts, which, polygons, holes = walked
    if dimension == 2:
        if (counts < 4).any() or (cursor.points(starts) != cursor.points(starts + 16 * (counts - 1))).any():
            return None
        starts, counts = starts + 16, counts - 1
    elif not counts.all():
        return None
    before = counts.cumsum() - counts
    points = cursor.points(np.repeat(starts - 16 * before, counts) + 16 * np.arange(int(counts.sum())))
    return Ragged(dimension, points, counts, rows[which], polygons, holes)


class _Cursor:
    """A place in each row, and views of the bytes as numbers that begin at any of them."""

    def __init__(self, content: Any, places: Any) -> None:
        import numpy as np

        size = content.size
        self.places = places.copy()
        self._bytes = np.frombuffer(content, np.uint8)
        self._numbers = np.ndarray((max(size - 3, 0),), "<u4", content, strides=(1,))
        self._points = np.ndarray((max(size - 15, 0),), "<c16", content, strides=(1,))

    def header(self, rows: Any = slice(None)) -> Any:
        """The kind of the geometry that comes next in each of these rows; 0 where it is of no kind that is read."""
        import numpy as np

        kinds = self._numbers[self.places[rows] + 1].astype(np.int64)
        kinds[self._bytes[self.places[rows]] != 1] = 0
        self.places[rows] += 5
        return kinds

    def number(self, rows: Any = slice(None)) -> Any:
        """The number that comes next."""
        import numpy as np

        found = self._numbers[self.places[rows]].astype(np.int64)
        self.places[rows] += 4
        return found

    def points(self, places: Any) -> Any:
        """The points that begin at these places."""
        return self._points[places]


def _paths(cursor: _Cursor, dimension: int, rows: Any, parts: Any, multi: Any) -> tuple[Any, ...] | None:
    """Where the points of each path start, how many they are, the number of its row, of its polygon, and if a hole."""
    import numpy as np

    found: list[tuple[Any, ...]] = []
    active = np.flatnonzero(parts > 0)
    rings = np.zeros(len(rows), np.int64)
    is_multi = np.zeros(len(rows), bool)
    is_multi[multi] = True
    begun = np.zeros(len(rows), np.int64)  # polygons of the row
    for _ in range(STEPS):
        if not len(active):
            break
        new = active[rings[active] == 0] if dimension == 2 else active
        if len(new):
            inner = new[is_multi[new]]
            if len(inner) and (cursor.header(inner) != dimension + 1).any():
                return None
            begun[new] += 1
            if dimension == 2:
                rings[new] = cursor.number(new)
                if not rings[new].all():
                    return None  # an empty one
        hole = np.full(len(rows), dimension == 2)
        hole[new] = False
        counts = cursor.number(active) if dimension else np.ones(len(active), np.int64)
        found.append((cursor.places[active], counts, active, begun[active], hole[active]))
        cursor.places[active] += 16 * counts
        rings[active] -= 1
        done = active[rings[active] == 0] if dimension == 2 else active
        parts[done] -= 1
        active = active[parts[active] > 0]
    if len(active) or not found:
        return None
    starts, counts, which, polygons, holes = (np.concatenate(column) for column in zip(*found, strict=True))
    if len(found) > 1:
        order = which.argsort(kind="stable")
        starts, counts, which, polygons, holes = (a[order] for a in (starts, counts, which, polygons, holes))
    new = np.empty(len(which), bool)
    new[0] = True
    new[1:] = (which[1:] != which[:-1]) | (polygons[1:] != polygons[:-1])
    return starts, counts, which, new.cumsum() - 1, holes
