"""Task graphs: those that clients run and tell of, and those that the server runs (TileDB protocol notes 3.5 to 3.7).

A log's nodes have the status of their latest task; statuses of tasks are upper case here and those of logs lower case.
"""

from datetime import UTC, datetime
from typing import Literal

from msgspec import Struct

from headrace.api.operation import Operation, describe
from headrace.dialects.tiledb.codec import Wire
from headrace.dialects.tiledb.pages import PageNumber, PaginationMetadata, PerPage, paged
from headrace.dialects.tiledb.tasks import STATES, WORDS, ArrayTask, shown
from headrace.dialects.tiledb.tasks import Status as TaskStatus
from headrace.errors import Invalid
from headrace.model import task_graph
from headrace.model.graph_plan import Plan, RetryStrategy, Step
from headrace.model.page import Page
from headrace.model.run import State
from headrace.model.task import Task
from headrace.model.task_graph import Filter, Location, Log, Node, Status
from headrace.services import graph_plans, task_graphs
from headrace.services.call import Call
from headrace.services.graph_plans import Graph
from headrace.services.graph_runs import Graphs
from headrace.services.task_graphs import Shown

LogStatus = Literal["submitted", "running", "idle", "abandoned", "succeeded", "failed", "cancelled"]
RunLocation = Literal["server", "client", "virtual"]

# A client may also say what went wrong on its side.
STATE = {**WORDS, "RESOURCES_UNAVAILABLE": State.FAILED, "UNKNOWN": State.FAILED, "DENIED": State.FAILED}


class TaskGraphNodeMetadata(Wire, frozen=True, kw_only=True):
    """A node in the log of a task graph."""

    client_node_uuid: str
    name: str | None = None
    depends_on: list[str]
    run_location: RunLocation
    status: TaskStatus | None = None
    status_message: str | None = None
    executions: list[ArrayTask]


class TaskGraphLog(Wire, frozen=True, kw_only=True):
    """A run of a task graph. A list has it without its nodes."""

    uuid: str
    namespace: str
    created_by: str
    name: str | None = None
    created_at: datetime
    start_time: datetime | None = None
    end_time: datetime | None = None
    status: LogStatus
    total_cost: float
    access_cost: float
    egress_cost: float
    status_count: dict[TaskStatus, int]
    nodes: list[TaskGraphNodeMetadata] | None = None
    task_graph_type: Literal["batch", "realtime"]
    task_graph_id: str | None = None


class TaskGraphLogsData(Wire, frozen=True, kw_only=True):
    """A page of logs, the newest first."""

    task_graph_logs: list[TaskGraphLog]
    pagination_metadata: PaginationMetadata


class TaskGraph(Wire, frozen=True, kw_only=True):
    """A graph that the server can run. A list has it without its nodes."""

    uuid: str
    namespace: str
    created_by: str
    name: str | None = None
    created_at: datetime
    nodes: list[Step] | None = None
    parallelism: int | None = None
    retry_strategy: RetryStrategy | None = None
    deadline: int | None = None
    task_graph_type: Literal["batch"]


class TaskGraphs(Wire, frozen=True, kw_only=True):
    """Graphs that the server can run, the newest first."""

    graphs: list[TaskGraph]


class NodeGiven(Wire, frozen=True, kw_only=True):
    """A node that a client is about to run."""

    client_node_uuid: str
    name: str | None = None
    depends_on: list[str] | None = None
    run_location: RunLocation | None = None


class LogGiven(Wire, frozen=True, kw_only=True):
    """A task graph that a client is about to run."""

    name: str | None = None
    nodes: list[NodeGiven] | None = None


class LogChange(Wire, frozen=True, kw_only=True):
    """What a client says of a graph that it runs: how it ended."""

    name: str | None = None
    status: LogStatus | None = None


class TaskGraphClientNodeStatus(Wire, frozen=True, kw_only=True):
    """How a node fares that the client runs itself."""

    client_node_uuid: str
    status: TaskStatus


