"""The database that comes with the server: the warehouse, and DuckDB, which runs SQL over it in workers."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from headrace.engines import Engine, Target
from headrace.errors import Invalid, NotServed
from headrace.model.database import (
    DATABASE_CREDENTIAL,
    WAREHOUSE,
    WAREHOUSE_URL,
    DatabaseGroup,
    DatabaseUser,
    Login,
    Privilege,
    Statistics,
    Table,
    TableFilter,
)
from headrace.model.query import Query
from headrace.runtime.reach import Bounds


class Catalogue:
    """A catalogue without entries."""

    def list_schemas(self, contains: str | None) -> list[str]:
        """None."""
        return []

    def list_tables(self, wanted: TableFilter) -> tuple[list[Table], int]:
        """None."""
        return [], 0

    def describe_table(self, schema: str, name: str) -> Table | None:
        """No table is there to describe."""
        return None

    def count(self, table: Table) -> Statistics:
        """No table is there to count."""
        raise NotServed("The warehouse holds no tables yet.")

    def list_users(self) -> list[DatabaseUser]:
        """It has no users of its own."""
        return []

    def list_groups(self) -> list[DatabaseGroup]:
        """It has no groups of its own."""
        return []

    def list_privileges(self, schema: str, table: str | None) -> list[Privilege] | None:
        """No schema is there to have privileges on."""
        return None


def locate(url: str) -> Target:
    """It is here."""
    if url != WAREHOUSE_URL:
        raise Invalid("There is one warehouse, and it comes with the server.")
    return Target(scheme="warehouse", host="", port=0)


def authenticate(target: Target, login: Login, bounds: Bounds) -> None:
    """Nothing is asked of its users but to be users of this server."""


@contextmanager
def catalogue(target: Target, login: Login, bounds: Bounds) -> Generator[Catalogue]:
    """What is in it."""
    yield Catalogue()


def run(connection: Any, query: Query) -> Any:  # noqa: ANN401 - a connection of DuckDB; Arrow's table or reader
    """What a statement gives, in DuckDB's own dialect."""
    from headrace.engines import _duckdb

    return _duckdb.run(connection, query)


engine = Engine(
    types=(WAREHOUSE,),
    credential_type=DATABASE_CREDENTIAL,
    locate=locate,
    authenticate=authenticate,
    catalogue=catalogue,
    adapter="warehouse",
    run=run,
)
