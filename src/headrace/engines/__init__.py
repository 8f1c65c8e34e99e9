"""Kinds of hosts that the server connects to for users, and what runs SQL: a file each.

An engine reads the address of a host, proves a username and password there, and where the host is a database tells
what is in it. It connects within `runtime/reach.py`, and no password is in what it raises. Modules import their
drivers when they are used.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from msgspec import Struct

from headrace.errors import Invalid
from headrace.model.database import (
    DatabaseGroup,
    DatabaseUser,
    Login,
    OpenSchema,
    Privilege,
    Statistics,
    Table,
    TableFilter,
)
from headrace.model.query import Query
from headrace.registry import Registry
from headrace.runtime.reach import Bounds


class Target(Struct, frozen=True, kw_only=True):
    """Where a host is, as its URL says."""

    scheme: str
    host: str
    port: int
    path: str = ""  # a database, a bucket, a repository
    options: dict[str, str] = {}
    schemas: tuple[OpenSchema, ...] = ()  # of the warehouse, those that are open to whoever asks

    @property
    def place(self) -> str:
        """Where passwords for it are sent, and how."""
        options = "&".join(f"{name}={value}" for name, value in sorted(self.options.items()))
        return f"{self.scheme}://{self.host}:{self.port}?{options}"


class Catalogue(Protocol):
    """What is in a database, as one of its users sees it."""

    def list_schemas(self, contains: str | None) -> list[str]:
        """The schemas, by name; those with this text in their name."""
        ...

    def list_tables(self, wanted: TableFilter) -> tuple[list[Table], int]:
        """A page of the tables and views, and how many there are in all; an exact match comes first."""
        ...

    def describe_table(self, schema: str, name: str) -> Table | None:
        """One table with its columns; None where this user sees none of that name."""
        ...

    def count(self, table: Table) -> Statistics:
        """Count what is in a table, now. Raises Forbidden, HostFailed."""
        ...

    def list_users(self) -> list[DatabaseUser]:
        """Who may log in."""
        ...

    def list_groups(self) -> list[DatabaseGroup]:
        """The roles that have members, or that nobody logs in as."""
        ...

    def list_privileges(self, schema: str, table: str | None) -> list[Privilege] | None:
        """Who may do what with a schema, or a table in it; None where this user sees none of that name."""
        ...


def no_host(*_: Any) -> Any:  # noqa: ANN401 - as what stands in its place
    """What an engine says that reaches no hosts."""
    raise Invalid("This engine has no hosts that are registered.")


class Engine(Struct, frozen=True, kw_only=True):
    """A kind of host, or a way of running SQL.

    `locate(url)` raises Invalid for a URL that is not one of its own. `authenticate(target, login, bounds)` raises
    LoginRefused where the host refuses, HostFailed and Forbidden where it is not reached. `catalogue` is there where
    the host is a database, and raises the same.

    `run(connection, query)` is there where it runs SQL, in a worker: a locked connection of DuckDB and what to run. It
    gives an Arrow table or a reader of record batches, and raises Invalid with the place of an error in the statement.
    """

    types: tuple[str, ...] = ()  # on the wire; the first is the engine's own
    credential_type: str = ""  # of the credentials that are for it
    locate: Callable[[str], Target] = no_host
    authenticate: Callable[[Target, Login, Bounds], None] = no_host
    catalogue: Callable[[Target, Login, Bounds], AbstractContextManager[Catalogue]] | None = None
    adapter: str = ""  # what people call the kind of database
    run: Callable[[Any, Query], Any] | None = None


ENGINES: Registry[Engine] = Registry("headrace.engines", "engine")


def of_type(type_: str) -> Engine:
    """The engine of that wire type. Raises Invalid with the types there are."""
    for name in ENGINES.names:
        if type_ in ENGINES[name].types:
            return ENGINES[name]
    raise Invalid(f"No host of the type {type_[:60]!r} is served; there are {', '.join(types())}.")


def types() -> list[str]:
    """Every type of host that is served."""
    return [type_ for name in ENGINES.names for type_ in ENGINES[name].types]


def databases() -> Sequence[str]:
    """The types of hosts that are databases."""
    return [type_ for name in ENGINES.names if ENGINES[name].catalogue for type_ in ENGINES[name].types]
