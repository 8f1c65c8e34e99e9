"""Saved udfs: kept under their owner's name, a new version with every change."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from headrace.db import collections
from headrace.db import jobs as queries
from headrace.db.tables import jobs, users
from headrace.errors import Conflict, Invalid, NotFound, TooLarge
from headrace.model import ids, statement
from headrace.model.job import Function, Udf, Version
from headrace.model.object import Kind
from headrace.model.page import Slice
from headrace.services import changes
from headrace.services.call import Call

SLUG = re.compile(r"[^\x00-\x1f\x7f/\\]{1,128}")
TYPES = ("auto", "udf", "app")
TRIES = 20  # saves of one udf that may come first before one is sent away
REMEMBERED = 100  # versions whose stored results are forgotten with those of the current one
LARGEST_BODY = 8 << 20  # characters of the udf object, its extra modules included

_decode = msgspec.json.Decoder(Function).decode

# What the log of changes tells of a udf; its code is in its versions.
TOLD = ("slug", "version", "public_read", "public_list", "udf_type", "collection_uid")


def create(
    call: Call,
    slug: str,
    body: str,
    *,
    public_read: bool = False,
    public_list: bool = False,
    uid: str | None = None,
    collection_uid: str | None = None,
    udf_type: str | None = None,
) -> Udf:
    """Save a udf under a new name, in the caller's default collection or another of theirs.

    Raises Conflict where one of that name is in it, NotFound where the collection is not theirs.
    """
    user, now = call.user, datetime.now(UTC)
    check_body(body)
    check_slug(slug)
    values = {
        "uid": uid or ids.new_uid(),
        "slug": slug,
        "owner_id": user.id,
        "created_at": now,
        "updated_at": now,
        "public_read": public_read,
        "public_list": public_list,
        "udf_type": check_type(udf_type),
    }
    try:
        with call.platform.db.begin() as connection:
            collection = collections.find_own(connection, user.id, collection_uid)
            job_id = queries.insert_udf(connection, body, user.id, **values, collection_id=collection.id)
            udf = queries.find_udf(connection, jobs.c.id == job_id)
            told = {"slug": slug, "version": 1, "public_read": public_read, "public_list": public_list}
            changes.record(connection, call, "create", Kind.JOB, job_id, None, told, name=slug)
    except IntegrityError as taken:
        raise Conflict(f"You have a udf called {slug!r} already; overwrite it, or choose another name.") from taken
    assert udf is not None
    call.platform.revision.bump()
    return udf


def update(
    call: Call,
    uid: str,
    *,
    slug: str | None = None,
    body: str | None = None,
    public_read: bool | None = None,
    public_list: bool | None = None,
    collection_uid: str | None = None,
    udf_type: str | None = None,
) -> Udf:
    """Save a udf again: a body that differs is a new version, another collection is where it goes. None is no change.

    Raises NotFound, and Conflict where one of that name is there already.

    Of saves at the same moment each is a version of its own, and the last one is the current one.
    """
    if body is not None:
        check_body(body)
    if slug is not None:
        check_slug(slug)
    given = {
        "slug": slug,
        "public_read": public_read,
        "public_list": public_list,
        "udf_type": check_type(udf_type),
        "collection_id": None if collection_uid is None else _collection(call, collection_uid),
    }
    values = {key: value for key, value in given.items() if value is not None}
    for _ in range(TRIES):
        udf = get_own(call, uid)
        try:
            saved = _save_over(call, udf, body, values)
        except IntegrityError as taken:
            raise Conflict(f"You have a udf called {slug!r} already; choose another name.") from taken
        if saved is not None:
            call.platform.revision.bump()
            return saved
    raise Conflict("This udf is being saved by many at once; save it again in a moment.")


def get(call: Call, uid: str) -> Udf:
    """A udf that the caller may read. Raises NotFound."""
    return _find(call, jobs.c.uid == uid, _readable(call))


def get_own(call: Call, uid: str) -> Udf:
    """A udf that the caller may change. Raises NotFound."""
    return _find(call, jobs.c.uid == uid, jobs.c.owner_id == call.user.id)


def get_by_slug(call: Call, owner: str, slug: str, collection: str | None = None) -> Udf:
    """A udf by its owner's e-mail or username and its name, that the caller may read. Raises NotFound.

    Where no collection is named, the default one comes first.
    """
    is_email = users.c.email == owner.lower()
    matches = [sa.or_(is_email, users.c.username == owner), jobs.c.slug == slug, _readable(call)]
    if collection is not None:
        matches.append(queries.in_collection(collection))
    return _find(call, *matches, first=(sa.case((is_email, 0), else_=1), queries.default_first()))


def get_public(call: Call, slug: str, collection: str | None = None) -> Udf:
    """The oldest udf of that name that is open to all, of those in a default collection first. Raises NotFound."""
    _ = call.user
    matches = [jobs.c.slug == slug, queries.OPEN]
    if collection is not None:
        matches.append(queries.in_collection(collection))
    with call.platform.db.read() as connection:
        udf = queries.find_udf(connection, *matches, first=[queries.default_first()])
    if udf is None:
        raise NotFound(f"There is no public udf called {slug!r}.")
    return udf


def list_own(call: Call, offset: int, limit: int, udf_type: str | None = None) -> Slice[Udf]:
    """The caller's udfs, the most recently changed first; those of a type where it is named."""
    return _list(call, jobs.c.owner_id == call.user.id, offset, limit, udf_type)