class LogsQuery(Struct, frozen=True, kw_only=True):
    """Which logs: `start_time` and `end_time` say when they were made, `search` is somewhere in their name."""

    namespace: str | None = None
    created_by: str | None = None
    status: LogStatus | None = None
    search: str | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    page: PageNumber = 1
    per_page: PerPage = 10


def list_task_graph_logs(call: Call, query: LogsQuery) -> TaskGraphLogsData:
    """The logs of task graphs that the caller may see, without their nodes."""
    wanted = Filter(
        namespace=query.namespace or None,
        created_by=query.created_by or None,
        status=Status(query.status) if query.status else None,
        search=query.search,
        since=_aware(query.start_time),
        until=_aware(query.end_time),
    )
    page = Page(limit=query.per_page, page_num=query.page)
    found, counts = task_graphs.list_logs(call, wanted, page)
    return TaskGraphLogsData(
        task_graph_logs=[_of_list(log, counts.get(log.uid, {})) for log in found.items],
        pagination_metadata=paged(query.page, query.per_page, found.total),
    )


def create_task_graph_log(call: Call, namespace: str, body: LogGiven) -> TaskGraphLog:
    """Tell of a task graph that the caller is about to run; its `uuid` goes with each task of it."""
    nodes = [
        Node(
            uid=task_graph.node_uid(node.client_node_uuid),
            name=node.name,
            parents=[task_graph.node_uid(parent, "A parent of a node") for parent in node.depends_on or []],
            location=Location(node.run_location or "server"),
        )
        for node in body.nodes or []
    ]
    return log_of(task_graphs.create_log(call, namespace, body.name, nodes))


def get_task_graph_log(call: Call, namespace: str, id: str) -> TaskGraphLog:
    """A log with its nodes and what ran of each, the latest last."""
    return log_of(task_graphs.get_log(call, namespace, id))


def update_task_graph_log(call: Call, namespace: str, id: str, body: LogChange) -> None:
    """Say how a task graph ended that the caller ran."""
    status = Status(body.status) if body.status else None
    task_graphs.update_log(call, namespace, id, name=body.name, status=status)


def report_client_node(call: Call, namespace: str, id: str, body: TaskGraphClientNodeStatus) -> None:
    """Say how a node fares that the caller ran outside of the server."""
    task_graphs.report_node(call, namespace, id, body.client_node_uuid, STATE[body.status])


def create_task_graph(call: Call, namespace: str, body: Plan) -> TaskGraph:
    """Keep a graph for the server to run."""
    return _graph(graph_plans.create_graph(call, namespace, body))


def list_task_graphs(call: Call, namespace: str) -> TaskGraphs:
    """The newest graphs of a namespace that the server can run, without their nodes."""
    return TaskGraphs(graphs=[_graph(graph) for graph in graph_plans.list_graphs(call, namespace)])


def get_task_graph(call: Call, namespace: str, id: str) -> TaskGraph:
    """A graph that the server can run."""
    return _graph(graph_plans.get_graph(call, namespace, id))


def update_task_graph(call: Call, namespace: str, id: str, body: Plan) -> None:
    """Change what is given of a graph. Runs of it that there are stay what they are."""
    graph_plans.update_graph(call, namespace, id, body)


class GraphRoutes:
    """The routes of what a server drives."""

    def __init__(self, graphs: Graphs) -> None:
        self._graphs = graphs

    def operations(self) -> list[Operation]:
        """The routes that begin and end runs."""
        base, tags = "/v1/taskgraphs/{namespace}", ("task graphs",)
        run = f"{base}/executions/{{id}}"
        return [
            describe("POST", f"{base}/graphs/{{id}}/submit", self.submit_task_graph, status=202, tags=tags),
            describe("POST", f"{run}/stop", self.stop_task_graph_execution, tags=tags),
            describe("POST", f"{run}/retry", self.retry_task_graph_execution, status=202, tags=tags),
            describe("POST", f"{run}/resubmit", self.resubmit_task_graph_execution, status=202, tags=tags),
        ]

    async def submit_task_graph(self, call: Call, namespace: str, id: str) -> TaskGraphLog:
        """Have the server run a graph. Its log says how that goes."""
        return log_of(await self._graphs.submit(call, namespace, id))

    async def stop_task_graph_execution(self, call: Call, namespace: str, id: str) -> None:
        """End a run, and what runs of it."""
        await self._graphs.stop(call, namespace, id)

    async def retry_task_graph_execution(self, call: Call, namespace: str, id: str) -> TaskGraphLog:
        """Begin again what failed or was cancelled of a run that has ended."""
        return log_of(await self._graphs.retry(call, namespace, id))

    async def resubmit_task_graph_execution(self, call: Call, namespace: str, id: str) -> TaskGraphLog:
        """Run a graph once more from its beginning, as it was in that run."""
        return log_of(await self._graphs.resubmit(call, namespace, id))


