"""Run the statements of a query, in either dialect, in one session."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from headrace.engines import _arrays_native, _arrays_statements, _arrays_write, _guard, _mysql
from headrace.engines._arrays_query import NOTHING, Rows
from headrace.engines._arrays_session import Session
from headrace.engines._problems import SqlError, of_duckdb, told
from headrace.errors import Invalid, TooLarge
from headrace.model.query import Query

if TYPE_CHECKING:
    import duckdb


def run(connection: "duckdb.DuckDBPyConnection", query: Query) -> Rows:
    """The rows of the last statement; see `engines/tiledb.py`."""
    import duckdb

    session = Session(connection, query.places)
    try:
        return _run(session, query)
    except RecursionError:
        raise SqlError("The statement nests too deep; write it in parts, with WITH.") from None
    except MemoryError:
        raise TooLarge(
            "The statement needs more memory than it has; read fewer rows or columns, or filter first."
        ) from None
    except duckdb.Error as error:
        raise of_duckdb(error, query.text) from None
    except Exception as error:
        # TileDB is not imported where no array is named.
        if type(error).__name__ != "TileDBError":
            raise
        raise Invalid(f"TileDB refuses that: {told(error)}.") from None


def _run(session: Session, query: Query) -> Rows:
    for text in query.init:
        _all(session, text, [], query.dialect)
    rows = _all(session, query.text, query.parameters, query.dialect)
    if query.output_uri is not None:
        _arrays_write.output(session, query.output_uri, rows)
        return NOTHING
    return rows if query.row_limit is None else _cut(rows, query.row_limit)


def _all(session: Session, text: str, parameters: Sequence[Any], dialect: str) -> Rows:
    _guard.measure(text)
    if dialect == "duckdb":
        return _arrays_native.execute(session, text, parameters)
    statements = _mysql.split(text)
    if not statements:
        return NOTHING
    rows: Rows = NOTHING
    given = list(parameters)
    for i, tokens in enumerate(statements):
        last = i == len(statements) - 1
        taken = given if last else given[: _mysql.slots(tokens)]
        given = given[len(taken) :]
        bound = _mysql.bind(text, tokens, taken, session.variables)
        rows = _arrays_statements.execute(session, text, bound, tokens)
    return rows


def _cut(rows: Rows, limit: int) -> Rows:
    if isinstance(rows, pa.Table):
        return rows.slice(0, limit)

    def first() -> Iterator[pa.RecordBatch]:
        left = limit
        for batch in rows:
            yield batch.slice(0, left)
            left -= batch.num_rows
            if left <= 0:
                return

    return pa.RecordBatchReader.from_batches(rows.schema, first())
