"""Queries of saved udfs and of the tokens that open them."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection, select

from headrace.db import objects
from headrace.db.tables import access_tokens, collections, job_versions, jobs, users
from headrace.model.collection import DEFAULT
from headrace.model.job import Kind, Udf, Version
from headrace.model.object import NOUNS
from headrace.model.object import Kind as ObjectKind
from headrace.model.page import Slice

_ELSEWHERE = {
    "owner_email": users.c.email,
    "body": job_versions.c.body,
    "collection_uid": collections.c.uid,
    "collection_name": collections.c.name,
}
UDF = [_ELSEWHERE[name].label(name) if name in _ELSEWHERE else jobs.c[name] for name in Udf.__struct_fields__]
_CURRENT = sa.and_(job_versions.c.job_id == jobs.c.id, job_versions.c.version == jobs.c.version)
_UDFS = (
    select(*UDF)
    .join(users, users.c.id == jobs.c.owner_id)
    .join(job_versions, _CURRENT)
    .join(collections, collections.c.id == jobs.c.collection_id)
    .where(jobs.c.kind == Kind.UDF)
)
# What is open to all: udfs that their owners opened, and those in a collection that is open.
OPEN = sa.or_(jobs.c.public_read, jobs.c.collection_id.in_(select(collections.c.id).where(collections.c.public_read)))


class TokenRow(Struct, frozen=True, kw_only=True):
    """A token as it is kept: its text encrypted."""

    id: int
    secret: bytes
    udf_id: int
    udf_uid: str
    udf_slug: str
    owner_id: int
    owner_email: str
    client_id: str | None
    cache: bool
    enabled: bool
    public_read: bool | None
    access_scope: str | None
    metadata_json: dict[str, Any] | None
    created_at: Any
    updated_at: Any
    expires_at: Any
    last_used_at: Any


_FOREIGN = {"udf_uid": jobs.c.uid, "udf_slug": jobs.c.slug, "owner_email": users.c.email}
TOKEN = [
    _FOREIGN[name].label(name) if name in _FOREIGN else access_tokens.c[name] for name in TokenRow.__struct_fields__
]
_TOKENS = (
    select(*TOKEN).join(jobs, jobs.c.id == access_tokens.c.udf_id).join(users, users.c.id == access_tokens.c.owner_id)
)


def readable_by(user_id: int) -> sa.ColumnElement[bool]:
    """What a user may see of the udfs: their own, those shared with them, and those that are open to all."""
    return sa.or_(objects.permitted(ObjectKind.JOB, user_id), OPEN)


def in_collection(name: str) -> sa.ColumnElement[bool]:
    """The udfs in a collection of that name."""
    return jobs.c.collection_id.in_(select(collections.c.id).where(collections.c.name == name))


def default_first() -> sa.ColumnElement[int]:
    """An order in which what is in somebody's default collection comes first."""
    return sa.case((in_collection(DEFAULT), 0), else_=1)


def insert_udf(connection: Connection, body: str, author_id: int, **values: Any) -> int:  # noqa: ANN401
    """A new udf at version 1; its id."""
    values = {"kind": Kind.UDF.value, "version": 1, "name": values["slug"], **values}
    job_id = connection.execute(jobs.insert().values(values).returning(jobs.c.id)).scalar_one()
    add_version(connection, job_id, 1, body, author_id, values["created_at"])
    return job_id


def add_version(connection: Connection, job_id: int, version: int, body: str, author_id: int, moment: Any) -> None:  # noqa: ANN401
    """Keep one more version of the body."""
    values = {"job_id": job_id, "version": version, "body": body, "author_id": author_id, "created_at": moment}
    connection.execute(job_versions.insert().values(values))


def update_udf(connection: Connection, job_id: int, before: int, **values: Any) -> bool:  # noqa: ANN401
    """Change a udf that is still at version `before`. Whether it was."""
    if "slug" in values:  # a udf has no other name
        values["name"] = values["slug"]
    matches = (jobs.c.id == job_id, jobs.c.version == before)
    return connection.execute(jobs.update().where(*matches).values(values)).rowcount > 0


def delete_udf(connection: Connection, job_id: int) -> None:
    """Remove a udf with its versions and tokens, and with whom it was shared."""
    objects.delete(connection, NOUNS[ObjectKind.JOB], job_id)


def find_udf(
    connection: Connection, *matches: sa.ColumnElement[bool], first: Sequence[sa.ColumnElement[Any]] = ()
) -> Udf | None:
    """The udf that matches; of several, the first in that order, then the oldest."""
    order = [*first, jobs.c.id]
    row = connection.execute(_UDFS.where(*matches).order_by(*order).limit(1)).mappings().one_or_none()
    return Udf(**row) if row else None


def list_udfs(connection: Connection, matches: sa.ColumnElement[bool], offset: int, limit: int) -> Slice[Udf]:
    """Udfs, the most recently changed first."""
    order = (jobs.c.updated_at.desc(), jobs.c.id.desc())
    # Chosen first and read then: the bodies of all that is passed over would be sorted along.
    chosen = select(jobs.c.id).where(jobs.c.kind == Kind.UDF, matches).order_by(*order).offset(offset).limit(limit)
    rows = connection.execute(_UDFS.where(jobs.c.id.in_(chosen)).order_by(*order)).mappings()
    count = select(sa.func.count()).select_from(jobs).where(jobs.c.kind == Kind.UDF, matches)
    return Slice([Udf(**row) for row in rows], connection.execute(count).scalar_one())


def list_versions(connection: Connection, job_id: int) -> list[Version]:
    """Every version of a udf, the newest first."""
    columns = [job_versions.c[name] for name in Version.__struct_fields__]
    statement = select(*columns).where(job_versions.c.job_id == job_id).order_by(job_versions.c.version.desc())
    return [Version(**row) for row in connection.execute(statement).mappings()]


def list_bodies(connection: Connection, job_id: int, most: int) -> list[str]:
    """The bodies of the newest versions of a udf."""
    statement = select(job_versions.c.body).where(job_versions.c.job_id == job_id)
    return list(connection.execute(statement.order_by(job_versions.c.version.desc()).limit(most)).scalars())


def insert_token(connection: Connection, **values: Any) -> int:  # noqa: ANN401
    """A new token; its id."""
    return connection.execute(access_tokens.insert().values(values).returning(access_tokens.c.id)).scalar_one()


def update_token(connection: Connection, token_id: int, **values: Any) -> None:  # noqa: ANN401
    """Change a token."""
    connection.execute(access_tokens.update().where(access_tokens.c.id == token_id).values(values))


def delete_token(connection: Connection, token_id: int) -> None:
    """Remove a token; it opens nothing from now on."""
    connection.execute(access_tokens.delete().where(access_tokens.c.id == token_id))


def find_token(connection: Connection, *matches: sa.ColumnElement[bool]) -> TokenRow | None:
    """The token that matches."""
    row = connection.execute(_TOKENS.where(*matches)).mappings().one_or_none()
    return TokenRow(**row) if row else None


def list_tokens(connection: Connection, matches: sa.ColumnElement[bool], offset: int, limit: int) -> Slice[TokenRow]:
    """Tokens, the newest first."""
    rows = connection.execute(
        _TOKENS.where(matches).order_by(access_tokens.c.id.desc()).offset(offset).limit(limit)
    ).mappings()
    count = select(sa.func.count()).select_from(access_tokens).where(matches)
    return Slice([TokenRow(**row) for row in rows], connection.execute(count).scalar_one())
