"""Saved udfs: kept under their owner's name, a new version with every change."""

import re
from datetime import UTC, datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from headrace.db import jobs as queries
from headrace.db.tables import jobs, users
from headrace.errors import Conflict, Invalid, NotFound, TooLarge
from headrace.model import ids
from headrace.model.job import Function, Udf, Version
from headrace.model.page import Slice
from headrace.services.call import Call

SLUG = re.compile(r"[^\x00-\x1f\x7f/\\]{1,128}")
TRIES = 20  # saves of one udf that may come first before one is sent away
LARGEST_BODY = 8 << 20  # characters of the udf object, its extra modules included

_decode = msgspec.json.Decoder(Function).decode


def create(
    call: Call, slug: str, body: str, *, public_read: bool = False, public_list: bool = False, uid: str | None = None
) -> Udf:
    """Save a udf under a new name. Raises Conflict where the caller has one of that name."""
    user, now = call.user, datetime.now(UTC)
    check_body(body)
    if not SLUG.fullmatch(slug) or not slug.strip():
        raise Invalid("The name of a udf has 1 to 128 characters, no slash and no control characters.")
    values = {"uid": uid or ids.new_uid(), "slug": slug, "owner_id": user.id, "created_at": now, "updated_at": now}
    try:
        with call.platform.db.begin() as connection:
            job_id = queries.insert_udf(
                connection, body, user.id, **values, public_read=public_read, public_list=public_list
            )
            udf = queries.find_udf(connection, jobs.c.id == job_id)
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
) -> Udf:
    """Save a udf again: a body that differs is a new version. None is no change. Raises NotFound.

    Of saves at the same moment each is a version of its own, and the last one is the current one.
    """
    if body is not None:
        check_body(body)
    if slug is not None and (not SLUG.fullmatch(slug) or not slug.strip()):
        raise Invalid("The name of a udf has 1 to 128 characters, no slash and no control characters.")
    given = {"slug": slug, "public_read": public_read, "public_list": public_list}
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


def get_by_slug(call: Call, email: str, slug: str) -> Udf:
    """A udf by its owner's e-mail or username and its name, that the caller may read. Raises NotFound."""
    is_email = users.c.email == email.lower()
    matches = (sa.or_(is_email, users.c.username == email), jobs.c.slug == slug, _readable(call))
    return _find(call, *matches, first=sa.case((is_email, 0), else_=1))


def get_public(call: Call, slug: str) -> Udf:
    """The oldest udf of that name that is open to all. Raises NotFound."""
    _ = call.user
    with call.platform.db.read() as connection:
        udf = queries.find_udf(connection, jobs.c.slug == slug, jobs.c.public_read)
    if udf is None:
        raise NotFound(f"There is no public udf called {slug!r}.")
    return udf


def list_own(call: Call, offset: int, limit: int) -> Slice[Udf]:
    """The caller's udfs, the most recently changed first."""
    with call.platform.db.read() as connection:
        return queries.list_udfs(connection, jobs.c.owner_id == call.user.id, offset, limit)


def list_public(call: Call, offset: int, limit: int) -> Slice[Udf]:
    """The udfs that their owners list for all."""
    _ = call.user
    with call.platform.db.read() as connection:
        return queries.list_udfs(connection, sa.and_(jobs.c.public_read, jobs.c.public_list), offset, limit)


def list_versions(call: Call, uid: str) -> list[Version]:
    """Every version of a udf of the caller's, the newest first."""
    udf = get_own(call, uid)
    with call.platform.db.read() as connection:
        return queries.list_versions(connection, udf.id)


def delete(call: Call, uid: str) -> Udf:
    """Remove a udf with its versions and tokens. Its runs stay."""
    udf = get_own(call, uid)
    with call.platform.db.begin() as connection:
        queries.delete_udf(connection, udf.id)
    call.platform.revision.bump()
    return udf


def check_body(body: str) -> Function:
    """The function in a udf object. Raises Invalid with the field that is wrong, TooLarge past LARGEST_BODY."""
    if len(body) > LARGEST_BODY:
        raise TooLarge(f"A udf has at most {LARGEST_BODY >> 20} MB, its extra modules included.")
    if "\\u0000" in body or "\0" in body:
        raise Invalid("The udf contains a NUL character, which no source text has.")
    try:
        return _decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as wrong:
        raise Invalid(f"The udf cannot be read: {wrong}. It wants at least `code` and `entrypoint`.") from wrong


def _save_over(call: Call, udf: Udf, body: str | None, values: dict[str, str | bool]) -> Udf | None:
    """The udf after the change, or None where another save came first."""
    now = datetime.now(UTC)
    version = udf.version + (body is not None and body != udf.body)
    with call.platform.db.begin() as connection:
        if not queries.update_udf(connection, udf.id, udf.version, **values, version=version, updated_at=now):
            return None
        if body is not None and version != udf.version:
            queries.add_version(connection, udf.id, version, body, call.user.id, now)
        return queries.find_udf(connection, jobs.c.id == udf.id)


def _readable(call: Call) -> sa.ColumnElement[bool]:
    """What the caller may read; code of another author, what is open to all."""
    user = call.user
    return jobs.c.public_read if call.who and call.who.author_id is not None else queries.readable_by(user.id)


def _find(call: Call, *matches: sa.ColumnElement[bool], first: sa.ColumnElement[int] | None = None) -> Udf:
    with call.platform.db.read() as connection:
        udf = queries.find_udf(connection, *matches, first=first)
    if udf is None:
        raise NotFound("There is no such udf that you may see.")
    return udf
