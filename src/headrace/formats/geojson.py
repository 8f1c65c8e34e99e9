"""GeoJSON (RFC 7946): a feature collection in degrees (EPSG:4326), reprojected where the frame is in another CRS.

The content type is plain JSON's: published clients read nothing else. A frame without a CRS is taken to be in degrees.
"""

from typing import Any

from headrace.formats import Format, Tile, _frames
from headrace.formats.json import encode_rows

ROWS = 10_000  # at a time


def write(value: Any, sink: Any, tile: Tile | None) -> None:  # noqa: ARG001
    """Write a GeoDataFrame."""
    import numpy as np
    import shapely

    geometry = value.geometry if _frames.is_in_degrees(value.geometry) else value.geometry.to_crs(4326)
    shapes = np.asarray(geometry.array)
    shapes = np.where(shapely.is_empty(shapes), shapes, shapely.orient_polygons(shapes))  # section 3.1.6
    properties = _frames.without_geometry(value)
    sink.write(b'{"type":"FeatureCollection","features":[')
    for start in range(0, len(value), ROWS):
        features = [
            b'{"type":"Feature","properties":%b,"geometry":%b}' % (row, shape.encode() if shape else b"null")
            for row, shape in zip(
                encode_rows(properties.iloc[start : start + ROWS]),
                shapely.to_geojson(shapes[start : start + ROWS]),
                strict=True,
            )
        ]
        sink.write((b"," if start else b"") + b",".join(features))
    sink.write(b"]}")


def has_geometry(value: Any, tile: Tile | None) -> bool:  # noqa: ARG001
    """Whether the frame has an active geometry."""
    return getattr(value, "active_geometry_name", None) is not None


format = Format(
    media_type="application/json",
    suffix=".geojson",
    kinds=frozenset({"frame"}),
    write=write,
    fits=has_geometry,
    wants="a geometry",
)
