"""Queries of projects and of what is in them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from headrace.db.objects import TABLES, permitted
from headrace.db.tables import jobs, project_objects, projects, shares
from headrace.model.object import Kind, Level, Member, Object, Project

PROJECT = [projects.c[name] for name in Project.__struct_fields__]
MEMBERS = [kind for kind in Kind if kind is not Kind.PROJECT]


def insert(connection: Connection, **values: Any) -> Project:  # noqa: ANN401
    """A new project."""
    return Project(**connection.execute(projects.insert().values(values).returning(*PROJECT)).mappings().one())


def read(connection: Connection, ids: Sequence[int]) -> list[Project]:
    """These projects, in this order; those that are gone are left out."""
    rows = connection.execute(select(*PROJECT).where(projects.c.id.in_(ids))).mappings()
    found = {row["id"]: Project(**row) for row in rows}
    return [found[one] for one in ids if one in found]


def sharing_automatically(auto_share: bool) -> sa.ColumnElement[bool]:  # noqa: FBT001 - a value of the column
    """Those that share what is in them, or those that do not."""
    return projects.c.auto_share if auto_share else sa.not_(projects.c.auto_share)


def list_of_object(
    connection: Connection, kind: Kind, object_id: int, matches: Sequence[sa.ColumnElement[bool]]
) -> list[Project]:
    """The projects that match and that an object is in, by name."""
    statement = (
        select(*PROJECT)
        .join(project_objects, project_objects.c.project_id == projects.c.id)
        .where(project_objects.c.kind == kind, project_objects.c.object_id == object_id, *matches)
        .order_by(projects.c.name, projects.c.id)
    )
    return [Project(**row) for row in connection.execute(statement).mappings()]


def projects_of(
    connection: Connection, kind: Kind, ids: Sequence[int], matches: Sequence[sa.ColumnElement[bool]]
) -> dict[int, list[tuple[int, str]]]:
    """Id and name of the matching projects that each of these objects is in."""
    statement = (
        select(project_objects.c.object_id, projects.c.id, projects.c.name)
        .join(projects, projects.c.id == project_objects.c.project_id)
        .where(project_objects.c.kind == kind, project_objects.c.object_id.in_(ids), *matches)
        .order_by(projects.c.name, projects.c.id)
    )
    found: dict[int, list[tuple[int, str]]] = {}
    for object_id, project_id, name in connection.execute(statement):
        found.setdefault(object_id, []).append((project_id, name))
    return found


def users_of(connection: Connection, ids: Sequence[int]) -> dict[int, list[int]]:
    """The users who own each of these projects or whom it is shared with by name."""
    named = select(shares.c.object_id, shares.c.user_id).where(
        shares.c.kind == Kind.PROJECT, shares.c.object_id.in_(ids), shares.c.user_id.is_not(None)
    )
    owning = select(projects.c.id, projects.c.owner_id).where(projects.c.id.in_(ids))
    found: dict[int, list[int]] = {}
    for project_id, user_id in connection.execute(sa.union(owning, named).order_by(sa.text("1, 2"))):
        found.setdefault(project_id, []).append(user_id)
    return found


def list_members(connection: Connection, project_ids: Sequence[int], user_id: int) -> list[Member]:
    """What is in these projects and may be seen by the user, by kind and name."""
    found: list[Member] = []
    for kind in MEMBERS:
        table = TABLES[kind]
        columns = [table.c[name] for name in Object.__struct_fields__]
        job_kind = jobs.c.kind if kind is Kind.JOB else sa.null()
        statement = (
            select(project_objects.c.project_id, job_kind.label("job_kind"), *columns)
            .join(table, table.c.id == project_objects.c.object_id)
            .where(project_objects.c.project_id.in_(project_ids), project_objects.c.kind == kind)
            .where(permitted(kind, user_id))
            .order_by(table.c.name, table.c.id)
        )
        for row in connection.execute(statement).mappings():
            item = Object(**{name: row[name] for name in Object.__struct_fields__})
            found.append(Member(project_id=row["project_id"], kind=kind, job_kind=row["job_kind"], object=item))
    return found


def has_others(connection: Connection, project_id: int, user_id: int) -> bool:
    """Whether something is in a project that the user does not manage."""
    for kind in MEMBERS:
        table = TABLES[kind]
        statement = (
            select(sa.literal(1))
            .select_from(project_objects.join(table, table.c.id == project_objects.c.object_id))
            .where(project_objects.c.project_id == project_id, project_objects.c.kind == kind)
            .where(sa.not_(permitted(kind, user_id, Level.MANAGE)))
            .limit(1)
        )
        if connection.execute(statement).first():
            return True
    return False


def add(connection: Connection, kind: Kind, object_id: int, project_id: int, moment: datetime) -> bool:
    """Put an object into a project. Whether it was not in it."""
    place = {"project_id": project_id, "kind": kind, "object_id": object_id}
    known = select(sa.literal(1)).where(*(project_objects.c[name] == value for name, value in place.items()))
    if connection.execute(known).first():
        return False
    connection.execute(project_objects.insert().values(**place, added_at=moment))
    return True


def remove(connection: Connection, kind: Kind, object_id: int, project_id: int) -> bool:
    """Take an object out of a project. Whether it was in it."""
    place = {"project_id": project_id, "kind": kind, "object_id": object_id}
    matches = [project_objects.c[name] == value for name, value in place.items()]
    return connection.execute(project_objects.delete().where(*matches)).rowcount > 0
