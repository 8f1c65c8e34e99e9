"""Graphs that the server runs: kept as they came, checked when they come. Each run has its own copy."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from headrace.db import task_graphs as queries
from headrace.errors import Forbidden, NotFound
from headrace.model import graph_plan, ids, task_graph
from headrace.model.graph_plan import Plan
from headrace.services import namespaces
from headrace.services.call import Call

MOST_LISTED = 1_000

decode = msgspec.json.Decoder(Plan).decode


class Graph(Struct, frozen=True, kw_only=True):
    """A graph for the server to run. Lists have it without its nodes."""

    uid: str
    owner_id: int
    username: str
    namespace: str
    name: str | None
    created_at: datetime
    plan: Plan | None = None


def encode(plan: Plan) -> str:
    """A graph as it is kept."""
    return msgspec.json.encode(plan).decode()


def create_graph(call: Call, namespace: str, plan: Plan) -> Graph:
    """Keep a graph. Raises NotFound for a namespace, Invalid for what cannot be run."""
    _check(plan)
    namespace = namespaces.check(call, namespace)
    uid, now = ids.new_uid(), datetime.now(UTC)
    with call.platform.db.begin() as connection:
        queries.insert_graph(
            connection,
            uid=uid,
            owner_id=call.user.id,
            namespace=namespace,
            name=plan.name,
            body=encode(plan),
            created_at=now,
            updated_at=now,
        )
    return get_graph(call, namespace, uid)


def get_graph(call: Call, namespace: str, uid: str) -> Graph:
    """A graph that the caller may see: their own, or one of an organization of theirs. Raises NotFound."""
    with call.platform.db.read() as connection:
        spaces = namespaces.list_own(connection, call)
        found = queries.find_graph(connection, uid, call.user.id, spaces)
        if found is None or found["namespace"] != namespaces.canonical(connection, call, namespace):
            raise NotFound(f"There is no task graph {uid[:60]} in {namespace[:80]!r} that you may see.")
        return _graph(found, decode(found["body"]))


def list_graphs(call: Call, namespace: str) -> list[Graph]:
    """The newest graphs of a namespace in which the caller may act. Raises NotFound."""
    namespace = namespaces.check(call, namespace)
    with call.platform.db.read() as connection:
        return [_graph(row, None) for row in queries.list_graphs(connection, namespace, MOST_LISTED)]


def update_graph(call: Call, namespace: str, uid: str, change: Plan) -> None:
    """Change what is given of one's own graph. Runs that there are already stay as they are. Raises Forbidden."""
    before = get_graph(call, namespace, uid)
    if before.owner_id != call.user.id:
        raise Forbidden(f"This task graph is {before.username}'s; you may see and run it, and not change it.")
    given = {name: value for name in Plan.__struct_fields__ if (value := getattr(change, name)) is not None}
    assert before.plan is not None
    plan = msgspec.structs.replace(before.plan, **given)
    _check(plan)
    with call.platform.db.begin() as connection:
        values = {"name": plan.name, "body": encode(plan), "updated_at": datetime.now(UTC)}
        queries.update_graph(connection, uid, **values)


def _check(plan: Plan) -> None:
    task_graph.named(plan.name, "The name of a task graph")
    nodes = graph_plan.nodes_of(plan)
    task_graph.check([(node.uid, node.parents) for node in nodes])
    for node in nodes:
        task_graph.named(node.name, "The name of a node")


def _graph(row: Any, plan: Plan | None) -> Graph:  # noqa: ANN401 - a row
    values = {name: row[name] for name in ("uid", "owner_id", "username", "namespace", "name", "created_at")}
    return Graph(**values, plan=plan)
