"""Queries of task graphs and of their runs."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection, select

from headrace.db.tables import graph_logs, runs, task_graphs, tasks, users
from headrace.model.page import Page, Slice
from headrace.model.run import State
from headrace.model.task_graph import ABANDONED, IDLE, Filter, Log, Node, Status

MOST_COUNTED = 10_000
OWN = ["uid", "owner_id", "namespace", "name", "created_at", "ended_at", "graph_uid", "reason", "round_at", "rounds"]

_nodes = msgspec.json.Decoder(list[Node]).decode


def insert(connection: Connection, log: Log, **values: Any) -> None:  # noqa: ANN401
    """Write down a run of a graph."""
    own = {name: getattr(log, name) for name in OWN}
    nodes = msgspec.json.encode(log.nodes).decode()
    connection.execute(graph_logs.insert().values(**own, nodes=nodes, **values))


def find(connection: Connection, uid: str, *matches: sa.ColumnElement[bool]) -> Log | None:
    """A run of a graph with its nodes."""
    found = _joined(select(*_columns(datetime.now(UTC)), graph_logs.c.nodes)).where(graph_logs.c.uid == uid, *matches)
    row = connection.execute(found).mappings().one_or_none()
    return _log(row, _nodes(row["nodes"])) if row else None


def visible_to(user_id: int, namespaces: Sequence[str]) -> sa.ColumnElement[bool]:
    """The runs that a user may see: their own, and those charged to an organization of theirs."""
    return sa.or_(graph_logs.c.owner_id == user_id, graph_logs.c.namespace.in_(namespaces))


def list_logs(connection: Connection, wanted: Filter, page: Page, *matches: sa.ColumnElement[bool]) -> Slice[Log]:
    """A page of runs without their nodes, the newest first. The total is counted up to MOST_COUNTED."""
    now = datetime.now(UTC)
    chosen = [*matches, *_matches(wanted, now)]
    ordered = _joined(select(*_columns(now))).where(*chosen).order_by(graph_logs.c.id.desc())
    rows = connection.execute(ordered.limit(page.limit).offset(page.offset)).mappings()
    items = [_log(row, []) for row in rows]
    counted = _joined(select(graph_logs.c.id)).where(*chosen).limit(MOST_COUNTED).subquery()
    return Slice(items, connection.execute(select(sa.func.count()).select_from(counted)).scalar_one())


def update(connection: Connection, uid: str, *matches: sa.ColumnElement[bool], **values: Any) -> bool:  # noqa: ANN401
    """Change a run. Whether it was there, and matched."""
    changed = graph_logs.update().where(graph_logs.c.uid == uid, *matches).values(values)
    return connection.execute(changed).rowcount > 0


def body_of(connection: Connection, uid: str) -> str:
    """The graph that a server runs, as it was when the run was asked for."""
    return connection.execute(select(graph_logs.c.body).where(graph_logs.c.uid == uid)).scalar_one()


def has_ended(connection: Connection, uid: str) -> bool:
    """Whether somebody said how a run ended, or it is gone."""
    open_one = select(graph_logs.c.uid).where(graph_logs.c.uid == uid, graph_logs.c.state.is_(None))
    return connection.execute(open_one).one_or_none() is None


def list_unfinished(connection: Connection, server: str) -> list[str]:
    """The runs that a server has to go on with, the oldest first."""
    left = select(graph_logs.c.uid).where(graph_logs.c.server == server, graph_logs.c.state.is_(None))
    return list(connection.execute(left.order_by(graph_logs.c.id)).scalars())


def insert_graph(connection: Connection, **values: Any) -> None:  # noqa: ANN401 - columns of the table
    """A graph for the server to run."""
    connection.execute(task_graphs.insert().values(values))


def find_graph(connection: Connection, uid: str, user_id: int, namespaces: Sequence[str]) -> sa.RowMapping | None:
    """A graph that a user may see."""
    seen = sa.or_(task_graphs.c.owner_id == user_id, task_graphs.c.namespace.in_(namespaces))
    return connection.execute(_graphs(seen, task_graphs.c.uid == uid, body=True)).mappings().one_or_none()


def list_graphs(connection: Connection, namespace: str, most: int) -> list[sa.RowMapping]:
    """The newest graphs of a namespace, without what is in them."""
    newest = _graphs(task_graphs.c.namespace == namespace, body=False).order_by(task_graphs.c.id.desc()).limit(most)
    return list(connection.execute(newest).mappings())


def update_graph(connection: Connection, uid: str, **values: Any) -> None:  # noqa: ANN401
    """Change a graph; runs of it stay what they are."""
    connection.execute(task_graphs.update().where(task_graphs.c.uid == uid).values(values))


def _graphs(*matches: sa.ColumnElement[bool], body: bool) -> sa.Select[Any]:
    columns = [task_graphs.c[name] for name in ("uid", "owner_id", "namespace", "name", "created_at")]
    columns += [task_graphs.c.body] if body else []
    named = sa.func.coalesce(users.c.username, "").label("username")
    joined = task_graphs.outerjoin(users, users.c.id == task_graphs.c.owner_id)
    return select(*columns, named).select_from(joined).where(*matches)


def count_states(connection: Connection, uids: Sequence[str]) -> dict[str, dict[State, int]]:
    """How many tasks of each of these runs are in which state."""
    chosen = select(tasks.c.graph_uid, runs.c.state, sa.func.count()).where(tasks.c.graph_uid.in_(uids))
    counted = chosen.join(runs, runs.c.uid == tasks.c.uid).group_by(tasks.c.graph_uid, runs.c.state)
    found: dict[str, dict[State, int]] = {}
    for uid, state, number in connection.execute(counted):
        found.setdefault(uid, {})[State(state)] = number
    return found


def delete_before(connection: Connection, moment: datetime, most: int) -> int:
    """Delete runs from before that moment that no server goes on with; their tasks go as all runs do. How many went."""
    over = sa.or_(graph_logs.c.state.is_not(None), graph_logs.c.graph_uid.is_(None))
    old = select(graph_logs.c.uid).where(graph_logs.c.created_at < moment, over).limit(most)
    return connection.execute(graph_logs.delete().where(graph_logs.c.uid.in_(old))).rowcount


def _of_tasks(column: sa.ColumnElement[Any]) -> sa.ScalarSelect[Any]:
    """A figure of all tasks of a run that are its owner's: anybody may write any number on a task of theirs."""
    joined = tasks.join(runs, runs.c.uid == tasks.c.uid)
    mine = [tasks.c.graph_uid == graph_logs.c.uid, tasks.c.owner_id == graph_logs.c.owner_id]
    return select(column).select_from(joined).where(*mine).correlate(graph_logs).scalar_subquery()


