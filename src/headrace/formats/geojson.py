"""GeoJSON (RFC 7946): a feature collection in degrees (EPSG:4326), reprojected where the frame is in another CRS.

The content type is plain JSON's: published clients read nothing else. A frame without a CRS is taken to be in degrees.
"""

# Libraries make many of their functions at import, where no checker sees them.
# pyright: reportAttributeAccessIssue=false

from typing import Any

from headrace.formats import Format, Tile, _frames, _markup
from headrace.formats.json import encode_rows, fast_parts

ROWS = 10_000  # at a time
POINTS = 5_000_000  # of so many rows at most, in text that Arrow joins: it counts its bytes in 32 bits

# Of shapes of a kind (GEOS' number): its name, and what stands around and between the points, lines and areas in it.
KINDS = {
    0: ("Point", ()),
    1: ("LineString", (("[", "],[", "]"),)),
    3: ("Polygon", (("[[", "],[", "]]"), ("", ",", ""))),
    4: ("MultiPoint", (("[", "],[", "]"),)),
    5: ("MultiLineString", (("[[", "],[", "]]"), ("", ",", ""))),
    6: ("MultiPolygon", (("[[", "],[", "]]"), ("[", ",", "]"), ("", ",", ""))),
}


def write(value: Any, sink: Any, tile: Tile | None) -> None:
    """Write a frame; the rows of one without geometries are features without a place."""
    import shapely

    placed = has_geometry(value, tile)
    shapes = _shapes(value.geometry) if placed else [None] * len(value)
    properties = _frames.without_geometry(value) if placed else value
    fast = fast_parts(properties, ROWS) if placed else None
    sink.write(b'{"type":"FeatureCollection","features":[')
    for start in range(0, len(value), ROWS):
        rows = slice(start, start + ROWS)
        if start:
            sink.write(b",")
        if fast is not None:
            sink.write(_joined(next(fast), shapes[rows]))
            continue
        texts = shapely.to_geojson(shapes[rows]) if placed else shapes[rows]
        features = [
            b'{"type":"Feature","properties":%b,"geometry":%b}' % (row, text.encode() if text else b"null")
            for row, text in zip(encode_rows(_frames.rows_from(properties, start, ROWS)), texts, strict=True)
        ]
        sink.write(b",".join(features))
    sink.write(b"]}")


def _joined(properties: Any, shapes: Any) -> memoryview:
    """The same of many rows: features, a comma between them, without a Python object for each."""
    import io

    import numpy as np
    import pyarrow as pa

    lines = io.BytesIO()
    properties.write_ndjson(lines)
    data = lines.getbuffer()
    ends = np.append(0, np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")) + 1)
    texts = pa.LargeStringArray.from_buffers(len(ends) - 1, pa.py_buffer(ends.astype(np.int64)), pa.py_buffer(data))
    return _markup.joined('{"type":"Feature","properties":', texts, ',"geometry":', geometries(shapes), "},")[:-1]


def geometries(shapes: Any) -> Any:
    """Shapes as an Arrow array of GeoJSON. What is empty, missing or has heights is left to GEOS, which is slower."""
    import numpy as np
    import pyarrow as pa
    import shapely

    odd = (shapely.get_coordinate_dimension(shapes) > 2) | shapely.is_empty(shapes)
    if len(shapely.get_coordinates(shapes)) > POINTS:
        odd[:] = True
    kinds = np.where(odd, -1, shapely.get_type_id(shapes))
    parts: list[Any] = []
    for kind in np.unique(kinds):
        these = shapes[kinds == kind]
        texts = _of_kind(int(kind), these) if kind in KINDS else None
        if texts is None:
            texts = pa.array([text or "null" for text in shapely.to_geojson(these)])
        parts.append(texts.cast(pa.large_string()))
    order = np.argsort(np.argsort(kinds, kind="stable"), kind="stable")
    return pa.concat_arrays(parts).take(pa.array(order)) if len(parts) > 1 else parts[0]


def _of_kind(kind: int, shapes: Any) -> Any:
    """Two-dimensional shapes of one kind, or None where a number is none."""
    import numpy as np
    import polars as pl
    import pyarrow as pa
    import pyarrow.compute as pc
    import shapely

    _, points, offsets = shapely.to_ragged_array(shapes, include_z=False)
    if not np.isfinite(points).all():
        return None
    # polars writes numbers in a third of Arrow's time.
    numbers = pl.Series(np.ascontiguousarray(points.T).ravel()).cast(pl.String).to_arrow().cast(pa.string())
    x, y = numbers[: len(points)], numbers[len(points) :]
    texts = pc.binary_join_element_wise(x, y, ",")
    name, levels = KINDS[kind]
    for (before, between, after), ends in zip(levels, offsets, strict=True):
        texts = pc.binary_join(pa.ListArray.from_arrays(pa.array(ends.astype(np.int32)), texts), between)
        texts = pc.binary_join_element_wise(before, texts, after, "")
    return pc.binary_join_element_wise(f'{{"type":"{name}","coordinates":[', texts, "]}", "")


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
