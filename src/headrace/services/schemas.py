"""Schemas of the warehouse: each is a DuckLake of its own, owned and shared as every object is.

It is described in SQLite in a folder or in PostgreSQL, and its Parquet is in that folder or in a bucket: wherever this
server's own tables and files were when it was made. A worker is shown the folders, and the doors to what is elsewhere,
of those that a statement may use, and no others: what DuckDB itself would let through, the process does not have.
Everybody has one that is named like them, from the first statement on.
"""

import re
import shutil
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from msgspec.structs import replace
from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from headrace.db import accounts, lakes
from headrace.db import objects as queries
from headrace.db.tables import schemas
from headrace.errors import Conflict, Invalid
from headrace.model.database import Lake, OpenSchema, Privilege
from headrace.model.object import NOUNS, Kind, Level, Share
from headrace.model.query import Schema
from headrace.model.task import LAKE
from headrace.runtime.sandbox import LAKE as SHOWN
from headrace.runtime.wire import Lent
from headrace.services import changes, objects
from headrace.services.call import Call, Platform
from headrace.store import catalogues, lake

SCHEMA = NOUNS[Kind.SCHEMA]
NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.-]{0,62}")
# What a statement calls by these names is no schema of ours.
TAKEN = frozenset({"main", "memory", "system", "temp", "information_schema", "pg_catalog", "headrace"})
POSTGRESQL, STORE = "postgresql", "store"
ALL = ("CREATE", "DELETE", "INSERT", "SELECT", "UPDATE")
FIELDS = [schemas.c[name] for name in Lake.__struct_fields__]


def create_schema(call: Call, name: str) -> Lake:
    """A new schema of the caller's. Raises Invalid for a name that is none, Conflict for one that is taken."""
    if not NAME.fullmatch(name):
        raise Invalid(f"{name[:80]!r} is no name for a schema: letters, digits and _.- after a letter, up to 63.")
    return _create(call, name)


def _create(call: Call, name: str) -> Lake:
    if name.lower() in TAKEN or name.startswith("__"):
        raise Conflict(f"{name[:80]!r} is no name for a schema: it means something else in SQL.")
    now = datetime.now(UTC)
    try:
        with call.platform.db.begin() as connection:
            row = connection.execute(
                schemas.insert()
                .values(owner_id=call.user.id, name=name, created_at=now, updated_at=now, **_places(call))
                .returning(*FIELDS)
            )
            made = Lake(**row.mappings().one())
            changes.record(connection, call, "create", Kind.SCHEMA, made.id, None, {"name": name}, name=name)
    except IntegrityError as taken:
        raise Conflict(f"The warehouse has a schema {name!r} already.") from taken
    return made


def own(call: Call) -> Lake:
    """The schema that is named like the caller, made where it is not there. Raises Conflict where it is another's."""
    with call.platform.db.read() as connection:
        found = _find(connection, call.user.username)
    if found is None:
        try:
            return _create(call, call.user.username)  # which may be an e-mail: statements quote it
        except Conflict:
            with call.platform.db.read() as connection:
                found = _find(connection, call.user.username)
    if found is None or found.owner_id != call.user.id:
        raise Conflict(f"The schema {call.user.username!r} of the warehouse is somebody else's.")
    return found


def named_in(call: Call, words: Collection[str]) -> tuple[Lake, dict[Lake, Level]]:
    """The caller's own schema, and all those that are named in a statement's words, with what the caller may do.

    Of others' schemas, those that the caller may see. Raises as `own`.
    """
    lowered = {word.lower() for word in words} | {call.user.username.lower()}
    with call.platform.db.read() as connection:
        called = select(*FIELDS).where(sa.func.lower(schemas.c.name).in_(lowered), ~schemas.c.archived)
        found = [Lake(**row) for row in connection.execute(called).mappings()]
        others = [one.id for one in found if one.owner_id != call.user.id]
        levels = queries.levels_of(connection, SCHEMA, others, call.user.id) if others else {}
    named = {one: Level.MANAGE if one.owner_id == call.user.id else levels.get(one.id) for one in found}
    mine = next((one for one in named if one.name == call.user.username), None)
    if mine is None or mine.owner_id != call.user.id:
        mine = own(call)
    return mine, {one: level for one, level in named.items() if level is not None} | {mine: Level.MANAGE}


