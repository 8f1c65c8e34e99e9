"""SQL to be run: statements, what is bound to them, and where what they name is found."""

from typing import Any

from msgspec import Struct


class Place(Struct, frozen=True, kw_only=True):
    """An array or a file that a statement may use."""

    uri: str  # as statements write it: tiledb://ada/prices, s3://bucket/array, fd://sales.parquet
    kind: str  # array; or file: Parquet, CSV, JSON or Arrow, by its suffix
    path: str  # where the worker finds it: a folder such as /lake/array-7, or an s3:// URI
    writable: bool = False
    exists: bool = True  # False: only CREATE TABLE may use it
    config: dict[str, str] = {}  # TileDB configuration that it is opened with (vfs.s3.*)


class Query(Struct, frozen=True, kw_only=True):
    """A statement with those that go before it in its session."""

    text: str
    dialect: str = "mysql"  # or duckdb: what the warehouse's own users write
    init: list[str] = []
    parameters: list[Any] = []  # bound to each ? in order
    places: list[Place] = []
    output_uri: str | None = None  # the array that the rows are written into
    row_limit: int | None = None


class Schema(Struct, frozen=True, kw_only=True):
    """A schema of the warehouse that a statement may use."""

    name: str
    path: str  # of its folder, where the worker finds it
    writable: bool = False
    door: str = ""  # the folder with the sockets to what is elsewhere
    catalogue: str = ""  # the schema of PostgreSQL that it is described in; empty: SQLite in its folder
    held: bool = True  # whether anybody has written to it yet
    store: str = ""  # the address that its Parquet has, in a bucket; empty: its folder


class Job(Struct, frozen=True, kw_only=True):
    """What the program `sql` is given."""

    query: Query
    schemas: list[Schema] = []
    home: str | None = None  # the schema that a name without one is looked up in
    result_format: str = "arrow"
    reads: bool = False  # whether it may write nothing at all
    memory: int  # bytes
    threads: int
