"""Annotations that say what an argument becomes before the function sees it (Fused protocol notes 5.3, 5.4).

Bounds        list of 4 floats: west, south, east, north, in degrees (EPSG:4326)
Bbox          a shapely box of the same
Tile, TileGDF a GeoDataFrame of one row: x, y, z, geometry (the tile's box, EPSG:4326)
ViewportGDF   a GeoDataFrame of one row: geometry
TileXYZ       a named tuple x, y, z (Web Mercator)
"""

from typing import NamedTuple


class Bounds(list[float]):
    """West, south, east, north, in degrees."""


class Bbox:
    """A shapely box in degrees."""


class Tile:
    """A GeoDataFrame of one row: x, y, z, geometry."""


class TileGDF(Tile):
    """A GeoDataFrame of one row: x, y, z, geometry."""


class ViewportGDF:
    """A GeoDataFrame of one row: geometry."""


class TileXYZ(NamedTuple):
    """A Web Mercator tile."""

    x: int
    y: int
    z: int


class UdfRuntimeError(RuntimeError):
    """A udf that was called raised."""


class UdfSelfRecursionError(RecursionError):
    """A udf that was called called itself too often."""


class UdfTimeoutError(TimeoutError):
    """A udf that was called took too long."""


class UdfSerializationError(TypeError):
    """A udf that was called gave what no format takes."""
