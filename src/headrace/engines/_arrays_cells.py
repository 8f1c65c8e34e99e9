"""Rows into the buffers that TileDB writes: the other way of `_arrays_columns.py`."""

# Arrow's functions are made when the module is imported, where the type checker does not see them.
# pyright: reportAttributeAccessIssue=false

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from headrace.engines._arrays_columns import PARTS, PER_MICROSECOND, Column
from headrace.errors import Invalid

TYPES = {"int": "INTEGER", "float32": "FLOAT", "float64": "DOUBLE"}
INTEGERS = {1: "TINYINT", 2: "SMALLINT", 4: "INTEGER", 8: "BIGINT"}
SECONDS = {"h": 3600, "m": 60, "s": 1}
STAMP_TYPES = {"h": "TIMESTAMP_S", "m": "TIMESTAMP_S", "s": "TIMESTAMP_S", "ms": "TIMESTAMP_MS", "us": "TIMESTAMP"}


class Cells(Struct, frozen=True, kw_only=True):
    """The values of one column for TileDB."""

    data: np.ndarray
    offsets: np.ndarray | None = None  # in bytes
    validity: np.ndarray | None = None  # 0 for NULL


def sql_type(column: Column) -> str:
    """The type of DuckDB that values are cast to before they are written."""
    if column.family == "number":
        if column.dtype.kind == "f":
            return TYPES[column.dtype.name]
        return ("U" if column.dtype.kind == "u" else "") + INTEGERS[column.dtype.itemsize]
    if column.family == "date":
        if column.unit == "Y":
            return "INTEGER"
        return "DATE" if column.unit in ("M", "W", "D") else STAMP_TYPES.get(column.unit, "TIMESTAMP_NS")
    if column.family == "label":
        return "VARCHAR" if pa.types.is_large_string(column.arrow) else "BIGINT"
    return {"bool": "BOOLEAN", "text": "VARCHAR", "time": "TIME"}.get(column.family, "BLOB")


def cells(column: Column, values: pa.ChunkedArray) -> Cells:
    """The buffers of a column. Raises Invalid for values that it does not hold."""
    array = values.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    nulls = np.asarray(pc.is_null(array).to_numpy(zero_copy_only=False), dtype=bool)
    if nulls.any() and not column.nullable:
        raise Invalid(f"The column `{column.name}` takes no NULL.")
    validity = (~nulls).astype(np.uint8) if column.nullable else None
    if column.var:
        data, offsets = _var(column, array)
        return Cells(data=data, offsets=offsets, validity=validity)
    return Cells(data=_fixed(column, array), validity=validity)


def _var(column: Column, array: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    filled = pc.fill_null(array.cast(pa.large_binary()), b"")
    buffers = filled.buffers()
    places = np.frombuffer(buffers[1], np.int64)[filled.offset : filled.offset + len(filled) + 1]
    data = np.frombuffer(buffers[2] or b"", np.uint8)[places[0] : places[-1]] if len(filled) else np.zeros(0, np.uint8)
    offsets = places[:-1] - places[0]
    if column.datatype == "STRING_ASCII" and len(data) and data.max() > 127:
        raise Invalid(f"The column `{column.name}` holds ASCII, and no other characters.")
    if (size := column.dtype.itemsize) > 1 and (np.diff(places) % size).any():
        raise Invalid(f"The column `{column.name}` takes bytes in multiples of {size}: values of {column.dtype.name}.")
    return np.ascontiguousarray(data), np.ascontiguousarray(offsets).astype(np.uint64)


def _fixed(column: Column, array: pa.Array) -> np.ndarray:
    if column.family in ("text", "bytes", "cells"):
        return _padded(column, array)
    if column.family == "label":
        return _codes(column, array)
    if column.family == "bool":
        return pc.fill_null(array, False).to_numpy(zero_copy_only=False).astype(np.uint8)
    if column.family == "date":
        return _dates(column, array)
    if column.family == "time":
        micro = pc.fill_null(array.cast(pa.time64("us")).cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
        made = micro // PER_MICROSECOND[column.unit] if column.unit in PER_MICROSECOND else None
        return micro * 1000 * PARTS.get(column.unit, 1) if made is None else made
    return np.ascontiguousarray(pc.fill_null(array, 0).to_numpy(zero_copy_only=False).astype(column.dtype))


def _padded(column: Column, array: pa.Array) -> np.ndarray:
    width = column.width
    exact = column.family == "cells"
    values = [value or b"" for value in array.cast(pa.large_binary()).to_pylist()]
    if any(len(value) > width or (exact and value and len(value) != width) for value in values):
        raise Invalid(f"The column `{column.name}` takes {'' if exact else 'at most '}{width} bytes.")
    return np.frombuffer(b"".join(value.ljust(width, b"\0") for value in values), np.uint8)


def _codes(column: Column, array: pa.Array) -> np.ndarray:
    assert column.labels is not None
    codes = pc.index_in(array.cast(column.labels.type), value_set=column.labels)
    strange = pc.and_(pc.is_null(codes), pc.is_valid(array))
    if pc.any(strange).as_py():
        value = array.filter(strange)[0].as_py()
        known = ", ".join(map(repr, column.labels.slice(0, 10).to_pylist()))
        raise Invalid(f"The column `{column.name}` has no label {value!r}; there are {known}.")
    return pc.fill_null(codes, 0).to_numpy(zero_copy_only=False).astype(column.dtype)


def _dates(column: Column, array: pa.Array) -> np.ndarray:
    unit = column.unit
    if unit == "Y":
        return pc.fill_null(array.cast(pa.int64()), 1970).to_numpy(zero_copy_only=False) - 1970
    if unit in ("M", "W", "D"):
        days = pc.fill_null(array.cast(pa.date32()).cast(pa.int32()), 0).to_numpy(zero_copy_only=False)
        return days.astype("M8[D]").astype(f"M8[{unit}]").astype(np.int64)
    stamps = array.cast(pa.timestamp("s" if unit in SECONDS else unit if unit in ("ms", "us") else "ns"), safe=False)
    whole = pc.fill_null(stamps.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    return whole // SECONDS[unit] if unit in SECONDS else whole * PARTS.get(unit, 1)


def points(column: Column, values: pa.ChunkedArray) -> list[str | int | float]:
    """The values of a dimension as a condition is written with them: dates as a number of units."""
    made = cells(column, values)
    return values.to_pylist() if column.var else made.data.view(column.dtype).tolist()


def empty(column: Column, count: int) -> Cells:
    """So many NULLs. Raises Invalid where the column takes none."""
    if not column.nullable:
        raise Invalid(f"The column `{column.name}` has no value, and takes no NULL; name it in the column list.")
    return cells(column, pa.chunked_array([pa.nulls(count, column.arrow)]))
