"""Parquet, zstd: read back as the same frame by pandas, and with `geo` metadata by geopandas and GDAL."""

from typing import Any

from headrace.formats import BINARY, Format, Tile, _frames

ROWS = 100_000  # a row group: what a reader of a part must fetch


def write(value: Any, sink: Any, tile: Tile | None) -> None:  # noqa: ANN401, ARG001
    """Write a frame."""
    import pyarrow.parquet as pq

    if hasattr(value, "active_geometry_name") and value.active_geometry_name is not None:
        frame = _frames._named(value)  # noqa: SLF001 - the rules for names are the same in every format
        frame.to_parquet(sink, compression="zstd", index=_frames._index(frame))  # noqa: SLF001
        return
    table = _frames.to_table(value)
    # A dictionary page for every float costs more time than it saves bytes.
    text = [f.name for f in table.schema if not f.type.id or str(f.type).endswith(("string", "string_view", ">"))]
    pq.write_table(table, sink, compression="zstd", compression_level=1, row_group_size=ROWS, use_dictionary=text)


format = Format(media_type=BINARY, suffix=".parquet", kinds=frozenset({"frame"}), write=write)
