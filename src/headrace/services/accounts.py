"""Accounts: who there is, in which groups, and with which keys."""

import os
import re
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.exc import IntegrityError

from headrace.db import accounts, collections, hosts
from headrace.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from headrace.model import access, ids
from headrace.model.access import ApiKey, Group, Principal, User
from headrace.model.page import Page, Slice
from headrace.services import changes
from headrace.services.call import Call, Platform

T = TypeVar("T")

ENDED = timedelta(days=7)  # for which an ended session is still known
ADMIN_EMAIL = "admin@localhost"
EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,128}@[^@\s\x00-\x1f]{1,128}")
NAME = re.compile(r"[^\x00-\x1f]{1,200}")


def create_user(call: Call, *, name: str, email: str, username: str | None = None, admin: bool = False) -> User:
    """A new account. Raises Conflict where the e-mail or username is taken, Forbidden for all but administrators."""
    call.require_admin()
    return _create_user(call, name=name, email=email, username=username, admin=admin)


def list_users(call: Call, page: Page, query: str | None = None, *, active: bool | None = None) -> Slice[User]:
    """A page of the accounts: those that are active, those that are not, or all."""
    _ = call.user
    with call.platform.db.read() as connection:
        return accounts.list_users(connection, page, query, active=active)


def get_user(call: Call, user_id: int) -> User:
    """One account. Raises NotFound."""
    _ = call.user
    return _found(_read_user(call.platform, id=user_id), f"There is no user {user_id}.")


def get_users(call: Call, ids: Collection[int]) -> list[User]:
    """These accounts, by id; those that are not there are left out."""
    _ = call.user
    with call.platform.db.read() as connection:
        return accounts.find_users(connection, ids)


def find_user(call: Call, email_or_username: str) -> User:
    """The account with that e-mail or username. Raises NotFound."""
    _ = call.user
    found = _read_user(call.platform, email=email_or_username.lower()) or _read_user(
        call.platform, username=email_or_username
    )
    return _found(found, f"There is no user {email_or_username!r}; `headrace users add` makes one.")


def update_user(
    call: Call,
    user_id: int,
    *,
    name: str | None = None,
    email: str | None = None,
    active: bool | None = None,
    admin: bool | None = None,
) -> User:
    """Change an account: one's own name and e-mail, or as an administrator anything. None is no change.

    Raises Conflict where the e-mail is another user's, and where no administrator would be left.
    """
    if call.user.id != user_id or active is not None or admin is not None:
        call.require_admin()
    given = {
        "name": None if name is None else _name(name),
        "email": None if email is None else _email(email),
        "active": active,
        "admin": admin,
    }
    values = {key: value for key, value in given.items() if value is not None}
    taken = f"The e-mail {email} belongs to another user."
    try:
        with call.platform.db.begin() as connection:
            administrators = accounts.list_administrators(connection)
            if email is not None and any(user.id != user_id for user in accounts.find_named(connection, email)):
                raise Conflict(taken)
            if (active is False or admin is False) and [user.id for user in administrators] == [user_id]:
                raise Conflict("This is the last administrator; make another one first.")
            before = accounts.find_user(connection, id=user_id)
            user = accounts.update_user(connection, user_id, **values, updated_at=datetime.now(UTC))
            if before and user:
                told = _told(before), _told(user)
                changes.record(connection, call, "update", "user", user_id, *told, name=before.name)
    except IntegrityError as known:
        raise Conflict(taken) from known
    call.platform.revision.bump()
    return _found(user, f"There is no user {user_id}.")


def create_group(call: Call, *, name: str, description: str | None = None) -> Group:
    """A new group. Raises Conflict where the name is taken."""
    call.require_admin()
    now = datetime.now(UTC)
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or ids.new_uid()
    try:
        with call.platform.db.begin() as connection:
            group = accounts.insert_group(
                connection, name=_name(name), slug=slug, description=description, created_at=now, updated_at=now
            )
            told = {"name": name, "description": description}
            changes.record(connection, call, "create", "group", group.id, None, told, name=name)
            return group
    except IntegrityError as taken:
        raise Conflict(f"There is a group called {name!r} already, or one whose name differs in signs only.") from taken


def list_groups(call: Call, page: Page, query: str | None = None) -> Slice[Group]:
    """A page of the groups."""
    _ = call.user
    with call.platform.db.read() as connection:
        return accounts.list_groups(connection, page, query)


