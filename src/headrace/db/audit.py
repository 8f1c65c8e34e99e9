"""Queries of the run history as a log of who called what: by time, from a place in it onwards."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection, select

from headrace.db.tables import jobs, runs, users
from headrace.model.run import Cache, State


class Entry(Struct, frozen=True, kw_only=True):
    """One call, as the log tells it."""

    id: int
    uid: str
    started_at: datetime
    finished_at: datetime | None
    state: State
    status: int
    door: str
    format: str | None
    cache: Cache
    size: int
    total_ms: float
    error_class: str | None
    error: str | None
    job_name: str | None
    udf_uid: str | None  # None where the udf is gone, or was never saved
    owner_id: int
    owner_email: str | None
    caller_id: int | None
    caller_email: str | None  # None where it was a stranger with a token
    token_id: int | None
    collection_id: int | None


_caller, _owner = users.alias("caller"), users.alias("owner")
_FOREIGN = {"udf_uid": jobs.c.uid, "owner_email": _owner.c.email, "caller_email": _caller.c.email}
_ENTRY = [_FOREIGN[name].label(name) if name in _FOREIGN else runs.c[name] for name in Entry.__struct_fields__]


def list_entries(
    connection: Connection,
    whose: Sequence[sa.ColumnElement[bool]],
    matches: Sequence[sa.ColumnElement[bool]],
    most: int,
    *,
    forward: bool,
) -> list[Entry]:
    """At most `most` calls that match and are somebody's in one of these ways, in the order of their start.

    Each way walks one index and stops; an OR of them would read and sort all that somebody ever called.
    """
    order = _order(runs, forward=forward)
    halves = [select(runs.c.id).where(one, *matches).order_by(*order).limit(most).subquery() for one in whose]
    found = sa.union(*(select(half.c.id) for half in halves)).subquery()
    statement = (
        select(*_ENTRY)
        .join(found, found.c.id == runs.c.id)
        .outerjoin(jobs, jobs.c.id == runs.c.job_id)
        .outerjoin(_owner, _owner.c.id == runs.c.owner_id)
        .outerjoin(_caller, _caller.c.id == runs.c.caller_id)
        .order_by(*order)
        .limit(most)
    )
    return [_entry(row) for row in connection.execute(statement).mappings()]


def after(moment: datetime, run_id: int, *, forward: bool) -> sa.ColumnElement[bool]:
    """The calls that come after that one in the order of their start, or going backward before it."""
    place, where = (
        sa.tuple_(runs.c.started_at, runs.c.id),
        sa.tuple_(sa.literal(moment, runs.c.started_at.type), run_id),
    )
    return place > where if forward else place < where


def _order(table: sa.Table, *, forward: bool) -> list[sa.ColumnElement[object]]:
    columns = (table.c.started_at, table.c.id)
    return [column.asc() if forward else column.desc() for column in columns]


def _entry(row: sa.RowMapping) -> Entry:
    values: dict[str, Any] = {**row, "state": State(row["state"]), "cache": Cache(row["cache"])}
    return Entry(**values)
