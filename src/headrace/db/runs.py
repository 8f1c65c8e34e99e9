"""Queries of the run history: written in batches, read by page. Output is kept outside the rows that lists read."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection, select

from headrace.db.tables import OTHER_THAN_SUCCEEDED, graph_logs, jobs, run_logs, runs, tasks
from headrace.model.job import Kind
from headrace.model.page import Page, Slice
from headrace.model.run import Cache, Entry, Run, State
from headrace.model.task_graph import ABANDONED

COLUMNS = [runs.c[name] for name in Run.__struct_fields__ if name not in ("stdout", "stderr")]
ENTRY = [runs.c[name] for name in Entry.__struct_fields__]
LONGEST = 4_000  # characters of a name or an error; the output, which may be longer, is kept apart
MOST_COUNTED = 10_000  # counting further costs more than anybody learns from it

_FIELDS = Run.__struct_fields__
assert _FIELDS[-2:] == ("stdout", "stderr")
_WORDS = [_FIELDS.index(name) for name in ("state", "cache")]
_MOMENTS = [_FIELDS.index(name) for name in ("started_at", "finished_at")]
_TEXTS = [_FIELDS.index(name) for name in ("job_name", "error_class", "error")]


def insert_all(connection: Connection, finished: Sequence[Run]) -> None:
    """Add runs. A uid that is there already is left as it was: the client sent one call twice.

    Every call of this server comes through here, so rows go to the driver as they are: the statement builder would take
    longer over a row than the database does, and hold the interpreter meanwhile.
    """
    moment = _sqlite_moment if connection.dialect.name == "sqlite" else _same
    connection.exec_driver_sql(_insert_into(connection, runs, COLUMNS), [_row(run, moment) for run in finished])
    logs = [(run.uid, clean(run.stdout), clean(run.stderr)) for run in finished if run.stdout or run.stderr]
    if logs:
        connection.exec_driver_sql(_insert_into(connection, run_logs, list(run_logs.c)), logs)


def visible_to(user_id: int) -> sa.ColumnElement[bool]:
    """The runs that a user may see: those under their environment, and those they called."""
    return sa.or_(runs.c.owner_id == user_id, runs.c.caller_id == user_id)


def seen_in_job(job_id: int, user_id: int) -> sa.ColumnElement[bool]:
    """The runs of a job that who sees it sees: all of them, but of a udf those that are visible to them anyway."""
    kind = select(jobs.c.kind).where(jobs.c.id == job_id).scalar_subquery()
    return sa.or_(kind != Kind.UDF, visible_to(user_id))


def list_runs(
    connection: Connection, whose: int | None, matches: Sequence[sa.ColumnElement[bool]], page: Page
) -> Slice[Run]:
    """A page of the runs that a user may see (None: of all), in the order of their start.

    The total is counted up to MOST_COUNTED.
    """
    newest = page.order_dir == "desc"
    seen = _seen(whose, matches, page.offset + page.limit, newest=newest)
    rows = connection.execute(
        select(*COLUMNS).join(seen, seen.c.id == runs.c.id).order_by(*_order(runs, newest=newest))
        .limit(page.limit).offset(page.offset)
    )  # fmt: skip
    items = [_run(row) for row in rows.mappings()]
    return Slice(items, _count(connection, whose, matches))


def list_called(
    connection: Connection, uid: str, whose: int | None, matches: Sequence[sa.ColumnElement[bool]], page: Page
) -> Slice[Run]:
    """A page of the runs that the code of the run of that uid called, as far as a user may see them (None: all)."""
    # They are few: their index is walked, and not what the user ran in the order of time.
    called = select(runs.c.id).where(runs.c.parent_uid == uid).cte("called").prefix_with("MATERIALIZED")
    seen = select(*COLUMNS).join(called, called.c.id == runs.c.id).where(*matches)
    if whose is not None:
        seen = seen.where(visible_to(whose))
    ordered = seen.order_by(*_order(runs, newest=page.order_dir == "desc")).limit(page.limit).offset(page.offset)
    items = [_run(row) for row in connection.execute(ordered).mappings()]
    counted = select(sa.func.count()).select_from(seen.limit(MOST_COUNTED).subquery())
    return Slice(items, connection.execute(counted).scalar_one())


def find_run(connection: Connection, uid: str, *matches: sa.ColumnElement[bool]) -> Run | None:
    """A run with its output."""
    output = [sa.func.coalesce(run_logs.c[name], "").label(name) for name in ("stdout", "stderr")]
    joined = select(*COLUMNS, *output).outerjoin(run_logs, run_logs.c.uid == runs.c.uid)
    row = connection.execute(joined.where(runs.c.uid == uid, *matches)).mappings().one_or_none()
    return _run(row) if row else None


def list_of_job(
    connection: Connection, job_id: int, matches: Sequence[sa.ColumnElement[bool]], page: Page
) -> Slice[Entry]:
    """A page of the history of a job, in the order of the runs' start. The total is counted up to MOST_COUNTED."""
    matches = [runs.c.job_id == job_id, *matches]
    order = _order(runs, newest=page.order_dir == "desc")
    rows = connection.execute(select(*ENTRY).where(*matches).order_by(*order).limit(page.limit).offset(page.offset))
    items = [entry(row) for row in rows.mappings()]
    counted = select(runs.c.id).where(*matches).limit(MOST_COUNTED).subquery()
    return Slice(items, connection.execute(select(sa.func.count()).select_from(counted)).scalar_one())


