"""The database that comes with the server: the warehouse, and DuckDB, which runs SQL over it in workers."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from headrace.engines import Engine, Target
from headrace.engines._warehouse import Catalogue
from headrace.errors import Invalid
from headrace.model.database import DATABASE_CREDENTIAL, WAREHOUSE, WAREHOUSE_URL, Login
from headrace.model.query import Query
from headrace.runtime.reach import Bounds


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
    yield Catalogue(target.schemas)


def run(connection: Any, query: Query) -> Any:  # noqa: ANN401 - a connection of DuckDB; Arrow's table or reader
    """What a statement gives; see `tiledb.run`, for a statement may name arrays in either dialect."""
    from headrace.engines import _arrays

    return _arrays.run(connection, query)


engine = Engine(
    types=(WAREHOUSE,),
    credential_type=DATABASE_CREDENTIAL,
    locate=locate,
    authenticate=authenticate,
    catalogue=catalogue,
    adapter="warehouse",
    run=run,
)
