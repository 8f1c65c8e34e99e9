"""Tasks: runs that are asked for as statements, functions and nodes of graphs, and what they have beside a run."""

from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from msgspec import Struct

from headrace.model.run import State

LAKE = "lake"  # the folder of the home that holds what the server lends to workers: arrays, schemas of the warehouse


def result_key(uid: str) -> str:
    """The key that the result of a task is kept under."""
    return f"{sha256(uid.encode()).hexdigest()[:48]}-task"


class Type(StrEnum):
    """What a task is (TileDB Cloud protocol notes 2.2)."""

    SQL = "SQL"
    ARRAY_UDF = "UDF"
    GENERIC_UDF = "GENERIC_UDF"
    BATCH_UDF = "BATCH_UDF"
    QUERY = "QUERY"
    CLIENT_COMPUTATION = "CLIENT_COMPUTATION"


class Detail(Struct, frozen=True, kw_only=True):
    """What was asked for, as its lists show it."""

    query: str | None = None
    init_commands: list[str] = []
    parameters: list[Any] = []
    udf_code: str | None = None  # source text, for people alone
    udf_language: str | None = None
    udf_name: str | None = None  # of a registered function
    resource_class: str | None = None
    output_uri: str | None = None


class Task(Struct, frozen=True, kw_only=True):
    """A run and what it has beside one."""

    uid: str
    state: State
    type: Type
    name: str | None
    namespace: str  # that it is charged to
    owner_id: int
    username: str  # of who ran it
    started_at: datetime
    finished_at: datetime | None
    error: str | None
    error_class: str | None
    total_ms: float
    user_ms: float
    size: int  # bytes of the result
    stdout: str = ""
    stderr: str = ""
    detail: Detail = Detail()
    arrays: list[str] = []  # tiledb:// URIs that it was lent
    result_format: str | None = None
    kept_until: datetime | None = None  # where its result is kept
    graph_uid: str | None = None
    node_uid: str | None = None


class Filter(Struct, frozen=True, kw_only=True):
    """Which tasks a list is to hold."""

    namespace: str | None = None
    created_by: str | None = None  # a username
    array: str | None = None  # a tiledb:// URI, or the name in one
    some_of: tuple[str, ...] | None = None  # tiledb:// URIs; that ran on any of them
    none_of: tuple[str, ...] = ()  # that ran on none of them
    since: datetime | None = None
    until: datetime | None = None
    types: tuple[Type, ...] = ()
    but_types: tuple[Type, ...] = ()
    state: State | None = None
    search: str | None = None  # somewhere in its name or namespace
    graph_uid: str | None = None
    order: str = "start_time"  # start_time, name
    descending: bool = True
