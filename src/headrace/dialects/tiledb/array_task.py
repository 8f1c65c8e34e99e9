"""A task as this wire shows it (TileDB protocol notes 2.2)."""

from datetime import datetime
from typing import Any, Literal

from headrace.dialects.tiledb.codec import Wire
from headrace.model.run import State
from headrace.model.task import Task

TaskStatus = Literal[
    "QUEUED", "FAILED", "COMPLETED", "RUNNING", "RESOURCES_UNAVAILABLE", "UNKNOWN", "CANCELLED", "DENIED"
]
TaskType = Literal["SQL", "UDF", "QUERY", "GENERIC_UDF", "BATCH_UDF", "CLIENT_COMPUTATION"]
ResultFormat = Literal["python_pickle", "r_serialization", "json", "arrow", "bytes", "tiledb_json", "native"]

STATUS: dict[State, TaskStatus] = {
    State.QUEUED: "QUEUED",
    State.RUNNING: "RUNNING",
    State.SUCCEEDED: "COMPLETED",
    State.FAILED: "FAILED",
    State.CANCELLED: "CANCELLED",
}
STATE: dict[TaskStatus, State] = {
    **{word: state for state, word in STATUS.items()},
    "RESOURCES_UNAVAILABLE": State.FAILED,
    "UNKNOWN": State.FAILED,
    "DENIED": State.FAILED,
}


class ArrayTask(Wire, frozen=True, kw_only=True):
    """A task: what ran, for whom, and how it went. `duration` is in nanoseconds; nothing costs anything."""

    id: str
    name: str | None = None
    username: str
    namespace: str
    status: TaskStatus
    status_message: str | None = None
    type: TaskType
    start_time: datetime
    finish_time: datetime | None = None
    duration: float
    cost: float
    egress_cost: float
    access_cost: float
    sql_query: str | None = None
    sql_init_commands: list[str] | None = None
    sql_parameters: list[Any] | None = None
    udf_code: str | None = None
    udf_language: str | None = None
    logs: str
    result_format: ResultFormat | None = None
    task_graph_uuid: str | None = None
    client_node_uuid: str | None = None


def shown(task: Task) -> ArrayTask:
    """A task on this wire."""
    detail, of_sql = task.detail, task.detail.query is not None
    return ArrayTask(
        id=task.uid,
        name=task.name,
        username=task.username,
        namespace=task.namespace,
        status=STATUS[task.state],
        status_message=task.error,
        type=task.type.value,
        start_time=task.started_at,
        finish_time=task.finished_at,
        duration=round(task.total_ms * 1e6),
        cost=0,
        egress_cost=0,
        access_cost=0,
        sql_query=detail.query,
        sql_init_commands=detail.init_commands if of_sql else None,
        sql_parameters=detail.parameters if of_sql else None,
        udf_code=detail.udf_code,
        udf_language=detail.udf_language,
        logs=task.stdout + task.stderr,
        result_format=task.result_format,  # pyright: ignore[reportArgumentType] - one of the words that were taken
        task_graph_uuid=task.graph_uid,
        client_node_uuid=task.node_uid,
    )