def _status(now: datetime) -> sa.Case[str]:
    """What the run's own word, its tasks and the time say; `model.task_graph` has it drawn."""
    under_way = sa.case((runs.c.state.in_([State.QUEUED.value, State.RUNNING.value]), 1), else_=0)
    latest = _of_tasks(sa.func.max(sa.func.coalesce(runs.c.finished_at, runs.c.started_at)))
    active = sa.func.coalesce(latest, graph_logs.c.created_at)
    first = sa.case((latest.is_(None), Status.SUBMITTED.value), else_=Status.RUNNING.value)
    return sa.case(
        (graph_logs.c.state.is_not(None), graph_logs.c.state),
        (_of_tasks(sa.func.max(under_way)) == 1, Status.RUNNING.value),
        (sa.or_(graph_logs.c.graph_uid.is_not(None), active >= now - IDLE), first),
        (active >= now - ABANDONED, Status.IDLE.value),
        else_=Status.ABANDONED.value,
    )


def _columns(now: datetime) -> list[sa.ColumnElement[Any]]:
    return [
        *(graph_logs.c[name] for name in OWN),
        sa.func.coalesce(users.c.username, "").label("username"),
        _status(now).label("status"),
        sa.type_coerce(_of_tasks(sa.func.min(runs.c.started_at)), runs.c.started_at.type).label("started_at"),
    ]


def _joined(statement: sa.Select[Any]) -> sa.Select[Any]:
    return statement.select_from(graph_logs.outerjoin(users, users.c.id == graph_logs.c.owner_id))


def _matches(wanted: Filter, now: datetime) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if wanted.namespace is not None:
        found.append(graph_logs.c.namespace == wanted.namespace)
    if wanted.created_by is not None:
        found.append(users.c.username == wanted.created_by)
    if wanted.status is not None:
        if wanted.status.final:
            found.append(graph_logs.c.state == wanted.status.value)
        else:
            found += [graph_logs.c.state.is_(None), _status(now) == wanted.status.value]
    if wanted.search:
        found.append(graph_logs.c.name.icontains(wanted.search, autoescape=True))
    if wanted.since is not None:
        found.append(graph_logs.c.created_at >= wanted.since)
    if wanted.until is not None:
        found.append(graph_logs.c.created_at <= wanted.until)
    return found


def _log(row: sa.RowMapping, nodes: list[Node]) -> Log:
    values: dict[str, Any] = {name: row[name] for name in (*OWN, "username", "started_at")}
    return Log(**values, status=Status(row["status"]), nodes=nodes)
