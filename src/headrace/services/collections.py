"""Collections: udfs under one name, their share token, and what else lets people call by it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from headrace.db import collections as queries
from headrace.db import jobs as udf_queries
from headrace.db.tables import collections, jobs, users
from headrace.errors import Busy, Conflict, Invalid, NotFound, TooLarge
from headrace.model import ids
from headrace.model.collection import DEFAULT, SCOPES, Collection, Member, SessionToken
from headrace.model.job import Udf
from headrace.model.page import Slice
from headrace.services import changes, passcodes
from headrace.services.call import Call, Platform
from headrace.store.cipher import Unreadable

PURPOSE = "collection token"
NAME = re.compile(r"[^\x00-\x1f\x7f/\\]{1,128}")
LARGEST_DASHBOARD = 4 << 20  # characters
PREFIX = "fc_"  # how the tokens of collections begin
LONGEST_SESSION = 86_400  # seconds
PASSCODE_SESSION = 14_400  # seconds for which a passcode that was typed into a page is good there
MOST_SESSIONS = 10_000  # of a collection, that passcodes opened
MOST_LISTED = 1_000  # udfs of a collection, to whoever has its token
NOTHING = "There is no such collection that you may see."
OPENS_NOTHING = "This token opens nothing here; it may have been revoked."


def create(
    call: Call,
    name: str,
    *,
    access_scope: str = "team",
    public_read: bool = False,
    dashboard_body: str | None = None,
    passcode: str | None = None,
) -> Collection:
    """A new collection of the caller's. Raises Conflict where they have one of that name."""
    user, now = call.user, datetime.now(UTC)
    values = {
        "uid": ids.new_uid(),
        "owner_id": user.id,
        "name": _name(name),
        "access_scope": _scope(access_scope),
        "public_read": public_read,
        "dashboard_body": _dashboard(dashboard_body),
        "passcode": passcodes.hashed(passcode) if passcode else None,
        "created_at": now,
        "updated_at": now,
    }
    try:
        with call.platform.db.begin() as connection:
            collection_id = queries.insert_collection(connection, **values)
            made = queries.find_collection(connection, collections.c.id == collection_id)
            changes.record(connection, call, "create", "collection", collection_id, None, _told(made), name=name)
    except IntegrityError as taken:
        raise Conflict(f"You have a collection called {name!r} already; choose another name.") from taken
    assert made is not None
    return made


def update(
    call: Call,
    uid: str,
    *,
    name: str | None = None,
    access_scope: str | None = None,
    public_read: bool | None = None,
    dashboard_body: str | None = None,
    passcode: str | None = None,
    preview_image_url: str | None = None,
    udf_uids: list[str] | None = None,
) -> Collection:
    """Change a collection of the caller's. None is no change; an empty passcode takes the passcode away.

    The udfs that are named move into it from the caller's other collections; none leaves it.
    Raises Conflict for a name that is taken, also of a udf that moves, and for another name of the default collection.
    """
    collection = get_own(call, uid)
    if name is not None and name != collection.name and collection.name == DEFAULT:
        raise Conflict(f"The collection {DEFAULT!r} keeps its name: what names no collection is in it.")
    given = {
        "name": None if name is None else _name(name),
        "access_scope": None if access_scope is None else _scope(access_scope),
        "public_read": public_read,
        "dashboard_body": _dashboard(dashboard_body),
        "preview_image_url": preview_image_url,
    }
    values: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    if passcode is not None and passcode != passcodes.MASK:
        values["passcode"] = passcodes.hashed(passcode) if passcode else None
    now = datetime.now(UTC)
    try:
        with call.platform.db.begin() as connection:
            queries.update_collection(connection, collection.id, **values, updated_at=now)
            for udf_uid in udf_uids or ():
                udf = udf_queries.find_udf(connection, jobs.c.uid == udf_uid, jobs.c.owner_id == call.user.id)
                if udf is None:
                    raise NotFound(f"You have no udf of the id {udf_uid[:60]!r}.")
                udf_queries.update_udf(connection, udf.id, udf.version, collection_id=collection.id, updated_at=now)
            changed = queries.find_collection(connection, collections.c.id == collection.id)
            told = _told(collection), _told(changed)
            changes.record(connection, call, "update", "collection", collection.id, *told, name=collection.name)
    except IntegrityError as taken:
        raise Conflict("You have a collection of that name already, or it has a udf of that name.") from taken
    call.platform.revision.bump()
    return _there(changed)


def get(call: Call, uid: str) -> Collection:
    """A collection that the caller may read: one of theirs, or one that is open to all. Raises NotFound."""
    return _find(call, collections.c.uid == uid, _readable(call))


