"""GeoJSON (RFC 7946): a feature collection in degrees (EPSG:4326), reprojected where the frame is in another CRS.

The content type is plain JSON's: published clients read nothing else.
"""

from typing import Any

from headrace.formats import Format, Tile, _frames
from headrace.formats.json import records

ROWS = 10_000  # at a time


def write(value: Any, sink: Any, tile: Tile | None) -> None:  # noqa: ARG001
    """Write a GeoDataFrame."""
    import shapely

    geometry = value.geometry
    if geometry.crs is not None and geometry.crs != "EPSG:4326":
        geometry = geometry.to_crs(4326)
    properties = _frames.without_geometry(value)
    sink.write(b'{"type":"FeatureCollection","features":[')
    for start in range(0, len(value), ROWS):
        shapes = shapely.to_geojson(geometry.array[start : start + ROWS])
        features = [
            b'{"type":"Feature","properties":%b,"geometry":%b}' % (record, shape.encode() if shape else b"null")
            for record, shape in zip(records(properties.iloc[start : start + ROWS]), shapes, strict=True)
        ]
        sink.write((b"," if start else b"") + b",".join(features))
    sink.write(b"]}")


def has_geometry(value: Any, tile: Tile | None) -> bool:  # noqa: ARG001
    """Whether the frame has an active geometry."""
    return getattr(value, "active_geometry_name", None) is not None


format = Format(
    media_type="application/json", suffix=".geojson", kinds=frozenset({"frame"}), write=write, fits=has_geometry
)