def get_group(call: Call, group_id: int) -> Group:
    """One group. Raises NotFound."""
    _ = call.user
    with call.platform.db.read() as connection:
        return _found(accounts.find_group(connection, id=group_id), f"There is no group {group_id}.")


def find_group(call: Call, name: str) -> Group:
    """The group of that name. Raises NotFound."""
    _ = call.user
    with call.platform.db.read() as connection:
        group = accounts.find_group(connection, name=name)
    return _found(group, f"There is no group {name!r}; `headrace groups add` makes one.")


def find_own_group(call: Call, name: str) -> Group:
    """The group of that slug or name which the caller is in, or any as an administrator. Raises NotFound."""
    with call.platform.db.read() as connection:
        group = accounts.find_group(connection, slug=name) or accounts.find_group(connection, name=name)
        within = group is not None and group.id in {one.id for one in accounts.groups_of(connection, call.user.id)}
    return _found(group if within or call.user.admin else None, f"There is no group {name[:100]!r} that you are in.")


def update_group(call: Call, group_id: int, *, name: str | None = None, description: str | None = None) -> Group:
    """Change a group. None is no change."""
    call.require_admin()
    given = {"name": None if name is None else _name(name), "description": description}
    values = {key: value for key, value in given.items() if value is not None}
    try:
        with call.platform.db.begin() as connection:
            before = accounts.find_group(connection, id=group_id)
            group = accounts.update_group(connection, group_id, **values, updated_at=datetime.now(UTC))
            if before and group:
                told = [changes.told(one, "name", "description") for one in (before, group)]
                changes.record(connection, call, "update", "group", group_id, *told, name=before.name)
    except IntegrityError as taken:
        raise Conflict(f"There is a group called {name!r} already.") from taken
    return _found(group, f"There is no group {group_id}.")


def add_member(call: Call, group_id: int, user_id: int) -> None:
    """Put a user into a group."""
    call.require_admin()
    get_group(call, group_id)
    get_user(call, user_id)
    with call.platform.db.begin() as connection:
        accounts.add_member(connection, group_id, user_id)
        changes.record(connection, call, "add", "group", group_id, None, {"user_id": user_id})
    call.platform.revision.bump()


def remove_member(call: Call, group_id: int, user_id: int) -> None:
    """Take a user out of a group. Raises NotFound where they are not in it."""
    call.require_admin()
    with call.platform.db.begin() as connection:
        if not accounts.remove_member(connection, group_id, user_id):
            raise NotFound(f"The user {user_id} is not in the group {group_id}.")
        changes.record(connection, call, "remove", "group", group_id, {"user_id": user_id})
    call.platform.revision.bump()


def list_members(call: Call, group_id: int) -> list[User]:
    """The users of a group."""
    get_group(call, group_id)
    with call.platform.db.read() as connection:
        return accounts.list_members(connection, group_id)


def count_members(call: Call, group_ids: list[int]) -> dict[int, int]:
    """How many users are in each of these groups; one that is empty is left out."""
    _ = call.user
    with call.platform.db.read() as connection:
        return accounts.count_members(connection, group_ids)


def groups_of(call: Call, user_id: int) -> list[Group]:
    """The groups that a user is in, by name."""
    _ = call.user
    with call.platform.db.read() as connection:
        return accounts.groups_of(connection, user_id)


def create_key(
    call: Call, user_id: int, name: str, expires_in: timedelta | None = None, scopes: Sequence[str] | None = None
) -> tuple[ApiKey, str]:
    """A new key for oneself, or as an administrator for anyone; its text, which nothing can show again.

    With `scopes` it opens so much in the tasks' protocol, and nothing elsewhere. Without, it opens what the key behind
    the call does. Raises Invalid for scopes that there are not, Forbidden for more than that key opens.
    """
    _self_or_admin(call, user_id)
    return _create_key(call, user_id, name, ids.new_api_key(), expires_in, _scopes(call, scopes))


def create_session(call: Call, name: str, ends: datetime) -> tuple[ApiKey, str]:
    """A key for one session of the caller's, and its text; it ends with the key that proves who asks, if not before.

    Sessions of that name which ended long ago are forgotten.
    """
    now, proof = datetime.now(UTC), call.who.key_id if call.who else 0
    with call.platform.db.begin() as connection:
        accounts.delete_ended_keys(connection, call.user.id, name, now - ENDED)
        found = accounts.find_key_by_id(connection, proof)
    if found is not None and found[0].expires_at is not None:
        ends = min(ends, found[0].expires_at)
    return _create_key(call, call.user.id, name, ids.new_api_key(), ends - now, _scopes(call, None))


