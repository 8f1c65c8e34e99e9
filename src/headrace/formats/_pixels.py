"""Lines and rings in the whole pixels of a vector tile, thinned to what can be seen of them there.

    points ─▶ whole pixels ─▶ no repeats ─▶ nothing on a straight line ─▶ nothing nearly on one ─▶ valid rings

A pixel here is a 4096th of a tile's side, an eighth of what a screen shows of it. A point goes where it is within
TOLERANCE of the line between its neighbours, and nearer than they are to theirs; so the border of two polygons is
thinned alike in both. Rings of few points stay as they are. What is left of a polygon turns as the specification says
(4.3.4.4: outlines clockwise as seen) and does not cross itself.
"""

# Libraries make many of their functions at import, where no checker sees them.
# pyright: reportAttributeAccessIssue=false

from dataclasses import dataclass, fields, replace
from typing import Any

TOLERANCE = 1.0  # pixels that the loss of a point may move its line by
TIMES = 12  # that a third of what may go goes
ROUND = 8  # points of a ring from which it may lose some
LEAST = 0.7  # of its area that a ring keeps while it loses points
SMALLEST = (1, 4)  # square pixels of an outline, of a hole


@dataclass
class Shapes:
    """Shapes of one dimension, in whole pixels.

    `x` and `y` are the points of all paths one after another, `counts` how many each path has; a path is a point, a
    line or a ring (which does not repeat its first point). For each path `rows` says of which feature it is, `polygons`
    of which polygon, `holes` whether it is a hole. Paths of a feature stand together, and so do rings of a polygon.
    """

    dimension: int
    x: Any
    y: Any
    counts: Any
    rows: Any
    polygons: Any
    holes: Any

    def chosen(self, paths: Any) -> "Shapes":
        """These paths (their numbers), in this order."""
        import numpy as np

        counts = self.counts[paths]
        starts = (np.cumsum(self.counts) - self.counts)[paths]
        places = np.repeat(starts - (np.cumsum(counts) - counts), counts) + np.arange(int(counts.sum()))
        of_paths = (given[paths] for given in (self.rows, self.polygons, self.holes))
        return Shapes(self.dimension, self.x[places], self.y[places], counts, *of_paths)

    def without(self, gone: Any) -> "Shapes":
        """Without these points (true for each that goes)."""
        if not gone.any():
            return self
        left = self.counts - self.sums(gone)
        return replace(self, x=self.x[~gone], y=self.y[~gone], counts=left)

    def sums(self, values: Any) -> Any:
        """The sum for each path of a value for each point."""
        import numpy as np

        total = np.zeros(len(values) + 1, float if values.dtype.kind == "f" else np.int64)
        np.cumsum(values, out=total[1:])
        ends = np.cumsum(self.counts)
        return total[ends] - total[ends - self.counts]

    def before(self, values: Any) -> Any:
        """For each point the value of the one before it; a ring's first has its last before it, a line's itself."""
        import numpy as np

        first, last = self.ends_of_paths()
        moved = np.empty_like(values)
        moved[1:] = values[:-1]
        moved[first] = values[last if self.dimension == 2 else first]
        return moved

    def after(self, values: Any) -> Any:
        """For each point the value of the one after it."""
        import numpy as np

        first, last = self.ends_of_paths()
        moved = np.empty_like(values)
        moved[:-1] = values[1:]
        moved[last] = values[first if self.dimension == 2 else last]
        return moved

    def ends_of_paths(self) -> tuple[Any, Any]:
        """The places of the first and of the last point of each path that has any."""
        import numpy as np

        some = self.counts if (self.counts > 0).all() else self.counts[self.counts > 0]
        last = np.cumsum(some) - 1
        return last - some + 1, last


def shapes_of(parts: Any, rows: Any, dimension: int, pixels: Any) -> Shapes:
    """Points (0), lines (1) or polygons (2) as shapes; `pixels` turns coordinates into columns and rows."""
    import numpy as np
    import shapely

    polygons, holes = np.arange(len(parts)), np.zeros(len(parts), bool)
    if dimension == 2:
        parts, polygons = shapely.get_rings(parts, return_index=True)
        rows = rows[polygons]
        holes = np.r_[False, polygons[1:] == polygons[:-1]] if len(parts) else holes
    points, paths = shapely.get_coordinates(parts, return_index=True)
    shapes = Shapes(
        dimension, *_whole(*pixels(points)), np.bincount(paths, minlength=len(parts)), rows, polygons, holes
    )
    return _thinned(shapes) if dimension and len(parts) else shapes


