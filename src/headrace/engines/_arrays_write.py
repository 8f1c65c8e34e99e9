"""Write rows into an array: all of them, as one fragment, or none.

Everything is computed and checked before anything is written, and TileDB makes a fragment visible by one last rename,
so a process that is killed leaves the array as it was. What is written at one cell twice is what was written last.
"""

# Arrow's functions are made when the module is imported, where the type checker does not see them.
# pyright: reportAttributeAccessIssue=false

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from headrace.engines import _arrays_query, _problems
from headrace.engines._arrays_cells import Cells, cells, empty, sql_type
from headrace.engines._arrays_columns import Column, to_arrow
from headrace.engines._arrays_read import Opened, dense_pieces, tiledb_range
from headrace.engines._arrays_session import Session, Target
from headrace.errors import Invalid, TooLarge

MAX_CELLS = 1 << 26  # of the box around the rows that a dense array takes in one statement

Raw = tuple[np.ndarray, np.ndarray, np.ndarray]  # data, offsets in values, validity

_last: dict[str, int] = {}  # milliseconds of the last write, by place


def insert(session: Session, target: Target, names: Sequence[str], tree: exp.Expr, text: str) -> int:
    """Write the rows of a query, by position, into the named columns, or all. Returns how many there were."""
    opened = session.open(target)
    by_name = {column.name.lower(): column for column in opened.columns}
    for name in names:
        if name.lower() not in by_name:
            known = ", ".join(f"`{column.name}`" for column in opened.columns)
            raise _problems.near(text, name, f"`{target.place.uri}` has no column `{name}`; there are {known}.")
    columns = [by_name[name.lower()] for name in names] if names else opened.columns
    if len({column.name for column in columns}) != len(columns):
        raise _problems.SqlError("A column is named twice.")
    table = _computed(session, tree, columns, text)
    return write(session, target, columns, table)


def _computed(session: Session, tree: exp.Expr, columns: Sequence[Column], text: str) -> pa.Table:
    """The rows of the tree, cast to what the columns hold."""
    import duckdb

    width = len(tree.selects) if isinstance(tree, exp.Query) and not tree.is_star else None
    if isinstance(tree, exp.Values):
        widths = {len(row.expressions) if isinstance(row, exp.Tuple) else 1 for row in tree.expressions}
        width = next((w for w in widths if w != len(columns)), len(columns))
    if width is not None and width != len(columns):
        raise _problems.SqlError(f"{width} values are given for {len(columns)} columns.")
    aliases = [exp.to_identifier(f"c{i}") for i in range(len(columns))]
    alias = exp.TableAlias(this=exp.to_identifier("given"), columns=aliases)
    if isinstance(tree, exp.Values):
        source: exp.Expr = tree.copy()
        source.set("alias", alias)
    else:
        source = exp.Subquery(this=tree.copy(), alias=alias)
    casts = [
        exp.alias_(
            exp.Cast(this=exp.column(f"c{i}"), to=exp.DataType.build(sql_type(column), dialect="duckdb")), f"c{i}"
        )
        for i, column in enumerate(columns)
    ]
    result = _arrays_query.run(session, exp.Select(expressions=casts).from_(source), text)
    try:
        return result.to_arrow_table()
    except (duckdb.Error, OSError, pa.ArrowException) as error:
        raise _arrays_query.read_problem(session, error, text) from None


