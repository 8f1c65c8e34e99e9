"""The columns of a vector tile: each distinct value once, and for each row which it is.

Whole numbers, floats, truth and text are what they are; times are ISO 8601, other values JSON text. What is missing has
no value. Columns are numpy's, pandas' or Arrow's.
"""

# Libraries make many of their functions at import, where no checker sees them.
# pyright: reportAttributeAccessIssue=false

from typing import Any, NamedTuple

from headrace.formats import _frames, _varints

KINDS = {"b": "Boolean", "i": "Number", "u": "Number", "f": "Number"}  # by numpy's letters
SHORT = 126  # bytes of a text whose lengths take a byte each


class Attribute(NamedTuple):
    """For each row the number of its value or -1, the values as fields of a layer, and how many they are."""

    name: str
    codes: Any
    values: bytes
    distinct: int


def of_column(name: str, column: Any) -> Attribute:
    """The attribute that a column is: an array of numpy or pandas, or a chunked array of Arrow."""
    return Attribute(name, *(_of_arrow(column) if hasattr(column, "chunks") else _of_array(column)))


def kind(column: Any) -> str:
    """What the attribute is, as TileJSON says it."""
    if hasattr(column, "chunks"):
        import pyarrow as pa

        type_ = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        numeric = pa.types.is_integer(type_) or pa.types.is_floating(type_)
        return "Boolean" if pa.types.is_boolean(type_) else "Number" if numeric else "String"
    return KINDS.get(getattr(column.dtype, "kind", "O"), "String")


def rows_of(column: Any, rows: Any) -> Any:
    """Those rows of a column."""
    if hasattr(column, "chunks"):
        import pyarrow as pa

        return column.take(pa.array(rows))
    return column.take(rows)


def ids(column: Any, attribute: Attribute | None) -> Any:
    """Ids of the rows: whole numbers from 0 on, each but once; of any other column None."""
    import numpy as np

    if hasattr(column, "chunks"):
        import pyarrow as pa

        if not pa.types.is_integer(column.type) or column.null_count:
            return None
        column = column.to_numpy()
    elif getattr(column.dtype, "kind", "O") not in "iu" or (not isinstance(column, np.ndarray) and column.isna().any()):
        return None
    numbers = np.asarray(column)
    distinct = attribute.distinct if attribute else len(np.unique(numbers))
    if distinct < len(numbers) or (len(numbers) and numbers.min() < 0):
        return None
    return numbers.astype(np.uint64)


def _of_arrow(column: Any) -> tuple[Any, bytes, int]:
    import numpy as np
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        return _of_arrow(column.cast(kind.value_type))
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    if not is_text and not pa.types.is_integer(kind) and not pa.types.is_floating(kind):
        return _of_array(column.to_pandas().array)
    if pa.types.is_floating(kind) and np.isnan(numbers := column.to_numpy()).any():
        return _of_array(numbers)  # what is missing is NaN, and NaN is missing
    coded = _frames.in_one_piece(column).dictionary_encode()
    codes = coded.indices.fill_null(-1) if coded.indices.null_count else coded.indices
    distinct = coded.dictionary
    if is_text:
        values = b"".join(map(_text, distinct.cast(pa.large_binary()).to_pylist()))
    else:
        values = _numbers(distinct.to_numpy(zero_copy_only=False))
    return codes.to_numpy(), values, len(distinct)


def _of_array(column: Any) -> tuple[Any, bytes, int]:
    import numpy as np
    import pandas as pd

    if isinstance(column, pd.arrays.NumpyExtensionArray):
        column = column.to_numpy()
    kind = getattr(column.dtype, "kind", "O")
    if column.dtype == object:
        return _objects(column)
    if isinstance(column.dtype, pd.StringDtype):
        import pyarrow as pa

        return _of_arrow(pa.chunked_array([pa.array(column, pa.large_string(), from_pandas=True)]))
    if kind in "Mm":
        column = pd.Series(column).map(lambda value: value.isoformat(), na_action="ignore").astype("str")
        return _of_array(column.array)
    codes, uniques = pd.factorize(column)
    if kind not in "iuf":
        return codes, b"".join(map(_value, uniques.tolist())), len(uniques)
    return codes, _numbers(uniques if isinstance(uniques, np.ndarray) else uniques.to_numpy()), len(uniques)


def _numbers(values: Any) -> bytes:
    """Numbers as fields of a layer."""
    import numpy as np

    kind = values.dtype.kind
    if kind == "f":
        encoded = np.empty((len(values), 11), np.uint8)
        encoded[:, :3] = 0x22, 9, 0x19
        encoded[:, 3:] = values.astype("<f8").view(np.uint8).reshape(-1, 8)
        return encoded.tobytes()
    numbers = values.astype(np.int64).view(np.uint64) if kind == "i" else values.astype(np.uint64)
    fields = np.empty((len(numbers), 4), np.uint64)
    fields[:, 0] = 0x22
    fields[:, 2] = 0x20 if kind == "i" else 0x28
    fields[:, 3] = numbers
    lengths = np.ones(fields.shape, np.uint8)
    lengths[:, 3] = _varints.lengths(numbers)
    fields[:, 1] = 1 + lengths[:, 3]
    return _varints.encoded(fields.reshape(-1), lengths.reshape(-1)).tobytes()


def _objects(column: Any) -> tuple[Any, bytes, int]:
    import numpy as np
    import pandas as pd

    known: dict[bytes, int] = {}
    missing = pd.isna(column).tolist()
    codes = [
        -1 if gap is True else known.setdefault(_value(value), len(known))
        for value, gap in zip(column.tolist(), missing, strict=True)
    ]
    return np.array(codes, np.int64), b"".join(known), len(known)


def _value(value: Any) -> bytes:
    """A value as a field of a layer."""
    import struct

    if isinstance(value, bool):
        message = b"\x38\x01" if value else b"\x38\x00"
    elif isinstance(value, int) and -(1 << 63) <= value < 1 << 63:
        message = b"\x20" + _varints.one(value % (1 << 64))
    elif isinstance(value, float):
        message = b"\x19" + struct.pack("<d", value)
    else:
        text = value if isinstance(value, str) else _frames.to_json(value).strip('"')
        return _text(text.encode())
    return _varints.field(0x22, message)


def _text(text: bytes) -> bytes:
    """A text as a field of a layer."""
    if len(text) < SHORT:
        return b'"%c\n%c%b' % (len(text) + 2, len(text), text)
    return _varints.field(0x22, _varints.field(0x0A, text))
