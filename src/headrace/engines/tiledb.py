"""TileDB arrays as tables: statements over arrays, files and the warehouse, answered by DuckDB in a worker."""

from typing import Any

from headrace.engines import Engine
from headrace.model.query import Query


def run(connection: Any, query: Query) -> Any:  # noqa: ANN401 - a connection of DuckDB; Arrow's table or reader
    """The rows of the last statement; a table without columns where it has none.

    The connection is locked, fresh, and closed by the caller when the rows are read: what the statements leave in it -
    temporary tables, views, variables - goes with it. Raises SqlError and other kinds of Invalid, Forbidden, TooLarge.
    """
    from headrace.engines import _arrays

    return _arrays.run(connection, query)


engine = Engine(run=run)