def list_schemas(call: Call) -> list[Lake]:
    """The schemas that the caller may see, by name."""
    with call.platform.db.read() as connection:
        seen = select(*FIELDS).where(queries.permitted(Kind.SCHEMA, call.user.id), ~schemas.c.archived)
        return [Lake(**row) for row in connection.execute(seen.order_by(schemas.c.name)).mappings()]


def get_schema(call: Call, schema_id: int) -> Lake:
    """A schema that the caller may see. Raises NotFound."""
    with call.platform.db.read() as connection:
        objects.require(connection, call, SCHEMA, schema_id)
        return Lake(**connection.execute(select(*FIELDS).where(schemas.c.id == schema_id)).mappings().one())


def delete_schema(call: Call, schema_id: int) -> None:
    """Delete a schema that the caller manages, with every table in it."""
    platform, schema = call.platform, get_schema(call, schema_id)
    with platform.db.begin() as connection:
        objects.delete(connection, call, SCHEMA, schema_id)
        if schema.catalogue == POSTGRESQL:
            lakes.drop(connection, schema_id)
    platform.doors.remove(schema_id)
    catalogues.release(_file(platform, schema))
    shutil.rmtree(platform.settings.home / LAKE / lake.SCHEMAS / str(schema_id), ignore_errors=True)
    if schema.storage == STORE:
        platform.blobs.delete_all([blob.key for blob in platform.blobs.scan(lake.prefix(schema_id))])


def lend(call: Call, schema: Lake, *, writable: bool) -> tuple[list[Lent], Schema]:
    """The folders by which a worker reaches a schema, and what it is told of it. Blocks."""
    platform, at = call.platform, f"schema-{schema.id}"
    lent = [Lent(lake.lay_schema(platform.settings.home, schema.id), at, writable)]
    described, stored = schema.catalogue == POSTGRESQL, schema.storage == STORE
    if not described:
        catalogues.hold(_file(platform, schema))
    # A worker that saw it empty opens it anew once it is not.
    held = writable or (platform.doors.holds(schema.id) if described else _file(platform, schema).exists())
    told = Schema(name=schema.name, path=f"{SHOWN}/{at}", writable=writable, held=held)
    if described or stored:
        door = platform.doors.open(schema.id, writable=writable, catalogue=described, store=stored)
        lent.append(Lent(door, f"door-{schema.id}"))
        told = replace(
            told,
            door=f"{SHOWN}/door-{schema.id}",
            catalogue=lakes.namespace(schema.id) if described else "",
            store=f"lake://{schema.id}/" if stored else "",
        )
    return lent, told


def open_to(call: Call) -> tuple[OpenSchema, ...]:
    """The schemas that the caller may see, where they lie, and who may do what with them."""
    found = list_schemas(call)
    with call.platform.db.read() as connection:
        owners = {user.id: user.username for user in accounts.find_users(connection, {one.owner_id for one in found})}
        shared = {one.id: queries.list_shares(connection, Kind.SCHEMA, one.id) for one in found}
    return tuple(
        OpenSchema(
            name=one.name,
            **_described(call.platform, one),
            owner=owners.get(one.owner_id, ""),
            privileges=(
                Privilege(grantee=owners.get(one.owner_id, ""), grantee_type="user", privileges=ALL, grantable=ALL),
                *(_privilege(share) for share in shared[one.id]),
            ),
        )
        for one in found
    )


def _described(platform: Platform, schema: Lake) -> dict[str, str]:
    if schema.catalogue == POSTGRESQL:
        return {"catalogue": platform.doors.reader(schema.id), "namespace": lakes.namespace(schema.id)}
    return {"catalogue": f"sqlite:///{_file(platform, schema)}"}


def _file(platform: Platform, schema: Lake) -> Path:
    return platform.settings.home / LAKE / lake.SCHEMAS / str(schema.id) / "catalogue.sqlite"


def _places(call: Call) -> dict[str, str]:
    return {"catalogue": call.platform.doors.catalogue, "storage": call.platform.doors.storage}


def _privilege(share: Share) -> Privilege:
    may = ("SELECT",) if share.level is Level.READ else ALL
    grantable = ALL if share.level is Level.MANAGE else ()
    kind = "user" if share.user_id is not None else "group"
    return Privilege(grantee=share.name, grantee_type=kind, privileges=may, grantable=grantable)


def _find(connection: Connection, name: str) -> Lake | None:
    row = connection.execute(select(*FIELDS).where(schemas.c.name == name)).mappings().one_or_none()
    return Lake(**row) if row else None
