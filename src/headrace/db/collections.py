"""Queries of collections and of the session tokens that open one for a while."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from headrace.db import objects
from headrace.db.tables import collections, jobs, session_tokens, users
from headrace.errors import NotFound
from headrace.model import ids
from headrace.model.collection import DEFAULT, Collection, Member
from headrace.model.object import Kind
from headrace.model.page import Slice

_FOREIGN = {"owner_email": users.c.email, "owner_username": users.c.username}
COLLECTION = [
    _FOREIGN[name].label(name) if name in _FOREIGN else collections.c[name] for name in Collection.__struct_fields__
]
_COLLECTIONS = select(*COLLECTION).join(users, users.c.id == collections.c.owner_id)


def insert_collection(connection: Connection, **values: Any) -> int:  # noqa: ANN401 - columns of the table
    """A new collection; its id."""
    statement = collections.insert().values(values).returning(collections.c.id)
    return connection.execute(statement).scalar_one()


def insert_default(connection: Connection, owner_id: int, now: datetime) -> int:
    """The collection that every account has from its start; its id."""
    values = {"uid": ids.new_uid(), "name": DEFAULT, "access_scope": "team", "public_read": False}
    return insert_collection(connection, owner_id=owner_id, created_at=now, updated_at=now, **values)


def update_collection(connection: Connection, collection_id: int, **values: Any) -> None:  # noqa: ANN401
    """Change a collection."""
    connection.execute(collections.update().where(collections.c.id == collection_id).values(values))


def delete_collection(connection: Connection, collection_id: int) -> None:
    """Remove a collection with its udfs, their versions and tokens, and its session tokens."""
    objects.forget(connection, Kind.JOB, select(jobs.c.id).where(jobs.c.collection_id == collection_id))
    connection.execute(collections.delete().where(collections.c.id == collection_id))


def find_collection(connection: Connection, *matches: sa.ColumnElement[bool]) -> Collection | None:
    """The oldest collection that matches."""
    row = connection.execute(_COLLECTIONS.where(*matches).order_by(collections.c.id).limit(1)).mappings().one_or_none()
    return Collection(**row) if row else None


def find_own(connection: Connection, owner_id: int, uid: str | None) -> Collection:
    """A collection of that owner's, their default one where none is named. Raises NotFound."""
    which = collections.c.name == DEFAULT if uid is None else collections.c.uid == uid
    found = find_collection(connection, collections.c.owner_id == owner_id, which)
    if found is None:
        raise NotFound("There is no such collection that you may see.")
    return found


def list_collections(
    connection: Connection, matches: sa.ColumnElement[bool], offset: int, limit: int
) -> Slice[Collection]:
    """Collections, the most recently changed first."""
    ordered = _COLLECTIONS.where(matches).order_by(collections.c.updated_at.desc(), collections.c.id.desc())
    rows = connection.execute(ordered.offset(offset).limit(limit)).mappings()
    count = select(sa.func.count()).select_from(collections).where(matches)
    return Slice([Collection(**row) for row in rows], connection.execute(count).scalar_one())


def find_bundle(connection: Connection, collection_id: int) -> str | None:
    """What of an imported bundle is no udf, as JSON."""
    return connection.execute(select(collections.c.bundle).where(collections.c.id == collection_id)).scalar()


def names_in(connection: Connection, collection_id: int) -> dict[str, int]:
    """The udfs of a collection: id by name."""
    rows = connection.execute(select(jobs.c.slug, jobs.c.id).where(jobs.c.collection_id == collection_id))
    return {row.slug: row.id for row in rows}


def list_members(connection: Connection, collection_id: int, limit: int) -> Slice[Member]:
    """The udfs of a collection, by name."""
    columns = [jobs.c[name] for name in Member.__struct_fields__]
    matches = jobs.c.collection_id == collection_id
    rows = connection.execute(select(*columns).where(matches).order_by(jobs.c.slug).limit(limit)).mappings()
    count = select(sa.func.count()).select_from(jobs).where(matches)
    return Slice([Member(**row) for row in rows], connection.execute(count).scalar_one())


def count_sessions(connection: Connection, collection_id: int, now: datetime) -> int:
    """How many session tokens of a collection are good now."""
    matches = (session_tokens.c.collection_id == collection_id, session_tokens.c.expires_at > now)
    return connection.execute(select(sa.func.count()).select_from(session_tokens).where(*matches)).scalar_one()


def insert_session(
    connection: Connection, digest: str, collection_id: int, created_at: datetime, expires_at: datetime
) -> None:
    """A new session token. Those of the collection that have expired are forgotten."""
    connection.execute(
        session_tokens.delete().where(
            session_tokens.c.collection_id == collection_id, session_tokens.c.expires_at <= created_at
        )
    )
    values = {"digest": digest, "collection_id": collection_id, "created_at": created_at, "expires_at": expires_at}
    connection.execute(session_tokens.insert().values(values))


def find_session(connection: Connection, digest: str, collection_id: int) -> datetime | None:
    """When a session token of that collection expires; None where it has no such one."""
    matches = (session_tokens.c.digest == digest, session_tokens.c.collection_id == collection_id)
    return connection.execute(select(session_tokens.c.expires_at).where(*matches)).scalar()


def delete_sessions(connection: Connection, collection_id: int, digest: str | None = None) -> int:
    """Forget one session token of a collection, or all. How many there were."""
    statement = session_tokens.delete().where(session_tokens.c.collection_id == collection_id)
    if digest is not None:
        statement = statement.where(session_tokens.c.digest == digest)
    return connection.execute(statement).rowcount
