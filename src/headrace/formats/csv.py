"""CSV (RFC 4180), UTF-8: a header, no index but a named one, nothing where there is no value.

Times are ISO 8601, geometries WKT, nested values JSON, bytes base64, truth `true` and `false`.
"""

from typing import Any

from headrace.formats import Format, Tile, _frames

ROWS = 50_000  # at a time: a large frame is never held as text as a whole


def write(value: Any, sink: Any, tile: Tile | None) -> None:  # noqa: ARG001
    """Write a frame."""
    table = _frames.flat(value)
    if table.num_rows < _frames.LARGE:
        _write_small(table, sink)
    else:
        _write_large(table, sink)


def _write_small(table: Any, sink: Any) -> None:
    import csv
    import io

    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(table.column_names)
    rows.writerows(zip(*map(_cells, table.columns), strict=True))
    sink.write(text.getvalue().encode())


def _cells(column: Any) -> list[Any]:
    import pyarrow as pa

    return (column.cast(pa.string()) if pa.types.is_boolean(column.type) else column).to_pylist()


def _write_large(table: Any, sink: Any) -> None:
    import io

    import polars as pl

    for start in range(0, table.num_rows, ROWS):
        text = io.BytesIO()
        pl.from_arrow(table.slice(start, ROWS)).write_csv(text, include_header=not start)
        sink.write(text.getbuffer())


format = Format(media_type="text/csv", suffix=".csv", kinds=frozenset({"frame"}), write=write)
