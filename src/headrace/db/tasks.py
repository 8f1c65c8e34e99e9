"""Queries of tasks: runs that are written down when they begin, with what a task has beside a run."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection, select

from headrace.db.runs import LONGEST, clean
from headrace.db.tables import run_logs, runs, tasks, users
from headrace.model.page import Page, Slice
from headrace.model.run import Cache, State
from headrace.model.task import Detail, Filter, Task, Type

MOST_COUNTED = 10_000
OF_TASKS = ["type", "namespace", "result_format", "kept_until", "graph_uid", "node_uid", "arrays"]
OF_RUNS = [
    "uid",
    "state",
    "owner_id",
    "started_at",
    "finished_at",
    "error",
    "error_class",
    "total_ms",
    "user_ms",
    "size",
]
COLUMNS = [
    *(runs.c[name] for name in OF_RUNS),
    *(tasks.c[name] for name in OF_TASKS),
    tasks.c.detail,
    runs.c.job_name.label("name"),
    users.c.username,
]


def insert(connection: Connection, task: Task, *, code_hash: str, job_id: int | None = None, server: str) -> None:
    """Write down a task that begins now, and its run."""
    connection.execute(
        runs.insert().values(
            uid=task.uid,
            state=task.state.value,
            job_id=job_id,
            job_name=clean(task.name[:LONGEST]) if task.name else None,
            code_hash=code_hash,
            owner_id=task.owner_id,
            caller_id=task.owner_id,
            door="task",
            format=task.result_format,
            cache=Cache.OFF.value,
            status=202,
            size=0,
            started_at=task.started_at,
            **{f"{part}_ms": 0 for part in ("queue", "start", "import", "user", "encode", "total")},
        )
    )
    values = {name: getattr(task, name) for name in OF_TASKS}
    connection.execute(
        tasks.insert().values(
            uid=task.uid,
            owner_id=task.owner_id,
            started_at=task.started_at,
            server=server,
            detail=msgspec.to_builtins(task.detail),
            **values,
        )
    )


def update(connection: Connection, uid: str, **values: Any) -> bool:  # noqa: ANN401
    """Change the run of a task that has not ended. Whether it had not."""
    ended = [state.value for state in State if state.final]
    changed = runs.update().where(runs.c.uid == uid, runs.c.state.not_in(ended)).values(values)
    return connection.execute(changed).rowcount > 0


def keep(connection: Connection, uid: str, until: datetime | None) -> None:
    """Say until when the result of a task is kept; None: it is not."""
    connection.execute(tasks.update().where(tasks.c.uid == uid).values(kept_until=until))


def add_output(connection: Connection, uid: str, stdout: str, stderr: str) -> None:
    """What a task printed."""
    if stdout or stderr:
        connection.execute(run_logs.insert().values(uid=uid, stdout=clean(stdout), stderr=clean(stderr)))


def visible_to(user_id: int, namespaces: Sequence[str]) -> sa.ColumnElement[bool]:
    """The tasks that a user may see: their own, and those charged to an organization of theirs."""
    return sa.or_(tasks.c.owner_id == user_id, tasks.c.namespace.in_(namespaces))


def find(connection: Connection, uid: str, *matches: sa.ColumnElement[bool]) -> Task | None:
    """A task with what it printed."""
    output = [sa.func.coalesce(run_logs.c[name], "").label(name) for name in ("stdout", "stderr")]
    joined = _joined(select(*COLUMNS, *output)).outerjoin(run_logs, run_logs.c.uid == runs.c.uid)
    row = connection.execute(joined.where(tasks.c.uid == uid, *matches)).mappings().one_or_none()
    return _task(row) if row else None


def find_node(connection: Connection, owner_id: int, graph_uid: str, node_uid: str, code_hash: str) -> Task | None:
    """The newest task of a node of a graph that was asked for in the same words."""
    of_node = [tasks.c.graph_uid == graph_uid, tasks.c.node_uid == node_uid, tasks.c.owner_id == owner_id]
    found = _joined(select(*COLUMNS)).where(*of_node, runs.c.code_hash == code_hash)
    row = connection.execute(found.order_by(runs.c.id.desc()).limit(1)).mappings().one_or_none()
    return _task(row) if row else None


def list_of_graph(connection: Connection, graph_uid: str, *matches: sa.ColumnElement[bool]) -> list[Task]:
    """All tasks of a graph, in the order of their start."""
    found = _joined(select(*COLUMNS)).where(tasks.c.graph_uid == graph_uid, *matches)
    ordered = found.order_by(tasks.c.started_at, runs.c.id)
    return [_task(row) for row in connection.execute(ordered).mappings()]


def list_tasks(connection: Connection, wanted: Filter, page: Page, *matches: sa.ColumnElement[bool]) -> Slice[Task]:
    """A page of tasks. The total is counted up to MOST_COUNTED."""
    chosen = [*matches, *_matches(wanted)]
    order = runs.c.job_name if wanted.order == "name" else tasks.c.started_at
    by = [column.desc() if wanted.descending else column.asc() for column in (order, runs.c.id)]
    found = _joined(select(*COLUMNS)).where(*chosen).order_by(*by).limit(page.limit).offset(page.offset)
    items = [_task(row) for row in connection.execute(found).mappings()]
    counted = _joined(select(runs.c.id)).where(*chosen).limit(MOST_COUNTED).subquery()
    return Slice(items, connection.execute(select(sa.func.count()).select_from(counted)).scalar_one())


def count_by_namespace(connection: Connection, wanted: Filter, *matches: sa.ColumnElement[bool]) -> dict[str, int]:
    """How many tasks there are, by the namespace that they are charged to."""
    counted: Any = select(tasks.c.namespace, sa.func.count().label("number"))
    rows = connection.execute(_joined(counted).where(*matches, *_matches(wanted)).group_by(tasks.c.namespace))
    return {row.namespace: row.number for row in rows}


def list_unfinished(connection: Connection, server: str) -> list[str]:
    """The tasks of a server that have not ended."""
    of_server = select(tasks.c.uid).join(runs, runs.c.uid == tasks.c.uid)
    return list(
        connection.execute(
            of_server.where(tasks.c.server == server, runs.c.state.in_((State.QUEUED.value, State.RUNNING.value)))
        ).scalars()
    )


def list_ended(connection: Connection, uids: Sequence[str]) -> list[str]:
    """Those of these tasks that are said to have ended."""
    ended = [state.value for state in State if state.final]
    return list(connection.execute(select(runs.c.uid).where(runs.c.uid.in_(uids), runs.c.state.in_(ended))).scalars())


def list_expired(connection: Connection, now: datetime, most: int) -> list[str]:
    """Tasks whose results are to be kept no longer."""
    return list(connection.execute(select(tasks.c.uid).where(tasks.c.kept_until < now).limit(most)).scalars())


def _joined(statement: sa.Select[Any]) -> sa.Select[Any]:
    return statement.select_from(
        tasks.join(runs, runs.c.uid == tasks.c.uid).outerjoin(users, users.c.id == tasks.c.owner_id)
    )


def _matches(wanted: Filter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if wanted.namespace is not None:
        found.append(tasks.c.namespace == wanted.namespace)
    if wanted.created_by is not None:
        found.append(users.c.username == wanted.created_by)
    if wanted.array is not None:
        # Either the whole URI or the name alone is asked for (protocol notes 2.4).
        found.append(_ran_on(wanted.array if "://" in wanted.array else f"/{wanted.array}"))
    if wanted.some_of is not None:
        found.append(sa.or_(sa.false(), *map(_ran_on, wanted.some_of)))
    found += [sa.not_(_ran_on(uri)) for uri in wanted.none_of]
    if wanted.since is not None:
        found.append(tasks.c.started_at >= wanted.since)
    if wanted.until is not None:
        found.append(tasks.c.started_at <= wanted.until)
    if wanted.types:
        found.append(tasks.c.type.in_([one.value for one in wanted.types]))
    if wanted.but_types:
        found.append(tasks.c.type.not_in([one.value for one in wanted.but_types]))
    if wanted.state is not None:
        found.append(runs.c.state == wanted.state.value)
    if wanted.search:
        places = (runs.c.job_name, tasks.c.namespace)
        found.append(sa.or_(*(place.icontains(wanted.search, autoescape=True) for place in places)))
    if wanted.graph_uid is not None:
        found.append(tasks.c.graph_uid == wanted.graph_uid)
    return found


def _task(row: sa.RowMapping) -> Task:
    values: dict[str, Any] = {
        **row,
        "state": State(row["state"]),
        "type": Type(row["type"]),
        "detail": msgspec.convert(row["detail"], Detail),
        "username": row["username"] or "",
    }
    return Task(**values)


def _ran_on(ending: str) -> sa.ColumnElement[bool]:
    """Tasks that were lent an array whose URI ends so."""
    # A quotation mark ends it in the text of the JSON list. Both databases write that text as `json.dumps` does.
    return sa.cast(tasks.c.arrays, sa.Text).contains(json.dumps(ending)[1:], autoescape=True)