def operations() -> list[Operation]:
    """The routes of logs, and of graphs that the server can run."""
    base, tags = "/v1/taskgraphs/{namespace}", ("task graphs",)
    log, graph = f"{base}/logs/{{id}}", f"{base}/graphs/{{id}}"
    return [
        describe("GET", "/v1/taskgraphs/logs", list_task_graph_logs, tags=tags),
        describe("POST", f"{base}/log", create_task_graph_log, status=201, tags=tags),
        describe("GET", log, get_task_graph_log, tags=tags),
        describe("PATCH", log, update_task_graph_log, tags=tags),
        describe("POST", f"{log}/report_client_node", report_client_node, tags=tags),
        describe("GET", f"{base}/graphs", list_task_graphs, tags=tags),
        describe("POST", f"{base}/graphs", create_task_graph, status=201, tags=tags),
        describe("GET", graph, get_task_graph, tags=tags),
        describe("PATCH", graph, update_task_graph, tags=tags),
    ]


def log_of(found: Shown) -> TaskGraphLog:
    """A log with its nodes."""
    nodes = [_node(found.log, node, found.executions.get(node.uid, [])) for node in found.log.nodes]
    return _log(found.log, task_graphs.counted(found.executions.values()), nodes)


def _of_list(log: Log, counts: dict[State, int]) -> TaskGraphLog:
    return _log(log, counts, None)


def _log(log: Log, counts: dict[State, int], nodes: list[TaskGraphNodeMetadata] | None) -> TaskGraphLog:
    return TaskGraphLog(
        uuid=log.uid,
        namespace=log.namespace,
        created_by=log.username,
        name=log.name,
        created_at=log.created_at,
        start_time=log.started_at,
        end_time=log.ended_at,
        status=log.status.value,
        total_cost=0,
        access_cost=0,
        egress_cost=0,
        status_count={STATES[state]: number for state, number in counts.items()},
        nodes=nodes,
        task_graph_type="realtime" if log.graph_uid is None else "batch",
        task_graph_id=log.graph_uid,
    )


def _node(log: Log, node: Node, tried: list[Task]) -> TaskGraphNodeMetadata:
    executions, state = task_graph.executions_of(log, node, tried), task_graph.state_of(log, node, tried)
    return TaskGraphNodeMetadata(
        client_node_uuid=node.uid,
        name=node.name,
        depends_on=node.parents,
        run_location=node.location.value,
        status=STATES[state] if state else None,
        status_message=executions[-1].error if executions else None,
        executions=[shown(task) for task in executions],
    )


def _graph(graph: Graph) -> TaskGraph:
    plan = graph.plan or Plan()
    return TaskGraph(
        uuid=graph.uid,
        namespace=graph.namespace,
        created_by=graph.username,
        name=graph.name,
        created_at=graph.created_at,
        nodes=plan.nodes,
        parallelism=plan.parallelism,
        retry_strategy=plan.retry_strategy,
        deadline=plan.deadline,
        task_graph_type="batch",
    )


def _aware(moment: datetime | None) -> datetime | None:
    if moment is None or moment.tzinfo:
        return moment
    try:
        return moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise Invalid("A moment must be one that can be told in UTC.") from None
