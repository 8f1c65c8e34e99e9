"""Queries of secrets: values that are kept encrypted, for their owner's code."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection, select

from headrace.db.tables import secrets


def put_secret(connection: Connection, owner_id: int, scope: str, name: str, secret: bytes, now: datetime) -> None:
    """Keep a secret, in place of the one of that name."""
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
    row = {"owner_id": owner_id, "scope": scope, "name": name, "secret": secret, "created_at": now, "updated_at": now}
    statement = insert(secrets).values(row)
    changes = {"secret": statement.excluded.secret, "updated_at": statement.excluded.updated_at}
    names = ["owner_id", "scope", "name"]
    connection.execute(statement.on_conflict_do_update(index_elements=names, set_=changes))


def find_secret(connection: Connection, owner_id: int, scope: str, name: str) -> bytes | None:
    """The secret of that name, encrypted."""
    return connection.execute(select(secrets.c.secret).where(*_one(owner_id, scope, name))).scalar()


def delete_secret(connection: Connection, owner_id: int, scope: str, name: str) -> bool:
    """Forget a secret. Whether there was one."""
    return connection.execute(secrets.delete().where(*_one(owner_id, scope, name))).rowcount > 0


def list_names(connection: Connection, owner_id: int, scope: str) -> list[str]:
    """The names of an owner's secrets."""
    mine = (secrets.c.owner_id == owner_id, secrets.c.scope == scope)
    return list(connection.execute(select(secrets.c.name).where(*mine).order_by(secrets.c.name)).scalars())


def _one(owner_id: int, scope: str, name: str) -> tuple[sa.ColumnElement[bool], ...]:
    return secrets.c.owner_id == owner_id, secrets.c.scope == scope, secrets.c.name == name
