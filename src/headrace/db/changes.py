"""Queries of the log of changes: who changed what, when, from where, and how it was before."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection, select

from headrace.db.tables import changes, users
from headrace.model.page import Page, Slice


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


def list_changes(connection: Connection, matches: list[sa.ColumnElement[bool]], page: Page) -> Slice[Change]:
    """A page of the changes that match, by the time at which they were made."""
    order = changes.c.id.asc() if page.order_dir == "asc" else changes.c.id.desc()
    statement = select(*_COLUMNS).outerjoin(users, users.c.id == changes.c.user_id).where(*matches).order_by(order)
    total = connection.execute(select(sa.func.count()).select_from(changes).where(*matches)).scalar_one()
    rows = connection.execute(statement.limit(page.limit).offset(page.offset)).mappings()
    return Slice([Change(**row) for row in rows], total)