def find_of_job(connection: Connection, job_id: int, run_id: int, *matches: sa.ColumnElement[bool]) -> Entry | None:
    """A run of a job."""
    found = select(*ENTRY).where(runs.c.id == run_id, runs.c.job_id == job_id, *matches)
    row = connection.execute(found).mappings().one_or_none()
    return entry(row) if row else None


def find_output(connection: Connection, uid: str) -> tuple[str, str]:
    """What a run printed, and what it printed as errors."""
    row = connection.execute(select(run_logs.c.stdout, run_logs.c.stderr).where(run_logs.c.uid == uid)).one_or_none()
    return (row[0], row[1]) if row else ("", "")


def in_state(state: State) -> sa.ColumnElement[bool]:
    """The runs in that state."""
    matches = runs.c.state == state.value
    # Said in the words of the partial index, so that both databases know it applies.
    return matches if state is State.SUCCEEDED else sa.and_(OTHER_THAN_SUCCEEDED, matches)


def of_udf(uid: str) -> sa.ColumnElement[bool]:
    """The runs of the udf of that uid."""
    return runs.c.job_id == select(jobs.c.id).where(jobs.c.uid == uid).scalar_subquery()


def beyond(connection: Connection, keep: int) -> int:
    """The id of the newest run that is one too many, where `keep` are kept; 0 where there are not so many."""
    statement = select(runs.c.id).order_by(runs.c.id.desc()).offset(keep).limit(1)
    return connection.execute(statement).scalar() or 0


def list_old(connection: Connection, before: datetime, beyond_id: int, now: datetime, most: int) -> list[str]:
    """At most `most` uids of runs that started before that moment, or have that id or an older one and have ended.

    A task stays for as long as the run of a task graph that it is of goes on: what comes of it is read by later nodes,
    and a server that starts again sees by it what is done.
    """
    ended = runs.c.state.in_([state.value for state in State if state.final])
    old = (runs.c.started_at < before, sa.and_(runs.c.id <= beyond_id, ended))
    gone = (select(runs.c.uid).where(one, ~_of_graph_under_way(now)).limit(most) for one in old)
    return list({uid for statement in gone for uid in connection.execute(statement).scalars()})[:most]


def delete_all(connection: Connection, uids: Sequence[str]) -> None:
    """Delete runs with their output."""
    connection.execute(run_logs.delete().where(run_logs.c.uid.in_(uids)))
    connection.execute(tasks.delete().where(tasks.c.uid.in_(uids)))
    connection.execute(runs.delete().where(runs.c.uid.in_(uids)))


