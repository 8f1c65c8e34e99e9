"""Queries of the run history. It is written in batches and read by page; output is kept outside the rows that lists read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection, select

from headrace.db.tables import jobs, run_logs, runs
from headrace.model.page import Page, Slice
from headrace.model.run import Cache, Run, State

COLUMNS = [runs.c[name] for name in Run.__struct_fields__ if name not in ("stdout", "stderr")]
LONGEST = 4_000  # characters of a name or an error; the output, which may be longer, is kept apart
MOST_COUNTED = 10_000  # counting further costs more than anybody learns from it

_insert = runs.insert()
_insert_log = run_logs.insert()


def insert_all(connection: Connection, finished: Sequence[Run]) -> None:
    """Add runs. A uid that is there already is left as it was: the client sent one call twice."""
    rows = [msgspec.structs.asdict(run) for run in finished]
    logs = []
    for row in rows:
        text = row.pop("stdout"), row.pop("stderr")
        if any(text):
            logs.append({"uid": row["uid"], "stdout": clean(text[0]), "stderr": clean(text[1])})
        for name in ("job_name", "error_class", "error"):
            if row[name]:
                row[name] = clean(row[name][:LONGEST])
    connection.execute(_unless_known(connection, _insert, "uid"), rows)
    if logs:
        connection.execute(_unless_known(connection, _insert_log, "uid"), logs)


def visible_to(user_id: int) -> sa.ColumnElement[bool]:
    """The runs that a user may see: those under their environment, and those they called."""
    return sa.or_(runs.c.owner_id == user_id, runs.c.caller_id == user_id)


def list_runs(connection: Connection, matches: Sequence[sa.ColumnElement[bool]], page: Page) -> Slice[Run]:
    """A page of runs, the newest first unless the page says otherwise; the total is counted up to MOST_COUNTED."""
    column = runs.c[page.order] if page.order and page.order in runs.c else runs.c.id
    ordered = column.asc() if page.order_dir == "asc" else column.desc()
    rows = connection.execute(select(*COLUMNS).where(*matches).order_by(ordered).limit(page.limit).offset(page.offset))
    some = select(runs.c.id).where(*matches).limit(MOST_COUNTED).subquery()
    total = connection.execute(select(sa.func.count()).select_from(some)).scalar_one()
    return Slice([_run(row) for row in rows.mappings()], total)


def find_run(connection: Connection, uid: str, *matches: sa.ColumnElement[bool]) -> Run | None:
    """A run with its output."""
    statement = (
        select(*COLUMNS, sa.func.coalesce(run_logs.c.stdout, "").label("stdout"), sa.func.coalesce(run_logs.c.stderr, "").label("stderr"))
        .outerjoin(run_logs, run_logs.c.uid == runs.c.uid)
        .where(runs.c.uid == uid, *matches)
    )
    row = connection.execute(statement).mappings().one_or_none()
    return _run(row) if row else None


def of_udf(uid: str) -> sa.ColumnElement[bool]:
    """The runs of the udf of that uid."""
    return runs.c.job_id == select(jobs.c.id).where(jobs.c.uid == uid).scalar_subquery()


def beyond(connection: Connection, keep: int) -> int:
    """The id of the newest run that is one too many, where `keep` are kept; 0 where there are not so many."""
    statement = select(runs.c.id).order_by(runs.c.id.desc()).offset(keep).limit(1)
    return connection.execute(statement).scalar() or 0


def list_old(connection: Connection, before: datetime, beyond_id: int, most: int) -> list[str]:
    """At most `most` uids of runs that finished before that moment, or have that id or an older one."""
    old = (select(runs.c.uid).where(old).limit(most) for old in (runs.c.finished_at < before, runs.c.id <= beyond_id))
    return list({uid for statement in old for uid in connection.execute(statement).scalars()})[:most]


def delete_all(connection: Connection, uids: Sequence[str]) -> None:
    """Delete runs with their output."""
    connection.execute(run_logs.delete().where(run_logs.c.uid.in_(uids)))
    connection.execute(runs.delete().where(runs.c.uid.in_(uids)))


def clean(text: str) -> str:
    """Text without what cannot be kept: NUL and half surrogate pairs."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


def _run(row: sa.RowMapping) -> Run:
    return Run(**{**row, "state": State(row["state"]), "cache": Cache(row["cache"])})


def _unless_known(connection: Connection, insert: Any, column: str) -> Any:  # noqa: ANN401 - an insert of either dialect
    if connection.dialect.name == "sqlite":
        return insert.prefix_with("OR IGNORE")
    from sqlalchemy.dialects.postgresql import insert as insert_into  # noqa: PLC0415 - only where it is PostgreSQL

    return insert_into(insert.table).on_conflict_do_nothing(index_elements=[column])