def get_own(call: Call, uid: str) -> Collection:
    """A collection that the caller may change. Raises NotFound."""
    return _find(call, collections.c.uid == uid, collections.c.owner_id == call.user.id)


def get_by_name(call: Call, name: str) -> Collection:
    """A collection of the caller's by its name. Raises NotFound."""
    return _find(call, collections.c.name == name, collections.c.owner_id == call.user.id)


def get_of_others(call: Call, name: str) -> Collection:
    """A collection that somebody else has opened to all, by its name; the oldest of several. Raises NotFound."""
    theirs = collections.c.owner_id != call.user.id
    return _find(call, collections.c.name == name, theirs, collections.c.public_read)


def list_own(call: Call, offset: int, limit: int) -> Slice[Collection]:
    """The caller's collections, the most recently changed first."""
    matches = collections.c.owner_id == call.user.id
    with call.platform.db.read() as connection:
        return queries.list_collections(connection, matches, offset, limit)


def list_readable(call: Call, offset: int, limit: int) -> Slice[Collection]:
    """The collections that the caller may read: their own, and those that are open to all."""
    matches = _readable(call)
    with call.platform.db.read() as connection:
        return queries.list_collections(connection, matches, offset, limit)


def delete(call: Call, uid: str) -> Collection:
    """Remove a collection with its udfs, their versions and tokens. Its runs stay. Raises Conflict for the default."""
    collection = get_own(call, uid)
    if collection.name == DEFAULT:
        raise Conflict(f"The collection {DEFAULT!r} stays; delete the udfs in it one by one.")
    with call.platform.db.begin() as connection:
        queries.delete_collection(connection, collection.id)
        told = _told(collection)
        changes.record(connection, call, "delete", "collection", collection.id, told, name=collection.name)
    call.platform.revision.bump()
    return collection


def share(call: Call, uid: str, *, client_id: str | None = None, new_token: bool = False) -> Collection:
    """Give a collection a share token, or another one in place of the one it has, which opens nothing from then on."""
    collection = get_own(call, uid)
    values: dict[str, Any] = {} if client_id is None else {"share_client_id": client_id}
    renewed = new_token or collection.share_digest is None
    if renewed:
        text = ids.new_collection_token()
        values |= {
            "share_digest": ids.digest(text),
            "share_secret": call.platform.cipher.encrypt(text, PURPOSE),
            "updated_at": datetime.now(UTC),
        }
    return _reshare(call, collection, values, renewed=renewed)


def unshare(call: Call, uid: str) -> Collection:
    """Have the share token of a collection open nothing from now on."""
    values = {"share_digest": None, "share_secret": None, "share_client_id": None, "updated_at": datetime.now(UTC)}
    return _reshare(call, get_own(call, uid), values, renewed=True)


def share_token(call: Call, collection: Collection) -> str | None:
    """The text of the share token, for its owner; None for others, and where there is none."""
    if collection.share_secret is None or call.user.id != collection.owner_id:
        return None
    try:
        return call.platform.cipher.decrypt(collection.share_secret, PURPOSE)
    except Unreadable:
        return None


def resolve(platform: Platform, text: str, slug: str) -> tuple[Collection, Udf]:
    """The udf of that name that a collection's token opens, whoever holds it. Raises NotFound."""
    with platform.db.read() as connection:
        found = _shared(connection, text)
        udf = udf_queries.find_udf(connection, jobs.c.collection_id == found.id, jobs.c.slug == slug)
    if udf is None:
        raise NotFound("This token opens no udf of that name.")
    return found, udf


def find_shared(platform: Platform, text: str) -> Collection:
    """The collection that a token opens, whoever holds it. Raises NotFound."""
    with platform.db.read() as connection:
        return _shared(connection, text)


def list_members(platform: Platform, collection: Collection) -> Slice[Member]:
    """The udfs of a collection by name, the first MOST_LISTED of them."""
    with platform.db.read() as connection:
        return queries.list_members(connection, collection.id, MOST_LISTED)


def is_whole(token: str) -> bool:
    """Whether that is the token of a collection, and names no udf of it."""
    return token.startswith(PREFIX) and parted(token)[1] is None


def parted(token: str) -> tuple[str, str | None]:
    """A collection's token and the name of a udf from the older form that joins them: `fc_...-name`."""
    text, _, name = token.partition("-")
    return text, name or None


