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
from functools import cached_property
from typing import Any

TOLERANCE = 1.0  # pixels that the loss of a point may move its line by
TIMES = 12  # that a third of what may go goes
ROUND = 8  # points of a ring from which it may lose some
LEAST = 0.7  # of its area that a ring keeps while it loses points
SMALLEST = (1, 4)  # square pixels of an outline, of a hole


@dataclass
class Paths:
    """Lines (1) or rings (2), or points (0), in whole pixels.

    `x` and `y` are the points of all paths one after another, `counts` how many each path has. A ring does not repeat
    its first point.
    """

    dimension: int
    x: Any
    y: Any
    counts: Any

    def sums(self, values: Any) -> Any:
        """The sum for each path of a value for each point."""
        import numpy as np

        total = np.zeros(len(values) + 1, float if values.dtype.kind == "f" else np.int64)
        values.cumsum(out=total[1:])
        ends = self.counts.cumsum()
        return total[ends] - total[ends - self.counts]

    def before(self, values: Any) -> Any:
        """For each point the value of the one before it; a ring's first has its last before it, a line's itself."""
        import numpy as np

        first, last = self.ends_of_paths
        moved = np.empty_like(values)
        moved[1:] = values[:-1]
        moved[first] = values[last if self.dimension == 2 else first]
        return moved

    def of_points(self, places: Any) -> Any:
        """Which path each of these points is of."""
        return (self.counts.cumsum() - self.counts).searchsorted(places, "right") - 1

    @cached_property
    def ends_of_paths(self) -> tuple[Any, Any]:
        """The places of the first and of the last point of each path that has any."""
        some = self.counts if self.counts.all() else self.counts[self.counts > 0]
        last = some.cumsum() - 1
        return last - some + 1, last

    @cached_property
    def bends(self) -> "Bends":
        """What the paths do at each point."""
        return Bends(self)

    @cached_property
    def areas(self) -> Any:
        """Twice the signed area of each ring, positive where it runs clockwise as seen (y points down)."""
        return self.sums(self.x * self.bends.ey - self.bends.ex * self.y)


@dataclass
class Shapes(Paths):
    """Shapes of one dimension, in whole pixels.

    For each path `rows` says of which feature it is, `polygons` of which polygon, `holes` whether it is a hole. Paths
    of a feature stand together, and so do rings of a polygon.
    """

    rows: Any
    polygons: Any
    holes: Any

    def chosen(self, paths: Any) -> "Shapes":
        """These paths (their numbers), in this order."""
        import numpy as np

        counts = self.counts[paths]
        starts = (self.counts.cumsum() - self.counts)[paths]
        places = np.repeat(starts - (counts.cumsum() - counts), counts) + np.arange(int(counts.sum()))
        of_paths = (given[paths] for given in (self.rows, self.polygons, self.holes))
        return Shapes(self.dimension, self.x[places], self.y[places], counts, *of_paths)

    def without(self, gone: Any) -> "Shapes":
        """Without these points (true for each that goes)."""
        import numpy as np

        stay = np.flatnonzero(~gone)
        if len(stay) == len(gone):
            return self
        left = self.counts - self.sums(gone)
        return replace(self, x=self.x[stay], y=self.y[stay], counts=left)