def output(session: Session, uri: str, rows: _arrays_query.Rows) -> None:
    """Write rows into an array by the names of their columns. Raises Invalid where the array has others."""
    target = session.find(uri)
    if target is None or target.metadata or target.place.kind != "array":
        raise session.missing("", uri)
    opened = session.open(target)
    table = rows if isinstance(rows, pa.Table) else rows.read_all()
    by_name = {column.name.lower(): column for column in opened.columns}
    strange = [name for name in table.schema.names if name.lower() not in by_name]
    lacking = [c.name for c in opened.columns if c.name.lower() not in {n.lower() for n in table.schema.names}]
    needed = [column.name for column in opened.columns if column.name in lacking and not column.nullable]
    if strange or needed:
        told = [f"the array has no column `{name}`" for name in strange]
        told += [f"the rows have no column `{name}`" for name in needed]
        raise Invalid(f"The rows do not fit into `{uri}`: {'; '.join(told)}.")
    columns = [by_name[name.lower()] for name in table.schema.names]
    name = session.unique("output")
    session.connection.register(name, table)
    source = exp.select("*").from_(exp.to_identifier(name, quoted=True))
    write(session, target, columns, _computed(session, source, columns, ""))


def write(session: Session, target: Target, columns: Sequence[Column], table: pa.Table) -> int:
    """Write rows whose columns are these, in order. Raises Invalid, TooLarge, Forbidden."""
    import tiledb

    opened = session.open(target)
    given = {column.name: table.column(i) for i, column in enumerate(columns)}
    for column in opened.dimensions:
        if column.name not in given:
            raise Invalid(f"Every row needs a value for the dimension `{column.name}`.")
    # Rights are checked where nothing is to be written, too.
    writing = session.open(target, "w", moment(target.place.path))
    try:
        if table.num_rows == 0:
            return 0
        _check_domain(opened, given)
        if opened.sparse:
            buffers = {
                c.name: cells(c, given[c.name]) if c.name in given else empty(c, table.num_rows) for c in opened.columns
            }
            _submit(writing, buffers, None)
        else:
            _submit(writing, *_box(opened, given, table.num_rows))
    except tiledb.TileDBError as error:
        raise _writing(target, error) from None
    finally:
        writing.array.close()
    return table.num_rows


