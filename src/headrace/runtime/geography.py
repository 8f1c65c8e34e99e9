"""Arguments that are places: tiles, bounds, geometries and frames. Coordinates are degrees, EPSG:4326, unless said.

Web Mercator tiles as everyone numbers them: x from the west, y from the north, z from 0.
"""

import base64
import io
import json
import math
import warnings
from typing import TYPE_CHECKING, Any, cast

from headrace.runtime.fused.types import TileXYZ

if TYPE_CHECKING:
    import geopandas
    import pandas as pd
    import shapely

RADIUS = 6378137.0
LIMIT = math.degrees(math.atan(math.sinh(math.pi)))  # the latitude where that square ends, in degrees
DEEPEST = 30
PARQUET = "UEFSM"  # how Parquet's first bytes, PAR1, begin in base64
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


def tile_at(longitude: float, latitude: float, z: int) -> tuple[int, int, int]:
    """The tile (z, x, y) of that zoom that holds a place."""
    most = (1 << z) - 1
    column, row = (share * (1 << z) for share in ((longitude + 180) / 360, _share_of_world(latitude)))
    return z, min(max(math.floor(column), 0), most), min(max(math.floor(row), 0), most)


def tile_frame(z: int, x: int, y: int) -> "geopandas.GeoDataFrame":
    """One row: x, y, z and the tile's box."""
    import geopandas
    import shapely

    shape = shapely.box(*tile_bounds(z, x, y))
    return geopandas.GeoDataFrame({"x": [x], "y": [y], "z": [z]}, geometry=[shape], crs=4326)


def tile_list(z: int, x: int, y: int) -> list[float]:
    """West, south, east, north of a tile, in degrees, as a list."""
    return list(tile_bounds(z, x, y))


def tile_box(z: int, x: int, y: int) -> "shapely.Geometry":
    """The same as a polygon."""
    import shapely

    return shapely.box(*tile_bounds(z, x, y))


def tile_viewport(z: int, x: int, y: int) -> "geopandas.GeoDataFrame":
    """One row: the tile's box alone."""
    return viewport(tile_frame(z, x, y))


def tile_address(z: int, x: int, y: int) -> TileXYZ:
    """The tile itself."""
    return TileXYZ(x, y, z)


def any_frame(value: Any) -> Any:
    """A frame as Parquet in base64, with geometries where it has some, or of GeoJSON; anything else as it is."""
    if _is_parquet(value):
        return _parquet(value)
    return frame(value) if isinstance(value, dict) and "type" in value else value


def frame(value: Any) -> "geopandas.GeoDataFrame":
    """A frame of GeoJSON features, of one box, or of GeoParquet in base64. Raises ValueError for anything else."""
    import geopandas
    import pandas as pd
    import shapely

    if _is_parquet(value):
        value = _parquet(value)
        if not isinstance(value, geopandas.GeoDataFrame):
            raise ValueError("Parquet without geometries")
    if isinstance(value, geopandas.GeoDataFrame):
        return value
    read = json.loads(value) if isinstance(value, str) else value
    if isinstance(read, list | tuple) and len(read) == 4 and not any(isinstance(v, dict) for v in read):
        return geopandas.GeoDataFrame(geometry=[box(read)], crs=4326)
    if isinstance(read, list):
        features = read
    elif isinstance(read, dict) and read.get("type") == "FeatureCollection":
        features = read["features"]
    elif isinstance(read, dict) and read.get("type") == "Feature":
        features = [read]
    elif isinstance(read, dict) and "type" in read:
        features = [{"geometry": read}]
    else:
        raise ValueError("neither GeoJSON nor four numbers")
    try:
        shapes: Any = [_shape(feature.get("geometry")) for feature in features]
    except shapely.errors.ShapelyError as wrong:
        raise ValueError(str(wrong)) from wrong
    properties = pd.DataFrame.from_records([feature.get("properties") or {} for feature in features])
    return geopandas.GeoDataFrame(properties, geometry=geopandas.GeoSeries(shapes, crs=4326), crs=4326)


def table(value: Any) -> "pd.DataFrame":
    """A frame of JSON records, or of Parquet in base64."""
    import pandas as pd

    if _is_parquet(value):
        return _parquet(value)
    if isinstance(value, pd.DataFrame):
        return value
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # rows of different lengths are filled up, and nobody reads the advice
        return pd.read_json(io.StringIO(value if isinstance(value, str) else json.dumps(value)))


def bounds(value: Any) -> list[float]:
    """West, south, east, north, out of a list, of `1,2,3,4` as maps write it, or of an area."""
    if isinstance(value, str) and value.count(",") == 3 and not value.lstrip().startswith(("[", "{")):
        value = f"[{value}]"
    read = json.loads(value) if isinstance(value, str) else value
    if isinstance(read, list | tuple):
        west, south, east, north = (float(v) for v in read)
        return [west, south, east, north]
    return [float(v) for v in frame(read).total_bounds]


def box(value: Any) -> "shapely.Geometry":
    """The same as a polygon."""
    import shapely

    west, south, east, north = bounds(value)
    return shapely.box(west, south, east, north)


def tile(value: Any) -> "geopandas.GeoDataFrame":
    """One row with x, y, z; where they are missing, the deepest tile that holds the whole area."""
    area = frame(value)
    if {"x", "y", "z"} <= set(area.columns):
        return area
    found = smallest_tile(*(float(v) for v in area.total_bounds))
    named = area.assign(x=found.x, y=found.y, z=found.z)
    return cast("geopandas.GeoDataFrame", named[["x", "y", "z", "geometry"]])


def viewport(value: Any) -> "geopandas.GeoDataFrame":
    """The area alone."""
    area = frame(value)
    named = [name for name in ("x", "y", "z") if name in area.columns]
    return cast("geopandas.GeoDataFrame", area.drop(columns=named))


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


def _is_parquet(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(PARQUET)


def _parquet(text: str) -> Any:
    """A frame, a GeoDataFrame where the file says that it is one."""
    import pandas as pd
    import pyarrow.parquet

    file = io.BytesIO(base64.b64decode(text, validate=True))
    if b"geo" in (pyarrow.parquet.read_schema(file).metadata or {}):
        import geopandas

        return geopandas.read_parquet(cast("Any", file))
    return pd.read_parquet(file)


def _shape(geometry: dict[str, Any] | None) -> "shapely.Geometry | None":
    import shapely

    return None if geometry is None else shapely.from_geojson(json.dumps(geometry))


def smallest_tile(west: float, south: float, east: float, north: float) -> TileXYZ:
    """The deepest tile that holds the area; one that fills a tile is in that tile, whatever its last digit says."""
    left, right = ((longitude + 180) / 360 for longitude in (west, east))
    top, bottom = (_share_of_world(latitude) for latitude in (north, south))
    for z in range(DEEPEST, 0, -1):
        x, last_x = _cells(left, right, 1 << z)
        y, last_y = _cells(top, bottom, 1 << z)
        if (x, y) == (last_x, last_y):
            return TileXYZ(x, y, z)
    return TileXYZ(0, 0, 0)


def _share_of_world(latitude: float) -> float:
    """How far south of the map's northern edge, 0 to 1."""
    inside = min(max(latitude, -LIMIT), LIMIT)
    return 0.5 - math.asinh(math.tan(math.radians(inside))) / (2 * math.pi)


def _cells(start: float, end: float, count: int) -> tuple[int, int]:
    """The first and the last of `count` equal cells that the interval lies in."""
    first = min(max(math.floor(start * count + 1e-5), 0), count - 1)
    return first, max(min(math.ceil(end * count - 1e-5) - 1, count - 1), first)