class Bends:
    """What the line does at each point. The way to a line's first point, and on from its last, is nothing."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self.dx, self.ex = self._steps(paths.x)  # to the point, and on from it
        self.dy, self.ey = self._steps(paths.y)

    @cached_property
    def cross(self) -> Any:
        """Twice the area between the point and its neighbours."""
        return self.dx * self.ey - self.dy * self.ex

    @cached_property
    def along(self) -> Any:
        """Positive where the line goes on, negative where it goes back."""
        return self.dx * self.ex + self.dy * self.ey

    def _steps(self, places: Any) -> tuple[Any, Any]:
        import numpy as np

        first, last = self._paths.ends_of_paths
        to, on = np.empty_like(places), np.empty_like(places)
        np.subtract(places[1:], places[:-1], out=to[1:])
        to[first] = places[first] - places[last] if self._paths.dimension == 2 else 0
        on[:-1] = to[1:]
        on[last] = to[first]
        return to, on


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
    x, y = (whole_pixels(places) for places in pixels(*points.T))
    return Shapes(dimension, x, y, np.bincount(paths, minlength=len(parts)), rows, polygons, holes)


def merged(parts: list[Shapes]) -> Shapes:
    """Shapes of one dimension in the order of their rows."""
    import numpy as np

    below = 0
    numbered = []
    for part in parts:
        numbered.append(replace(part, polygons=part.polygons + below))
        below += int(part.polygons.max(initial=-1)) + 1
    columns = [np.concatenate([getattr(part, f.name) for part in numbered]) for f in fields(Shapes)[1:]]
    both = Shapes(parts[0].dimension, *columns)
    return both.chosen(both.rows.argsort(kind="stable"))


def taken_apart(shapes: Any, rows: Any) -> tuple[Any, Any]:
    """The points, lines and polygons that geometries are made of, and the row of each."""
    import shapely

    while len(shapes) and shapely.get_type_id(shapes).max() > shapely.GeometryType.POLYGON:
        shapes, owners = shapely.get_parts(shapes, return_index=True)
        rows = rows[owners]
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    return (shapes, rows) if there.all() else (shapes[there], rows[there])


def lengths(shapes: Shapes) -> Any:
    """The length of each line."""
    import numpy as np

    return shapes.sums(np.hypot(shapes.bends.dx, shapes.bends.dy))


def whole_pixels(places: Any) -> Any:
    """Places in whole pixels; 32 bits hold the product of any two within a tile and what is around it."""
    import numpy as np

    return np.rint(places).astype(np.int32)


def thinned(shapes: Shapes) -> Shapes:
    """What of lines and rings can be seen, with rings that turn and close as they should."""
    import numpy as np

    if shapes.dimension == 0 or not len(shapes.counts):
        return shapes

    shapes = shapes.without(_repeated(shapes))
    shapes = shapes.without(_straight(shapes))
    shapes = shapes.without(_unseen(shapes))
    if shapes.dimension == 1:
        few = shapes.counts < 2
        return shapes.chosen(np.flatnonzero(~few)) if few.any() else shapes
    return _mended(*_turned(shapes))


def _repeated(paths: Paths) -> Any:
    """Which points are the one before again; of a ring's first and last, the first."""
    same = (paths.bends.dx | paths.bends.dy) == 0
    if paths.dimension == 1:
        same[paths.ends_of_paths[0]] = False
    return same


def _straight(paths: Paths) -> Any:
    """Which points lie on a straight line between their neighbours; of a line, not its ends."""
    return (paths.bends.cross == 0) & (paths.bends.along > 0)


def _unseen(paths: Paths) -> Any:
    """Which points may go, round after round; a path of which none goes is looked at no more."""
    import numpy as np

    unseen = np.zeros(len(paths.x), bool)
    places = np.arange(len(paths.x))
    is_ring = paths.dimension == 2
    whole = twice = paths.counts
    for time in range(TIMES):
        gone = _nearly_straight(paths)
        if not len(gone):
            break
        of = paths.of_points(gone)
        if is_ring and time == 0:
            whole = twice = paths.areas
        if is_ring:
            lost = np.bincount(of, paths.bends.cross[gone], len(paths.counts)).astype(np.int64)
            left = np.abs(twice - lost)
            kept = (left > np.abs(whole) * LEAST) & (left < np.abs(whole) / LEAST)
            gone, of = gone[kept[of]], of[kept[of]]  # what is only pixels wide would go with its points
            twice = twice - lost
        if not len(gone):
            break
        unseen[places[gone]] = True
        losses = np.bincount(of, minlength=len(paths.counts))
        changed = losses > 0
        stay = np.repeat(changed, paths.counts)
        stay[gone] = False
        stay = np.flatnonzero(stay)
        places, whole, twice = places[stay], whole[changed], twice[changed]
        paths = Paths(paths.dimension, paths.x[stay], paths.y[stay], (paths.counts - losses)[changed])
        again = _repeated(paths)  # where a line went out and back again
        if again.any():
            unseen[places[again]] = True
            places, counts = places[~again], paths.counts - paths.sums(again)
            paths = Paths(paths.dimension, paths.x[~again], paths.y[~again], counts)
    return unseen


