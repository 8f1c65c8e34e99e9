"""Read an array in pieces: each becomes Arrow batches over memory that is ours.

Batches go into DuckDB as a stream that begins anew with every scan, so an array larger than memory is read piece by
piece and a LIMIT ends the reading. TileDB-Py's own Arrow tables may not be used so: their buffers are let go of in
threads of the engine, without the interpreter's lock, which ends the process.
"""

import math
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from msgspec import Struct

from headrace.engines._arrays_columns import Column, to_arrow
from headrace.engines._arrays_ranges import Range, Selection, Value, clip
from headrace.errors import Invalid

if TYPE_CHECKING:
    import tiledb

BATCH = 122_880  # rows: DuckDB's own unit of parallel work
FIRST = 1 << 20  # bytes of the first piece's buffers; pieces grow, so a LIMIT reads little
PIECE = 48 << 20  # bytes of a later piece's
LAYOUTS = {"row-major": 0, "col-major": 1, "global-order": 2, "unordered": 3}  # TileDB's numbers


class Opened(Struct, frozen=True, kw_only=True):
    """An open array and its columns."""

    array: "tiledb.Array"
    context: "tiledb.Ctx"
    columns: list[Column]
    layout: str = "unordered"
    piece: int = PIECE

    @property
    def sparse(self) -> bool:
        """Whether only the cells that were written are rows."""
        return bool(self.array.schema.sparse)

    @property
    def dimensions(self) -> list[Column]:
        """The columns that are dimensions."""
        return [column for column in self.columns if column.dimension]


def written(opened: Opened) -> list[tuple[Value, Value]] | None:
    """The first and last value that was written, for each dimension; None where nothing was."""
    domain = opened.array.nonempty_domain()
    if domain is None:
        return None
    return [
        (_value(column, low), _value(column, high))
        for column, (low, high) in zip(opened.dimensions, domain, strict=True)
    ]


def _value(column: Column, value: Any) -> Value:  # noqa: ANN401 - numpy's scalars
    if column.var:
        return value.decode() if isinstance(value, bytes) else str(value)
    if column.family in ("date", "time"):
        return int(np.asarray(value).astype(np.int64))
    return value.item() if hasattr(value, "item") else value


def boxes(opened: Opened, selection: Selection) -> list[list[tuple[Value, Value]]] | None:
    """The ranges of every dimension, within what was written; None where they leave nothing."""
    domain = written(opened)
    if domain is None:
        return None
    made: list[list[tuple[Value, Value]]] = []
    for column, (low, high) in zip(opened.dimensions, domain, strict=True):
        clipped = clip(selection.ranges.get(column.name), low, high, column)
        if not clipped:
            return None
        made.append(clipped)
    # Ranges multiply over dimensions, and TileDB walks each combination.
    while math.prod(len(ranges) for ranges in made) > 20_000:
        i = max(range(len(made)), key=lambda i: len(made[i]))
        made[i] = [(made[i][0][0], made[i][-1][1])]
    return made


def arrow_schema(columns: list[Column]) -> pa.Schema:
    """What the batches of these columns look like."""
    return pa.schema([pa.field(c.name, c.arrow, nullable=True) for c in columns])


def batches(opened: Opened, columns: list[Column], selection: Selection) -> Generator[pa.RecordBatch]:
    """The selected cells. Raises Invalid for values that no column holds."""
    schema = arrow_schema(columns)
    ranges = boxes(opened, selection)
    if ranges is None:
        return
    pieces = _sparse(opened, columns, ranges, selection) if opened.sparse else _dense(opened, columns, ranges)
    for buffers in pieces:
        arrays = [to_arrow(column, *buffers[column.name]) for column in columns]
        piece = pa.RecordBatch.from_arrays(arrays, schema=schema)
        for start in range(0, piece.num_rows, BATCH):
            yield piece.slice(start, BATCH)


Buffers = dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]


def _query(
    opened: Opened,
    columns: list[Column],
    ranges: list[list[tuple[Value, Value]]],
    condition: str | None,
    bytes_: int,
) -> Any:  # noqa: ANN401 - TileDB-Py has no types
    import tiledb
    from tiledb.main import PyQuery

    context = opened.context
    config = context.config()
    config["py.init_buffer_bytes"] = str(bytes_)
    layout = LAYOUTS[opened.layout]
    if not opened.sparse and opened.layout == "unordered":
        layout = LAYOUTS["row-major"]
    names = [column.name for column in columns]
    dimensions = [column.name for column in columns if column.dimension]
    attributes = [name for name in names if name not in dimensions]
    query = PyQuery(tiledb.Ctx(config), opened.array, attributes, dimensions, layout, True)
    subarray = tiledb.Subarray(opened.array, context)
    subarray.add_ranges(
        [[tiledb_range(column, r) for r in some] for column, some in zip(opened.dimensions, ranges, strict=True)]
    )
    query.set_subarray(subarray)
    if condition:
        query.set_cond(tiledb.QueryCondition(condition, context))
    return query


