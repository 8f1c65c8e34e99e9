"""Mapbox vector tiles (specification 2.1): what of a frame lies in the asked-for tile, as one layer called `udf`.

    frame or table ─▶ rows near the tile, clipped to it and 64 pixels around (_places.py, _wkb.py)
                   ─▶ whole pixels, thinned to what can be seen (_pixels.py) ─▶ at most 500 kB
                   ─▶ each value once (_attributes.py) ─▶ bytes (_mvt.py)

Everything is done to whole columns with numpy: a compiler such as numba would have to compile again in every worker.
An Arrow table with WKB is the fastest: nothing of it becomes an object for each row.
A feature's id is the column `id`, else an index that is not just a count of rows, where these are whole numbers from
0 on; ids that change from tile to tile would confuse maps more than none do. What lies beyond 180 degrees is shown on
the map's other side as well.

A tile of more than 500,000 bytes, compressed, is what map readers choke on; tippecanoe holds tiles to the same. The
smallest areas and lines and the most crowded points go first, and the header `Headrace-Dropped` says how many. A frame
with `attrs["tile_kb"]`, or a table with `tile_kb` in its schema's metadata, has that limit instead, and none where it
is 0.
"""

# Libraries make many of their functions at import, where no checker sees them.
# pyright: reportAttributeAccessIssue=false

from dataclasses import replace
from typing import Any, NamedTuple

import msgspec

from headrace.formats import Format, Headers, Tile, _attributes, _frames, _geoarrow, _places
from headrace.formats._importance import by_importance, compressed, kept
from headrace.formats._mvt import layer
from headrace.formats._pixels import Shapes

LAYER = "udf"
KILOBYTES = 500
SPARE = 0.93  # of the limit that is aimed at, since what is left compresses differently


class _Features(NamedTuple):
    """What is drawn, and the columns beside it, of so many rows."""

    shapes: list[Shapes]
    columns: list[tuple[str, Any]]  # arrays of pandas, or chunked ones of Arrow
    index: Any  # the same, where it says something
    rows: int
    kilobytes: float


def write(value: Any, sink: Any, tile: Tile | None) -> Headers:
    """Write the part of a GeoDataFrame or of a table with geometries that is in the tile; nothing if there is none.

    Says which attributes there are, and what was left out.
    """
    assert tile is not None
    features = (_of_table(value, tile) if _frames.is_arrow(value) else None) or _of_frame(value, tile)
    most = int(1000 * features.kilobytes)
    content, count = _encode(features, features.shapes)
    said = (("Headrace-Fields", _fields(features.columns)),)
    if not count:
        return said
    if not most or len(content) <= most or (size := compressed(content)) <= most:
        sink.write(content)
        return said
    left, order, share = count, by_importance(features.shapes), 1.0
    while size > most and left:
        share *= most / size * SPARE
        content, left = _encode(features, [kept(part, order, share) for part in features.shapes])
        size = compressed(content)
    sink.write(content)
    return (*said, ("Headrace-Dropped", f"{count - left} of {count} features"))


def has_geometry_in_a_tile(value: Any, tile: Tile | None) -> bool:
    """Whether the frame has an active geometry, and a tile was asked for."""
    return tile is not None and (_frames.is_arrow(value) or getattr(value, "active_geometry_name", None) is not None)


def _of_table(table: Any, tile: Tile) -> _Features | None:
    """The features of an Arrow table; None where it has to become a frame first."""
    if (found := _geoarrow.geometry(table)) is None:
        return None
    place, crs = found
    shapes = _places.of_wkb(_frames.in_one_piece(table.column(place)), crs, tile)
    columns = [(name, table.column(i)) for i, name in enumerate(table.column_names) if i != place]
    kilobytes = (table.schema.metadata or {}).get(b"tile_kb", KILOBYTES)
    return _Features(shapes, columns, None, table.num_rows, float(kilobytes))


def _of_frame(value: Any, tile: Tile) -> _Features:
    import pandas as pd

    if _frames.is_arrow(value):
        kilobytes = (value.schema.metadata or {}).get(b"tile_kb")
        value = _geoarrow.to_frame(value)
        if kilobytes is not None:
            value.attrs["tile_kb"] = kilobytes
    frame = _frames.with_text_names(value)
    shapes = _places.of_frame(frame.geometry, tile)
    # As a plain frame: every look into a GeoDataFrame costs as much as writing a column of a small tile.
    series = [(str(name), one) for name, one in pd.DataFrame(frame).items() if not _frames.is_geometry(one)]
    columns: list[tuple[str, Any]] = [(name, one.array) for name, one in series]
    counted = isinstance(frame.index, pd.MultiIndex) or frame.index.equals(pd.RangeIndex(len(frame)))
    index = None if counted else frame.index.array
    return _Features(shapes, columns, index, len(frame), float(frame.attrs.get("tile_kb", KILOBYTES)))


def _fields(columns: list[tuple[str, Any]]) -> str:
    """The names of the attributes, and what each is (TileJSON 3.0.0, 3.3), as JSON."""
    return msgspec.json.encode({name: _attributes.kind(column) for name, column in columns}).decode()


def _encode(features: _Features, shapes: list[Shapes]) -> tuple[bytes, int]:
    """The tile, and how many rows are in it."""
    import numpy as np

    shapes = [part for part in shapes if len(part.rows)]
    if not shapes:
        return b"", 0
    columns, index = features.columns, features.index
    seen = np.zeros(features.rows, bool)
    for part in shapes:
        seen[part.rows] = True
    there = np.flatnonzero(seen)
    if len(there) < features.rows:
        numbers = seen.cumsum() - 1
        shapes = [replace(part, rows=numbers[part.rows]) for part in shapes]
        columns = [(name, _attributes.rows_of(column, there)) for name, column in columns]
        index = None if index is None else _attributes.rows_of(index, there)
    attributes = [_attributes.of_column(name, column) for name, column in columns]
    own = next((i for i, (name, _) in enumerate(columns) if name == "id"), None)
    if own is not None:
        ids = _attributes.ids(columns[own][1], attributes[own])
    else:
        ids = None if index is None else _attributes.ids(index, None)
    return layer(LAYER, _places.EXTENT, shapes, attributes, ids), len(there)


format = Format(
    media_type="application/vnd.mapbox-vector-tile",
    suffix=".mvt",
    kinds=frozenset({"features", "frame"}),
    write=write,
    fits=has_geometry_in_a_tile,
    wants="a geometry, and to be called for a tile z/x/y",
)