def list_keys(call: Call, user_id: int) -> list[ApiKey]:
    """The keys of oneself, or as an administrator of anyone."""
    _self_or_admin(call, user_id)
    with call.platform.db.read() as connection:
        return accounts.list_keys(connection, user_id)


def get_key(call: Call, user_id: int, key_id: int) -> ApiKey:
    """One key. Raises NotFound."""
    found = next((key for key in list_keys(call, user_id) if key.id == key_id), None)
    return _found(found, f"The user {user_id} has no key {key_id}.")


def find_key(call: Call, words: str) -> ApiKey:
    """The caller's own key that has this text or this number, or the one that opens something and has this name.

    Raises NotFound, and Conflict where several have the name.
    """
    user_id, now = call.user.id, datetime.now(UTC)
    with call.platform.db.read() as connection:
        by_text = accounts.find_key(connection, ids.digest(words))
        keys = accounts.list_keys(connection, user_id)
    if by_text is not None and by_text[1].id == user_id:
        return by_text[0]
    numbered = [key for key in keys if str(key.id) == words]
    named = numbered or [key for key in keys if key.name == words and key.active(now)]
    if len(named) > 1:
        raise Conflict(f"{len(named)} keys of yours are called {words[:100]!r}; name one by its number.")
    return _found(next(iter(named), None), "You have no such key.")


def revoke_key(call: Call, user_id: int, key_id: int) -> ApiKey:
    """Have a key open nothing from now on."""
    key = get_key(call, user_id, key_id)
    if key.revoked_at is None:
        with call.platform.db.begin() as connection:
            key = _found(accounts.update_key(connection, key_id, revoked_at=datetime.now(UTC)), "")
            changes.record(connection, call, "revoke", "api_key", key.id, {"user_id": user_id}, name=key.name)
    call.platform.revision.bump()
    return key


def authenticate(platform: Platform, text: str) -> Principal:
    """Whose key that is. Raises Unauthenticated for one that is unknown, revoked or expired."""
    if len(text) > 1000 or "\0" in text:
        raise Unauthenticated("This is no API key.")
    with platform.db.read() as connection:
        found = accounts.find_key(connection, ids.digest(text))
    if found is None:
        raise Unauthenticated("This API key is not known here.")
    key, user = found
    if key.revoked_at is not None:
        raise Unauthenticated("This API key has been revoked; make a new one with `headrace keys create`.")
    if not key.active(datetime.now(UTC)):
        raise Unauthenticated(
            f"This API key expired on {key.expires_at:%Y-%m-%d}; make a new one with `headrace keys create`."
        )
    if not user.active:
        raise Unauthenticated("The account of this API key has been closed.")
    platform.uses.key(key.id)
    return Principal(user=user, key_id=key.id, scopes=None if key.scopes is None else tuple(key.scopes))


def principal_of(platform: Platform, user_id: int, author_id: int | None = None) -> Principal:
    """The user as whom code in their environment asks. Raises Unauthenticated where the account has been closed."""
    user = _read_user(platform, id=user_id)
    if user is None or not user.active:
        raise Unauthenticated("The account that this code runs under has been closed.")
    return Principal(user=user, key_id=0, author_id=author_id)


def ensure_admin(platform: Platform) -> str | None:
    """At the first start, make admin@localhost; the key where it is fresh and has to be shown, once.

    The key is the one of the settings, or a fresh one that is also written to <home>/admin.key (mode 0600). A key of
    the settings that is not known yet becomes one more key of the administrator.
    """
    given = platform.settings.admin_key
    with platform.db.read() as connection:
        someone = accounts.list_users(connection, Page(limit=1)).total > 0
        known = bool(given) and accounts.find_key(connection, ids.digest(given)) is not None
    if not someone:
        return _first_start(platform, given)
    if given and not known:
        admin = administrator(platform)
        _create_key(admin, admin.user.id, "settings", given, None)
    return None


def administrator(platform: Platform) -> Call:
    """A call as the oldest administrator, for commands on the home itself: who may write it needs no key."""
    with platform.db.read() as connection:
        found = accounts.list_administrators(connection)
    if not found:
        raise NotFound("This home has no administrator yet; `headrace up` makes one.")
    return Call(platform, Principal(user=found[0], key_id=0))


