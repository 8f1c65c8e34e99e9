"""Mapbox vector tiles (specification 2.1): what of a frame lies in the asked-for tile, as one layer called `udf`.

    frame ─▶ rows near the tile ─▶ its pixels ─▶ clipped to it and 64 pixels around ─▶ points, lines, polygons ─▶ bytes

Everything is done to whole columns with numpy: a compiler such as numba would have to compile again in every worker.
A feature's id is the column `id`, else an index that is not just a count of rows, where these are whole numbers from
0 on; ids that change from tile to tile would confuse maps more than none do.
"""

from typing import Any

from headrace.formats import Format, Tile, _frames
from headrace.formats._mvt import Shapes, layer
from headrace.runtime import geography

LAYER = "udf"
EXTENT = 4096  # pixels of a tile's side
BUFFER = 64  # pixels around it, so that outlines and labels at the edge are drawn whole


def write(value: Any, sink: Any, tile: Tile | None) -> None:
    """Write the part of a GeoDataFrame that is in the tile; nothing at all where there is nothing."""
    import numpy as np

    assert tile is not None
    frame = _frames.with_text_names(value)
    simple, rows = _taken_apart(*_clip(*_project(frame.geometry, tile)))
    shapes = [_of_dimension(simple, rows, dimension) for dimension in (0, 1, 2)]
    shapes = [part for part in shapes if len(part.rows)]
    if not shapes:
        return
    there = np.unique(np.concatenate([part.rows for part in shapes]))
    for part in shapes:
        part.rows = np.searchsorted(there, part.rows)
    part = frame.iloc[there]
    attributes = [(name, part[name]) for name in part.columns if not _frames.is_geometry(part[name])]
    sink.write(layer(LAYER, EXTENT, shapes, attributes, _ids(frame, there)))


def has_geometry_in_a_tile(value: Any, tile: Tile | None) -> bool:
    """Whether the frame has an active geometry, and a tile was asked for."""
    return tile is not None and getattr(value, "active_geometry_name", None) is not None


def _project(geometry: Any, tile: Tile) -> tuple[Any, Any]:
    """The geometries near the tile in its pixels, y downwards, and their rows."""
    import numpy as np
    import shapely

    west, south, east, north = geography.tile_bounds_mercator(*tile)
    scale = EXTENT / (east - west)
    margin = BUFFER / scale
    degrees = _frames.is_in_degrees(geometry)
    if not degrees:
        geometry = geometry.to_crs(3857)
    shapes = np.asarray(geometry.array)
    low = np.array([west - margin, south - margin])
    high = np.array([east + margin, north + margin])
    if degrees:
        low, high = _from_mercator(low), _from_mercator(high)
    bounds = shapely.bounds(shapes)  # NaN where there is nothing, and so never near
    rows = np.flatnonzero((bounds[:, :2] <= high).all(axis=1) & (bounds[:, 2:] >= low).all(axis=1))
    corner, direction = np.array([west, north]), np.array([scale, -scale])

    def to_pixels(points: Any) -> Any:
        return ((_to_mercator(points) if degrees else points) - corner) * direction

    return shapely.transform(shapes[rows], to_pixels), rows


def _clip(shapes: Any, rows: Any) -> tuple[Any, Any]:
    """Cut what crosses the buffer's edge."""
    import numpy as np
    import shapely

    low, high = -BUFFER, EXTENT + BUFFER
    bounds = shapely.bounds(shapes)
    across = np.flatnonzero((bounds[:, :2] < low).any(axis=1) | (bounds[:, 2:] > high).any(axis=1))
    if not len(across):
        return shapes, rows
    crossing = shapes[across]
    broken = ~shapely.is_valid(crossing)  # of a bow tie, clip_by_rect may make the whole rectangle
    crossing[broken] = shapely.make_valid(crossing[broken])
    try:
        cut = shapely.clip_by_rect(crossing, low, low, high, high)
    except shapely.errors.GEOSException:
        cut = shapely.intersection(crossing, shapely.box(low, low, high, high))
    # What was an area and only touches the edge now is a line or a point: nothing to draw.
    whole = shapely.get_dimensions(shapes[across])
    mixed = shapely.get_type_id(shapes[across]) == shapely.GeometryType.GEOMETRYCOLLECTION
    thinner = (shapely.get_dimensions(cut) < whole) & ~mixed
    shapes[across] = np.where(thinner, None, cut)
    return shapes, rows


def _taken_apart(shapes: Any, rows: Any) -> tuple[Any, Any]:
    """The points, lines and polygons that the shapes are made of, and the row of each."""
    import shapely

    while len(shapes) and shapely.get_type_id(shapes).max() > shapely.GeometryType.POLYGON:
        shapes, owners = shapely.get_parts(shapes, return_index=True)
        rows = rows[owners]
    return shapes, rows


def _of_dimension(parts: Any, rows: Any, dimension: int) -> Shapes:
    """The points (0), lines (1) or polygons (2) among the parts, in whole pixels."""
    import numpy as np
    import shapely

    these = shapely.get_dimensions(parts) == dimension
    parts, rows = parts[these], rows[these]
    holes = np.zeros(len(parts), bool)
    polygons = np.arange(len(parts))
    if dimension == 2:
        parts, polygons = shapely.get_rings(parts, return_index=True)
        rows = rows[polygons]
        holes = np.r_[False, polygons[1:] == polygons[:-1]] if len(parts) else np.zeros(0, bool)
    points, paths = shapely.get_coordinates(parts, return_index=True)
    return Shapes(dimension, np.rint(points).astype(np.int64), paths, rows, polygons, holes).cleaned()


def _ids(frame: Any, there: Any) -> Any:
    """An id for each row that is in the tile, or None."""
    import numpy as np
    import pandas as pd

    index = frame.index
    if "id" in frame.columns:
        candidates = frame["id"].iloc[there]
    elif isinstance(index, pd.MultiIndex) or index.equals(pd.RangeIndex(len(index))):
        return None
    else:
        candidates = index[there].to_series()
    if not pd.api.types.is_integer_dtype(candidates.dtype) or candidates.isna().any() or not candidates.is_unique:
        return None
    return candidates.to_numpy().astype(np.uint64) if candidates.min() >= 0 else None


def _to_mercator(points: Any) -> Any:
    import numpy as np

    latitude = np.radians(np.clip(points[:, 1], -89.99, 89.99))  # the poles are infinitely far
    return np.stack([np.radians(points[:, 0]), np.arcsinh(np.tan(latitude))], axis=1) * geography.RADIUS


def _from_mercator(point: Any) -> Any:
    import numpy as np

    x, y = point / geography.RADIUS
    return np.degrees([x, np.arctan(np.sinh(y))])


format = Format(
    media_type="application/vnd.mapbox-vector-tile",
    suffix=".mvt",
    kinds=frozenset({"frame"}),
    write=write,
    fits=has_geometry_in_a_tile,
    wants="a geometry, and to be called for a tile z/x/y",
)
