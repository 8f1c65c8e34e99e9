"""Runs of task graphs that clients drive: what they say of them, and what the tasks say.

The log of a run holds its nodes and, once somebody says so, how it ended. How each node fares is read from the tasks
with the run's id; a node that a client ran itself has a task for that as well, of the type CLIENT_COMPUTATION, with
nothing in it but how it ended.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from msgspec import Struct
from sqlalchemy import Connection

from headrace.db import task_graphs as queries
from headrace.db import tasks as of_tasks
from headrace.db.tables import tasks as table
from headrace.errors import Conflict, Forbidden, Invalid, NotFound
from headrace.model import ids, task_graph
from headrace.model.page import Page, Slice
from headrace.model.run import State
from headrace.model.task import Task, Type
from headrace.model.task_graph import Filter, Location, Log, Node, Status
from headrace.services import namespaces
from headrace.services.call import Call

MOST_REPORTS = 1_000  # of one node
GOES_ON: dict[str, object] = {"state": None, "ended_at": None}


class Shown(Struct, frozen=True):
    """A run of a graph, and the tasks of each of its nodes in the order that they began."""

    log: Log
    executions: dict[str, list[Task]]


def create_log(call: Call, namespace: str, name: str | None, nodes: Sequence[Node]) -> Shown:
    """A run that the caller is about to drive. Raises NotFound for a namespace, Invalid for what is no graph."""
    log = new_log(call, namespace, name, nodes)
    with call.platform.db.begin() as connection:
        queries.insert(connection, log)
    return Shown(log, {})


def new_log(call: Call, namespace: str, name: str | None, nodes: Sequence[Node], graph_uid: str | None = None) -> Log:
    """A run as it begins, its nodes checked and in an order in which they can run. Raises NotFound, Invalid."""
    known = {node.uid: node for node in nodes}
    order = task_graph.check([(node.uid, node.parents) for node in nodes])
    for node in nodes:
        task_graph.named(node.name, "The name of a node")
    return Log(
        uid=ids.new_run_uid(),
        owner_id=call.user.id,
        username=call.user.username,
        namespace=namespaces.check(call, namespace),
        name=task_graph.named(name, "The name of a task graph"),
        created_at=datetime.now(UTC),
        status=Status.SUBMITTED,
        started_at=None,
        ended_at=None,
        graph_uid=graph_uid,
        reason=None,
        nodes=[known[uid] for uid in order],
    )


def get_log(call: Call, namespace: str, uid: str) -> Shown:
    """A run that the caller may see, with how its nodes fare. Raises NotFound."""
    with call.platform.db.read() as connection:
        log = find_log(connection, call, namespace, uid)
        return Shown(log, task_graph.by_node(tasks_of(connection, log)))


def list_logs(call: Call, wanted: Filter, page: Page) -> tuple[Slice[Log], dict[str, dict[State, int]]]:
    """A page of the runs that the caller may see, without nodes; and of each, how many tasks are in which state."""
    with call.platform.db.read() as connection:
        seen = queries.visible_to(call.user.id, namespaces.list_own(connection, call))
        found = queries.list_logs(connection, wanted, page, seen)
        return found, queries.count_states(connection, [log.uid for log in found.items])


def update_log(call: Call, namespace: str, uid: str, *, name: str | None, status: Status | None) -> None:
    """Say how a run of one's own has ended, or that it goes on after all, or what it is called.

    Raises NotFound, Forbidden where it is somebody else's, Conflict where the server runs it, Invalid.
    """
    if status in {Status.IDLE, Status.ABANDONED}:
        raise Invalid(f"That a run is {status} is seen from when it was last heard of, and not said.")
    values: dict[str, object] = {}
    if name is not None:
        values["name"] = task_graph.named(name, "The name of a task graph")
    if status is not None:
        values |= {"state": status.value, "ended_at": datetime.now(UTC)} if status.final else GOES_ON
    with call.platform.db.begin() as connection:
        _own_log(connection, call, namespace, uid)
        if values:
            queries.update(connection, uid, **values)


def report_node(call: Call, namespace: str, uid: str, node_uid: str, state: State) -> None:
    """Say how a node fares that the client runs itself. Raises as `update_log`, and Invalid for too many reports."""
    node_uid, now = task_graph.node_uid(node_uid), datetime.now(UTC)
    with call.platform.db.begin() as connection:
        log = _own_log(connection, call, namespace, uid)
        node = next((one for one in log.nodes if one.uid == node_uid), None)
        if node is None:
            raise NotFound(f"The task graph has no node {node_uid}.")
        before = of_tasks.list_of_graph(connection, uid, table.c.node_uid == node_uid)
        if len(before) >= MOST_REPORTS:
            raise Invalid(f"The node {node_uid} has been told of {MOST_REPORTS:,} times, which is as often as can be.")
        ran = any(task.type is not Type.CLIENT_COMPUTATION for task in before)
        if ran and node.location is Location.SERVER and state is not State.CANCELLED:
            return  # the server knows itself; the older client tells it of what failed here, sometimes late
        latest = before[-1] if before and before[-1].type is Type.CLIENT_COMPUTATION else None
        if latest is None or (latest.state.final and latest.state is not state):
            latest = record(connection, log, node, Type.CLIENT_COMPUTATION, server="")
        if not latest.state.final:
            ended = {"finished_at": now, "status": 200 if state is State.SUCCEEDED else 500} if state.final else {}
            of_tasks.update(connection, latest.uid, state=state.value, **ended)


def record(connection: Connection, log: Log, node: Node, type: Type, *, server: str) -> Task:
    """Write down a task of a node that no worker runs."""
    task = Task(
        uid=ids.new_run_uid(),
        state=State.RUNNING,
        type=type,
        name=node.name,
        namespace=log.namespace,
        owner_id=log.owner_id,
        username=log.username,
        started_at=datetime.now(UTC),
        finished_at=None,
        error=None,
        error_class=None,
        total_ms=0,
        user_ms=0,
        size=0,
        graph_uid=log.uid,
        node_uid=node.uid,
    )
    of_tasks.insert(connection, task, code_hash="", server=server)
    return task


def find_log(connection: Connection, call: Call, namespace: str, uid: str) -> Log:
    """A run in a namespace that the caller may see. Raises NotFound."""
    seen = queries.visible_to(call.user.id, namespaces.list_own(connection, call))
    log = queries.find(connection, uid, seen)
    if log is None or log.namespace != namespaces.canonical(connection, call, namespace):
        raise NotFound(f"There is no log of a task graph {uid[:60]} in {namespace[:80]!r} that you may see.")
    return log


def tasks_of(connection: Connection, log: Log) -> list[Task]:
    """The tasks of a run: those of its owner, since anybody may write its id on a task of their own."""
    return of_tasks.list_of_graph(connection, log.uid, table.c.owner_id == log.owner_id)


def require_own(call: Call, log: Log) -> None:
    """Raise Forbidden where a run is somebody else's."""
    if log.owner_id != call.user.id:
        raise Forbidden(f"This run of a task graph is {log.username}'s; you may see it, and not change it.")


def counted(executions: Iterable[Sequence[Task]]) -> dict[State, int]:
    """How many tasks are in which state."""
    found: dict[State, int] = {}
    for one in executions:
        for task in one:
            found[task.state] = found.get(task.state, 0) + 1
    return found


def _own_log(connection: Connection, call: Call, namespace: str, uid: str) -> Log:
    log = find_log(connection, call, namespace, uid)
    require_own(call, log)
    if log.graph_uid is not None:
        raise Conflict("The server runs this task graph, and says itself how its nodes fare; it can be stopped.")
    return log
