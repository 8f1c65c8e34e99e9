"""Queries of credentials. A password is read by `find_secret` alone, encrypted."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from headrace.db.tables import credentials, remote_hosts, users
from headrace.model.database import Credential

COLUMNS = [
    remote_hosts.c.name.label(name) if name == "remote_host_name" else credentials.c[name]
    for name in Credential.__struct_fields__
]
JOINED = credentials.outerjoin(remote_hosts, remote_hosts.c.id == credentials.c.remote_host_id)


def insert(connection: Connection, **values: Any) -> int:  # noqa: ANN401
    """A new credential; its id."""
    return connection.execute(credentials.insert().values(values).returning(credentials.c.id)).scalar_one()


def read(connection: Connection, ids: Sequence[int]) -> list[Credential]:
    """These credentials, in this order; those that are gone are left out."""
    rows = connection.execute(select(*COLUMNS).select_from(JOINED).where(credentials.c.id.in_(ids))).mappings()
    found = {row["id"]: Credential(**row) for row in rows}
    return [found[one] for one in ids if one in found]


def find_secret(connection: Connection, credential_id: int) -> bytes:
    """The password of a credential, encrypted; empty where there is none."""
    return connection.execute(select(credentials.c.secret).where(credentials.c.id == credential_id)).scalar_one()


def of_types(types: Sequence[str]) -> sa.ColumnElement[bool]:
    """Those of one of these types."""
    return credentials.c.type.in_(types)


def of_users(ids: Sequence[int]) -> sa.ColumnElement[bool]:
    """Those of one of these users."""
    return credentials.c.owner_id.in_(ids)


def of_host(remote_host_id: int) -> sa.ColumnElement[bool]:
    """Those for a host."""
    return credentials.c.remote_host_id == remote_host_id


def defaults_of(user_id: int) -> sa.ColumnElement[bool]:
    """What a user uses where they name no other."""
    return sa.and_(credentials.c.owner_id == user_id, credentials.c.is_default)


def of_system() -> sa.ColumnElement[bool]:
    """Those that administrators made for the server."""
    return credentials.c.settings["system"].as_boolean()


def own_for(connection: Connection, user_id: int, remote_host_id: int) -> int | None:
    """The user's own credential for a host: their default one, else the one that changed last."""
    statement = (
        select(credentials.c.id)
        .where(credentials.c.owner_id == user_id, of_host(remote_host_id), sa.not_(credentials.c.archived))
        .order_by(credentials.c.is_default.desc(), credentials.c.updated_at.desc(), credentials.c.id.desc())
    )
    return connection.execute(statement.limit(1)).scalar()


def list_own(connection: Connection, user_id: int, type_: str) -> list[Credential]:
    """A user's own credentials of a type that are not archived, the latest change first."""
    own = (credentials.c.owner_id == user_id, credentials.c.type == type_, sa.not_(credentials.c.archived))
    order = (credentials.c.updated_at.desc(), credentials.c.id.desc())
    rows = connection.execute(select(*COLUMNS).select_from(JOINED).where(*own).order_by(*order)).mappings()
    return [Credential(**row) for row in rows]


def clear_default(connection: Connection, owner_id: int, type_: str) -> None:
    """Let none of a user's credentials of a type be the default."""
    # Two requests that make a default at once take turns.
    connection.execute(select(users.c.id).where(users.c.id == owner_id).with_for_update())
    mine = (credentials.c.owner_id == owner_id, credentials.c.type == type_, credentials.c.is_default)
    connection.execute(credentials.update().where(*mine).values(is_default=False))
