"""Registered task graphs: kept under a name in a namespace, as clients send them, and run by clients that load them.

Who may do what with one is decided as for every object: who may see it may load it, who may write it may replace it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from headrace.db import objects as queries
from headrace.db.tables import registered_graphs as table
from headrace.errors import Conflict, Invalid, NotFound
from headrace.model import ids, task_graph
from headrace.model.function import LONGEST_NAME, NAME
from headrace.model.object import NOUNS, Kind, Level, Object
from headrace.services import changes, grants, namespaces, objects
from headrace.services.call import Call
from headrace.services.grants import Grant

GRAPH = NOUNS[Kind.TASK_GRAPH]
LARGEST = 32 << 20  # bytes of the nodes of one, as JSON
TOLD = ("name", "namespace", "tags")


class Registered(Object, frozen=True, kw_only=True):
    """A registered graph. Its nodes are as they came."""

    uid: str
    namespace: str
    readme: str | None
    license_id: str | None
    license_text: str | None
    tags: list[str]
    nodes: str  # JSON


class _Node(Struct, frozen=True):
    client_node_id: str
    depends_on: list[str] | None = None


COLUMNS = [table.c[name] for name in Registered.__struct_fields__]


def register(call: Call, namespace: str, name: str, nodes: Sequence[dict[str, Any]], **given: Any) -> Registered:  # noqa: ANN401
    """Keep a graph under a name in a namespace in which the caller may act. Raises NotFound, Invalid, Conflict."""
    now = datetime.now(UTC)
    values = {"name": _name(name), "nodes": _checked(nodes), "tags": [], **_given(given)}
    try:
        with call.platform.db.begin() as connection:
            space = namespaces.own(connection, call, namespace)
            values |= {"owner_id": call.user.id, "namespace": space.name, "uid": ids.new_uid()}
            made = table.insert().values(created_at=now, updated_at=now, **values).returning(*COLUMNS)
            graph = Registered(**connection.execute(made).mappings().one())
            if space.group_id is not None:
                queries.put_share(connection, Kind.TASK_GRAPH, graph.id, Level.MANAGE, group_id=space.group_id)
            told = changes.told(graph, *TOLD)
            changes.record(connection, call, "create", Kind.TASK_GRAPH, graph.id, None, told, name=name)
    except IntegrityError as taken:
        raise Conflict(f"There is a registered task graph {namespace}/{name} already; update it.") from taken
    return graph


def get(call: Call, namespace: str, name: str) -> Registered:
    """A graph that the caller may see. Raises NotFound."""
    with call.platform.db.read() as connection:
        return _find(connection, call, namespace, name)


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
    values = _given(given)
    values |= {"name": _name(new_name)} if new_name else {}
    values |= {"nodes": _checked(nodes)} if nodes is not None else {}
    try:
        with call.platform.db.begin() as connection:
            before = _find(connection, call, namespace, name, Level.WRITE)
            queries.update(connection, GRAPH, before.id, updated_at=datetime.now(UTC), **values)
            told = changes.told(before, *TOLD)
            after = told | {key: values[key] for key in TOLD if key in values}
            changes.record(connection, call, "update", Kind.TASK_GRAPH, before.id, told, after, name=name)
    except IntegrityError as taken:
        raise Conflict(f"There is a registered task graph {namespace}/{new_name} already.") from taken


def delete(call: Call, namespace: str, name: str) -> None:
    """Forget a graph that the caller manages. What ran of it stays."""
    with call.platform.db.begin() as connection:
        graph = _find(connection, call, namespace, name, Level.MANAGE)
        objects.delete(connection, call, GRAPH, graph.id, changes.told(graph, *TOLD))


def list_grants(call: Call, namespace: str, name: str) -> list[Grant]:
    """With whom a graph that the caller may see is shared."""
    with call.platform.db.read() as connection:
        return grants.list_grants(connection, GRAPH, _find(connection, call, namespace, name).id)


def share(call: Call, namespace: str, name: str, to: str, level: Level | None) -> None:
    """Let a user or a group do so much with a graph that the caller manages; None: nothing any more."""
    with call.platform.db.read() as connection:
        graph = _find(connection, call, namespace, name, Level.MANAGE)
    grants.give(call, GRAPH, graph.id, to, level)


def _find(connection: Connection, call: Call, namespace: str, name: str, level: Level = Level.READ) -> Registered:
    space = namespaces.canonical(connection, call, namespace)
    known = select(*COLUMNS).where(table.c.namespace == space, table.c.name == name)
    row = connection.execute(known).mappings().one_or_none()
    if row is None or queries.level_of(connection, GRAPH, row["id"], call.user.id) is None:
        raise NotFound(f"There is no registered task graph {namespace[:100]}/{name[:200]} that you may see.")
    objects.require(connection, call, GRAPH, row["id"], level)
    return Registered(**row)


def _given(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


def _name(name: str) -> str:
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME or name != name.strip():
        raise Invalid(
            f"{name[:80]!r} is no name for a task graph: 1 to {LONGEST_NAME} characters, none of / \\ @ or `."
        )
    return name


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
