"""JSON (RFC 8259): a frame as a list of records, a plain value as itself.

NaN, NaT and infinities are null, times are ISO 8601, decimals are text with all their digits, bytes are base64,
geometries are GeoJSON objects in the frame's own coordinates. A named index is a column like any other.
"""

# Libraries make many of their functions at import, where no checker sees them.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from headrace.formats import Format, Tile, Unserializable, _frames

ROWS = 10_000  # at a time: a large frame is never held as Python objects as a whole
ROWS_FAST = 50_000  # the same where rows are never Python objects


def write(value: Any, sink: Any, tile: Tile | None) -> None:
    """Write a frame's records or a plain value."""
    if _frames.is_frame(value):
        _write_frame(value, sink)
    else:
        sink.write(encode_value(value.original if hasattr(value, "original") else value))


def records(frame: Any) -> list[dict[str, Any]]:
    """A frame's rows, for `encode_value`."""
    names, columns = _columns(frame)
    if not columns:
        return [{} for _ in range(len(frame))]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def encode_value(value: Any) -> bytes:
    """A value as JSON. Raises Unserializable, naming what JSON has no form for."""
    try:
        return _encode(value)
    except OverflowError:
        return _encode(_with_large_integers(value))
    except (TypeError, ValueError, RecursionError) as refused:
        raise Unserializable(f"The value cannot be written as JSON: {refused}.") from refused


def encode_rows(frame: Any) -> list[bytes]:
    """A frame's rows, each as a JSON object."""
    rows = records(frame)
    try:
        return _encoder.encode_lines(rows).split(b"\n")[:-1]
    except (OverflowError, TypeError, ValueError):
        return [encode_value(row) for row in rows]


def _plain(value: Any) -> Any:
    """A value that msgspec does not know as one that it does."""
    library = type(value).__module__.partition(".")[0]
    if library == "numpy":
        return _array(value)
    if library == "pandas":
        return _pandas(value)
    if library == "shapely":
        import shapely

        return msgspec.Raw(shapely.to_geojson(value).encode())
    if library == "pyarrow" and hasattr(value, "to_pylist"):
        return value.to_pylist()
    if library == "polars":
        return value.to_dicts() if hasattr(value, "to_dicts") else value.to_list()
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, str):
        return str(value)
    if isinstance(value, complex):
        return [value.real, value.imag]
    if isinstance(value, range | Iterator):
        return list(value)
    raise TypeError(f"it has no form for a {type(value).__name__}")


_encoder = msgspec.json.Encoder(enc_hook=_plain)
_encode = _encoder.encode


def _array(value: Any) -> Any:
    import numpy as np

    if value.dtype.kind == "M":
        return np.where(np.isnat(value), None, np.datetime_as_string(value).astype(object)).tolist()
    if value.dtype.kind == "m":
        return [None if v is None else _frames.iso_duration(v) for v in np.atleast_1d(value).astype("m8[us]").tolist()]
    return value.astype(float).tolist() if value.dtype.kind == "f" else value.tolist()


def _pandas(value: Any) -> Any:
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        return records(value)
    if isinstance(value, pd.Series | pd.Index | pd.api.extensions.ExtensionArray):
        return _values(pd.Series(value).array)
    if value is pd.NA or value is pd.NaT:
        return None
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _with_large_integers(value: Any) -> Any:
    """The value with integers of more than 64 bits, which msgspec refuses, as their digits."""
    if isinstance(value, dict):
        return {name: _with_large_integers(v) for name, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_with_large_integers(v) for v in value]
    return msgspec.Raw(b"%d" % value) if isinstance(value, int) and value.bit_length() > 63 else value


def _write_frame(frame: Any, sink: Any) -> None:
    rows = len(frame)
    if (fast := fast_parts(frame, ROWS_FAST)) is not None:
        _write_fast(fast, sink)
        return
    if rows <= ROWS:
        sink.write(encode_value(records(frame)))
        return
    sink.write(b"[")
    for start in range(0, rows, ROWS):
        part = _frames.rows_from(frame, start, ROWS)
        sink.write((b"," if start else b"") + encode_value(records(part))[1:-1])
    sink.write(b"]")


def _columns(frame: Any) -> tuple[list[str], list[list[Any]]]:
    if _frames.is_arrow(frame):
        return _of_arrow(frame)
    frame = _frames.with_named_index(frame)
    return list(frame.columns), [_values(column) for column in _arrays(frame)]


def _of_arrow(table: Any) -> tuple[list[str], list[list[Any]]]:
    import pyarrow as pa

    columns: list[list[Any]] = []
    for column in table.columns:
        if pa.types.is_timestamp(column.type):
            column = _frames.iso_times(column)  # noqa: PLW2901
        columns.append(column.to_pylist())
    return list(table.column_names), columns


def _arrays(frame: Any) -> Iterable[Any]:
    """The columns as arrays. To make a Series of each takes longer than all else that a small frame needs."""
    quick = getattr(frame, "_iter_column_arrays", None)
    return quick() if quick else (column.array for _, column in frame.items())


def _values(column: Any) -> list[Any]:
    """A column as values for `encode_value`, which writes NaN, NA and infinities as null."""
    kind = getattr(column.dtype, "kind", "O")
    if kind == "M":
        return _times(column)
    if kind == "m":
        return _iso(column)
    if kind == "O" and _frames.is_geometry(column):
        import shapely

        texts = shapely.to_geojson(column)
        return [None if text is None else msgspec.Raw(text.encode()) for text in texts]
    return column.tolist()


def _times(column: Any) -> list[Any]:
    """Datetimes where they can hold the instants, else their text."""
    import numpy as np

    if isinstance(column.dtype, np.dtype) and column.dtype.str[4:6] != "ns":
        return np.asarray(column).astype("M8[us]").tolist()
    return _iso(column)


def _iso(column: Any) -> list[str | None]:
    import pandas as pd

    values = pd.Series(column)
    return [None if gap else v.isoformat() for v, gap in zip(values, values.isna(), strict=True)]


def fast_parts(frame: Any, rows: int) -> "Iterator[Any] | None":
    """Polars frames of so many rows that write what `records` would; None for few rows, and types that differ there."""
    import pyarrow as pa

    if len(frame) < _frames.LARGE or _frames.is_geographic(frame):
        return None
    table = _frames.as_rows(frame)
    if any(pa.types.is_nested(field.type) or _is_object(frame, field.name) for field in table.schema):
        return None
    return map(_fast, _frames.parts_of(table, rows))


def _fast(table: Any) -> Any:
    import polars as pl

    fast = pl.DataFrame(_frames.flat(table, _frames.is_whole_seconds))
    floats = [name for name, kind in fast.schema.items() if kind.is_float()]
    times = [name for name, kind in fast.schema.items() if kind.is_temporal()]
    return fast.with_columns(
        *(pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name) for name in floats),
        *(pl.col(name).dt.to_string(_frames.WHOLE_SECONDS) for name in times),
    )


def _is_object(frame: Any, name: str) -> bool:
    return not _frames.is_arrow(frame) and name in frame.columns and frame[name].dtype == object


def _write_fast(parts: Iterable[Any], sink: Any) -> None:
    import io

    before = b"["
    for part in parts:
        text = io.BytesIO()
        part.write_json(text)
        sink.write(before + text.getbuffer()[1:-1])
        before = b","
    sink.write(b"]")


format = Format(
    media_type="application/json", suffix=".json", kinds=frozenset({"frame", "plain", "array"}), write=write
)
