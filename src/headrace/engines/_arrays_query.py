"""Run one tree: arrays become streams, files become views, and DuckDB does the rest."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa
from sqlglot import exp

from headrace.engines import _arrays_groups, _arrays_totals, _guard, _mysql, _problems
from headrace.engines import _arrays_plan as plan
from headrace.engines._arrays_groups import Groups, Parts
from headrace.engines._arrays_ranges import Selection
from headrace.engines._arrays_read import Opened, Stream, takes
from headrace.engines._arrays_session import Session, Target
from headrace.engines._duckdb import ROWS, persist
from headrace.errors import HeadraceError

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb

Rows: TypeAlias = pa.Table | pa.RecordBatchReader
NOTHING = pa.table({})
WIDE = ("HUGEINT", "UHUGEINT")
INTERRUPTED, ASKED = "Interrupted!", 4


def rows(session: Session, tree: exp.Expr, text: str) -> Rows:
    """The rows of a query. Raises SqlError, Invalid, TooLarge."""
    references = plan.find(tree, session)
    _check_names(session, tree, text)
    arrays = {id(r.node): session.open(r.target) for r in references if _is_array(r.target)}
    if len(references) == 1 and len(arrays) == 1 and session.on("mytile_enable_aggregate_pushdown"):
        total = _arrays_totals.answer(tree, references[0], next(iter(arrays.values())), session)
        if total is not None:
            return total
    return answer(session, run(session, tree, text, references, arrays), text)


def run(
    session: Session,
    tree: exp.Expr,
    text: str,
    references: Sequence[plan.Reference] | None = None,
    arrays: dict[int, Opened] | None = None,
    *,
    explain: bool = False,
) -> "duckdb.DuckDBPyConnection":
    """Execute a tree, with the columns that it seems to need or, where DuckDB misses one, with all."""
    import duckdb

    references = plan.find(tree, session) if references is None else references
    if arrays is None:
        _check_names(session, tree, text)
        arrays = {id(r.node): session.open(r.target) for r in references if _is_array(r.target)}
    for macro in _mysql.macros(tree):
        session.connection.execute(macro)
    names = [_rename(session, reference) for reference in references]
    scans: list[tuple[plan.Reference, Stream]] = []
    cells = tree  # what asks for cells where parts of totals are asked for
    for reference in references:
        if (opened := arrays.get(id(reference.node))) is None:
            continue
        selection, groups = _found(session, tree, reference, opened)
        if groups is not None:
            cells = tree.copy() if cells is tree else cells
            groups.put()
            scans.append((reference, Parts(opened, groups, selection)))
        else:
            scans.append((reference, Stream(opened, plan.used(tree, reference, opened.columns), selection)))
    sql = _printed(tree, explain=explain)
    for reference, stream in scans:
        _register(session, reference.node.name, stream)
    try:
        _guard.check(session.connection, sql, frozenset(name.lower() for name in names))
    except _problems.SqlError as error:
        raise _problems.moved(error, sql, text) from None
    writes = not (explain or isinstance(tree, exp.Query))
    session.again = None if writes else lambda: session.connection.execute(sql)
    try:
        return persist(lambda: session.connection.execute(sql), writes=writes)
    except duckdb.BinderException as error:
        if all(len(stream.columns) == len(stream.opened.columns) for _, stream in scans):
            raise problem(session, error, text) from None
        for reference, stream in scans:
            session.connection.unregister(reference.node.name)
            everything = Stream(stream.opened, stream.opened.columns, stream.selection)
            _register(session, reference.node.name, everything)
        sql = _printed(cells, explain=explain)
    except duckdb.Error as error:
        raise _kept([stream for _, stream in scans]) or problem(session, error, text) from None
    try:
        return persist(lambda: session.connection.execute(sql), writes=writes)
    except duckdb.Error as error:
        raise _kept(session.streams) or problem(session, error, text) from None


def _printed(tree: exp.Expr, *, explain: bool) -> str:
    return ("EXPLAIN " if explain else "") + _mysql.printed(tree)


def _found(
    session: Session, tree: exp.Expr, reference: plan.Reference, opened: Opened
) -> tuple[Selection, Groups | None]:
    """What is read of an array; the tree is left with what is yet to be filtered."""
    if not session.on("mytile_enable_pushdown"):
        return Selection(), None
    reader = plan.comparisons(tree, reference, opened.columns, session, sparse=opened.sparse)
    if reader is None:
        return Selection(), None
    selection = reader.selection()
    groups = _arrays_groups.find(reader, opened) if session.on("mytile_enable_aggregate_pushdown") else None
    if selection.apart and takes(opened, selection.condition):
        reader.settle()
    return selection, groups


def _is_array(target: Target) -> bool:
    return target.place.kind == "array" and not target.metadata


def _register(session: Session, name: str, stream: Stream) -> Stream:
    session.connection.register(name, stream)
    session.streams.append(stream)
    return stream


def _rename(session: Session, reference: plan.Reference) -> str:
    """Give the table the name under which it is registered, and let columns be qualified as they were."""
    node, target = reference.node, reference.target
    if target.metadata:
        name = session.unique("metadata")
        session.connection.register(name, metadata(session, target))
    elif target.place.kind == "file":
        name = session.show_file(target.place)
    else:
        name = session.unique("array")
    if not node.alias:
        node.set("alias", exp.TableAlias(this=exp.to_identifier(reference.alias, quoted=True)))
    node.set("this", exp.to_identifier(name, quoted=True))
    return name


def metadata(session: Session, target: Target) -> pa.Table:
    """The metadata of an array: two columns of text, several values with commas between them."""
    opened = session.open(Target(place=target.place, timestamp=target.timestamp, key=target.key))
    keys = sorted(opened.array.meta.keys())
    values = [opened.array.meta[key] for key in keys]
    return pa.table({"key": pa.array(keys, pa.string()), "value": pa.array(map(_text, values), pa.string())})


def _text(value: Any) -> str:  # noqa: ANN401 - what metadata holds
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value if isinstance(value, str) else ",".join(map(str, value)) if hasattr(value, "__iter__") else str(value)


def _check_names(session: Session, tree: exp.Expr, text: str) -> None:
    for node in tree.find_all(exp.Table):
        name = node.name
        target = None if node.args.get("db") else session.find(name)
        if ("://" in name and target is None) or (target is not None and not target.place.exists):
            raise session.missing(text, name)


def problem(session: Session, error: "duckdb.Error", text: str) -> HeadraceError:
    """What DuckDB refused; of a table that there is not, with those that there are."""
    import duckdb

    made = _problems.of_duckdb(error, text)
    said = str(error)
    if isinstance(error, duckdb.CatalogException) and "Table with name" in said:
        there = [f"`{name}`" for name in session.names()]
        shown = session.connection.execute(
            "SELECT database_name || '.' || table_name FROM duckdb_tables() "
            "WHERE NOT internal AND NOT temporary AND database_name NOT LIKE '\\_\\_ducklake%' ESCAPE '\\' LIMIT 20"
        ).fetchall()
        there += [row[0] for row in shown]
        name = said.partition("Table with name ")[2].partition(" does not exist")[0].strip('"')
        listed = f"There are {', '.join(there[:10])}." if there else "There are no tables yet."
        return _problems.near(text, name, f"There is no table {name}. {listed}")
    return made


def _kept(streams: Sequence[Any]) -> Exception | None:
    return next((stream.error for stream in streams if stream.error is not None), None)


def answer(session: Session, result: "duckdb.DuckDBPyConnection", text: str) -> Rows:
    """The rows of what was executed: a table where they are few, else a reader that goes on as it is read."""
    import duckdb

    types = [str(column[1]) for column in result.description or []]
    try:
        if any(type_ in WIDE for type_ in types):
            return narrow(result.to_arrow_table(), types)
        reader = result.to_arrow_reader(ROWS)
        first = list(_some(reader, 2))
    except (duckdb.Error, OSError, pa.ArrowException) as error:
        raise read_problem(session, error, text) from None
    if len(first) < 2:
        return pa.Table.from_batches(first, schema=reader.schema)
    return pa.RecordBatchReader.from_batches(reader.schema, _watched(session, chain(first, reader), text))


def _some(reader: pa.RecordBatchReader, count: int) -> Iterator[pa.RecordBatch]:
    for _ in range(count):
        try:
            yield reader.read_next_batch()
        except StopIteration:
            return


def _watched(session: Session, batches: Iterator[pa.RecordBatch], text: str) -> Iterator[pa.RecordBatch]:
    import duckdb

    try:
        yield from batches
    except (duckdb.Error, OSError, pa.ArrowException) as error:
        raise read_problem(session, error, text) from None


def read_problem(session: Session, error: Exception, text: str) -> Exception:
    """What went wrong while rows were read, in an array or in DuckDB."""
    import duckdb

    if (kept := _kept(session.streams)) is not None:
        return kept
    if INTERRUPTED in str(error) and session.again is not None:
        error = _cause(session, session.again, error)
    if isinstance(error, duckdb.Error):
        return problem(session, error, text)
    return _problems.of_duckdb(duckdb.Error(str(error)), text)


def _cause(session: Session, again: "Callable[[], duckdb.DuckDBPyConnection]", error: Exception) -> Exception:
    """What the query fails by.

    Where one of its threads fails while rows are read, DuckDB 1.5 tells in up to one of ten times that it was
    interrupted, which nobody does here: who cancels a statement ends the process. So it is asked again, for the reason.
    """
    import duckdb

    for _ in range(ASKED):
        with suppress(duckdb.Error):
            session.connection.execute("ROLLBACK")  # of a transaction nothing else would be heard but that it failed
        try:
            for _batch in again().to_arrow_reader(ROWS):
                pass
        except (duckdb.Error, OSError, pa.ArrowException) as found:
            if INTERRUPTED not in str(found):
                return found
        else:
            break
    return error


def table(rows: Rows) -> pa.Table:
    """All of the rows."""
    return rows if isinstance(rows, pa.Table) else rows.read_all()


def narrow(found: pa.Table, types: Sequence[str]) -> pa.Table:
    """Whole numbers of 128 bits, which sums of whole numbers are, as 64 bits; as floats where they do not fit."""
    for i, type_ in enumerate(types):
        if type_ in WIDE:
            column = found.column(i)
            try:
                made = column.cast(pa.int64())
            except pa.ArrowInvalid:
                made = column.cast(pa.float64())
            found = found.set_column(i, found.schema.names[i], made)
    return found
