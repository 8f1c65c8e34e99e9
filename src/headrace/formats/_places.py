"""Where the shapes of a frame or a table lie in a tile: clipped to it and the pixels around, y downwards.

Web Mercator and degrees are turned into pixels here, with numpy; other projections by pyproj. A table's WKB is read
where it lies (`_wkb.py`), and only what is cut becomes shapely's; a frame's shapes are shapely's already.
"""

# Libraries make many of their functions at import, where no checker sees them.
# pyright: reportAttributeAccessIssue=false

from dataclasses import replace
from typing import Any

from headrace.formats import Tile, _frames, _geoarrow, _wkb
from headrace.formats._pixels import Shapes, merged, shapes_of, taken_apart, thinned, whole_pixels
from headrace.runtime import geography

DEGREES, MERCATOR = 4326, 3857  # as EPSG numbers them
EXTENT = 4096  # pixels of a tile's side
BUFFER = 64  # pixels around it, so that outlines and labels at the edge are drawn whole


def of_frame(geometry: Any, tile: Tile) -> list[Shapes]:
    """The points, lines and polygons of a GeoSeries near the tile, thinned."""
    import numpy as np

    degrees = _frames.is_in_degrees(geometry)
    shapes = np.asarray(geometry.array) if degrees or _is_mercator(geometry) else _reprojected(geometry)
    grid = _Grid(tile, degrees=degrees)
    return [thinned(part) for part in _drawn(*_near(shapes, grid), grid.pixels)]


def of_wkb(column: Any, crs: Any, tile: Tile) -> list[Shapes]:
    """Those of an Arrow array of WKB."""
    import geopandas
    import shapely

    code = _geoarrow.code(crs)
    if code in (DEGREES, MERCATOR) and (read := _wkb.read(column)) is not None:
        shapes = _of_paths(read, column, _Grid(tile, degrees=code == DEGREES))
        if shapes is not None:
            return shapes
    shapes = shapely.from_wkb(column.to_numpy(zero_copy_only=False))
    return of_frame(geopandas.GeoSeries(shapes, crs=DEGREES if code == DEGREES else crs), tile)


def _of_paths(read: _wkb.Ragged, column: Any, grid: "_Grid") -> list[Shapes] | None:
    """What of the paths is near the tile; None where they are infinite or show on both sides of the world."""
    import numpy as np
    import pyarrow as pa
    import shapely

    x, y = np.ascontiguousarray(read.points.real), np.ascontiguousarray(read.points.imag)
    low, high = np.array([x.min(), y.min()]), np.array([x.max(), y.max()])
    if not (np.isfinite(low) & np.isfinite(high)).all() or grid.shows_another_side(low[0], high[0]):
        return None
    x, y = grid.pixels(x, y)
    shapes = Shapes(read.dimension, x, y, read.counts, read.rows, read.polygons, read.holes)
    over = np.zeros(0, np.int64)
    if (low < grid.low).any() or (high > grid.high).any():
        shapes, over = _inside(shapes)
    shapes = replace(shapes, x=whole_pixels(shapes.x), y=whole_pixels(shapes.y))
    if not len(over):
        return [thinned(shapes)]
    whole = shapely.from_wkb(column.take(pa.array(over)).to_numpy(zero_copy_only=False))
    parts = _drawn(_cut(whole, grid), over, lambda x, y: (x, y))
    same = [part for part in parts if part.dimension == shapes.dimension]
    others = [part for part in parts if part.dimension != shapes.dimension]
    return [thinned(part) for part in (merged([shapes, *same]), *others)]


