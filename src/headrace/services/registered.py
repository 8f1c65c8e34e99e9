"""What is registered under a name in a namespace, as far as functions and task graphs are alike.

Who may do what with one is decided as for every object: who may see it may load and call it, who may write it may
replace it. Whoever may not see one is told what they are told of one that there is not.
"""

from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from msgspec import Struct
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from headrace.db import objects as queries
from headrace.db import registered as rows
from headrace.errors import Conflict, NotFound
from headrace.model import ids
from headrace.model.object import Level, Noun
from headrace.model.registered import Registered, check_name
from headrace.services import changes, grants, namespaces, objects
from headrace.services.call import Call
from headrace.services.grants import Grant

Kept = TypeVar("Kept", bound=Registered)


class Register(Struct, Generic[Kept], frozen=True):
    """Where things of one noun are registered."""

    noun: Noun
    kept: type[Kept]
    word: str  # for one of them, in sentences
    told: tuple[str, ...]  # fields that the log of changes tells


def register(call: Call, to: Register[Kept], namespace: str, name: str, values: dict[str, Any]) -> Kept:
    """Keep something with these columns under a name in a namespace in which the caller may act.

    Whoever is in the group of a namespace manages what is in it. Raises NotFound, Invalid, and Conflict where the
    namespace has one of that name.
    """
    check_name(name, to.noun.word)
    now = datetime.now(UTC)
    values = {"uid": ids.new_uid(), "owner_id": call.user.id, "name": name, "tags": [], **values}
    try:
        with call.platform.db.begin() as connection:
            space = namespaces.own(connection, call, namespace)
            values |= {"namespace": space.name, "created_at": now, "updated_at": now}
            made = rows.insert(connection, to.noun, to.kept, **values)
            if space.group_id is not None:
                queries.put_share(connection, to.noun.kind, made.id, Level.MANAGE, group_id=space.group_id)
            told = changes.told(made, *to.told)
            changes.record(connection, call, "create", to.noun.kind, made.id, None, told, name=name)
    except IntegrityError as taken:
        raise Conflict(
            f"There is a {to.word} {namespace}/{name} already; update it, or choose another name."
        ) from taken
    return made


def update(call: Call, of: Register[Kept], namespace: str, name: str, values: dict[str, Any]) -> Kept:
    """Change these columns of something that the caller may write; None is no change.

    Raises NotFound, Forbidden, Invalid, and Conflict where the namespace has one of the new name.
    """
    values = {column: value for column, value in values.items() if value is not None}
    try:
        with call.platform.db.begin() as connection:
            before = find(connection, call, of, namespace, name, Level.WRITE)
            if "name" in values:
                check_name(values["name"], of.noun.word)
            after = rows.update(connection, of.noun, of.kept, before.id, updated_at=datetime.now(UTC), **values)
            told = [changes.told(one, *of.told) for one in (before, after)]
            changes.record(connection, call, "update", of.noun.kind, before.id, *told, name=before.name)
    except IntegrityError as taken:
        called = f"{namespace}/{values.get('name', name)}"
        raise Conflict(f"There is a {of.word} {called} already; choose another name.") from taken
    return after


def get(call: Call, of: Register[Kept], namespace: str, name: str) -> Kept:
    """What the caller may see under a name. Raises NotFound."""
    with call.platform.db.read() as connection:
        return find(connection, call, of, namespace, name)


def delete(call: Call, of: Register[Kept], namespace: str, name: str) -> None:
    """Forget something that the caller manages. What ran of it stays."""
    with call.platform.db.begin() as connection:
        found = find(connection, call, of, namespace, name, Level.MANAGE)
        objects.delete(connection, call, of.noun, found.id, changes.told(found, *of.told))


def list_grants(call: Call, of: Register[Kept], namespace: str, name: str) -> list[Grant]:
    """With whom something that the caller may see is shared."""
    with call.platform.db.read() as connection:
        return grants.list_grants(connection, of.noun, find(connection, call, of, namespace, name).id)


def share(call: Call, of: Register[Kept], namespace: str, name: str, to: str, level: Level | None) -> None:
    """Let a user or a group do so much with something that the caller manages; None: nothing any more.

    Raises NotFound where there is nobody of that name, or nothing to take back.
    """
    with call.platform.db.read() as connection:
        found = find(connection, call, of, namespace, name, Level.MANAGE)
    grants.give(call, of.noun, found.id, to, level)


def find(
    connection: Connection, call: Call, of: Register[Kept], namespace: str, name: str, level: Level = Level.READ
) -> Kept:
    """What is registered under that name, with which the caller may do so much.

    Raises NotFound where they may not see it, exactly as where it is not there, and Forbidden where they may see it
    and not do that.
    """
    found = rows.find(connection, of.noun, of.kept, namespaces.canonical(connection, call, namespace), name)
    if found is None or queries.level_of(connection, of.noun, found.id, call.user.id) is None:
        raise NotFound(f"There is no {of.word} {namespace[:100]}/{name[:200]} that you may see.")
    objects.require(connection, call, of.noun, found.id, level)
    return found
