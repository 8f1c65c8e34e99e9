"""Read an array in pieces: each becomes Arrow batches over memory that is ours.

Batches go into DuckDB as a stream that begins anew with every scan, so an array larger than memory is read piece by
piece and a LIMIT ends the reading. TileDB-Py's own Arrow tables may not be used so: their buffers are let go of in
threads of the engine, without the interpreter's lock, which ends the process.
"""

import math
from collections.abc import Generator, Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from msgspec import Struct, field

from headrace.engines._arrays_columns import Column, to_arrow
from headrace.engines._arrays_ranges import MAX_BOXES, Range, Selection, Value, clip
from headrace.engines._problems import told
from headrace.errors import Invalid

if TYPE_CHECKING:
    import tiledb

BATCH = 122_880  # rows: DuckDB's own unit of parallel work
FIRST = 1 << 20  # bytes of a piece where a LIMIT ends the reading
PIECE = 48 << 20  # bytes of a buffer, one for each column of a sparse array
BOX = 16 << 20  # bytes of all columns of a dense array's: while one is read, the one before is worked on
NONE = np.zeros(0, np.uint8)
LAYOUTS = {"row-major": 0, "col-major": 1, "global-order": 2, "unordered": 3}  # TileDB's numbers


def buffer(piece: int) -> int:
    """Bytes of a buffer as TileDB-Py makes one: a power of two. What does not fit is begun anew, in a larger one."""
    return 1 << (piece.bit_length() - 1)


class Opened(Struct, frozen=True, kw_only=True):
    """An open array and its columns."""

    array: "tiledb.Array"
    context: "tiledb.Ctx"
    columns: list[Column]
    small: "tiledb.Ctx | None" = None  # the same, with buffers of FIRST bytes: for a LIMIT
    layout: str = "unordered"
    piece: int = PIECE
    conditions: dict[str, Any] = field(default_factory=dict)  # that were made of it, by their text

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
    while math.prod(len(ranges) for ranges in made) > MAX_BOXES:
        i = max(range(len(made)), key=lambda i: len(made[i]))
        made[i] = [(made[i][0][0], made[i][-1][1])]
    return made


def takes(opened: Opened, condition: str | None) -> bool:
    """Whether TileDB takes the condition; one that it does not take is left out where cells are read."""
    from tiledb.main import PyQuery

    if condition is None:
        return True
    return _is_set(PyQuery(opened.context, opened.array, [], [], LAYOUTS["unordered"], True), opened, condition)


def _is_set(query: Any, opened: Opened, text: str) -> bool:  # noqa: ANN401 - TileDB-Py has no types
    """Set the condition of a query, and say whether it was taken. It is made once, of the array that is open."""
    import tiledb
    from tiledb.query_condition import QueryConditionTree

    try:
        if text not in opened.conditions:
            made = tiledb.QueryCondition(text, opened.context)
            made.c_obj = QueryConditionTree(opened.context, opened.array, []).visit(made.tree.body)
            made.init_query_condition = _nothing_more
            opened.conditions[text] = made
        query.set_cond(opened.conditions[text])
    except tiledb.TileDBError:
        return False
    return True


def _nothing_more(uri: str, query_attrs: list[str], ctx: Any) -> None:  # noqa: ANN401 - as above
    """What TileDB-Py calls of a condition for every query; its own opens the array anew, as it is by then."""


def arrow_schema(columns: list[Column]) -> pa.Schema:
    """What the batches of these columns look like."""
    return pa.schema([pa.field(c.name, c.arrow, nullable=True) for c in columns])


def batches(opened: Opened, columns: list[Column], selection: Selection) -> Generator[pa.RecordBatch]:
    """The selected cells. Raises Invalid for values that no column holds."""
    schema = arrow_schema(columns)
    ranges = boxes(opened, selection)
    if ranges is None:
        return
    few = selection.limit is not None
    if opened.sparse:
        pieces = _sparse(opened, columns, ranges, selection.condition, few=few)
    else:
        pieces = dense_pieces(opened, columns, ranges, few=few)
    for buffers in pieces:
        arrays = [to_arrow(column, *buffers[column.stored]) for column in columns]
        piece = pa.RecordBatch.from_arrays(arrays, schema=schema)
        for start in range(0, piece.num_rows, BATCH):
            yield piece.slice(start, BATCH)


Buffers = dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]


def _query(
    opened: Opened,
    columns: list[Column],
    ranges: Sequence[list[tuple[Value, Value]]],
    condition: str | None,
    context: "tiledb.Ctx",
) -> Any:  # noqa: ANN401 - TileDB-Py has no types
    import tiledb
    from tiledb.main import PyQuery

    layout = LAYOUTS[opened.layout]
    # Any order is one that was asked for, and TileDB's own, of ranges within tiles, ends the process (2.30).
    if not opened.sparse and opened.layout != "col-major":
        layout = LAYOUTS["row-major"]
    dimensions = [column.name for column in columns if column.dimension]
    attributes = [column.stored for column in columns if not column.dimension]
    query = PyQuery(context, opened.array, attributes, dimensions, layout, True)
    subarray = tiledb.Subarray(opened.array, context)
    subarray.add_ranges(
        [[tiledb_range(column, r) for r in some] for column, some in zip(opened.dimensions, ranges, strict=True)]
    )
    query.set_subarray(subarray)
    if condition:
        # One that is not taken costs speed alone: all of WHERE is looked at again then.
        _is_set(query, opened, condition)
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
    opened: Opened,
    columns: list[Column],
    ranges: list[list[tuple[Value, Value]]],
    condition: str | None,
    *,
    few: bool,
) -> Iterator[Buffers]:
    context = opened.small if few and opened.small is not None else opened.context
    query = _query(opened, columns, ranges, condition, context)
    query._return_incomplete = True  # noqa: SLF001 - what Query(return_incomplete=True) sets
    while True:
        query.submit()
        buffers: Buffers = query.results()
        yield buffers
        if not query.is_incomplete:
            return


