"""Arguments that are places: tiles, bounds, geometries and frames. Coordinates are degrees, EPSG:4326, unless said.

Web Mercator tiles as everyone numbers them: x from the west, y from the north, z from 0.
"""

import json
import math
from typing import TYPE_CHECKING, Any

from headrace.runtime.fused.types import TileXYZ

if TYPE_CHECKING:
    import geopandas
    import pandas
    import shapely

RADIUS = 6378137.0
HALF = math.pi * RADIUS  # metres from the middle of the Web Mercator square to its edge


def tile_bounds(z: int, x: int, y: int) -> tuple[float, float, float, float]:
    """West, south, east, north of a tile, in degrees."""
    n = 1 << z

    def latitude(row: int) -> float:
        return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / n))))

    return x / n * 360 - 180, latitude(y + 1), (x + 1) / n * 360 - 180, latitude(y)


def tile_bounds_mercator(z: int, x: int, y: int) -> tuple[float, float, float, float]:
    """West, south, east, north of a tile, in metres (EPSG:3857)."""
    side = 2 * HALF / (1 << z)
    return x * side - HALF, HALF - (y + 1) * side, (x + 1) * side - HALF, HALF - y * side


def tile_frame(z: int, x: int, y: int) -> "geopandas.GeoDataFrame":
    """One row: x, y, z and the tile's box."""
    import geopandas
    import shapely

    shape = shapely.box(*tile_bounds(z, x, y))
    return geopandas.GeoDataFrame({"x": [x], "y": [y], "z": [z]}, geometry=[shape], crs=4326)


def frame(value: Any) -> "geopandas.GeoDataFrame":
    """A frame of GeoJSON features or of one box. Raises ValueError for anything else."""
    import geopandas
    import shapely

    if isinstance(value, geopandas.GeoDataFrame):
        return value
    read = json.loads(value) if isinstance(value, str) else value
    if isinstance(read, list | tuple) and len(read) == 4 and all(isinstance(v, int | float) for v in read):
        return geopandas.GeoDataFrame(geometry=[shapely.box(*read)], crs=4326)
    if isinstance(read, dict) and read.get("type") == "FeatureCollection":
        return geopandas.GeoDataFrame.from_features(read["features"], crs=4326)
    if isinstance(read, dict) and read.get("type") == "Feature":
        return geopandas.GeoDataFrame.from_features([read], crs=4326)
    if isinstance(read, dict) and "type" in read:
        return geopandas.GeoDataFrame(geometry=[shapely.from_geojson(json.dumps(read))], crs=4326)
    raise ValueError("neither GeoJSON nor four numbers")


def table(value: Any) -> "pandas.DataFrame":
    """A frame of JSON records."""
    import io

    import pandas

    if isinstance(value, pandas.DataFrame):
        return value
    return pandas.read_json(io.StringIO(value if isinstance(value, str) else json.dumps(value)))


def bounds(value: Any) -> list[float]:
    """West, south, east, north."""
    read = json.loads(value) if isinstance(value, str) else value
    if isinstance(read, list | tuple):
        west, south, east, north = (float(v) for v in read)
        return [west, south, east, north]
    return [float(v) for v in frame(read).total_bounds]


def box(value: Any) -> "shapely.Geometry":
    """The same as a polygon."""
    import shapely

    return shapely.box(*bounds(value))


def tile(value: Any) -> "geopandas.GeoDataFrame":
    """One row with x, y, z; where they are missing, the deepest tile that holds the whole area."""
    area = frame(value)
    if {"x", "y", "z"} <= set(area.columns):
        return area
    found = smallest_tile(*(float(v) for v in area.total_bounds))
    return area.assign(x=found.x, y=found.y, z=found.z)[["x", "y", "z", "geometry"]]


def viewport(value: Any) -> "geopandas.GeoDataFrame":
    """The area alone."""
    area = frame(value)
    return area.drop(columns=[name for name in ("x", "y", "z") if name in area.columns])


def tile_xyz(value: Any) -> TileXYZ:
    """x, y, z from a list of three, or from the tile of an area."""
    read = json.loads(value) if isinstance(value, str) else value
    if isinstance(read, list | tuple) and len(read) == 3:
        return TileXYZ(*(int(v) for v in read))
    row = tile(read).iloc[0]
    return TileXYZ(int(row.x), int(row.y), int(row.z))


def geometry(value: Any, kind: type) -> "shapely.Geometry":
    """A geometry from WKT or GeoJSON. Raises TypeError when it is of another kind."""
    import shapely

    if isinstance(value, dict):
        value = json.dumps(value)
    if isinstance(value, str):
        try:
            read = shapely.from_geojson(value) if value.lstrip().startswith("{") else shapely.from_wkt(value)
        except shapely.errors.ShapelyError as wrong:
            raise ValueError(str(wrong)) from wrong
    else:
        read = value
    if not isinstance(read, kind):
        raise TypeError(f"a {type(read).__name__}")
    return read


def smallest_tile(west: float, south: float, east: float, north: float) -> TileXYZ:
    """The deepest tile that holds all four corners."""

    def column(longitude: float) -> float:
        return min(max((longitude + 180) / 360, 0.0), 1 - 1e-12)

    def row(latitude: float) -> float:
        y = 0.5 - math.asinh(math.tan(math.radians(min(max(latitude, -85.0511), 85.0511)))) / (2 * math.pi)
        return min(max(y, 0.0), 1 - 1e-12)

    for z in range(30, 0, -1):
        n = 1 << z
        corners = {(int(column(lon) * n), int(row(lat) * n)) for lon in (west, east - 1e-12) for lat in (south + 1e-12, north)}
        if len(corners) == 1:
            x, y = corners.pop()
            return TileXYZ(x, y, z)
    return TileXYZ(0, 0, 0)