def clean(text: str) -> str:
    """Text without what cannot be kept: NUL and half surrogate pairs."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


def _of_graph_under_way(now: datetime) -> sa.ColumnElement[bool]:
    """A task of a graph whose run has not ended; of one that its client drives, only for as long as that may be."""
    heard = sa.or_(graph_logs.c.graph_uid.is_not(None), tasks.c.started_at >= now - ABANDONED)
    own = [tasks.c.uid == runs.c.uid, graph_logs.c.owner_id == tasks.c.owner_id, graph_logs.c.state.is_(None), heard]
    joined = tasks.join(graph_logs, graph_logs.c.uid == tasks.c.graph_uid)
    return select(sa.literal(1)).select_from(joined).where(*own).correlate(runs).exists()


def _count(connection: Connection, whose: int | None, matches: Sequence[sa.ColumnElement[bool]]) -> int:
    if whose is not None:  # who owns very many is not counted as a caller too
        owned = select(runs.c.id).where(runs.c.owner_id == whose, *matches).limit(MOST_COUNTED).subquery()
        if connection.execute(select(sa.func.count()).select_from(owned)).scalar_one() == MOST_COUNTED:
            return MOST_COUNTED
    counted = select(sa.func.count()).select_from(_seen(whose, matches, MOST_COUNTED, newest=True))
    return min(connection.execute(counted).scalar_one(), MOST_COUNTED)


def _seen(whose: int | None, matches: Sequence[sa.ColumnElement[bool]], most: int, *, newest: bool) -> sa.Subquery:
    """The ids of the first runs that a user owns or called, at most `most` of either.

    Each half walks one index and stops; an OR of both would read and sort all that somebody ever ran.
    """
    halves = [sa.true()] if whose is None else [runs.c.owner_id == whose, runs.c.caller_id == whose]
    found = [
        select(runs.c.id).where(half, *matches).order_by(*_order(runs, newest=newest)).limit(most).subquery()
        for half in halves
    ]
    return sa.union(*(select(half.c.id) for half in found)).subquery() if whose is not None else found[0]


def _order(table: Any, *, newest: bool) -> list[sa.ColumnElement[Any]]:  # noqa: ANN401 - a table or a subquery
    columns = (table.c.started_at, table.c.id)
    return [column.desc() if newest else column.asc() for column in columns]


def _run(row: sa.RowMapping) -> Run:
    values: dict[str, Any] = {**row, "state": State(row["state"]), "cache": Cache(row["cache"])}
    return Run(**values)


def entry(row: sa.RowMapping) -> Entry:
    """A run of a row of ENTRY."""
    values: dict[str, Any] = {**row, "state": State(row["state"])}
    return Entry(**values)


def _row(run: Run, moment: Callable[[datetime], object]) -> tuple[Any, ...]:
    row: list[Any] = list(msgspec.structs.astuple(run)[:-2])
    for place in _WORDS:
        row[place] = row[place].value
    for place in _MOMENTS:
        row[place] = row[place] and moment(row[place])
    for place in _TEXTS:
        if row[place]:
            row[place] = clean(row[place][:LONGEST])
    return tuple(row)


def _sqlite_moment(value: datetime) -> str:
    """As `columns.Moment` keeps it there."""
    return value.astimezone(UTC).isoformat(" ", "microseconds")[:26]


def _same(value: datetime) -> datetime:
    return value


def _insert_into(connection: Connection, table: sa.Table, columns: Sequence[sa.Column[Any]]) -> str:
    names = ", ".join(column.name for column in columns)
    if connection.dialect.name == "sqlite":
        return f"INSERT OR IGNORE INTO {table.name} ({names}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608
    places = ", ".join(["%s"] * len(columns))
    return f"INSERT INTO {table.name} ({names}) VALUES ({places}) ON CONFLICT (uid) DO NOTHING"  # noqa: S608 - our names
