"""Registered task graphs: clients keep them here, load them and run them (TileDB protocol notes 3.6)."""

from typing import Any, Literal

import msgspec

from headrace.api.operation import Operation, describe
from headrace.dialects.tiledb.codec import Wire
from headrace.model.object import Level
from headrace.services import registered, registered_graphs
from headrace.services.call import Call
from headrace.services.registered_graphs import GRAPHS

Action = Literal["fetch_task_graph", "share_task_graph"]


class RegisteredTaskGraph(Wire, frozen=True, kw_only=True):
    """A registered task graph. Its nodes are as they came."""

    uuid: str
    namespace: str
    name: str
    readme: str | None = None
    license_id: str | None = None
    license_text: str | None = None
    tags: list[str]
    nodes: list[dict[str, Any]]


class RegisteredGiven(Wire, frozen=True, kw_only=True):
    """A task graph to register, or what to change of one."""

    name: str | None = None
    readme: str | None = None
    license_id: str | None = None
    license_text: str | None = None
    tags: list[str] | None = None
    nodes: list[dict[str, Any]] | None = None


class TaskGraphSharing(Wire, frozen=True, kw_only=True):
    """What a namespace may do with a task graph. No actions take back what it might."""

    namespace: str
    namespace_type: str | None = None
    actions: list[Action] | None = None


def register_registered_task_graph(call: Call, namespace: str, name: str, body: RegisteredGiven) -> None:
    """Keep a task graph under a name."""
    registered_graphs.register(
        call,
        namespace,
        name,
        body.nodes or [],
        readme=body.readme,
        license_id=body.license_id,
        license_text=body.license_text,
        tags=body.tags,
    )


def get_registered_task_graph(call: Call, namespace: str, name: str) -> RegisteredTaskGraph:
    """A task graph as it was registered."""
    known = registered.get(call, GRAPHS, namespace, name)
    return RegisteredTaskGraph(
        uuid=known.uid,
        namespace=known.namespace,
        name=known.name,
        readme=known.readme,
        license_id=known.license_id,
        license_text=known.license_text,
        tags=known.tags,
        nodes=msgspec.json.decode(known.nodes),
    )


def update_registered_task_graph(call: Call, namespace: str, name: str, body: RegisteredGiven) -> None:
    """Change what is given of a registered task graph; `name` gives it another."""
    registered_graphs.update(
        call,
        namespace,
        name,
        new_name=body.name,
        nodes=body.nodes,
        readme=body.readme,
        license_id=body.license_id,
        license_text=body.license_text,
        tags=body.tags,
    )


def delete_registered_task_graph(call: Call, namespace: str, name: str) -> None:
    """Forget a registered task graph."""
    registered.delete(call, GRAPHS, namespace, name)


def get_registered_task_graph_sharing_policies(call: Call, namespace: str, name: str) -> list[TaskGraphSharing]:
    """With whom a registered task graph is shared."""
    return [
        TaskGraphSharing(
            namespace=grant.namespace,
            namespace_type="organization" if grant.is_group else "user",
            actions=["fetch_task_graph", "share_task_graph"] if grant.level is Level.MANAGE else ["fetch_task_graph"],
        )
        for grant in registered.list_grants(call, GRAPHS, namespace, name)
    ]


def share_registered_task_graph(call: Call, namespace: str, name: str, body: TaskGraphSharing) -> None:
    """Let a user or an organization load a task graph, or share it on; without actions neither any more."""
    level = Level.MANAGE if "share_task_graph" in (body.actions or ()) else Level.READ if body.actions else None
    registered.share(call, GRAPHS, namespace, name, body.namespace, level)


def operations() -> list[Operation]:
    """The routes of registered task graphs."""
    one, tags = "/v1/taskgraphs/{namespace}/registered/{name}", ("task graphs",)
    return [
        describe("POST", one, register_registered_task_graph, tags=tags),
        describe("GET", one, get_registered_task_graph, tags=tags),
        describe("PATCH", one, update_registered_task_graph, tags=tags),
        describe("DELETE", one, delete_registered_task_graph, tags=tags),
        describe("GET", f"{one}/share", get_registered_task_graph_sharing_policies, tags=tags),
        describe("PATCH", f"{one}/share", share_registered_task_graph, tags=tags),
    ]
