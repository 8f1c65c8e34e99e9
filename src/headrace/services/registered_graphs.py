"""Registered task graphs: kept under a name in a namespace, as clients send them, and run by clients that load them."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from headrace.errors import Invalid
from headrace.model import task_graph
from headrace.model.object import NOUNS, Kind
from headrace.model.registered import Registered
from headrace.services import registered
from headrace.services.call import Call
from headrace.services.registered import Register

LARGEST = 32 << 20  # bytes of the nodes of one, as JSON


class Graph(Registered, frozen=True, kw_only=True):
    """A registered graph. Its nodes are as they came."""

    nodes: str  # JSON


class _Node(Struct, frozen=True):
    client_node_id: str
    depends_on: list[str] | None = None


GRAPHS = Register(NOUNS[Kind.TASK_GRAPH], Graph, "registered task graph", ("name", "namespace", "tags"))


def register(call: Call, namespace: str, name: str, nodes: Sequence[dict[str, Any]], **given: Any) -> Graph:  # noqa: ANN401
    """Keep a graph under a name in a namespace in which the caller may act. Raises NotFound, Invalid, Conflict."""
    values = {column: value for column, value in given.items() if value is not None}
    return registered.register(call, GRAPHS, namespace, name, {"nodes": _checked(nodes), **values})


def update(
    call: Call,
    namespace: str,
    name: str,
    *,
    new_name: str | None = None,
    nodes: Sequence[dict[str, Any]] | None = None,
    **given: Any,  # noqa: ANN401
) -> None:
    """Change what is given of a graph that the caller may write. Raises NotFound, Forbidden, Invalid, Conflict."""
    values = {"name": new_name or None, "nodes": None if nodes is None else _checked(nodes), **given}
    registered.update(call, GRAPHS, namespace, name, values)


def _checked(nodes: Sequence[dict[str, Any]]) -> str:
    """Nodes as JSON. Raises Invalid for what is no graph; what the nodes do is for the client that runs them."""
    try:
        known = msgspec.convert(nodes, list[_Node])
    except msgspec.ValidationError as wrong:
        raise Invalid(f"The nodes are none of a task graph: {wrong}") from wrong
    uid = task_graph.node_uid
    task_graph.check([(uid(one.client_node_id), [uid(parent) for parent in one.depends_on or []]) for one in known])
    text = msgspec.json.encode(nodes)
    if len(text) > LARGEST:
        raise Invalid(f"The nodes of a registered task graph have at most {LARGEST >> 20} MB.")
    return text.decode()
