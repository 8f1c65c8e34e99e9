"""Parquet, zstd: read back as the same frame by pandas, and with `geo` metadata by geopandas and GDAL."""

from typing import Any

from headrace.formats import BINARY, Format, Tile, _frames

ROWS = 100_000  # a row group: what a reader of a part must fetch


def write(value: Any, sink: Any, tile: Tile | None) -> None:
    """Write a frame."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if _frames.has_geometry(value):
        frame = _frames.with_text_names(value)
        options = {"compression": "zstd", "index": _frames.index_to_keep(frame), "row_group_size": ROWS}
        _frames.arrow_made(frame, lambda frame: frame.to_parquet(sink, **options))
        return
    table = _frames.to_table(value)
    # Statistics of text, and dictionaries of numbers, cost more time than they save readers. polars writes in half the
    # time, but leaves out the schema's metadata, without which pandas and the published clients read another frame.
    text = {f.name for f in table.schema if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)}
    options: dict[str, Any] = {
        "use_dictionary": sorted(text),
        "write_statistics": [name for name in table.column_names if name not in text],
    }
    pq.write_table(table, sink, compression="zstd", compression_level=1, row_group_size=ROWS, **options)


format = Format(media_type=BINARY, suffix=".parquet", kinds=frozenset({"frame"}), write=write)