def taken_apart(shapes: Any, rows: Any) -> tuple[Any, Any]:
    """The points, lines and polygons that geometries are made of, and the row of each."""
    import shapely

    while len(shapes) and shapely.get_type_id(shapes).max() > shapely.GeometryType.POLYGON:
        shapes, owners = shapely.get_parts(shapes, return_index=True)
        rows = rows[owners]
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    return (shapes, rows) if there.all() else (shapes[there], rows[there])


def areas(shapes: Shapes) -> Any:
    """Twice the signed area of each ring, positive where it runs clockwise as seen (y points down)."""
    return shapes.sums(shapes.x * shapes.after(shapes.y) - shapes.after(shapes.x) * shapes.y)


def lengths(shapes: Shapes) -> Any:
    """The length of each line."""
    import numpy as np

    return shapes.sums(np.hypot(shapes.x - shapes.before(shapes.x), shapes.y - shapes.before(shapes.y)))


def _whole(*pixels: Any) -> tuple[Any, Any]:
    """Columns and rows in whole pixels; 32 bits hold the product of any two within a tile and what is around it."""
    import numpy as np

    x, y = (np.rint(places).astype(np.int32) for places in pixels)
    return x, y


def _thinned(shapes: Shapes) -> Shapes:
    """What of lines and rings can be seen, with rings that turn and close as they should."""
    import numpy as np

    shapes = shapes.without(_repeated(shapes))
    shapes = shapes.without(_straight(shapes))
    whole = np.abs(areas(shapes)) if shapes.dimension == 2 else None
    for _ in range(TIMES):
        gone = _nearly_straight(shapes)
        if whole is not None and gone.any():
            left = np.abs(areas(shapes.without(gone)))
            kept = (left > whole * LEAST) & (left < whole / LEAST)
            gone &= np.repeat(kept, shapes.counts)  # what is only pixels wide would go with its points
        if not gone.any():
            break
        shapes = shapes.without(gone)
        shapes = shapes.without(_repeated(shapes))  # where a line went out and back again
    if shapes.dimension == 1:
        few = shapes.counts < 2
        return shapes.chosen(np.flatnonzero(~few)) if few.any() else shapes
    return _mended(_turned(shapes))


def _repeated(shapes: Shapes) -> Any:
    """Which points are the one before again; of a ring's first and last, the first."""
    same = (shapes.x == shapes.before(shapes.x)) & (shapes.y == shapes.before(shapes.y))
    if shapes.dimension == 1:
        same[shapes.ends_of_paths()[0]] = False
    return same


class _Bends:
    """What the line does at each point."""

    def __init__(self, shapes: Shapes) -> None:
        self.dx, self.dy = shapes.x - shapes.before(shapes.x), shapes.y - shapes.before(shapes.y)  # to the point
        self.ex, self.ey = shapes.after(shapes.x) - shapes.x, shapes.after(shapes.y) - shapes.y  # and on from it
        self.cross = self.dx * self.ey - self.dy * self.ex  # twice the area between it and its neighbours
        self.along = (
            self.dx * self.ex + self.dy * self.ey
        )  # positive where the line goes on, negative where it goes back


def _straight(shapes: Shapes) -> Any:
    """Which points lie on a straight line between their neighbours; of a line, not its ends."""
    bends = _Bends(shapes)
    return (bends.cross == 0) & (bends.along > 0)


def _nearly_straight(shapes: Shapes) -> Any:
    """Which points may go: near the line between their neighbours, and nearer than these are to theirs."""
    import numpy as np

    bends = _Bends(shapes)
    chords = (bends.dx + bends.ex) ** 2 + (bends.dy + bends.ey) ** 2
    distances = bends.cross.astype(float) ** 2 / np.maximum(chords, 1)
    sharp = bends.along < 0
    if sharp.any():
        ends = np.minimum(bends.dx**2 + bends.dy**2, bends.ex**2 + bends.ey**2)
        distances = np.where(sharp, ends, distances)
    near = distances <= TOLERANCE**2
    if shapes.dimension == 2:
        near &= np.repeat(shapes.counts >= ROUND, shapes.counts)
        out_and_back = (bends.cross == 0) & sharp  # no area, and so no part of a polygon, however long
        near |= out_and_back
        distances[out_and_back] = 0
    else:
        for ends in shapes.ends_of_paths():
            near[ends] = False
    if not near.any():
        return near
    # Two that are as near: which goes depends on where they are alone, and so does not on where the ring began.
    noise = (shapes.x * 7919 ^ shapes.y * 104729) & 0xFFFF
    order = np.where(near, distances + noise * 1e-8, np.inf)
    return near & (order < shapes.before(order)) & (order < shapes.after(order))


