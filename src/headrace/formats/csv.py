"""CSV (RFC 4180), UTF-8: a header, no index but a named one, nothing where there is no value.

Times are ISO 8601, geometries WKT, nested values JSON, bytes base64, truth `true` and `false`. Empty text is `""`.
"""

import re
from typing import Any

from headrace.formats import Format, Tile, _frames

ROWS = 50_000  # at a time: a large frame is never held as text as a whole

_needs_quotes = re.compile('[",\r\n]|^$').search


def write(value: Any, sink: Any, tile: Tile | None) -> None:
    """Write a frame."""
    large = len(value) >= _frames.LARGE
    table = _frames.flat(value, _frames.is_whole_seconds if large else None)
    if table.num_columns == 1 and table.column(0).null_count:
        # A row of nothing would be an empty line, which readers skip.
        table = table.set_column(0, table.field(0).name, table.column(0).cast("string").fill_null(""))
    sink.write(_line(table.column_names))
    if large:
        _write_large(table, sink)
    else:
        sink.write(b"".join(map(_line, zip(*map(_cells, table.columns), strict=True))))


def _line(cells: Any) -> bytes:
    return (",".join(map(_quoted, cells)) + "\n").encode()


def _quoted(cell: Any) -> str:
    if isinstance(cell, str):
        return '"' + cell.replace('"', '""') + '"' if _needs_quotes(cell) else cell
    return "" if cell is None else repr(cell)


def _cells(column: Any) -> list[Any]:
    import pyarrow as pa

    return (column.cast(pa.string()) if pa.types.is_boolean(column.type) else column).to_pylist()


def _write_large(table: Any, sink: Any) -> None:
    import io

    import polars as pl

    for start in range(0, table.num_rows, ROWS):
        text = io.BytesIO()
        pl.DataFrame(table.slice(start, ROWS)).write_csv(
            text, include_header=False, datetime_format=_frames.WHOLE_SECONDS
        )
        sink.write(text.getbuffer())


format = Format(media_type="text/csv", suffix=".csv", kinds=frozenset({"frame"}), write=write)
