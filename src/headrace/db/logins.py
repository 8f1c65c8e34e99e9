"""Queries of logins: a code that was given, then the key and the refresh token that were given for it."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection, select

from headrace.db.tables import api_keys, logins, users


class Login(Struct, frozen=True, kw_only=True):
    """A login, and what the key that proved it still opens."""

    id: int
    user_id: int
    email: str
    access_key_id: int | None
    client_id: str
    redirect_uri: str
    challenge: str
    expires_at: datetime
    key_expires_at: datetime | None
    revoked: bool


_FOREIGN = {
    "email": users.c.email,
    "key_expires_at": api_keys.c.expires_at,
    "revoked": sa.or_(api_keys.c.revoked_at.is_not(None), ~users.c.active),
}
_LOGINS = (
    select(*(_FOREIGN[name].label(name) if name in _FOREIGN else logins.c[name] for name in Login.__struct_fields__))
    .join(users, users.c.id == logins.c.user_id)
    .join(api_keys, api_keys.c.id == logins.c.key_id)
)


def insert_login(connection: Connection, **values: Any) -> None:  # noqa: ANN401 - columns of the table
    """A new login. Those of the same user that are over are forgotten."""
    over = (logins.c.user_id == values["user_id"], logins.c.expires_at <= values["created_at"])
    connection.execute(logins.delete().where(*over))
    connection.execute(logins.insert().values(values))


def find_by_code(connection: Connection, digest: str) -> Login | None:
    """The login that a code was given for."""
    return _find(connection, logins.c.code_digest == digest)


def find_by_refresh(connection: Connection, digest: str) -> Login | None:
    """The login that a refresh token was given for."""
    return _find(connection, logins.c.refresh_digest == digest)


def renew(connection: Connection, login_id: int, before: str, **values: Any) -> bool:  # noqa: ANN401
    """Change a login whose code or refresh token is still that one. Whether it was."""
    unchanged = sa.or_(logins.c.code_digest == before, logins.c.refresh_digest == before)
    return connection.execute(logins.update().where(logins.c.id == login_id, unchanged).values(values)).rowcount > 0


def delete_login(connection: Connection, login_id: int) -> None:
    """Forget a login."""
    connection.execute(logins.delete().where(logins.c.id == login_id))


def _find(connection: Connection, matches: sa.ColumnElement[bool]) -> Login | None:
    row = connection.execute(_LOGINS.where(matches)).mappings().one_or_none()
    return Login(**row) if row else None
