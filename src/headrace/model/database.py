"""Databases and other hosts, the credentials for them, and what is in a database."""

from datetime import datetime
from typing import Any

from msgspec import Struct

from headrace.model.object import Object

WAREHOUSE = "RemoteHostTypes::Warehouse"  # the type of the one database that comes with the server
WAREHOUSE_URL = "warehouse:"
DATABASE_CREDENTIAL = "Database"  # the type of credentials for databases


class Login(Struct, frozen=True):
    """A username and a password. It shows its password to nobody, not in a traceback either."""

    username: str
    password: str

    def __repr__(self) -> str:
        return f"Login(username={self.username!r}, password=***)"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        return [("username", self.username), ("password", "***")]


class RemoteHost(Object, frozen=True, kw_only=True):
    """A host that people registered, to be reached with a credential."""

    type: str
    url: str
    description: str | None
    settings: dict[str, Any]


class Credential(Object, frozen=True, kw_only=True):
    """A username with a password that is not here: `services/credentials.py` reads it, for who may use it."""

    type: str
    username: str
    description: str | None
    remote_host_id: int | None
    remote_host_name: str | None
    is_default: bool
    settings: dict[str, Any]


class StorageHost(Object, frozen=True, kw_only=True):
    """A bucket that people registered."""

    provider: str
    bucket: str
    options: dict[str, Any]


class WhitelistedIp(Struct, frozen=True, kw_only=True):
    """Addresses from which a database is said to be reached."""

    id: int
    remote_host_id: int
    subnet_mask: str
    security_group_id: str | None
    authorized_by: str
    is_active: bool
    created_at: datetime
    updated_at: datetime


class Column(Struct, frozen=True, kw_only=True):
    """A column, as its database describes it."""

    name: str
    order: int
    sql_type: str
    generic_type: str
    description: str | None = None
    nullable: bool = True


class Table(Struct, frozen=True, kw_only=True):
    """A table or view, as its database describes it. What the database does not tell is None."""

    schema: str
    name: str
    is_view: bool
    description: str | None = None
    rows: int | None = None
    column_count: int | None = None
    size: int | None = None  # bytes
    owner: str | None = None
    column_names: tuple[str, ...] = ()  # of a search by columns
    columns: tuple[Column, ...] = ()  # where the table was asked for by its name
    primary_key: tuple[str, ...] = ()
    definition: str | None = None  # of a view
    readable: bool = False  # whether the credential may read what is in it; told where it was asked for by its name


class ColumnStatistics(Struct, frozen=True, kw_only=True):
    """What was counted in a column."""

    values: int  # that are not null
    distinct: int  # null counts as one


class Statistics(Struct, frozen=True, kw_only=True):
    """What was counted in a table."""

    rows: int
    columns: dict[str, ColumnStatistics]


class TableFilter(Struct, frozen=True, kw_only=True):
    """Which tables a list is to hold, in which order. `*` and `%` stand for any text in `schema` and `name`."""

    schema: str | None = None
    name: str | None = None
    search: str | None = None  # somewhere in `schema.name`
    contains: str | None = None  # somewhere in the name
    column: str | None = None  # has a column of that name
    with_columns: bool = False  # say the names of the columns
    order: str = "schema"  # schema, name
    descending: bool = False
    limit: int = 50
    offset: int = 0


class Privilege(Struct, frozen=True, kw_only=True):
    """What a user or a group of a database may do with a schema or a table."""

    grantee: str
    grantee_type: str
    privileges: tuple[str, ...]
    grantable: tuple[str, ...]


class Lake(Object, frozen=True, kw_only=True):
    """A schema of the warehouse: a DuckLake of its own."""

    catalogue: str  # sqlite, in its folder; or postgresql, where this server's own tables are
    storage: str  # folder; or store: the bucket where this server's files are


class OpenSchema(Struct, frozen=True, kw_only=True):
    """A schema of the warehouse that is open to somebody, and where it lies."""

    name: str
    catalogue: str  # the URL of the database that describes it
    owner: str
    namespace: str = ""  # the schema of PostgreSQL there
    privileges: tuple[Privilege, ...] = ()


class DatabaseUser(Struct, frozen=True, kw_only=True):
    """Who may log in to a database."""

    username: str
    active: bool


class DatabaseGroup(Struct, frozen=True, kw_only=True):
    """A role of a database that others are members of."""

    name: str
    members: tuple[str, ...]


class KnownTable(Struct, frozen=True, kw_only=True):
    """A table that a listing saw: its id, and what users say of it."""

    id: int
    remote_host_id: int
    schema: str
    name: str
    description: str | None
    settings: dict[str, Any]
    statistics: dict[str, Any] | None
    refreshed_at: datetime | None