def _nearly_straight(paths: Paths) -> Any:
    """The places of points that may go: near the line between their neighbours, and nearer than these are to theirs."""
    import numpy as np

    bends = paths.bends
    chords = (bends.dx + bends.ex) ** 2 + (bends.dy + bends.ey) ** 2
    distances = np.square(bends.cross, dtype=float)
    distances /= np.maximum(chords, 1)
    sharp = np.flatnonzero(bends.along < 0)
    if len(sharp):
        dx, dy, ex, ey = (steps[sharp] for steps in (bends.dx, bends.dy, bends.ex, bends.ey))
        distances[sharp] = np.minimum(dx**2 + dy**2, ex**2 + ey**2)
    if paths.dimension == 2:
        few = paths.counts < ROUND
        if few.any():
            distances[np.repeat(few, paths.counts)] = np.inf
        # Out and back again is no area, and so no part of a polygon, however long.
        distances[sharp[bends.cross[sharp] == 0]] = 0
    else:
        for ends in paths.ends_of_paths:
            distances[ends] = np.inf
    near = np.flatnonzero(distances <= TOLERANCE**2)
    # Two that are as near: which goes depends on where they are alone, and so does not on where the ring began.
    noise = (paths.x[near] * 7919 ^ paths.y[near] * 104729) & 0xFFFF
    order = np.full(len(distances), np.inf)
    order[near] = own = distances[near] + noise * 1e-8
    before, after = near - 1, near + 1
    first, last = paths.ends_of_paths
    if len(near) and paths.dimension == 2:
        neighbours = np.arange(-1, len(order) - 1)
        neighbours[first] = last
        before = neighbours[near]
        neighbours = np.arange(1, len(order) + 1)
        neighbours[last] = first
        after = neighbours[near]
    return near[(own < order[before]) & (own < order[after])]


def _turned(shapes: Shapes) -> tuple[Shapes, Any]:
    """Rings that have an area, turned the right way, and which may cross themselves; a hole goes with its outline."""
    import numpy as np

    twice = shapes.areas
    doubtful = ~_convex(shapes)
    turn = (twice < 0) ^ shapes.holes
    if turn.any():
        starts = shapes.counts.cumsum() - shapes.counts
        places = np.arange(len(shapes.x))
        mirrored = np.repeat(2 * starts + shapes.counts - 1, shapes.counts) - places
        places = mirrored if turn.all() else np.where(np.repeat(turn, shapes.counts), mirrored, places)
        shapes = replace(shapes, x=shapes.x[places], y=shapes.y[places])
    good = (shapes.counts >= 3) & (np.abs(twice) >= 2 * np.where(shapes.holes, SMALLEST[1], SMALLEST[0]))
    if good.all():
        return shapes, doubtful
    if shapes.holes.any():
        lost = ~good & ~shapes.holes
        good &= ~np.isin(shapes.polygons, shapes.polygons[lost])  # else a hole would be an island
    return shapes.chosen(np.flatnonzero(good)), doubtful[good]


def _mended(shapes: Shapes, doubtful: Any) -> Shapes:
    """With polygons that whole pixels made cross themselves as valid ones that cover the same."""
    import numpy as np
    import shapely

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
    new = shapes_of(parts[areal], owners[areal], 2, lambda x, y: (x, y))
    new = _turned(new.without(_repeated(new)))[0] if len(new.counts) else new
    kept = shapes.chosen(np.flatnonzero(~np.isin(shapes.polygons, numbers[broken])))
    return merged([kept, new])


def _convex(shapes: Paths) -> Any:
    """Which rings turn one way only, and once: these do not cross themselves."""
    bends = shapes.bends
    upward = (bends.dy > 0) | ((bends.dy == 0) & (bends.dx > 0))
    one_way = (shapes.sums(bends.cross < 0) == 0) | (shapes.sums(bends.cross > 0) == 0)
    return one_way & (shapes.sums(upward & ~shapes.before(upward)) == 1)


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
        # By its structure: from lines alone, a hole that shares edges with its outline would be filled.
        return shapely.set_precision(shapely.make_valid(polygon, method="structure", keep_collapsed=False), 1.0)
    except shapely.errors.GEOSException:
        return None