def _turned(shapes: Shapes) -> Shapes:
    """Rings that have an area, turned the right way; a hole goes with its outline."""
    import numpy as np

    twice = areas(shapes)
    turn = (twice < 0) ^ shapes.holes
    if turn.any():
        starts = np.cumsum(shapes.counts) - shapes.counts
        places = np.arange(len(shapes.x))
        mirrored = np.repeat(2 * starts + shapes.counts - 1, shapes.counts) - places
        places = np.where(np.repeat(turn, shapes.counts), mirrored, places)
        shapes = replace(shapes, x=shapes.x[places], y=shapes.y[places])
    good = (shapes.counts >= 3) & (np.abs(twice) >= 2 * np.where(shapes.holes, SMALLEST[1], SMALLEST[0]))
    if good.all():
        return shapes
    lost = ~good & ~shapes.holes
    if shapes.holes.any():
        good &= ~np.isin(shapes.polygons, shapes.polygons[lost])  # else a hole would be an island
    return shapes.chosen(np.flatnonzero(good))


def _mended(shapes: Shapes) -> Shapes:
    """With polygons that whole pixels made cross themselves as valid ones that cover the same."""
    import numpy as np
    import shapely

    doubtful = ~_convex(shapes)
    if shapes.holes.any():
        doubtful |= np.isin(shapes.polygons, shapes.polygons[shapes.holes])
    if not doubtful.any():
        return shapes
    some = shapes.chosen(np.flatnonzero(doubtful))
    polygons, numbers, rows = _as_polygons(some)
    broken = ~shapely.is_valid(polygons)
    if not broken.any():
        return shapes
    parts, owners = taken_apart(np.array([_valid(polygon) for polygon in polygons[broken]], object), rows[broken])
    areal = shapely.get_dimensions(parts) == 2
    parts, owners = parts[areal], owners[areal]
    rings, polygons = shapely.get_rings(parts, return_index=True)
    points, paths = shapely.get_coordinates(rings, return_index=True)
    new = Shapes(
        2,
        *_whole(*points.T),
        np.bincount(paths, minlength=len(rings)),
        owners[polygons],
        polygons + shapes.polygons.max() + 1,
        np.r_[False, polygons[1:] == polygons[:-1]] if len(rings) else np.zeros(0, bool),
    )
    new = _turned(new.without(_repeated(new))) if len(rings) else new
    kept = shapes.chosen(np.flatnonzero(~np.isin(shapes.polygons, numbers[broken])))
    both = [np.concatenate([getattr(kept, f.name), getattr(new, f.name)]) for f in fields(Shapes)[1:]]
    merged = Shapes(2, *both)
    return merged.chosen(np.argsort(merged.rows, kind="stable"))


def _convex(shapes: Shapes) -> Any:
    """Which rings turn one way only, and once: these do not cross themselves."""
    bends = _Bends(shapes)
    upward = (bends.dy > 0) | ((bends.dy == 0) & (bends.dx > 0))
    return (shapes.sums(bends.cross < 0) == 0) & (shapes.sums(upward & ~shapes.before(upward)) == 1)


def _as_polygons(shapes: Shapes) -> tuple[Any, Any, Any]:
    """Polygons, the number of each, and its row."""
    import numpy as np
    import shapely

    ends = np.cumsum(shapes.counts)
    places = np.insert(np.arange(len(shapes.x)), ends, ends - shapes.counts)
    rings = np.r_[0, np.cumsum(shapes.counts + 1)]
    first = np.flatnonzero(np.r_[True, shapes.polygons[1:] != shapes.polygons[:-1]])
    closed = np.stack([shapes.x[places], shapes.y[places]], axis=1).astype(float)
    made = shapely.from_ragged_array(
        shapely.GeometryType.POLYGON, closed, (rings, np.r_[first, len(shapes.counts)])
    )  # fmt: skip
    return made, shapes.polygons[first], shapes.rows[first]


def _valid(polygon: Any) -> Any:
    """What the polygon covers, valid and in whole pixels, or None where there is no such thing."""
    import shapely

    try:
        return shapely.set_precision(shapely.make_valid(polygon), 1.0)
    except shapely.errors.GEOSException:
        return None
