"""Mapbox vector tiles (specification 2.1): what of a frame lies in the asked-for tile, as one layer called `udf`.

    frame ─▶ rows near the tile ─▶ clipped to it and 64 pixels around ─▶ points, lines, polygons
          ─▶ whole pixels, thinned to what can be seen (_pixels.py) ─▶ at most 500 kB ─▶ bytes (_mvt.py)

Everything is done to whole columns with numpy: a compiler such as numba would have to compile again in every worker.
A feature's id is the column `id`, else an index that is not just a count of rows, where these are whole numbers from
0 on; ids that change from tile to tile would confuse maps more than none do. What lies beyond 180 degrees is shown on
the map's other side as well.

A tile of more than 500,000 bytes, compressed, is what map readers choke on; tippecanoe holds tiles to the same. The
smallest areas and lines and the most crowded points go first, and the header `Headrace-Dropped` says how many. A frame
with `attrs["tile_kb"]` has that limit instead, and none where it is 0.
"""

from dataclasses import replace
from typing import Any

import msgspec

from headrace.formats import Format, Headers, Tile, _frames
from headrace.formats._importance import by_importance, compressed, kept
from headrace.formats._mvt import layer
from headrace.formats._pixels import Shapes, shapes_of, taken_apart
from headrace.runtime import geography

LAYER = "udf"
EXTENT = 4096  # pixels of a tile's side
BUFFER = 64  # pixels around it, so that outlines and labels at the edge are drawn whole
KILOBYTES = 500
SPARE = 0.93  # of the limit that is aimed at, since what is left compresses differently


def write(value: Any, sink: Any, tile: Tile | None) -> Headers:
    """Write the part of a GeoDataFrame that is in the tile; nothing at all where there is nothing.

    Says which attributes there are, and what was left out.
    """
    assert tile is not None
    most = int(1000 * float(value.attrs.get("tile_kb", KILOBYTES)))
    frame = _frames.with_text_names(value)
    shapes = _drawn(frame.geometry, tile)
    content, features = _encode(frame, shapes)
    said = (("Headrace-Fields", _fields(frame)),)
    if not features:
        return said
    if not most or len(content) <= most or (size := compressed(content)) <= most:
        sink.write(content)
        return said
    left, order, share = features, by_importance(shapes), 1.0
    while size > most and left:
        share *= most / size * SPARE
        content, left = _encode(frame, [kept(part, order, share) for part in shapes])
        size = compressed(content)
    sink.write(content)
    return (*said, ("Headrace-Dropped", f"{features - left} of {features} features"))


def has_geometry_in_a_tile(value: Any, tile: Tile | None) -> bool:
    """Whether the frame has an active geometry, and a tile was asked for."""
    return tile is not None and getattr(value, "active_geometry_name", None) is not None


def _fields(frame: Any) -> str:
    """The names of the attributes, and what each is (TileJSON 3.0.0, 3.3), as JSON."""
    kinds = {"b": "Boolean", "i": "Number", "u": "Number", "f": "Number"}
    columns = zip(frame.columns, frame.dtypes, strict=True)
    named = {
        name: kinds.get(getattr(dtype, "kind", "O"), "String") for name, dtype in columns if str(dtype) != "geometry"
    }
    return msgspec.json.encode(named).decode()


def _encode(frame: Any, shapes: list[Shapes]) -> tuple[bytes, int]:
    """The tile, and how many rows of the frame are in it."""
    import numpy as np
    import pandas as pd

    shapes = [part for part in shapes if len(part.rows)]
    if not shapes:
        return b"", 0
    there = np.unique(np.concatenate([part.rows for part in shapes]))
    placed = [replace(part, rows=np.searchsorted(there, part.rows)) for part in shapes]
    # As a plain frame: every look into a GeoDataFrame costs as much as writing a column of a small tile.
    columns = [(str(name), column) for name, column in pd.DataFrame(frame).items() if not _frames.is_geometry(column)]
    attributes = [(name, _taken(column, there)) for name, column in columns]
    ids = _ids(dict(columns).get("id"), frame.index, there)
    return layer(LAYER, EXTENT, placed, attributes, ids), len(there)