def dense_pieces(
    opened: Opened, columns: list[Column], ranges: list[list[tuple[Value, Value]]], *, few: bool = False
) -> Iterator[Buffers]:
    """The cells of dense ranges in boxes, each within the size of a piece; of a small one where `few` are asked for."""
    row = sum(column.width + (1 if column.nullable else 0) for column in columns)
    for box in cut(opened, ranges, max(1, (FIRST if few else min(BOX, opened.piece)) // row)):
        yield box_cells(opened, columns, box)


def box_cells(opened: Opened, columns: list[Column], box: tuple[list[tuple[Value, Value]], ...]) -> Buffers:
    """The cells of a box. They stand in order, so their coordinates are counted and not read."""
    buffers: Buffers = {}
    if attributes := [column for column in columns if not column.dimension]:
        query = _query(opened, attributes, box, None, opened.context)
        query.submit()
        buffers = query.results()
    for column in columns:
        if column.dimension:
            buffers[column.stored] = (_coordinates(opened, column, box), NONE, NONE)
    return buffers


def _coordinates(opened: Opened, column: Column, box: tuple[list[tuple[Value, Value]], ...]) -> np.ndarray:
    """Of every cell of a box what it is on one dimension, in the order in which cells are read."""
    at = [dimension.name for dimension in opened.dimensions].index(column.name)
    along = np.concatenate([axis(low, high, column.dtype) for low, high in box[at]])
    before, after = math.prod(map(length, box[:at])), math.prod(map(length, box[at + 1 :]))
    if opened.layout == "col-major":
        before, after = after, before
    cells = np.repeat(along, after)
    return cells if before == 1 else np.tile(cells, before)


def axis(low: Value, high: Value, dtype: np.dtype[Any]) -> np.ndarray:
    """The values of a range of a dense dimension."""
    # Around the end of 64 bits, which numbers below zero come back from: so every kind of whole number is counted.
    return (np.arange(high - low + 1, dtype=np.uint64) + np.uint64(low % 2**64)).astype(dtype)


def cut(
    opened: Opened, ranges: list[list[tuple[Value, Value]]], cells: int
) -> Iterator[tuple[list[tuple[Value, Value]], ...]]:
    """Boxes of about so many cells that cover the ranges.

    They are of whole tiles, so that none is read twice, and as long as can be on the last axis first.
    """
    domain = opened.array.schema.domain
    tiles = [max(1, int(np.asarray(domain.dim(i).tile).astype(np.int64))) for i in range(len(ranges))]
    counts = [length(some) for some in ranges]
    steps = [min(tile, count) for tile, count in zip(tiles, counts, strict=True)]
    for i in reversed(range(len(ranges))):
        most = cells // math.prod(steps[:i] + steps[i + 1 :])
        if most < counts[i]:
            steps[i] = max(steps[i], most - most % tiles[i])
            break
        steps[i] = counts[i]
    for i in range(len(ranges)):  # a tile that is larger than a piece is cut
        steps[i] = max(1, min(steps[i], cells // math.prod(steps[:i] + steps[i + 1 :])))
    origins = [_value(c, domain.dim(i).domain[0]) for i, c in enumerate(opened.dimensions)]
    parted = zip(ranges, steps, counts, tiles, origins, strict=True)
    yield from product(*(list(_parts(*one)) for one in parted))


def _parts(
    ranges: list[tuple[Value, Value]], step: int, count: int, tile: int, origin: Value
) -> Iterator[list[tuple[Value, Value]]]:
    """The ranges of one axis in groups of at most `step` values; long ones are cut at the edges of tiles."""
    if step >= count:
        yield ranges
        return
    group: list[tuple[Value, Value]] = []
    for low, high in ranges:
        at = low
        while at <= high:
            edge = step - (at - origin) % step if step % tile == 0 else step
            end = min(high, at + edge - 1)
            if group and length(group) + end - at + 1 > step:
                yield group
                group = []
            group.append((at, end))
            at = end + 1
    if group:
        yield group


def length(ranges: list[tuple[Value, Value]]) -> int:
    """How many values there are in ranges of a dense dimension."""
    return sum(high - low + 1 for low, high in ranges)


class Stream:
    """An array as DuckDB scans it: every scan reads anew, and what went wrong in one is kept."""

    def __init__(self, opened: Opened, columns: list[Column], selection: Selection) -> None:
        self.opened, self.columns, self.selection = opened, columns, selection
        self.rows = 0  # read so far, over all scans
        self.error: Exception | None = None

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        reader = pa.RecordBatchReader.from_batches(self.schema(), self._watched())
        return reader.__arrow_c_stream__(requested_schema)

    def schema(self) -> pa.Schema:
        """What its batches look like."""
        return arrow_schema(self.columns)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows of one scan."""
        return batches(self.opened, self.columns, self.selection)

    def _watched(self) -> Iterator[pa.RecordBatch]:
        import tiledb

        try:
            for batch in self.batches():
                self.rows += batch.num_rows
                yield batch
        except tiledb.TileDBError as error:
            self.error = Invalid(f"The array could not be read: {told(error)}.")
            raise
        except Exception as error:
            self.error = error
            raise
