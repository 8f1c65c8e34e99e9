"""GeoJSON (RFC 7946): a feature collection in degrees (EPSG:4326), reprojected where the frame is in another CRS.

The content type is plain JSON's: published clients read nothing else. A frame without a CRS is taken to be in degrees.
"""

from typing import Any

from headrace.formats import Format, Tile, _frames
from headrace.formats.json import encode_rows

ROWS = 10_000  # at a time


def write(value: Any, sink: Any, tile: Tile | None) -> None:
    """Write a frame; the rows of one without geometries are features without a place."""
    import shapely

    placed = has_geometry(value, tile)
    shapes = _shapes(value.geometry) if placed else [None] * len(value)
    properties = _frames.without_geometry(value) if placed else value
    sink.write(b'{"type":"FeatureCollection","features":[')
    for start in range(0, len(value), ROWS):
        rows = slice(start, start + ROWS)
        part = _frames.rows_from(properties, start, ROWS)
        texts = shapely.to_geojson(shapes[rows]) if placed else shapes[rows]
        features = [
            b'{"type":"Feature","properties":%b,"geometry":%b}' % (row, text.encode() if text else b"null")
            for row, text in zip(encode_rows(part), texts, strict=True)
        ]
        sink.write((b"," if start else b"") + b",".join(features))
    sink.write(b"]}")


def _shapes(geometry: Any) -> Any:
    """The geometries in degrees, with the rings that section 3.1.6 asks for."""
    import numpy as np
    import shapely

    shapes = np.asarray((geometry if _frames.is_in_degrees(geometry) else geometry.to_crs(4326)).array)
    return np.where(shapely.is_empty(shapes), shapes, shapely.orient_polygons(shapes))


def has_geometry(value: Any, tile: Tile | None) -> bool:
    """Whether the frame has an active geometry."""
    return _frames.has_geometry(value)


format = Format(
    media_type="application/json",
    suffix=".geojson",
    kinds=frozenset({"frame"}),
    write=write,
    fits=has_geometry,
    wants="a geometry",
)