def _inside(shapes: Shapes) -> tuple[Shapes, Any]:
    """The shapes that lie in the tile and around it, and the rows of those that lie there in part."""
    import numpy as np

    paths = shapes.counts.cumsum() - shapes.counts
    first = np.flatnonzero(np.r_[True, shapes.rows[1:] != shapes.rows[:-1]])
    near, inside = np.ones(len(first), bool), np.ones(len(first), bool)
    for places in (shapes.x, shapes.y):
        low = np.minimum.reduceat(np.minimum.reduceat(places, paths), first)
        high = np.maximum.reduceat(np.maximum.reduceat(places, paths), first)
        near &= (low <= EXTENT + BUFFER) & (high >= -BUFFER)
        inside &= (low >= -BUFFER) & (high <= EXTENT + BUFFER)
    of_path = np.repeat(inside, np.diff(np.r_[first, len(shapes.rows)]))
    return shapes.chosen(np.flatnonzero(of_path)), shapes.rows[first][near & ~inside]


class _Grid:
    """The tile's pixels and the coordinates of a frame, degrees or metres of Web Mercator, turned into one another."""

    def __init__(self, tile: Tile, *, degrees: bool) -> None:
        import numpy as np

        west, _, east, north = geography.tile_bounds_mercator(*tile)
        self._degrees = degrees
        self._corner = np.array([west, north])
        self._scale = np.array([EXTENT / (east - west), EXTENT / (west - east)])
        self.is_world = tile[0] == 0
        self.turn = 360.0 if degrees else 2 * geography.HALF
        edges = self.to_coordinates(np.array([[-BUFFER, EXTENT + BUFFER], [EXTENT + BUFFER, -BUFFER]], float))
        self.low, self.high = edges

    def to_pixels(self, points: Any) -> Any:
        import numpy as np

        return np.stack(self.pixels(*points.T), axis=1)

    def pixels(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Columns and rows."""
        x, y = _to_mercator(x, y) if self._degrees else (x, y)
        return (x - self._corner[0]) * self._scale[0], (y - self._corner[1]) * self._scale[1]

    def shows_another_side(self, west: float, east: float) -> bool:
        """Whether what lies from west to east is near the tile after a turn around the world."""
        return any(
            west <= self.high[0] - turn and east >= self.low[0] - turn for turn in (-self.turn, self.turn)
        )  # fmt: skip

    def to_coordinates(self, pixels: Any) -> Any:
        metres = pixels / self._scale + self._corner
        return _from_mercator(metres) if self._degrees else metres


def _drawn(shapes: Any, rows: Any, pixels: Any) -> list[Shapes]:
    """The points, lines and polygons that shapes are made of; `pixels` turns their coordinates into pixels."""
    import numpy as np
    import shapely

    parts, rows = taken_apart(shapes, rows)
    dimensions = shapely.get_dimensions(parts)
    found = []
    for dimension in np.flatnonzero(np.bincount(dimensions)).tolist():
        these = dimensions == dimension
        own = (parts, rows) if these.all() else (parts[these], rows[these])
        found.append(shapes_of(*own, dimension, pixels))
    return found


def _near(shapes: Any, grid: _Grid) -> tuple[Any, Any]:
    """The shapes near the tile, cut to it and the pixels around, and their rows."""
    import numpy as np
    import shapely

    bounds = shapely.bounds(shapes)  # NaN where there is nothing, and so never near
    bounds[~np.isfinite(bounds).all(axis=1)] = np.nan
    west, east = np.fmin.reduce(bounds[:, 0], initial=np.inf), np.fmax.reduce(bounds[:, 2], initial=-np.inf)
    found, rows = [], []
    for turn in (0.0, -grid.turn, grid.turn):
        low, high = grid.low - [turn, 0], grid.high - [turn, 0]
        if west > high[0] or east < low[0]:
            continue
        near = (bounds[:, :2] <= high).all(axis=1) & (bounds[:, 2:] >= low).all(axis=1)
        if turn and grid.is_world:  # what is around the whole world is its own other side
            near &= (bounds[:, 2] > -grid.turn / 2 - turn) & (bounds[:, 0] < grid.turn / 2 - turn)
        near = np.flatnonzero(near)
        if not len(near):
            continue
        cut = shapes[near]
        over = (bounds[near, :2] < low).any(axis=1) | (bounds[near, 2:] > high).any(axis=1)
        if turn:
            cut = shapely.transform(cut, lambda points, turn=turn: points + np.array([turn, 0]))
        if over.any():
            cut[over] = shapely.transform(_cut(cut[over], grid), grid.to_coordinates)
        found.append(cut)
        rows.append(near)
    if not found:
        return shapes[:0], np.zeros(0, np.int64)
    if len(found) == 1:
        return found[0], rows[0]
    rows = np.concatenate(rows)
    order = np.argsort(rows, kind="stable")
    return np.concatenate(found)[order], rows[order]


def _cut(shapes: Any, grid: _Grid) -> Any:
    """What of the shapes is in the tile and around, in pixels: cut where the map is flat."""
    import numpy as np
    import shapely

    low, high = -BUFFER, EXTENT + BUFFER
    pixels = shapely.transform(shapes, grid.to_pixels)
    broken = ~shapely.is_valid(pixels)  # of a bow tie, clip_by_rect may make the whole rectangle
    pixels[broken] = shapely.make_valid(pixels[broken])
    try:
        cut = shapely.clip_by_rect(pixels, low, low, high, high)
    except shapely.errors.GEOSException:
        cut = shapely.intersection(pixels, shapely.box(low, low, high, high))
    # What was an area and only touches the edge now is a line or a point: nothing to draw.
    whole = shapely.get_dimensions(shapes)
    mixed = shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION
    thinner = (shapely.get_dimensions(cut) < whole) & ~mixed
    return np.where(thinner, None, cut)


def _is_mercator(geometry: Any) -> bool:
    return geometry.crs.to_epsg() == MERCATOR


def _reprojected(geometry: Any) -> Any:
    """The shapes in metres of Web Mercator; one that crosses the antimeridian goes on past it, whole."""
    import numpy as np
    import shapely

    shapes = np.asarray(geometry.to_crs(MERCATOR).array)
    bounds = shapely.bounds(shapes)
    bounds[~np.isfinite(bounds).all(axis=1)] = np.nan
    wide = np.flatnonzero(bounds[:, 2] - bounds[:, 0] > geography.HALF)
    if len(wide):
        shapes = shapes.copy()
        shapes[wide] = [_unwound(shape) for shape in shapes[wide]]
    return shapes


def _unwound(shape: Any) -> Any:
    """The shape with each line's points no more than half the world from the one before."""
    import numpy as np
    import shapely

    def unwind(points: Any) -> Any:
        x = np.unwrap(points[:, 0], period=2 * geography.HALF)
        if abs(x[-1] - x[0]) < 1 and (points[-1] == points[0]).all():
            x[-1] = x[0]  # closed, to the last digit too
        return np.stack([x, points[:, 1]], axis=1)

    parts = shapely.get_parts(shape)
    if len(parts) > 1 or shapely.get_type_id(shape) > shapely.GeometryType.POLYGON:
        return shapely.geometrycollections([_unwound(part) for part in parts])
    if shapely.get_type_id(shape) != shapely.GeometryType.POLYGON:
        return shapely.transform(shape, unwind)
    rings = [unwind(shapely.get_coordinates(ring)) for ring in shapely.get_rings(shape)]
    if not all((ring[0] == ring[-1]).all() for ring in rings):
        return shape  # around a pole, where a flat map has no inside
    return shapely.Polygon(rings[0], rings[1:])


def _to_mercator(x: Any, y: Any) -> tuple[Any, Any]:
    import numpy as np

    latitude = np.radians(np.clip(y, -89.99, 89.99))  # the poles are infinitely far
    return x * np.radians(geography.RADIUS), np.arcsinh(np.tan(latitude)) * geography.RADIUS


def _from_mercator(points: Any) -> Any:
    import numpy as np

    x, y = (points / geography.RADIUS).T
    return np.degrees(np.stack([x, np.arctan(np.sinh(y))], axis=1))
