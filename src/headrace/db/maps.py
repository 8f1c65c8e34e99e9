"""Queries of map pages."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from headrace.db.engine import Database
from headrace.db.tables import map_pages, users


def insert_page(connection: Connection, **values: Any) -> None:  # noqa: ANN401 - columns of the table
    """Keep a page."""
    connection.execute(map_pages.insert().values(values))


def find_page(connection: Connection, digest: str, after: datetime) -> sa.RowMapping | None:
    """The page of a token and the e-mail of its owner, where the owner is active and it was made after that moment."""
    statement = (
        select(map_pages.c.owner_id, map_pages.c.body, users.c.email.label("owner_email"))
        .join(users, users.c.id == map_pages.c.owner_id)
        .where(map_pages.c.digest == digest, map_pages.c.created_at > after, users.c.active)
    )
    return connection.execute(statement).mappings().one_or_none()


def delete_old(db: Database, before: datetime) -> int:
    """Forget the pages from before that moment. How many went."""
    with db.read() as connection:
        if connection.execute(select(map_pages.c.id).where(map_pages.c.created_at <= before).limit(1)).first() is None:
            return 0
    with db.begin() as connection:
        return connection.execute(map_pages.delete().where(map_pages.c.created_at <= before)).rowcount
