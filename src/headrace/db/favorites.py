"""Queries of what users marked to find it again."""

from collections.abc import Collection
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy import Connection, select

from headrace.db.tables import favorites
from headrace.model.object import Kind


def add(connection: Connection, user_id: int, kind: Kind, object_id: int) -> None:
    """Mark an object for a user; nothing happens where it is marked."""
    if not marked(connection, user_id, kind, [object_id]):
        values = {"user_id": user_id, "kind": kind.value, "object_id": object_id, "added_at": datetime.now(UTC)}
        connection.execute(favorites.insert().values(values))


def remove(connection: Connection, user_id: int, kind: Kind, object_id: int) -> bool:
    """Unmark an object. Whether it was marked."""
    return connection.execute(favorites.delete().where(_of(user_id, kind), _is(object_id))).rowcount > 0


def marked(connection: Connection, user_id: int, kind: Kind, ids: Collection[int]) -> set[int]:
    """Those of these objects that a user marked."""
    found = select(favorites.c.object_id).where(_of(user_id, kind), favorites.c.object_id.in_(ids))
    return set(connection.execute(found).scalars())


def among(user_id: int, kind: Kind, column: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    """The objects, by their ids, that a user marked."""
    return column.in_(select(favorites.c.object_id).where(_of(user_id, kind)))


def _of(user_id: int, kind: Kind) -> sa.ColumnElement[bool]:
    return sa.and_(favorites.c.user_id == user_id, favorites.c.kind == kind.value)


def _is(object_id: int) -> sa.ColumnElement[bool]:
    return favorites.c.object_id == object_id
