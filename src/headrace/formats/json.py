"""JSON (RFC 8259): a frame as a list of records, a plain value as itself.

NaN, NaT and infinities are null, times are ISO 8601, decimals are text with all their digits, bytes are base64,
geometries are GeoJSON objects in the frame's own coordinates.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from headrace.formats import Format, Tile, _frames

ROWS = 10_000  # at a time: a large frame is never held as Python objects as a whole


def write(value: Any, sink: Any, tile: Tile | None) -> None:  # noqa: ANN401, ARG001
    """Write a frame's records or a plain value."""
    if hasattr(value, "columns") and hasattr(value, "shape"):
        _write_frame(value, sink)
    else:
        sink.write(_encode(value))


def plain(value: Any) -> Any:  # noqa: ANN401 - what msgspec does not know
    """A value of a library as one of Python's."""
    library = type(value).__module__.partition(".")[0]
    if library == "numpy":
        return value.tolist() if value.dtype.kind != "M" else _iso(value.astype("datetime64[us]").item())
    if library == "pandas":
        return None if type(value).__name__ in ("NAType", "NaTType") else _iso(value) if hasattr(value, "isoformat") else str(value)
    if library == "shapely":
        import shapely

        return msgspec.Raw(shapely.to_geojson(value).encode())
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        return value.to_dict("records")
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, complex | range | map | filter | zip | Iterator):
        return list(value) if not isinstance(value, complex) else [value.real, value.imag]
    raise TypeError(f"JSON has no form for a {type(value).__name__}")


_encode_known = msgspec.json.Encoder(enc_hook=plain).encode


def _encode(value: Any) -> bytes:  # noqa: ANN401
    try:
        return _encode_known(value)
    except (TypeError, msgspec.EncodeError, ValueError, RecursionError) as refused:
        from headrace.formats import Unserializable

        raise Unserializable(f"The value cannot be written as JSON: {refused}.") from refused


def _write_frame(frame: Any, sink: Any) -> None:  # noqa: ANN401
    rows = len(frame)
    if rows >= _frames.LARGE and (fast := _polars(frame)) is not None:
        _write_large(fast, sink)
        return
    sink.write(b"[")
    for start in range(0, rows, ROWS):
        part = frame.slice(start, ROWS) if hasattr(frame, "slice") else frame.iloc[start : start + ROWS]
        names, columns = _columns(part)
        records = _encode([dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)])
        sink.write((b"," if start else b"") + records[1:-1])
    sink.write(b"]")


def _columns(frame: Any) -> tuple[list[str], list[list[Any]]]:  # noqa: ANN401
    if hasattr(frame, "column_names"):
        return frame.column_names, [column.to_pylist() for column in frame.columns]
    frame = _frames._named(frame)  # noqa: SLF001 - the rules for names are the same in every format
    index = frame.index
    named = [] if index.nlevels > 1 or index.name is None else [index]
    columns = [*named, *(frame[name] for name in frame.columns)]
    return [*(str(i.name) for i in named), *frame.columns], [_values(column) for column in columns]


def _values(column: Any) -> list[Any]:  # noqa: ANN401
    kind = getattr(column.dtype, "kind", "O")
    if kind in "iub":
        return column.tolist()
    if kind == "f":
        return column.tolist()  # msgspec writes NaN and infinities as null
    if kind == "M":
        return [_iso(v) for v in column]
    if kind == "m":
        return [None if v is None or v != v else v.isoformat() for v in column]  # noqa: PLR0124 - NaT alone differs from itself
    if str(column.dtype) == "geometry":
        import shapely

        return [None if text is None else msgspec.Raw(text.encode()) for text in shapely.to_geojson(column.array)]
    return column.tolist()


def _iso(value: Any) -> str | None:  # noqa: ANN401
    return None if value is None or value != value else value.isoformat()  # noqa: PLR0124


def _polars(frame: Any) -> Any:  # noqa: ANN401
    """A polars frame, where every column is of a type that it writes as the slow way does."""
    import pyarrow as pa

    if hasattr(frame, "active_geometry_name"):
        return None
    table = _frames.to_table(frame)
    simple = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_string, pa.types.is_large_string)
    if any(name.startswith("__index_level_") for name in table.column_names):
        return None
    if not all(any(test(field.type) for test in simple) or pa.types.is_timestamp(field.type) for field in table.schema):
        return None
    import polars as pl

    fast = pl.from_arrow(table)
    times = [n for n, t in fast.schema.items() if t.base_type() is pl.Datetime]
    floats = [n for n, t in fast.schema.items() if t.is_float()]
    clean = [pl.when(pl.col(n).is_finite()).then(pl.col(n)).alias(n) for n in floats]
    return fast.with_columns([pl.col(n).dt.to_string("iso:strict") for n in times] + clean)


def _write_large(frame: Any, sink: Any) -> None:  # noqa: ANN401
    sink.write(b"[")
    for start in range(0, frame.height, 10 * ROWS):
        text = frame.slice(start, 10 * ROWS).write_json().encode()
        sink.write((b"," if start else b"") + text[1:-1])
    sink.write(b"]")


format = Format(media_type="application/json", suffix=".json", kinds=frozenset({"frame", "plain"}), write=write)