def list_readable(call: Call, offset: int, limit: int, udf_type: str | None = None) -> Slice[Udf]:
    """The udfs that the caller may read: their own, and those that are open to all."""
    return _list(call, queries.readable_by(call.user.id), offset, limit, udf_type)


def list_public(call: Call, offset: int, limit: int, udf_type: str | None = None) -> Slice[Udf]:
    """The udfs that their owners list for all."""
    _ = call.user
    return _list(call, sa.and_(queries.OPEN, jobs.c.public_list), offset, limit, udf_type)


def list_versions(call: Call, uid: str) -> list[Version]:
    """Every version of a udf of the caller's, the newest first."""
    udf = get_own(call, uid)
    with call.platform.db.read() as connection:
        return queries.list_versions(connection, udf.id)


def digests(call: Call, uid: str) -> tuple[int, set[str]]:
    """The owner of a udf of the caller's, and the identities of its code, now and in its last versions."""
    udf = get_own(call, uid)
    with call.platform.db.read() as connection:
        bodies = queries.list_bodies(connection, udf.id, REMEMBERED)
    return udf.owner_id, {check_body(body).digest() for body in bodies}


def delete(call: Call, uid: str) -> Udf:
    """Remove a udf with its versions and tokens. Its runs stay."""
    udf = get_own(call, uid)
    with call.platform.db.begin() as connection:
        queries.delete_udf(connection, udf.id)
        changes.record(connection, call, "delete", Kind.JOB, udf.id, changes.told(udf, *TOLD), name=udf.slug)
    call.platform.revision.bump()
    return udf


def check_slug(slug: str) -> str:
    """The name of a udf. Raises Invalid for what is none."""
    if not SLUG.fullmatch(slug) or not slug.strip():
        raise Invalid("The name of a udf has 1 to 128 characters, no slash and no control characters.")
    return slug


def check_type(udf_type: str | None) -> str | None:
    """The type that clients list a udf under. Raises Invalid for one that there is not."""
    if udf_type is not None and udf_type not in TYPES:
        raise Invalid(f"{udf_type[:60]!r} is no type of a udf; there are {', '.join(TYPES)}.")
    return udf_type


def check_body(body: str) -> Function:
    """The function in a udf object. Raises Invalid with the field that is wrong, TooLarge past LARGEST_BODY."""
    if len(body) > LARGEST_BODY:
        raise TooLarge(f"A udf has at most {LARGEST_BODY >> 20} MB, its extra modules included.")
    if "\\u0000" in body or "\0" in body:
        raise Invalid("The udf contains a NUL character, which no source text has.")
    try:
        function = _decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as wrong:
        raise Invalid(f"The udf cannot be read: {wrong}. It wants at least `code` and `entrypoint`.") from wrong
    if (saved := function.saved()) is not None and function.code.strip():
        statement.check(function.code, saved, function.parameters)
    return function


def _collection(call: Call, uid: str) -> int:
    with call.platform.db.read() as connection:
        return collections.find_own(connection, call.user.id, uid).id


def _list(call: Call, matches: sa.ColumnElement[bool], offset: int, limit: int, udf_type: str | None) -> Slice[Udf]:
    if check_type(udf_type) is not None:
        # What was saved without a type, or as `auto`, is a udf.
        is_app = sa.func.coalesce(jobs.c.udf_type, "") == "app"
        matches = sa.and_(matches, is_app if udf_type == "app" else ~is_app)
    with call.platform.db.read() as connection:
        return queries.list_udfs(connection, matches, offset, limit)


def _save_over(call: Call, udf: Udf, body: str | None, values: dict[str, Any]) -> Udf | None:
    """The udf after the change, or None where another save came first."""
    now = datetime.now(UTC)
    version = udf.version + (body is not None and body != udf.body)
    with call.platform.db.begin() as connection:
        if not queries.update_udf(connection, udf.id, udf.version, **values, version=version, updated_at=now):
            return None
        if body is not None and version != udf.version:
            queries.add_version(connection, udf.id, version, body, call.user.id, now)
        changed = queries.find_udf(connection, jobs.c.id == udf.id)
        if changed is not None:
            told = [changes.told(one, *TOLD) for one in (udf, changed)]
            changes.record(connection, call, "update", Kind.JOB, udf.id, *told, name=udf.slug)
        return changed


def _readable(call: Call) -> sa.ColumnElement[bool]:
    """What the caller may read; code of another author, what is open to all."""
    user = call.user
    return queries.OPEN if call.who and call.who.author_id is not None else queries.readable_by(user.id)


def _find(call: Call, *matches: sa.ColumnElement[bool], first: Sequence[sa.ColumnElement[int]] = ()) -> Udf:
    with call.platform.db.read() as connection:
        udf = queries.find_udf(connection, *matches, first=first)
    if udf is None:
        raise NotFound("There is no such udf that you may see.")
    return udf