def tiledb_range(column: Column, range_: Range) -> tuple[Any, Any]:
    """A range in the values that TileDB-Py takes."""
    if column.family == "date":
        return np.datetime64(range_[0], column.unit), np.datetime64(range_[1], column.unit)
    if column.family == "time":
        return np.timedelta64(range_[0], column.unit), np.timedelta64(range_[1], column.unit)
    if column.family == "number":
        return column.dtype.type(range_[0]), column.dtype.type(range_[1])
    return range_


def _sparse(
    opened: Opened, columns: list[Column], ranges: list[list[tuple[Value, Value]]], selection: Selection
) -> Iterator[Buffers]:
    size = FIRST
    query = _query(opened, columns, ranges, selection.condition, size)
    query._return_incomplete = True  # noqa: SLF001 - what Query(return_incomplete=True) sets
    while True:
        query.submit()
        buffers: Buffers = query.results()
        yield buffers
        if not query.is_incomplete:
            return


def _dense(opened: Opened, columns: list[Column], ranges: list[list[tuple[Value, Value]]]) -> Iterator[Buffers]:
    """Along the first dimensions, in steps of whole tiles, each within the size of a piece."""
    row = sum(column.width + (1 if column.nullable else 0) for column in columns)
    limit = FIRST
    for box in _steps(opened, ranges, lambda: max(1, limit // row)):
        query = _query(opened, columns, box, None, opened.piece)
        query.submit()
        yield query.results()
        limit = opened.piece


def _steps(opened: Opened, ranges: list[list[tuple[Value, Value]]], cells: Any) -> Iterator[Any]:  # noqa: ANN401
    """Boxes of at most so many cells that cover the ranges in order; `cells` is asked before each."""

    def walk(axis: int, chosen: list[list[tuple[Value, Value]]]) -> Iterator[Any]:
        rest = ranges[axis:]
        if axis == len(ranges) or math.prod(_count(some) for some in rest) <= cells():
            yield [*chosen, *rest]
            return
        below = math.prod(_count(some) for some in ranges[axis + 1 :])
        tile = int(np.asarray(opened.array.schema.domain.dim(axis).tile).astype(np.int64) or 1)
        start_of_domain = _value(opened.dimensions[axis], opened.array.schema.domain.dim(axis).domain[0])
        for low, high in ranges[axis]:
            at = low
            while at <= high:
                wanted = cells() // below
                if wanted >= tile:
                    # Up to the end of a tile, so that none is read twice.
                    end = at + wanted - (at + wanted - start_of_domain) % tile - 1
                    end = max(end, at)
                else:
                    end = at + max(1, wanted) - 1
                end = min(end, high)
                yield from (
                    walk(axis + 1, [*chosen, [(at, end)]])
                    if (end - at + 1) * below > cells() and axis + 1 < len(ranges)
                    else [[*chosen, [(at, end)], *ranges[axis + 1 :]]]
                )
                at = end + 1

    yield from walk(0, [])


def _count(ranges: list[tuple[Value, Value]]) -> int:
    return sum(high - low + 1 for low, high in ranges)


class Stream:
    """An array as DuckDB scans it: every scan reads anew, and what went wrong in one is kept."""

    def __init__(self, opened: Opened, columns: list[Column], selection: Selection) -> None:
        self.opened, self.columns, self.selection = opened, columns, selection
        self.rows = 0  # read so far, over all scans
        self.error: Exception | None = None

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        reader = pa.RecordBatchReader.from_batches(arrow_schema(self.columns), self._watched())
        return reader.__arrow_c_stream__(requested_schema)

    def _watched(self) -> Iterator[pa.RecordBatch]:
        import tiledb

        try:
            for batch in batches(self.opened, self.columns, self.selection):
                self.rows += batch.num_rows
                yield batch
        except tiledb.TileDBError as error:
            self.error = Invalid(f"The array could not be read: {str(error).rpartition(': ')[2]}.")
            raise
        except Exception as error:
            self.error = error
            raise
