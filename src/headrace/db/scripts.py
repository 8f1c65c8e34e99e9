"""Queries of jobs that are no udfs, and of what lists show beside them: last runs, templates, aliases."""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection, select

from headrace.db.runs import ENTRY, entry
from headrace.db.tables import aliases, job_versions, jobs, runs, templates
from headrace.model.job import Kind, Script
from headrace.model.run import Entry, State

SCRIPT = [jobs.c[name] for name in Script.__struct_fields__]
ALIASED = "template_script"  # what aliases call a template


class Backing(Struct, frozen=True, kw_only=True):
    """A template, and the script behind it."""

    id: int
    name: str
    note: str | None
    ui_report_id: int | None
    archived: bool
    job_id: int
    kind: str
    settings: dict[str, Any]


def insert(connection: Connection, code: str | None, **values: Any) -> int:  # noqa: ANN401
    """A new job at version 1; its id."""
    job_id = connection.execute(jobs.insert().values(version=1, slug="", **values).returning(jobs.c.id)).scalar_one()
    if code is not None:
        add_version(connection, job_id, 1, code, values["owner_id"], values["created_at"])
    return job_id


def add_version(connection: Connection, job_id: int, version: int, code: str, author_id: int, moment: Any) -> None:  # noqa: ANN401
    """Keep one more version of the code."""
    values = {"job_id": job_id, "version": version, "body": code, "author_id": author_id, "created_at": moment}
    connection.execute(job_versions.insert().values(values))


def update(connection: Connection, job_id: int, **values: Any) -> None:  # noqa: ANN401
    """Change a job."""
    connection.execute(jobs.update().where(jobs.c.id == job_id).values(values))


def read(connection: Connection, ids: Sequence[int], *, lock: bool = False) -> list[Script]:
    """These jobs, in this order; those that are gone are left out. `lock` keeps them as they are until the end."""
    statement = select(*SCRIPT).where(jobs.c.id.in_(ids))
    # Two changes at once would each write the settings without what the other changed.
    rows = connection.execute(statement.with_for_update() if lock else statement).mappings()
    found = {row["id"]: Script(**row) for row in rows}
    return [found[one] for one in ids if one in found]


def codes(connection: Connection, ids: Sequence[int]) -> dict[int, str]:
    """The code of each of these jobs that has any, at its current version."""
    current = sa.and_(job_versions.c.job_id == jobs.c.id, job_versions.c.version == jobs.c.version)
    statement = select(jobs.c.id, job_versions.c.body).join(job_versions, current).where(jobs.c.id.in_(ids))
    return {row[0]: row[1] for row in connection.execute(statement)}


def last_runs(connection: Connection, ids: Sequence[int], user_id: int, *matches: Any) -> dict[int, Entry]:  # noqa: ANN401
    """The last run of each of these jobs that matches. Of a udf that is for its owner alone: each call is a run."""
    last = (
        select(runs.c.id).where(runs.c.job_id == jobs.c.id, *matches).order_by(runs.c.started_at.desc()).limit(1)
    ).scalar_subquery()
    theirs = sa.or_(jobs.c.kind != Kind.UDF, jobs.c.owner_id == user_id)
    chosen = select(last).where(jobs.c.id.in_(ids), theirs)
    return {
        run.job_id: run
        for run in map(entry, connection.execute(select(*ENTRY).where(runs.c.id.in_(chosen))).mappings())
    }


def published(connection: Connection, ids: Sequence[int]) -> dict[int, int]:
    """The template that each of these jobs is behind, where it is."""
    statement = select(templates.c.job_id, templates.c.id).where(templates.c.job_id.in_(ids))
    return {row[0]: row[1] for row in connection.execute(statement)}


def dependents(connection: Connection, template_ids: Iterable[int]) -> dict[int, int]:
    """How many jobs were made from each of these templates."""
    statement = select(jobs.c.template_id, sa.func.count()).where(jobs.c.template_id.in_(list(template_ids)))
    return {row[0]: row[1] for row in connection.execute(statement.group_by(jobs.c.template_id))}


def backings(connection: Connection, template_ids: Iterable[int]) -> dict[int, Backing]:
    """These templates with the scripts behind them."""
    statement = (
        select(
            *(templates.c[name] for name in ("id", "name", "note", "ui_report_id", "archived", "job_id")),
            jobs.c.kind,
            jobs.c.settings,
        )
        .join(jobs, jobs.c.id == templates.c.job_id)
        .where(templates.c.id.in_(list(template_ids)))
    )
    return {row["id"]: Backing(**row) for row in connection.execute(statement).mappings()}


def aliases_of(connection: Connection, template_ids: Iterable[int]) -> dict[int, list[tuple[int, str]]]:
    """Id and text of the aliases of each of these templates."""
    statement = select(aliases.c.object_id, aliases.c.id, aliases.c.alias).order_by(aliases.c.id)
    matches = (aliases.c.object_type == ALIASED, aliases.c.object_id.in_(list(template_ids)))
    found: dict[int, list[tuple[int, str]]] = {}
    for template_id, alias_id, alias in connection.execute(statement.where(*matches)):
        found.setdefault(template_id, []).append((alias_id, alias))
    return found


def parent_of(connection: Connection, job_id: int) -> int | None:
    """The job after which a job runs."""
    return connection.execute(select(jobs.c.parent_id).where(jobs.c.id == job_id)).scalar()


def ids_of_children(connection: Connection, ids: Sequence[int], *matches: sa.ColumnElement[bool]) -> list[int]:
    """The jobs that run after one of these, by id."""
    statement = select(jobs.c.id).where(jobs.c.parent_id.in_(ids), *matches).order_by(jobs.c.id)
    return list(connection.execute(statement).scalars())


def standing(words: Iterable[str], *, calls: bool) -> sa.ColumnElement[bool]:
    """The jobs that stand so: in the state of their last run, idle, or waiting for their time (scheduled).

    `calls` says that there may be udfs among them, whose runs are calls: these are written down, and not into the job.
    """
    wanted = list(words)
    waits = sa.and_(jobs.c.state == "idle", jobs.c.next_run_at.is_not(None))
    states = [word for word in wanted if word != "scheduled"]
    last = (
        select(runs.c.state).where(runs.c.job_id == jobs.c.id).order_by(runs.c.started_at.desc()).limit(1)
    ).scalar_subquery()
    kept = sa.and_(jobs.c.state.in_(states), sa.not_(waits))
    if calls:
        is_udf = jobs.c.kind == Kind.UDF
        kept = sa.or_(sa.and_(sa.not_(is_udf), kept), sa.and_(is_udf, sa.func.coalesce(last, "idle").in_(states)))
    return sa.or_(kept, waits) if "scheduled" in wanted else kept


def made_from(template_ids: Sequence[int]) -> sa.ColumnElement[bool]:
    """The jobs made from one of these templates."""
    return jobs.c.template_id.in_(template_ids)


def of_kinds(kinds: Iterable[str]) -> sa.ColumnElement[bool]:
    """The jobs that run in one of these ways."""
    return jobs.c.kind.in_(list(kinds))


def by_last_run() -> sa.ColumnElement[Any]:
    """When the last run of a job began."""
    return select(sa.func.max(runs.c.started_at)).where(runs.c.job_id == jobs.c.id).scalar_subquery()


def succeeded() -> sa.ColumnElement[bool]:
    """The runs that went well."""
    return runs.c.state == State.SUCCEEDED.value
