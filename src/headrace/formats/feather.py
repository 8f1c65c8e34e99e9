"""Feather: an Arrow IPC file, lz4, the fastest to read back into pandas, polars, R and DuckDB."""

from typing import Any

from headrace.formats import Format, Tile, _frames

ROWS = 100_000  # a record batch: what a reader of a part must fetch


def write(value: Any, sink: Any, tile: Tile | None) -> None:
    """Write a frame."""
    import pyarrow as pa

    if _frames.has_geometry(value):
        frame = _frames.with_text_names(value)
        options = {"compression": "lz4", "index": _frames.index_to_keep(frame), "chunksize": ROWS}
        _frames.arrow_made(frame, lambda frame: frame.to_feather(sink, **options))
        return
    table = _frames.to_table(value)
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.ipc.new_file(sink, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=ROWS)


format = Format(
    media_type="application/vnd.apache.arrow.file", suffix=".feather", kinds=frozenset({"frame"}), write=write
)
