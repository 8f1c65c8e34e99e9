"""What an object needs in order to work, and giving objects away with it."""

from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, select

from headrace.db import accounts
from headrace.db import objects as queries
from headrace.db import tables as t
from headrace.errors import Invalid
from headrace.model.object import NOUNS, Kind, Level, Noun
from headrace.services import changes, objects
from headrace.services.call import Call

# Settings of a job that name another object.
REFERENCES = {
    "remote_host_id": Kind.DATABASE,
    "credential_id": Kind.CREDENTIAL,
    "git_credential_id": Kind.CREDENTIAL,
    "remote_host_credential_id": Kind.CREDENTIAL,
}


class Dependency(Struct, frozen=True, kw_only=True):
    """An object that another needs. Its name is None where the caller may not see it."""

    noun: Noun
    id: int
    name: str | None
    level: Level | None  # what the target user may do with it
    shareable: bool  # whether the caller manages it

    @property
    def object_type(self) -> str:
        """Its kind as a class name: `RemoteHost` of a database."""
        return "RemoteHost" if self.noun.kind is Kind.DATABASE else self.noun.kind.title().replace("_", "")

    @property
    def word(self) -> str:
        """Its kind as people say it."""
        return self.noun.word


def list_dependencies(call: Call, noun: Noun, object_id: int, user_id: int | None = None) -> list[Dependency]:
    """What an object that the caller may see needs, with what the user of that id may do with it."""
    with call.platform.db.read() as connection:
        objects.require(connection, call, noun, object_id)
        return _dependencies(connection, call, noun, object_id, user_id)


def transfer(call: Call, noun: Noun, object_id: int, user_id: int, *, along: bool) -> list[Dependency]:
    """Give an object to another user, who gets to manage what it needs too where `along` says so.

    Who gave it keeps managing it. What the caller does not manage does not go along.
    """
    with call.platform.db.begin() as connection:
        objects.require(connection, call, noun, object_id, Level.MANAGE)
        target = accounts.find_user(connection, id=user_id)
        if target is None or not target.active:
            raise Invalid(f"There is no user {user_id} to give this {noun.word} to.")
        found = _dependencies(connection, call, noun, object_id, user_id)
        _give(connection, call, noun, object_id, user_id)
        for one in found if along else ():
            if one.shareable and one.level is not Level.MANAGE:
                queries.put_share(connection, one.noun.kind, one.id, Level.MANAGE, user_id=user_id)
                what = {"user_ids": [user_id], "level": Level.MANAGE.word}
                changes.record(connection, call, "share", one.noun.kind, one.id, None, what, name=one.name)
        result = _dependencies(connection, call, noun, object_id, user_id)
    call.platform.revision.bump()
    return result


def _give(connection: Connection, call: Call, noun: Noun, object_id: int, user_id: int) -> None:
    before = queries.find(connection, noun, object_id)
    if before is None or before.owner_id == user_id:
        return
    queries.delete_share(connection, noun.kind, object_id, user_id=user_id)
    queries.put_share(connection, noun.kind, object_id, Level.MANAGE, user_id=before.owner_id)
    # Which credential is a user's default is theirs to say.
    more = {"is_default": False} if noun.kind is Kind.CREDENTIAL else {}
    queries.update(connection, noun, object_id, owner_id=user_id, updated_at=datetime.now(UTC), **more)
    owners = {"owner_id": before.owner_id}, {"owner_id": user_id}
    changes.record(connection, call, "transfer", noun.kind, object_id, *owners, name=before.name)


def _dependencies(
    connection: Connection, call: Call, noun: Noun, object_id: int, user_id: int | None
) -> list[Dependency]:
    found: list[Dependency] = []
    for kind, one in _needed(connection, noun, object_id):
        other = NOUNS[kind]
        known = queries.find(connection, other, one)
        if known is None:
            continue
        mine = queries.level_of(connection, other, one, call.user.id)
        theirs = queries.level_of(connection, other, one, user_id) if user_id is not None else None
        name = known.name if mine else None
        shareable = mine is Level.MANAGE
        found.append(Dependency(noun=other, id=one, name=name, level=theirs, shareable=shareable))
    return found


def _needed(connection: Connection, noun: Noun, object_id: int) -> list[tuple[Kind, int]]:
    found: list[tuple[Kind, int]] = []
    match noun.kind:
        case Kind.PROJECT:
            columns = (t.project_objects.c.kind, t.project_objects.c.object_id)
            statement = select(*columns).where(t.project_objects.c.project_id == object_id).order_by(*columns)
            found = [(Kind(kind), one) for kind, one in connection.execute(statement)]
        case Kind.JOB:
            statement = select(t.jobs.c.settings, t.jobs.c.template_id).where(t.jobs.c.id == object_id)
            for settings, template_id in connection.execute(statement):
                found = [
                    (kind, one) for name, kind in REFERENCES.items() if isinstance(one := _at(settings, name), int)
                ]
                found += [(Kind.TEMPLATE, template_id)] if template_id else []
        case Kind.TEMPLATE:
            statement = select(t.templates.c.job_id).where(t.templates.c.id == object_id)
            found = [(Kind.JOB, one) for one in connection.execute(statement).scalars()]
        case Kind.CREDENTIAL:
            statement = select(t.credentials.c.remote_host_id).where(t.credentials.c.id == object_id)
            found = [(Kind.DATABASE, one) for one in connection.execute(statement).scalars() if one]
        case _:
            pass
    return list(dict.fromkeys(found))


def _at(settings: Any, name: str) -> Any:  # noqa: ANN401 - a value of JSON
    return settings.get(name) if isinstance(settings, dict) else None
