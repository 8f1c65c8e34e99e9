"""Projects: objects that belong together, and who may see them with one step."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection

from headrace.db import objects as queries
from headrace.db import projects as rows
from headrace.errors import Forbidden, NotFound
from headrace.model.object import Kind, Level, Member, Noun, Project
from headrace.model.page import Page, Slice
from headrace.services import changes, objects
from headrace.services.call import Call
from headrace.services.objects import Wanted

PROJECT = Noun("project", Kind.PROJECT)


def create_project(
    call: Call, *, name: str, description: str, note: str | None, hidden: bool, auto_share: bool
) -> Project:
    """A new project of the caller's."""
    now = datetime.now(UTC)
    values = {"name": name, "description": description, "note": note, "hidden": hidden, "auto_share": auto_share}
    with call.platform.db.begin() as connection:
        project = rows.insert(connection, owner_id=call.user.id, created_at=now, updated_at=now, **values)
        changes.record(connection, call, "create", Kind.PROJECT, project.id, None, values, name=name)
    return project


def get_project(call: Call, project_id: int) -> Project:
    """A project that the caller may see. Raises NotFound."""
    with call.platform.db.read() as connection:
        objects.require(connection, call, PROJECT, project_id)
        return _project(connection, project_id)


def list_projects(call: Call, wanted: Wanted, page: Page, *, auto_share: bool | None = None) -> Slice[Project]:
    """A page of the projects that the caller may see."""
    more = [] if auto_share is None else [rows.sharing_automatically(auto_share)]
    with call.platform.db.read() as connection:
        found = objects.list_ids(connection, call, PROJECT, wanted, page, *more)
        return Slice(rows.read(connection, found.items), found.total)


def users_of(call: Call, project_ids: Sequence[int]) -> dict[int, list[int]]:
    """The users who own each of these projects or whom it is shared with by name."""
    _ = call.user
    with call.platform.db.read() as connection:
        return rows.users_of(connection, project_ids)


def list_projects_of(call: Call, noun: Noun, object_id: int, *, hidden: bool = False) -> list[Project]:
    """The projects that an object is in, as far as the caller may see them."""
    with call.platform.db.read() as connection:
        objects.require(connection, call, noun, object_id)
        matches = objects.matches(call, PROJECT, Wanted(archived=None, hidden=None if hidden else False))
        return rows.list_of_object(connection, noun.kind, object_id, matches)


def update_project(
    call: Call, project_id: int, *, name: str | None = None, description: str | None = None, note: str | None = None
) -> Project:
    """Change a project that the caller may write. None is no change."""
    given = {"name": name, "description": description, "note": note}
    values = {field: value for field, value in given.items() if value is not None}
    with call.platform.db.begin() as connection:
        objects.require(connection, call, PROJECT, project_id, Level.WRITE)
        before = _project(connection, project_id)
        queries.update(connection, PROJECT, project_id, updated_at=datetime.now(UTC), **values)
        old = {field: getattr(before, field) for field in values}
        changes.record(connection, call, "update", Kind.PROJECT, project_id, old, values, name=before.name)
        return _project(connection, project_id)


def set_auto_share(call: Call, project_id: int, *, auto_share: bool) -> Project:
    """Whether who may see the project may see what is in it.

    Raises Forbidden where something is in it that the caller does not manage: it is not theirs to share.
    """
    with call.platform.db.begin() as connection:
        objects.require(connection, call, PROJECT, project_id, Level.MANAGE)
        before = _project(connection, project_id)
        if auto_share and not _manages_all(connection, call, project_id):
            raise Forbidden("Something is in this project that you do not manage, so it is not yours to share.")
        queries.update(connection, PROJECT, project_id, auto_share=auto_share, updated_at=datetime.now(UTC))
        values = {"auto_share": before.auto_share}, {"auto_share": auto_share}
        changes.record(connection, call, "update", Kind.PROJECT, project_id, *values, name=before.name)
        project = _project(connection, project_id)
    call.platform.revision.bump()
    return project


def may_share_all(call: Call, project_id: int) -> bool:
    """Whether the caller manages a project and everything in it."""
    with call.platform.db.read() as connection:
        level = objects.require(connection, call, PROJECT, project_id)
        return level is Level.MANAGE and _manages_all(connection, call, project_id)


def list_members(call: Call, project_ids: Sequence[int]) -> list[Member]:
    """What is in these projects, as far as the caller may see it; of one project by kind and name."""
    with call.platform.db.read() as connection:
        return rows.list_members(connection, project_ids, call.user.id)


def add(call: Call, noun: Noun, object_id: int, project_id: int) -> None:
    """Put an object into a project that the caller may write; nothing happens where it is in it.

    Whoever may see the project sees that it is there. A project that shares automatically shares it from then on,
    which takes a manager of the object.
    """
    with call.platform.db.begin() as connection:
        level = objects.require(connection, call, noun, object_id)
        objects.require(connection, call, PROJECT, project_id, Level.WRITE)
        project = _project(connection, project_id)
        if project.auto_share and level < Level.MANAGE:
            raise Forbidden(f"This project shares what is in it, and only who manages a {noun.word} may share it.")
        if rows.add(connection, noun.kind, object_id, project_id, datetime.now(UTC)):
            member = {"kind": noun.kind.value, "object_id": object_id}
            changes.record(connection, call, "add", Kind.PROJECT, project_id, None, member, name=project.name)
    call.platform.revision.bump()


def remove(call: Call, noun: Noun, object_id: int, project_id: int) -> None:
    """Take an object out of a project: who may write the project may, and who manages the object.

    Nothing happens where it is not in it.
    """
    with call.platform.db.begin() as connection:
        level = objects.require(connection, call, noun, object_id)
        wanted = Level.READ if level is Level.MANAGE else Level.WRITE
        objects.require(connection, call, PROJECT, project_id, wanted)
        if rows.remove(connection, noun.kind, object_id, project_id):
            member = {"kind": noun.kind.value, "object_id": object_id}
            changes.record(connection, call, "remove", Kind.PROJECT, project_id, member)
    call.platform.revision.bump()


def _manages_all(connection: Connection, call: Call, project_id: int) -> bool:
    return not rows.has_others(connection, project_id, call.user.id)


def _project(connection: Connection, project_id: int) -> Project:
    if not (found := rows.read(connection, [project_id])):
        raise NotFound(f"There is no project {project_id} that you may see.")
    return found[0]
