"""Queries of the log of changes: who changed what, when, from where, and how it was before."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection, select

from headrace.db import objects
from headrace.db.objects import ME
from headrace.db.tables import changes, users
from headrace.model.page import Page, Slice

MOST_COUNTED = 10_000  # counting further costs more than anybody learns from it


class Change(Struct, frozen=True, kw_only=True):
    """One change. `before` and `after` hold the fields that differ, without secrets."""

    id: int
    at: datetime
    user_id: int | None
    username: str | None
    key_id: int | None
    address: str | None
    action: str
    kind: str
    object_id: int
    name: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


_COLUMNS = [
    users.c.username.label("username") if name == "username" else changes.c[name] for name in Change.__struct_fields__
]


def insert(connection: Connection, **values: Any) -> None:  # noqa: ANN401
    """Write one change down."""
    connection.execute(changes.insert().values(values))


def list_changes(
    connection: Connection, whose: int | None, matches: Sequence[sa.ColumnElement[bool]], page: Page
) -> Slice[Change]:
    """A page of the changes that a user may see (None: of all), by the time at which they were made.

    The total is counted up to MOST_COUNTED.
    """
    me = {} if whose is None else {"me": whose}
    found = connection.execute(_found(connection.dialect.name, whose, matches).limit(MOST_COUNTED), me).scalars().all()
    newest = page.order_dir != "asc"
    statement = select(*_COLUMNS).outerjoin(users, users.c.id == changes.c.user_id)
    statement = statement.order_by(changes.c.id.desc() if newest else changes.c.id.asc())
    if len(found) < MOST_COUNTED:
        piece = sorted(found, reverse=newest)[page.offset : page.offset + page.limit]
        statement = statement.where(changes.c.id.in_(piece))
    else:  # so many that who walks the log from an end soon has a page
        statement = statement.where(*_seen(whose), *matches).limit(page.limit).offset(page.offset)
    rows = connection.execute(statement, me).mappings()
    return Slice([Change(**row) for row in rows], len(found))


def _found(
    dialect: str, whose: int | None, matches: Sequence[sa.ColumnElement[bool]]
) -> sa.Select[int] | sa.CompoundSelect[int]:
    """The ids of what a user may see, in no order: what they did, and what was done to what they manage.

    Two queries, each with its index; asked as one, both databases look at every change that there is.
    """
    if whose is None:
        return select(changes.c.id).where(*matches)
    managed = objects.managed()
    theirs = select(changes.c.id).where(changes.c.user_id == ME, *matches)
    same = sa.and_(managed.c.kind == changes.c.kind, managed.c.object_id == changes.c.object_id)
    done = select(changes.c.id).where(same, changes.c.user_id.is_distinct_from(ME), *matches)
    if (
        dialect == "postgresql"
    ):  # it expects more than there is, and would rather read all changes than look in the index
        each = done.correlate(managed).offset(0).lateral()
        done = select(each.c.id).select_from(managed.join(each, sa.true()))
    return sa.union_all(theirs, done)


def _seen(whose: int | None) -> list[sa.ColumnElement[bool]]:
    if whose is None:
        return []
    managed = objects.managed()
    pairs = sa.tuple_(changes.c.kind, changes.c.object_id).in_(select(managed.c.kind, managed.c.object_id))
    return [sa.or_(changes.c.user_id == ME, pairs)]
