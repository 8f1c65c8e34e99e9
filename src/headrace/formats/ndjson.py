"""NDJSON: each row of a frame, or each element of a list, as JSON on a line of its own; readable while it arrives."""

import io
from typing import Any

from headrace.formats import Format, Tile, _frames, json

ROWS = 10_000  # at a time


def write(value: Any, sink: Any, tile: Tile | None) -> None:
    """Write a frame or a list."""
    if isinstance(value, list | tuple):
        for start in range(0, len(value), ROWS):
            sink.write(b"".join(json.encode_value(one) + b"\n" for one in value[start : start + ROWS]))
        return
    if (fast := json.fast_parts(value, json.ROWS_FAST)) is not None:
        for part in fast:
            text = io.BytesIO()
            part.write_ndjson(text)
            sink.write(text.getbuffer())
        return
    for start in range(0, len(value), ROWS):
        part = _frames.rows_from(value, start, ROWS)
        sink.write(b"".join(row + b"\n" for row in json.encode_rows(part)))


def is_rows(value: Any, tile: Tile | None) -> bool:
    """Whether it is a frame or a list."""
    return isinstance(value, list | tuple) or _frames.is_frame(value)


format = Format(
    media_type="application/x-ndjson",
    suffix=".ndjson",
    kinds=frozenset({"frame", "plain"}),
    write=write,
    fits=is_rows,
    wants="a table or a list",
)
