"""Arrow IPC stream, uncompressed: readable while it arrives, and by readers that know no codec (JavaScript's)."""

from typing import Any

from headrace.formats import Format, Tile, _frames

ROWS = 100_000  # a record batch: what a reader holds at once


def write(value: Any, sink: Any, tile: Tile | None) -> None:
    """Write a frame."""
    import pyarrow as pa

    table = _frames.to_table(value)
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=ROWS)


format = Format(
    media_type="application/vnd.apache.arrow.stream", suffix=".arrows", kinds=frozenset({"frame"}), write=write
)
