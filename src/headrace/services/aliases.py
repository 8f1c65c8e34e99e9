"""Aliases: who may see an object may find it by its aliases, and who may write it gives it some."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from headrace.db import accounts
from headrace.db import aliases as rows
from headrace.db import objects as queries
from headrace.errors import Conflict, Forbidden, Invalid, NotFound
from headrace.model.alias import Alias, check_name, noun_of
from headrace.model.object import TYPES, Level, Noun
from headrace.model.page import Page, Slice
from headrace.services import changes, objects
from headrace.services.call import Call
from headrace.services.dependencies import Dependency

KIND = "alias"


def create_alias(call: Call, *, object_type: str, object_id: int, alias: str, display_name: str | None = None) -> Alias:
    """A new alias of an object that the caller may write.

    Raises NotFound where the caller may not see the object, Conflict where another of its type is called so.
    """
    now = datetime.now(UTC)
    try:
        with call.platform.db.begin() as connection:
            values = _values(connection, call, object_type, object_id, alias, display_name)
            made = rows.insert(connection, owner_id=call.user.id, created_at=now, updated_at=now, **values)
            changes.record(connection, call, "create", KIND, made.id, None, values, name=alias)
    except IntegrityError as taken:
        raise _taken(object_type, alias) from taken
    return made


def list_aliases(call: Call, types: Sequence[str] | None, page: Page) -> Slice[Alias]:
    """A page of the aliases of objects that the caller may see, of these types alone where they are given."""
    for type_ in types or ():
        noun_of(type_)
    with call.platform.db.read() as connection:
        return rows.list_visible(connection, call.user.id, TYPES if types is None else types, page)


def get_alias(call: Call, alias_id: int) -> Alias:
    """An alias of an object that the caller may see. Raises NotFound."""
    with call.platform.db.read() as connection:
        return _required(connection, call, alias_id)


def find_alias(call: Call, object_type: str, alias: str) -> Alias:
    """The object of that type that is called so. Raises NotFound where the caller may not see it."""
    with call.platform.db.read() as connection:
        found = rows.find(connection, object_type=object_type, alias=alias)
        if found is None or object_type not in TYPES:
            raise _unknown(f"{object_type[:60]}/{alias[:200]}")
        try:
            return _required(connection, call, found.id)
        except NotFound as hidden:
            raise _unknown(f"{object_type}/{alias}") from hidden


def update_alias(
    call: Call,
    alias_id: int,
    *,
    object_type: str | None = None,
    object_id: int | None = None,
    alias: str | None = None,
    display_name: str | None = None,
) -> Alias:
    """Change an alias of an object that the caller may write; a new object too they must be able to write.

    None is no change; an empty name to show is the object's.
    """
    name = alias
    try:
        with call.platform.db.begin() as connection:
            before = _required(connection, call, alias_id, Level.WRITE)
            name = alias or before.alias
            object_type, object_id = object_type or before.object_type, object_id or before.object_id
            shown = before.display_name if display_name is None else display_name
            values = _values(connection, call, object_type, object_id, name, shown)
            changed = rows.update(connection, alias_id, updated_at=datetime.now(UTC), **values)
            old = {field: getattr(before, field) for field in values}
            changes.record(connection, call, "update", KIND, alias_id, old, values, name=name)
    except IntegrityError as taken:
        raise _taken(f"{object_type}", f"{name}") from taken
    return changed


def delete_alias(call: Call, alias_id: int) -> None:
    """Remove an alias of an object that the caller may write. The object stays."""
    with call.platform.db.begin() as connection:
        before = _required(connection, call, alias_id, Level.WRITE)
        rows.delete(connection, alias_id)
        told = {"object_type": before.object_type, "object_id": before.object_id}
        changes.record(connection, call, "delete", KIND, alias_id, told, None, name=before.alias)


def object_of(call: Call, alias_id: int) -> tuple[Noun, int]:
    """What an alias names: it is shared by sharing that. Raises NotFound."""
    found = get_alias(call, alias_id)
    return TYPES[found.object_type], found.object_id


def list_dependencies(call: Call, alias_id: int, user_id: int | None = None) -> list[Dependency]:
    """The object that an alias names."""
    with call.platform.db.read() as connection:
        return [_dependency(connection, call, _required(connection, call, alias_id), user_id)]


def transfer(call: Call, alias_id: int, user_id: int, *, along: bool) -> list[Dependency]:
    """Say that an alias is another user's, of an object that the caller manages.

    They get to manage the object where `along` says so; without it, they must see it already.
    """
    with call.platform.db.begin() as connection:
        before = _required(connection, call, alias_id, Level.MANAGE)
        target = accounts.find_user(connection, id=user_id)
        if target is None or not target.active:
            raise Invalid(f"There is no user {user_id} to give this alias to.")
        noun, object_id = TYPES[before.object_type], before.object_id
        level = queries.level_of(connection, noun, object_id, user_id)
        if along and level is not Level.MANAGE:
            queries.put_share(connection, noun.kind, object_id, Level.MANAGE, user_id=user_id)
            told = {"user_ids": [user_id], "level": Level.MANAGE.word}
            changes.record(connection, call, "share", noun.kind, object_id, None, told)
        elif level is None:
            raise Forbidden(f"They may not see the {noun.word} that this alias names; share it with them first.")
        if before.owner_id != user_id:
            after = rows.update(connection, alias_id, owner_id=user_id, updated_at=datetime.now(UTC))
            owners = {"owner_id": before.owner_id}, {"owner_id": after.owner_id}
            changes.record(connection, call, "transfer", KIND, alias_id, *owners, name=before.alias)
        found = [_dependency(connection, call, before, user_id)]
    call.platform.revision.bump()
    return found


def _values(
    connection: Connection, call: Call, object_type: str, object_id: int, alias: str, display_name: str | None
) -> dict[str, Any]:
    noun = noun_of(object_type)
    objects.require(connection, call, noun, object_id, Level.WRITE)
    known = queries.find(connection, noun, object_id)
    return {
        "object_type": object_type,
        "object_id": object_id,
        "alias": check_name(alias),
        "display_name": display_name or (known.name if known else alias),
    }


def _required(connection: Connection, call: Call, alias_id: int, level: Level = Level.READ) -> Alias:
    found = rows.find(connection, id=alias_id)
    if found is None:
        raise _unknown(alias_id)
    try:
        objects.require(connection, call, TYPES[found.object_type], found.object_id, level)
    except NotFound as hidden:
        raise _unknown(alias_id) from hidden
    return found


def _dependency(connection: Connection, call: Call, alias: Alias, user_id: int | None) -> Dependency:
    noun = TYPES[alias.object_type]
    known = queries.find(connection, noun, alias.object_id)
    mine = queries.level_of(connection, noun, alias.object_id, call.user.id)
    theirs = queries.level_of(connection, noun, alias.object_id, user_id) if user_id is not None else None
    return Dependency(
        noun=noun,
        id=alias.object_id,
        name=known.name if known else None,
        level=theirs,
        shareable=mine is Level.MANAGE,
    )


def _unknown(which: object) -> NotFound:
    return NotFound(f"There is no alias {which} of anything that you may see.")


def _taken(object_type: str, alias: str) -> Conflict:
    return Conflict(f"Another {noun_of(object_type).word} is called {alias!r} already; choose another alias.")
