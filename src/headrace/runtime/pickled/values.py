"""Values as bytes: the result formats of the clients, with their media types (protocol notes 2.5).

arrow            an Arrow IPC stream, as a table         bytes          as they are
arrow_dataframe  the same, as a DataFrame                json           any JSON
python_pickle    cloudpickle, protocol 4                 tiledb_json    JSON in which the rest is tagged
"""

# Values of any type are its subject.
# ruff: noqa: ANN401
from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Callable, Mapping
from datetime import date, time
from typing import Any, NamedTuple

from .failure import Failed

PROTOCOL = 4  # of pickle: what every client reads
ROWS = 100_000  # a record batch: what a reader holds at once


class Codec(NamedTuple):
    """How one format is written into a binary file, and read from bytes."""

    media_type: str
    write: Callable[[Any, Any], None]
    read: Callable[[bytes], Any]


def write(name: str, value: Any, out: Any) -> None:
    """Write a value into a binary file. Raises Failed where the format does not take it."""
    try:
        codec_of(name).write(value, out)
    except (Failed, MemoryError):
        raise
    except RecursionError:
        raise Failed("SerializationError", f"The result is nested too deeply to be written as {name}.") from None
    except ModuleNotFoundError as missing:
        raise Failed("SerializationError", f"Writing the result as {name} needs the package {missing.name}.") from None
    except (TypeError, ValueError, AttributeError, LookupError, ArithmeticError, pickle.PicklingError) as wrong:
        kind = type(value).__name__
        raise Failed(
            "SerializationError",
            f"The function returned a value of type {kind}, which cannot be written as {name}: {wrong}",
        ) from None


def read(name: str, data: bytes) -> Any:
    """The value that bytes of a format hold. Raises Failed for bytes that hold none."""
    try:
        return codec_of(name).read(data)
    except (Failed, MemoryError):
        raise
    except Exception as wrong:  # noqa: BLE001 - bytes of anybody's making, and libraries that read them
        raise Failed("ValueError", f"A value cannot be read as {name}: {type(wrong).__name__}: {wrong}") from None


def codec_of(name: str) -> Codec:
    """The codec of a format by the clients' name for it. Raises Failed for a name that there is not."""
    found = CODECS.get("python_pickle" if name == "native" else name)
    if found is None:
        raise Failed("ValueError", f"{name!r} is no result format for Python; there are native, {', '.join(CODECS)}.")
    return found


def format_of(media_type: str) -> str:
    """The format that a media type names; anything unknown is bytes."""
    wanted = media_type.partition(";")[0].strip().lower()
    return next((name for name, codec in CODECS.items() if codec.media_type == wanted), "bytes")


def write_arrow(value: Any, out: Any) -> None:
    """Write what can be a table. Nothing, for None: clients take that for a table without rows."""
    import pyarrow as pa

    if value is None:
        return
    table = _as_table(value)
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table, max_chunksize=ROWS)


def write_frame(value: Any, out: Any) -> None:
    """Write a DataFrame, with what pandas knows of its index and types."""
    import pyarrow as pa

    write_arrow(pa.Table.from_pandas(value), out)


def write_pickle(value: Any, out: Any) -> None:
    """Pickle any value."""
    from . import portable

    portable.pickler()(out, PROTOCOL).dump(value)


def is_frame(value: Any) -> bool:
    """Whether it is a DataFrame, without an import for the answer no."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, pandas.DataFrame)


def is_table(value: Any) -> bool:
    """Whether it is an Arrow table, without an import for the answer no."""
    pyarrow = sys.modules.get("pyarrow")
    return pyarrow is not None and isinstance(value, pyarrow.Table)


def _as_table(value: Any) -> Any:
    import pyarrow as pa

    if isinstance(value, pa.Table):
        return value
    if isinstance(value, pa.RecordBatch):
        return pa.Table.from_batches([value])
    if isinstance(value, pa.RecordBatchReader):
        return value.read_all()
    if is_frame(value):
        return pa.Table.from_pandas(value)
    if isinstance(value, Mapping):  # as arrays are read: a numpy array for each name
        columns: dict[str, Any] = {str(name): _column(column) for name, column in value.items()}
        return pa.table(columns)
    if isinstance(value, list):
        return pa.Table.from_pylist(value)
    if hasattr(value, "to_frame"):  # a series
        return _as_table(value.to_frame())
    return pa.table(value)  # whatever speaks Arrow's C interface, such as a frame of polars


def _column(column: Any) -> Any:
    """A dense array has a column of as many dimensions."""
    return column.ravel() if getattr(column, "ndim", 1) > 1 else column


def _read_arrow(data: bytes) -> Any:
    import pyarrow as pa

    return pa.ipc.open_stream(data).read_all() if data else pa.table({})


def _read_frame(data: bytes) -> Any:
    import pyarrow as pa

    return pa.ipc.open_stream(data).read_pandas()


def _read_pickle(data: bytes) -> Any:
    from . import names

    return names.load(data, "A value")[0]


def _write_json(value: Any, out: Any) -> None:
    out.write(json.dumps(value, default=_plain).encode())


def _plain(value: Any) -> Any:
    """What JSON has no word for, as it is usually said."""
    if is_frame(value):
        return value.to_dict("records")
    if is_table(value):
        return value.to_pylist()
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return list(value)
    for name in ("tolist", "item"):  # arrays, series and scalars of numpy and pandas
        if type(value).__module__.partition(".")[0] in ("numpy", "pandas") and hasattr(value, name):
            return getattr(value, name)()
    raise TypeError(f"JSON has nothing for {type(value).__name__}; ask for native or tiledb_json")


def _write_bytes(value: Any, out: Any) -> None:
    if isinstance(value, str):
        value = value.encode()
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise TypeError("return bytes or text")
    out.write(value)


def _write_tagged(value: Any, out: Any) -> None:
    from . import tagged

    out.write(json.dumps(tagged.encode(value)).encode())


def _read_tagged(data: bytes) -> Any:
    from . import tagged

    return tagged.decode(json.loads(data))


CODECS: dict[str, Codec] = {
    "python_pickle": Codec("application/vnd.tiledb.python-pickle", write_pickle, _read_pickle),
    "json": Codec("application/json", _write_json, json.loads),
    "arrow": Codec("application/vnd.apache.arrow.stream", write_arrow, _read_arrow),
    "bytes": Codec("application/octet-stream", _write_bytes, bytes),
    "tiledb_json": Codec("application/vnd.tiledb.udf-data+json", _write_tagged, _read_tagged),
    "arrow_dataframe": Codec("application/vnd.tiledb.arrow-dataframe", write_frame, _read_frame),
}
