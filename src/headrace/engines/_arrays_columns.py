"""The columns of an array: what a TileDB datatype is in a table, and how cells become Arrow.

Dimensions come first and are never NULL, then the attributes. A cell of several numbers, fixed or of variable length,
is a BLOB of raw little-endian bytes, as MyTile has it.
"""

# Arrow's functions are made when the module is imported, where the type checker does not see them.
# pyright: reportAttributeAccessIssue=false

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from headrace.errors import Invalid

if TYPE_CHECKING:
    import tiledb

UNNAMED = "__attr"  # the attribute that has no name
VAR = 4294967295  # cells of variable length (TILEDB_VAR_NUM)
NUMBERS = {
    "INT8": "int8",
    "INT16": "int16",
    "INT32": "int32",
    "INT64": "int64",
    "UINT8": "uint8",
    "UINT16": "uint16",
    "UINT32": "uint32",
    "UINT64": "uint64",
    "FLOAT32": "float32",
    "FLOAT64": "float64",
}
UNITS = {
    "YEAR": "Y",
    "MONTH": "M",
    "WEEK": "W",
    "DAY": "D",
    "HR": "h",
    "MIN": "m",
    "SEC": "s",
    "MS": "ms",
    "US": "us",
    "NS": "ns",
    "PS": "ps",
    "FS": "fs",
    "AS": "as",
}
TEXTS = {"STRING_ASCII", "STRING_UTF8", "GEOM_WKT"}
BYTES = {"CHAR", "BLOB", "GEOM_WKB", "ANY"}
STAMPS = {"h": "s", "m": "s", "s": "s", "ms": "ms", "us": "us", "ns": "ns", "ps": "ns", "fs": "ns", "as": "ns"}
PER_UNIT = {"h": 3600, "m": 60}  # seconds
PARTS = {"ps": 10**3, "fs": 10**6, "as": 10**9}  # of a nanosecond
MISSING = np.iinfo(np.int64).min  # NaT
DAY = 86_400 * 10**6  # microseconds
PER_MICROSECOND = {"h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000, "ms": 1000, "us": 1}


class Column(Struct, frozen=True, kw_only=True):
    """A dimension or an attribute."""

    name: str
    family: str  # number, bool, text, bytes, date, time, cells
    datatype: str  # TileDB's name of it
    dtype: np.dtype[Any]  # of one value
    count: int  # values in a cell; VAR
    arrow: pa.DataType
    dimension: bool = False
    nullable: bool = False
    labels: pa.Array | None = None  # of an enumeration, by code

    @property
    def var(self) -> bool:
        """Whether its cells are of variable length."""
        return self.count == VAR

    @property
    def stored(self) -> str:
        """Its name in the array."""
        return "" if self.name == UNNAMED and not self.dimension else self.name

    @property
    def unit(self) -> str:
        """Numpy's unit of a date or a time."""
        return UNITS[self.datatype.rpartition("_")[2]]

    @property
    def width(self) -> int:
        """Bytes of a cell, as far as they are known."""
        return 24 if self.var else self.dtype.itemsize * self.count


def columns(array: "tiledb.Array") -> list[Column]:
    """The columns of an open array. Raises Invalid for a datatype that no column is made of."""
    schema = array.schema
    domain = schema.domain
    made = [_dimension(domain.dim(i)) for i in range(domain.ndim)]
    return made + [_attribute(array, schema.attr(i)) for i in range(schema.nattr)]


def _dimension(dimension: "tiledb.Dim") -> Column:
    datatype = dimension._tiledb_dtype.name  # noqa: SLF001 - numpy's dtype does not tell text from bytes
    count = VAR if datatype in TEXTS | BYTES else 1
    return _column(dimension.name, datatype, count, dimension=True)


def _attribute(array: "tiledb.Array", attribute: "tiledb.Attr") -> Column:
    name = attribute.name or UNNAMED
    datatype = attribute._tiledb_dtype.name  # noqa: SLF001 - as above
    count = attribute.ncells
    if attribute.enum_label is None:
        return _column(name, datatype, count, nullable=attribute.isnullable)
    values = array.enum(attribute.enum_label).values()
    labels = pa.array(list(values))
    if pa.types.is_binary(labels.type) or pa.types.is_string(labels.type):
        labels = labels.cast(pa.large_string() if pa.types.is_string(labels.type) else pa.large_binary())
    code = np.dtype(NUMBERS[datatype])
    return Column(
        name=name,
        family="label",
        datatype=datatype,
        dtype=code,
        count=1,
        arrow=labels.type,
        nullable=attribute.isnullable,
        labels=labels,
    )


def _column(name: str, datatype: str, count: int, *, dimension: bool = False, nullable: bool = False) -> Column:
    family, dtype, arrow = _kind(name, datatype, count)
    return Column(
        name=name,
        family=family,
        datatype=datatype,
        dtype=dtype,
        count=count,
        arrow=arrow,
        dimension=dimension,
        nullable=nullable,
    )


def _kind(name: str, datatype: str, count: int) -> tuple[str, np.dtype[Any], pa.DataType]:
    if datatype in TEXTS:
        return "text", np.dtype("S1"), pa.large_string()
    if datatype == "CHAR" and count == 1:
        return "number", np.dtype("int8"), pa.int8()
    if datatype in BYTES:
        return "bytes", np.dtype("S1"), pa.large_binary()
    start, _, unit = datatype.rpartition("_")
    if datatype in NUMBERS:
        dtype = np.dtype(NUMBERS[datatype])
        family, arrow = "number", pa.from_numpy_dtype(dtype)
    elif datatype == "BOOL":
        family, dtype, arrow = "bool", np.dtype("uint8"), pa.bool_()
    elif start in ("DATETIME", "TIME") and unit in UNITS:
        dtype = np.dtype("int64")
        family, arrow = ("date", _date(UNITS[unit])) if start == "DATETIME" else ("time", pa.time64("us"))
    else:
        raise Invalid(f"The column `{name}` is of the datatype {datatype}, which SQL does not read.")
    if count == VAR:
        return "cells", dtype, pa.large_binary()
    if count != 1:
        return "cells", dtype, pa.binary(dtype.itemsize * count)
    return family, dtype, arrow


def _date(unit: str) -> pa.DataType:
    if unit == "Y":
        return pa.int32()
    return pa.date32() if unit in ("M", "W", "D") else pa.timestamp(STAMPS[unit])


def to_arrow(column: Column, data: np.ndarray, offsets: np.ndarray, validity: np.ndarray) -> pa.Array:
    """The cells of a column from the buffers that TileDB filled: bytes, offsets in values, a byte for each NULL."""
    nulls = validity == 0 if column.nullable else None
    if nulls is not None and not nulls.any():
        nulls = None
    if column.var:
        return _var(column, data, offsets, nulls)
    if column.family in ("text", "bytes"):
        return _padded(column, data, nulls)
    if column.family == "cells":
        return _buffers(column.arrow, len(data) // max(column.width, 1), [data], nulls)
    values = data.view(column.dtype)
    if column.family == "label":
        return _labels(column, values, nulls)
    if column.family == "bool":
        bits = np.packbits(values != 0, bitorder="little")
        return _buffers(pa.bool_(), len(values), [bits], nulls)
    if column.family == "date":
        return _dates(column, values, nulls)
    if column.family == "time":
        return _times(column, values, nulls)
    return _buffers(column.arrow, len(values), [values], nulls)


def _buffers(type_: pa.DataType, length: int, parts: list[np.ndarray], nulls: np.ndarray | None) -> pa.Array:
    """An array over numpy's memory: Arrow lets go of it with the interpreter's lock held, in whichever thread."""
    bitmap = None if nulls is None else pa.py_buffer(np.packbits(~nulls, bitorder="little"))
    return pa.Array.from_buffers(type_, length, [bitmap, *map(pa.py_buffer, parts)])


def _var(column: Column, data: np.ndarray, offsets: np.ndarray, nulls: np.ndarray | None) -> pa.Array:
    size = column.dtype.itemsize
    places = offsets.view(np.int64)
    made = _buffers(column.arrow, len(places) - 1, [places * size if size > 1 else places, data], nulls)
    if column.family == "text":
        values = data.view(np.uint8)
        if len(values) and values.max() > 127:  # noqa: SIM102 - the dearer check comes second
            if not _is_utf8(made):
                raise Invalid(f"The column `{column.name}` holds bytes that are not UTF-8.")
        if len(values) and values.min() == 0:
            # An empty string is written as one NUL, since older TileDB had no cells without bytes.
            made = pc.if_else(pc.equal(made, "\0"), "", made)
    return made


def _is_utf8(made: pa.Array) -> bool:
    try:
        made.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _padded(column: Column, data: np.ndarray, nulls: np.ndarray | None) -> pa.Array:
    """Cells of a fixed number of characters, without the NULs that fill them up."""
    cells = data.view(f"S{column.count}")
    made = pa.array(cells.tolist(), pa.large_binary(), mask=nulls)
    if column.family == "bytes":
        return made
    try:
        return made.cast(pa.large_string())
    except pa.ArrowInvalid:
        raise Invalid(f"The column `{column.name}` holds bytes that are not UTF-8.") from None


def _labels(column: Column, codes: np.ndarray, nulls: np.ndarray | None) -> pa.Array:
    assert column.labels is not None
    # A dense cell that was never written has a code without a label.
    beyond = (codes >= len(column.labels)) | (codes < 0)
    if beyond.any():
        nulls = beyond if nulls is None else nulls | beyond
        codes = np.where(beyond, codes.dtype.type(0), codes)
    if not len(column.labels):
        return pa.nulls(len(codes), column.arrow)
    indices = pa.array(codes, mask=nulls)
    return column.labels.take(indices)


def _dates(column: Column, values: np.ndarray, nulls: np.ndarray | None) -> pa.Array:
    missing = values == MISSING
    if missing.any():
        nulls = missing if nulls is None else nulls | missing
        values = np.where(missing, 0, values)
    unit = column.unit
    if unit == "Y":
        values = (values + 1970).astype(np.int32)
    elif unit in ("M", "W", "D"):
        days = values if unit == "D" else values.view(f"M8[{unit}]").astype("M8[D]").view(np.int64)
        values = days.astype(np.int32)
    elif unit in PER_UNIT:
        values = values * PER_UNIT[unit]
    elif unit in PARTS:
        values = values // PARTS[unit]
    return _buffers(column.arrow, len(values), [values], nulls)


def _times(column: Column, values: np.ndarray, nulls: np.ndarray | None) -> pa.Array:
    missing = values == MISSING
    if missing.any():
        nulls = missing if nulls is None else nulls | missing
        values = np.where(missing, 0, values)
    unit = column.unit
    factor = PER_MICROSECOND.get(unit)
    values = values * factor if factor else values // (PARTS.get(unit, 1) * 1000)
    if len(values) and (values.min() < 0 or values.max() >= DAY):
        raise Invalid(f"The column `{column.name}` holds times beyond one day, which TIME does not hold.")
    return _buffers(column.arrow, len(values), [values], nulls)
