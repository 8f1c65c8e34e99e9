"""Task graphs: nodes that need one another, and where a run of them stands.

    submitted ─▶ running ─▶ succeeded | failed | cancelled      as whoever drives the graph says
                    │
                    └─ nothing for a while ─▶ idle ─▶ abandoned  as the times say, until somebody says otherwise

A node's state is that of its tasks; a run keeps none of its own (TileDB Cloud protocol notes 3.5 to 3.7).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from headrace.errors import Invalid
from headrace.model.task import Task

IDLE = timedelta(minutes=10)  # without anything happening
ABANDONED = timedelta(days=1)
MOST_NODES = 5_000
MOST_EDGES = 50_000
LONGEST_NAME = 1_000  # characters


class Status(StrEnum):
    """Where a run of a graph stands (protocol notes 3.5)."""

    SUBMITTED = "submitted"
    RUNNING = "running"
    IDLE = "idle"
    ABANDONED = "abandoned"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether somebody said that the run has ended."""
        return self in {Status.SUCCEEDED, Status.FAILED, Status.CANCELLED}


class Location(StrEnum):
    """Where a node runs."""

    SERVER = "server"
    CLIENT = "client"
    VIRTUAL = "virtual"  # nowhere: it is a value, or a place that another node reads


class Node(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A node, as the log of a run has it."""

    uid: str
    name: str | None = None
    parents: list[str] = []
    location: Location = Location.SERVER


class Log(Struct, frozen=True, kw_only=True):
    """A run of a graph."""

    uid: str
    owner_id: int
    username: str
    namespace: str  # that its tasks are charged to
    name: str | None
    created_at: datetime
    status: Status
    started_at: datetime | None  # of its first task
    ended_at: datetime | None
    graph_uid: str | None  # of the graph that the server runs; None: a client runs it
    reason: str | None  # why it ended, where no task says so
    nodes: list[Node] = []


class Filter(Struct, frozen=True, kw_only=True):
    """Which runs a list is to hold."""

    namespace: str | None = None
    created_by: str | None = None  # a username
    status: Status | None = None
    search: str | None = None  # somewhere in its name
    since: datetime | None = None
    until: datetime | None = None


def node_uid(text: str, what: str = "The id of a node") -> str:
    """A node's id as it is kept. Raises Invalid for what is no UUID."""
    try:
        return str(UUID(text))
    except ValueError:
        raise Invalid(f"{what} must be a UUID, and is {text[:60]!r}.") from None


def named(name: str | None, what: str) -> str | None:
    """A name that is short enough. Raises Invalid."""
    if name is not None and len(name) > LONGEST_NAME:
        raise Invalid(f"{what} has at most {LONGEST_NAME:,} characters; this has {len(name):,}.")
    return name or None


def check(parents: Sequence[tuple[str, Sequence[str]]]) -> list[str]:
    """The ids of nodes, each after those that it needs, given each node and what it needs.

    Raises Invalid for too many of them, an id that is there twice, a parent that is not there, and a cycle.
    """
    if len(parents) > MOST_NODES:
        raise Invalid(f"A task graph has at most {MOST_NODES:,} nodes; this has {len(parents):,}.")
    needs: dict[str, list[str]] = {}
    for uid, above in parents:
        if uid in needs:
            raise Invalid(f"Two nodes of the graph have the id {uid}.")
        needs[uid] = list(dict.fromkeys(above))
    if (edges := sum(map(len, needs.values()))) > MOST_EDGES:
        raise Invalid(
            f"The nodes of a task graph depend on at most {MOST_EDGES:,} others in all; here it is {edges:,}."
        )
    for uid, above in needs.items():
        for parent in above:
            if parent not in needs:
                raise Invalid(f"The node {uid} depends on {parent}, which is no node of the graph.")
    return _sorted(needs)


def _sorted(needs: Mapping[str, Sequence[str]]) -> list[str]:
    children = children_of(needs.items())
    left = {uid: len(above) for uid, above in needs.items()}
    found = [uid for uid, number in left.items() if not number]
    for uid in found:  # which grows meanwhile
        for child in children[uid]:
            left[child] -= 1
            if not left[child]:
                found.append(child)
    if len(found) < len(needs):
        within = [uid for uid, number in left.items() if number]
        raise Invalid(f"The graph goes round in a circle: {', '.join(within[:3])} wait for one another.")
    return found


def children_of(parents: Iterable[tuple[str, Sequence[str]]]) -> dict[str, list[str]]:
    """The nodes that need each node."""
    needs = dict(parents)
    children: dict[str, list[str]] = {uid: [] for uid in needs}
    for uid, above in needs.items():
        for parent in above:
            children[parent].append(uid)
    return children


def by_node(tasks: Iterable[Task]) -> dict[str, list[Task]]:
    """The tasks of each node, in the order that they came in."""
    found: dict[str, list[Task]] = {}
    for task in tasks:
        if task.node_uid is not None:
            found.setdefault(task.node_uid, []).append(task)
    return found
