"""A statement, and what it may read and write."""

from typing import Any, Literal

from msgspec import Struct


class Place(Struct, frozen=True, kw_only=True):
    """Something beside the warehouse that a statement may name as a table, and where the worker finds it."""

    uri: str  # as statements write it: tiledb://ada/prices, s3://bucket/array, file:///..., fd://sales.parquet
    kind: Literal["array", "file"]  # a file is Parquet, CSV, JSON or Arrow, as its suffix says
    path: str  # a folder or a file such as /lake/prices-1f3a, or an s3:// URI
    writable: bool = False
    exists: bool = True  # False: only CREATE TABLE may use it
    config: dict[str, str] = {}  # of TileDB, to open it with: vfs.s3.*


class Query(Struct, frozen=True, kw_only=True):
    """One statement, or several with semicolons between them, run in one session."""

    text: str
    dialect: Literal["mysql", "duckdb"] = "mysql"  # duckdb is what the warehouse's own users write
    init: list[str] = []  # run first, in the same session
    parameters: list[Any] = []  # bound to ? in the order of the text
    places: list[Place] = []
    output_uri: str | None = None  # the rows are written into this array
    row_limit: int | None = None  # rows beyond it are cut