def _first_start(platform: Platform, given: str) -> str | None:
    """Make the administrator and a key, together or not at all; the key where it is fresh."""
    now, text = datetime.now(UTC), given or ids.new_api_key()
    account = {"name": "Administrator", "username": "admin", "email": ADMIN_EMAIL, "admin": True, "active": True}
    try:
        with platform.db.begin() as connection:
            admin = accounts.insert_user(connection, **account, created_at=now, updated_at=now)
            collections.insert_default(connection, admin.id, now)
            hosts.insert_warehouse(connection, admin.id, now)
            hosts.insert_warehouse_credential(connection, admin.id, now)
            key = {"name": "first start", "digest": ids.digest(text), "hint": text[-4:], "created_at": now}
            accounts.insert_key(connection, user_id=admin.id, **key)
            if not given:
                # Before the commit: a start that is killed in between makes another key the next time.
                _write_private(platform.settings.home / "admin.key", text)
    except IntegrityError:  # another process started at the same moment, and was first
        return None
    return None if given else text


def _create_user(call: Call, *, name: str, email: str, username: str | None, admin: bool) -> User:
    platform, now = call.platform, datetime.now(UTC)
    email, username = _email(email), _name(username or email)
    taken = f"A user with the e-mail {email} or the username {username} is there already."
    try:
        with platform.db.begin() as connection:
            # One's e-mail is never another's username: a udf is found under either.
            if accounts.find_named(connection, email, username):
                raise Conflict(taken)
            user = accounts.insert_user(
                connection,
                name=_name(name),
                email=email,
                username=username,
                admin=admin,
                active=True,
                created_at=now,
                updated_at=now,
            )
            collections.insert_default(connection, user.id, now)
            hosts.insert_warehouse_credential(connection, user.id, now)
            changes.record(connection, call, "create", "user", user.id, None, _told(user), name=user.name)
            return user
    except IntegrityError as known:
        raise Conflict(taken) from known


def _scopes(call: Call, asked: Sequence[str] | None) -> list[str] | None:
    """The scopes of a new key; None where it opens all that its owner may."""
    held = None if call.who is None else call.who.scopes
    if asked is None:
        return None if held is None else list(held)
    known = [f"{noun}:{level}" for noun in access.NOUNS for level in access.LEVELS]
    if unknown := [one for one in asked if one not in known]:
        raise Invalid(f"`scope` wants some of {', '.join(known)}; {unknown[0][:60]!r} is not given here.")
    if not asked:
        raise Invalid("`scope` is an empty list, and such a token would open nothing; leave it out for everything.")
    if beyond := [one for one in asked if not access.admits(held, one)]:
        raise Forbidden(f"This token is for {', '.join(held or ())}, and makes none for {beyond[0]}.")
    return None if set(access.WHOLE) <= set(asked) else [one for one in known if one in asked]


def _create_key(
    call: Call,
    user_id: int,
    name: str,
    text: str,
    expires_in: timedelta | None,
    scopes: list[str] | None = None,
) -> tuple[ApiKey, str]:
    platform, now = call.platform, datetime.now(UTC)
    if expires_in is not None and not timedelta(0) < expires_in < timedelta(days=36_500):
        raise Invalid("A key expires after some time from now, at most a hundred years.")
    _found(_read_user(platform, id=user_id), f"There is no user {user_id}.")
    with platform.db.begin() as connection:
        key = accounts.insert_key(
            connection,
            user_id=user_id,
            name=_name(name),
            digest=ids.digest(text),
            hint=text[-4:],
            created_at=now,
            expires_at=now + expires_in if expires_in else None,
            scopes=scopes,
        )
        told = {"user_id": user_id, **changes.told(key, "name", "hint", "expires_at")}
        told |= {"scopes": scopes} if scopes else {}
        changes.record(connection, call, "create", "api_key", key.id, None, told, name=key.name)
    return key, text


def _told(user: User) -> dict[str, Any]:
    return changes.told(user, "name", "username", "email", "admin", "active")


def _self_or_admin(call: Call, user_id: int) -> None:
    if call.user.id != user_id:
        call.require_admin()


def _read_user(platform: Platform, **by: object) -> User | None:
    with platform.db.read() as connection:
        return accounts.find_user(connection, **by)


def _found(value: T | None, otherwise: str) -> T:
    if value is None:
        raise NotFound(otherwise)
    return value


def _email(email: str) -> str:
    if not EMAIL.fullmatch(email):
        raise Invalid(f"{email[:100]!r} is no e-mail address.")
    return email.lower()


def _name(name: str) -> str:
    if not NAME.fullmatch(name) or not name.strip():
        raise Invalid("A name has 1 to 200 characters and no control characters.")
    return name


def _write_private(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text + "\n")
    fresh.replace(path)
