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
from headrace.model.run import State
from headrace.model.task import Task

IDLE = timedelta(minutes=10)  # without anything happening
ABANDONED = timedelta(days=1)
LOST = frozenset({"Lost", "Busy", "Unavailable"})  # errors that are nobody's, and cost a node none of its tries
MOST_LOST = 3
MACHINE = LOST | {"Died"}
SKIPPED = "ParentFailed"
STOPPED = "Stopped"
PARTS = "PartsFailed"  # each of which was tried as often as it may be
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


class Retry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How often a node is tried again: after any failure, or only after those of its code or of the machine."""

    limit: int
    policy: str = "Always"  # OnFailure: of its code; OnError, OnTransientError: of what it runs on
    delay: float = 0  # seconds before the first
    factor: int = 1  # by which that grows
    most: float = 86_400

    def wait(self, failures: int) -> float:
        """Seconds before the next try, after so many failures."""
        return min(self.delay * self.factor ** min(failures - 1, 60), self.most)


class Node(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A node, as the log of a run has it."""

    uid: str
    name: str | None = None
    parents: list[str] = []
    location: Location = Location.SERVER
    retry: Retry | None = None  # where the server runs it


class Standing(StrEnum):
    """Where a node stands that the server runs."""

    WAITING = "waiting"  # for its turn, or for another try
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


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
    round_at: datetime | None = None  # since when what failed or was cancelled counts
    rounds: int = 0  # how often the server began again by itself
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


def stands(retry: Retry | None, tried: Sequence[Task], since: datetime | None) -> tuple[Standing, int]:
    """Where a node stands by its tasks, and how many failures count of which more are allowed.

    What failed or was cancelled before `since` was begun again. A task that was cancelled and by nobody's word, as
    when the server stops, runs again.
    """
    if not tried:
        return Standing.WAITING, 0
    latest = tried[-1]
    if latest.state is State.SUCCEEDED:
        return Standing.SUCCEEDED, 0
    if not latest.state.final:
        return Standing.RUNNING, 0
    counted = [task for task in tried if since is None or task.started_at >= since]
    if not counted:
        return Standing.WAITING, 0
    if latest.state is State.CANCELLED:
        said = latest.error_class in {SKIPPED, STOPPED}
        return (Standing.CANCELLED if said else Standing.WAITING), 0
    failed = [task for task in counted if task.state is State.FAILED]
    lost = sum(task.error_class in LOST for task in failed)
    failures = len(failed) - lost
    if latest.error_class in LOST:
        return (Standing.WAITING if lost <= MOST_LOST else Standing.FAILED), failures
    if latest.error_class == PARTS:
        return Standing.FAILED, failures
    policy = retry.policy if retry else "Always"
    of_machine = latest.error_class in MACHINE
    retried = policy == "Always" or (of_machine != (policy == "OnFailure"))
    more = retry is not None and retried and failures <= retry.limit
    return (Standing.WAITING if more else Standing.FAILED), failures


def executions_of(log: Log, node: Node, tried: Sequence[Task]) -> list[Task]:
    """The tasks of a node as they are shown: those of its parts before those of itself, the latest last."""
    return sorted(tried, key=lambda task: task.name == node.name) if log.graph_uid else list(tried)


def state_of(log: Log, node: Node, tried: Sequence[Task]) -> State | None:
    """The state of a node as it is shown; None where nobody has told of it yet."""
    if log.graph_uid is None:
        return tried[-1].state if tried else None
    if node.location is Location.VIRTUAL:
        return None
    own = [task for task in tried if task.name == node.name]
    stands, _ = stands_of(log, node, own)
    if stands is not Standing.WAITING:
        return State(stands.value)
    if log.status.final:
        return State.CANCELLED
    return State.RUNNING if any(not task.state.final for task in tried) else State.QUEUED


def stands_of(log: Log, node: Node, own: Sequence[Task]) -> tuple[Standing, int]:
    """Where a node of a run stands by the tasks of itself, parts of it left out."""
    return stands(node.retry, own, log.round_at)