def create_session(call: Call, share: str, ttl: int) -> SessionToken:
    """A token that lets whoever has it call by the share token of the caller's for `ttl` seconds, without a key."""
    if not 1 <= ttl <= LONGEST_SESSION:
        raise Invalid(f"`ttl` wants 1 to {LONGEST_SESSION} seconds, and got {ttl}.")
    collection = _own_by_token(call, share)
    with call.platform.db.begin() as connection:
        session = _session(connection, collection.id, ttl)
        told = {"session_expires_at": session.expires_at.isoformat()}
        changes.record(connection, call, "share", "collection", collection.id, None, told, name=collection.name)
    return session


def open_session(platform: Platform, collection_id: int) -> SessionToken:
    """A session token for somebody who gave the passcode of a collection. Raises Busy where there are too many."""
    with platform.db.begin() as connection:
        if queries.count_sessions(connection, collection_id, datetime.now(UTC)) >= MOST_SESSIONS:
            raise Busy("The passcode of this collection was given too often; try again in an hour.", 3600)
        return _session(connection, collection_id, PASSCODE_SESSION)


def delete_sessions(call: Call, share: str, text: str | None = None) -> int:
    """Revoke one session token of a collection of the caller's, or all of them. How many there were."""
    collection = _own_by_token(call, share)
    with call.platform.db.begin() as connection:
        gone = queries.delete_sessions(connection, collection.id, None if text is None else ids.digest(text))
        told = {"sessions": gone}
        changes.record(connection, call, "unshare", "collection", collection.id, told, name=collection.name)
    call.platform.revision.bump()
    if text is not None and not gone:
        raise NotFound("There is no such session token.")
    return gone


def session_expires(platform: Platform, collection_id: int, text: str) -> datetime | None:
    """When a session token of a collection expires; None where it opens nothing."""
    with platform.db.read() as connection:
        expires = queries.find_session(connection, ids.digest(text), collection_id)
    return expires if expires is not None and expires > datetime.now(UTC) else None


def _session(connection: Connection, collection_id: int, ttl: int) -> SessionToken:
    now = datetime.now(UTC)
    expires_at = now + timedelta(seconds=ttl)
    text = ids.new_session_token(int(expires_at.timestamp()))
    queries.insert_session(connection, ids.digest(text), collection_id, now, expires_at)
    return SessionToken(token=text, expires_at=expires_at)


def _shared(connection: Connection, text: str) -> Collection:
    found = queries.find_collection(connection, collections.c.share_digest == ids.digest(text), users.c.active)
    if found is None:
        raise NotFound(OPENS_NOTHING)
    return found


def _own_by_token(call: Call, share: str) -> Collection:
    digest = ids.digest(parted(share)[0])
    with call.platform.db.read() as connection:
        found = queries.find_collection(
            connection, collections.c.share_digest == digest, collections.c.owner_id == call.user.id
        )
    if found is None:
        raise NotFound("You have no collection that is shared by this token.")
    return found


def _reshare(call: Call, collection: Collection, values: dict[str, Any], *, renewed: bool) -> Collection:
    with call.platform.db.begin() as connection:
        if values:
            queries.update_collection(connection, collection.id, **values)
        if renewed:
            queries.delete_sessions(connection, collection.id)
        told = {"share_token_renewed": renewed, "fields": sorted(values)}
        changes.record(connection, call, "share", "collection", collection.id, None, told, name=collection.name)
        changed = queries.find_collection(connection, collections.c.id == collection.id)
    call.platform.revision.bump()
    return _there(changed)


def _told(collection: Collection | None) -> dict[str, Any]:
    if collection is None:
        return {}
    told = changes.told(collection, "name", "access_scope", "public_read", "preview_image_url")
    return {**told, "passcode": collection.passcode is not None}


def _readable(call: Call) -> Any:  # noqa: ANN401 - a column expression
    return (collections.c.owner_id == call.user.id) | collections.c.public_read


def _find(call: Call, *matches: Any) -> Collection:  # noqa: ANN401 - column expressions
    with call.platform.db.read() as connection:
        return _there(queries.find_collection(connection, *matches))


def _there(collection: Collection | None) -> Collection:
    if collection is None:
        raise NotFound(NOTHING)
    return collection


def _name(name: str) -> str:
    if not NAME.fullmatch(name) or not name.strip():
        raise Invalid("The name of a collection has 1 to 128 characters, no slash and no control characters.")
    return name


def _scope(scope: str) -> str:
    if scope not in SCOPES:
        raise Invalid(f"`access_scope` wants one of {', '.join(SCOPES)}, and got {scope[:60]!r}.")
    return scope


def _dashboard(body: str | None) -> str | None:
    if body is not None and len(body) > LARGEST_DASHBOARD:
        raise TooLarge(f"The dashboard of a collection has at most {LARGEST_DASHBOARD >> 20} MB.")
    return body