def _taken(column: Any, rows: Any) -> Any:
    """Those rows of a column, as a numpy array where it is one."""
    import pandas as pd

    array = column.array
    return (array.to_numpy() if isinstance(array, pd.arrays.NumpyExtensionArray) else array).take(rows)


# Where things are


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

        return np.stack(self.pixels(points), axis=1)

    def pixels(self, points: Any) -> tuple[Any, Any]:
        """Columns and rows."""
        x, y = _to_mercator(points) if self._degrees else points.T
        return (x - self._corner[0]) * self._scale[0], (y - self._corner[1]) * self._scale[1]

    def to_coordinates(self, pixels: Any) -> Any:
        metres = pixels / self._scale + self._corner
        return _from_mercator(metres) if self._degrees else metres


def _drawn(geometry: Any, tile: Tile) -> list[Shapes]:
    """The points, lines and polygons near the tile in its pixels, y downwards."""
    import numpy as np
    import shapely

    degrees = _frames.is_in_degrees(geometry)
    shapes = np.asarray(geometry.array) if degrees or _is_mercator(geometry) else _reprojected(geometry)
    grid = _Grid(tile, degrees=degrees)
    parts, rows = taken_apart(*_near(shapes, grid))
    dimensions = shapely.get_dimensions(parts)
    found = []
    for dimension in np.unique(dimensions).tolist():
        these = dimensions == dimension
        found.append(shapes_of(parts[these], rows[these], dimension, grid.pixels))
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
            cut[over] = _clipped(cut[over], grid)
        found.append(cut)
        rows.append(near)
    if not found:
        return shapes[:0], np.zeros(0, np.int64)
    if len(found) == 1:
        return found[0], rows[0]
    rows = np.concatenate(rows)
    order = np.argsort(rows, kind="stable")
    return np.concatenate(found)[order], rows[order]


def _clipped(shapes: Any, grid: _Grid) -> Any:
    """What of the shapes is in the tile and around, in their own coordinates: cut where the map is flat."""
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
    return shapely.transform(np.where(thinner, None, cut), grid.to_coordinates)


def _is_mercator(geometry: Any) -> bool:
    return geometry.crs.to_epsg() == 3857


def _reprojected(geometry: Any) -> Any:
    """The shapes in metres of Web Mercator; one that crosses the antimeridian goes on past it, whole."""
    import numpy as np
    import shapely

    shapes = np.asarray(geometry.to_crs(3857).array)
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


# Ids and projections


def _ids(column: Any, index: Any, there: Any) -> Any:
    """An id for each row that is in the tile, out of the column `id` or the index, or None."""
    import numpy as np
    import pandas as pd

    if column is None and (isinstance(index, pd.MultiIndex) or index.equals(pd.RangeIndex(len(index)))):
        return None
    candidates: Any = index.take(there) if column is None else pd.Index(_taken(column, there))
    if not pd.api.types.is_integer_dtype(candidates.dtype) or candidates.hasnans or not candidates.is_unique:
        return None
    return candidates.to_numpy().astype(np.uint64) if candidates.min() >= 0 else None


def _to_mercator(points: Any) -> tuple[Any, Any]:
    import numpy as np

    latitude = np.radians(np.clip(points[:, 1], -89.99, 89.99))  # the poles are infinitely far
    return points[:, 0] * np.radians(geography.RADIUS), np.arcsinh(np.tan(latitude)) * geography.RADIUS


def _from_mercator(points: Any) -> Any:
    import numpy as np

    x, y = (points / geography.RADIUS).T
    return np.degrees(np.stack([x, np.arctan(np.sinh(y))], axis=1))


format = Format(
    media_type="application/vnd.mapbox-vector-tile",
    suffix=".mvt",
    kinds=frozenset({"frame"}),
    write=write,
    fits=has_geometry_in_a_tile,
    wants="a geometry, and to be called for a tile z/x/y",
)