def moment(path: str) -> int:
    """Now, and later than the last write to this place: of two in one millisecond none would be the last."""
    _last[path] = max(time.time_ns() // 1_000_000, _last.get(path, 0) + 1)
    return _last[path]


def _writing(target: Target, error: Exception) -> Invalid:
    said = str(error)
    if "uplicate coordinate" in said:
        return Invalid(f"Two rows are for the same cell of `{target.place.uri}`, which keeps one.")
    return Invalid(f"`{target.place.uri}` could not be written: {_problems.told(error)}.")


def _check_domain(opened: Opened, given: dict[str, pa.ChunkedArray]) -> None:
    domain = opened.array.schema.domain
    for i, column in enumerate(opened.dimensions):
        if column.var or not len(given[column.name]):
            continue
        values = cells(column, given[column.name]).data.view(column.dtype)
        low, high = (np.asarray(end).astype(column.dtype) for end in domain.dim(i).domain)
        if values.min() < low or values.max() > high:
            ends = " and ".join(str(end) for end in domain.dim(i).domain)
            raise Invalid(f"A value of `{column.name}` is out of the array's domain: it lies between {ends}.")


def _submit(writing: Opened, buffers: dict[str, Cells], box: list[tuple[Any, Any]] | None) -> None:
    import tiledb
    import tiledb.libtiledb as lib

    query = lib.Query(lib.Context(writing.context), lib.Array(writing.context, writing.array), lib.QueryType.WRITE)
    query.layout = lib.LayoutType.UNORDERED if box is None else lib.LayoutType.ROW_MAJOR
    if box is not None:
        subarray = tiledb.Subarray(writing.array, writing.context)
        pairs = zip(writing.dimensions, box, strict=True)
        subarray.add_ranges([[tiledb_range(column, ends)] for column, ends in pairs])
        query.set_subarray(subarray)
    kept: list[np.ndarray] = []  # TileDB holds their addresses until it is done
    for column in writing.columns:
        if (made := buffers.get(column.name)) is None:
            continue
        data = np.ascontiguousarray(made.data).view(np.uint8)
        kept.append(data if len(data) else np.zeros(8, np.uint8))
        query.set_data_buffer(column.stored, kept[-1], len(data) // column.dtype.itemsize)
        if made.offsets is not None:
            kept.append(made.offsets)
            query.set_offsets_buffer(column.stored, made.offsets, len(made.offsets))
        if made.validity is not None:
            kept.append(made.validity)
            query.set_validity_buffer(column.stored, made.validity, len(made.validity))
    query._submit()  # noqa: SLF001 - as TileDB-Py's own arrays write
    query.finalize()


def _box(
    opened: Opened, given: dict[str, pa.ChunkedArray], count: int
) -> tuple[dict[str, Cells], list[tuple[Any, Any]]]:
    """The smallest box around the rows, with what it holds now wherever the rows say nothing."""
    coordinates = [cells(column, given[column.name]).data.view(column.dtype) for column in opened.dimensions]
    box = [(int(values.min()), int(values.max())) for values in coordinates]
    shape = [high - low + 1 for low, high in box]
    total = 1
    for size in shape:
        total *= size
    if total > MAX_CELLS:
        raise TooLarge(
            f"The rows are spread over {total:,} cells of a dense array, of which one statement writes {MAX_CELLS:,}; "
            "write it in parts that lie together."
        )
    offsets = [values.astype(np.int64) - low for values, (low, _) in zip(coordinates, box, strict=True)]
    places = np.ravel_multi_index(tuple(offsets), tuple(shape))
    if len(np.unique(places)) != count:
        raise Invalid("Two rows are for the same cell, which keeps one.")
    attributes = [column for column in opened.columns if not column.dimension]
    whole = count == total
    now = _current(opened, attributes, box) if not whole or any(c.name not in given for c in attributes) else None
    # By the place in the box: the row that was given for it, or else what is there.
    source = np.arange(total, dtype=np.int64)
    source[places] = total + np.arange(count, dtype=np.int64)
    buffers: dict[str, Cells] = {}
    for column in attributes:
        new = given.get(column.name)
        if now is None:
            assert new is not None
            buffers[column.name] = cells(column, new.take(pa.array(source - total)))
        elif column.var:
            there = to_arrow(column, *now[column.name])
            parts = [there, *(new.cast(column.arrow).chunks if new is not None else [])]
            values = pc.take(
                pa.chunked_array(parts, type=column.arrow), pa.array(source if new is not None else source % total)
            )
            buffers[column.name] = cells(column, values)
        else:
            buffers[column.name] = _over(
                column, now[column.name], cells(column, new) if new is not None else None, places
            )
    return buffers, box


def _over(column: Column, now: Raw, new: Cells | None, places: np.ndarray) -> Cells:
    """Cells of a fixed width with others put in their places; bytes, so that fill values stay what they are."""
    data, validity = now[0].view(np.uint8).reshape(-1, column.width).copy(), now[2].copy()
    if new is not None:
        data[places] = new.data.view(np.uint8).reshape(-1, column.width)
        if new.validity is not None:
            validity[places] = new.validity
    return Cells(data=data.reshape(-1), validity=validity if column.nullable else None)


def _current(opened: Opened, columns: list[Column], box: list[tuple[Any, Any]]) -> dict[str, Raw]:
    """What is in a box now: what was never written has the fill value."""
    pieces = list(dense_pieces(opened, columns, [[ends] for ends in box]))
    made: dict[str, Raw] = {}
    for column in columns:
        data = np.concatenate([piece[column.stored][0].view(np.uint8) for piece in pieces])
        validity = np.concatenate([piece[column.stored][2] for piece in pieces])
        starts = np.cumsum([0, *(piece[column.stored][1][-1] if column.var else 0 for piece in pieces)])
        offsets = [p[column.stored][1][:-1].astype(np.int64) + at for p, at in zip(pieces, starts[:-1], strict=True)]
        made[column.name] = data, np.concatenate([*offsets, starts[-1:]]).astype(np.uint64), validity
    return made
