"""Tasks on this wire: one, its result, and lists of them (TileDB protocol notes 2.2 to 2.4)."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any, Literal

import anyio.to_thread
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from headrace.api import content
from headrace.api.operation import Operation, describe
from headrace.api.presence import while_connected
from headrace.dialects.tiledb.answer import FORMATS, TASK_ID, TYPES, UNGUESSED
from headrace.dialects.tiledb.codec import Wire
from headrace.dialects.tiledb.pages import PageNumber, PaginationMetadata, PerPage, ordered, paged
from headrace.errors import Invalid, NotFound
from headrace.model.page import Page
from headrace.model.run import State
from headrace.model.task import Filter, Task, Type
from headrace.services import arrays, task_lists
from headrace.services.arrays import Shelf, Wanted
from headrace.services.call import Call
from headrace.services.tasks import Tasks

Status = Literal["QUEUED", "FAILED", "COMPLETED", "RUNNING", "RESOURCES_UNAVAILABLE", "UNKNOWN", "CANCELLED", "DENIED"]
STATES: dict[State, Status] = {
    State.QUEUED: "QUEUED",
    State.RUNNING: "RUNNING",
    State.SUCCEEDED: "COMPLETED",
    State.FAILED: "FAILED",
    State.CANCELLED: "CANCELLED",
}
WORDS = {word: state for state, word in STATES.items()}
NANOSECONDS = 1_000_000  # in a millisecond
PATIENCE = 20.0  # seconds: clients take 202 for an answer that they cannot read, and do not ask again
LATEST = (1 << 33) - 1  # seconds since 1970, in the year 2242
RECENT = timedelta(days=7)
MOST_ARRAYS = 200  # of a type of files, that tasks are looked for by
ORDERS = {"start_time": "started_at", "name": "name"}

Seconds = Annotated[int, Meta(ge=0, le=LATEST, description="Seconds since 1970.")]


class TaskArray(Wire, frozen=True, kw_only=True):
    """An array that a task ran on."""

    namespace: str
    name: str
    tiledb_uri: str


class ArrayTask(Wire, frozen=True, kw_only=True):
    """A task: a statement or a function that ran."""

    id: str
    name: str | None = None
    username: str
    array_metadata: TaskArray | None = None
    namespace: str
    status: Status
    status_message: str | None = None
    start_time: datetime
    finish_time: datetime | None = None
    cost: float
    egress_cost: float
    access_cost: float
    udf_code: str | None = None
    udf_language: str | None = None
    sql_query: str | None = None
    type: Type
    logs: str
    duration: Annotated[float, Meta(description="Nanoseconds.")]
    sql_init_commands: list[str] | None = None
    sql_parameters: list[Any] | None = None
    result_format: str | None = None
    task_graph_uuid: str | None = None
    client_node_uuid: str | None = None


class ArrayTaskData(Wire, frozen=True, kw_only=True):
    """A page of tasks."""

    array_tasks: list[ArrayTask]
    pagination_metadata: PaginationMetadata


class ArrayTaskBrowserSidebar(Wire, frozen=True, kw_only=True):
    """How many tasks there are, by namespace."""

    organizations: list[str]
    result_count_for_all: int
    result_count_by_namespace: dict[str, int]


class TaskRoutes:
    """The routes, over the tasks of a server."""

    def __init__(self, running: Tasks) -> None:
        self._tasks = running

    def operations(self) -> list[Operation]:
        """All routes of tasks."""
        tags = ("tasks",)
        types = tuple(TYPES.values())
        return [
            describe("GET", "/v1/task/{id}", get_task, tags=tags),
            describe(
                "GET", "/v1/task/{id}/result", self.get_result, raw=True, media_types=types, statuses=(202,), tags=tags
            ),
            describe("GET", "/v1/tasks", list_tasks, name="list_tasks", tags=tags),
            describe("GET", "/v1/tasks/sidebar", count_tasks, name="count_tasks", tags=tags),
        ]

    async def get_result(self, call: Call, request: Request, id: str) -> Response:
        """The kept result of a task, as it was written; 202 while the task still runs."""
        task = await anyio.to_thread.run_sync(task_lists.get_task, call, id)
        if not task.state.final:
            await while_connected(request, self._tasks.wait(id, PATIENCE))
            task = await anyio.to_thread.run_sync(task_lists.get_task, call, id)
        headers = {TASK_ID: task.uid}
        if not task.state.final:
            return content.Whole(b"", 202, headers)
        if task.state is not State.SUCCEEDED and task.kept_until is None:
            raise NotFound(f"The task {id} ended as {STATES[task.state]} and has no result: {task.error}")
        stored = await anyio.to_thread.run_sync(partial(self._tasks.result, call, id))
        media_type = stored.media_type if stored.media_type in TYPES.values() else TYPES["bytes"]
        return await content.deliver(request, stored.body, media_type, headers | UNGUESSED, stored.etag)


def get_task(call: Call, id: str) -> ArrayTask:
    """A task that the caller may see, with what it printed."""
    return shown(task_lists.get_task(call, id))


def list_tasks(
    call: Call,
    namespace: str | None = None,
    created_by: str | None = None,
    array: str | None = None,
    start: Seconds | None = None,
    end: Seconds | None = None,
    page: PageNumber = 1,
    per_page: PerPage = 10,
    type: str | None = None,
    exclude_type: str | None = None,
    file_type: list[str] | None = None,
    exclude_file_type: list[str] | None = None,
    status: str | None = None,
    search: str | None = None,
    orderby: str | None = None,
) -> ArrayTaskData:
    """The tasks that the caller may see: their own and those of their organizations, the newest first.

    `end` counts only beside `start`: clients send by themselves the moment at which they were imported. `array` is a
    URI or a name; `exclude_type` holds several types with commas between. `file_type` are those of the arrays that
    tasks ran on.
    """
    one = ordered(page, per_page, orderby, ORDERS)
    wanted = Filter(
        namespace=namespace,
        created_by=created_by,
        array=array,
        some_of=_arrays(call, file_type) if file_type else None,
        none_of=_arrays(call, exclude_file_type) if exclude_file_type else (),
        since=None if start is None else _moment(start),
        until=None if end is None or start is None else _moment(end),
        types=_types("type", type),
        but_types=_types("exclude_type", exclude_type),
        state=None if status is None else _state(status),
        search=search,
        order="name" if one.order == "name" else "start_time",
        descending=one.order_dir == "desc",
    )
    found = task_lists.list_tasks(call, wanted, one)
    return ArrayTaskData(
        array_tasks=[shown(task) for task in found.items], pagination_metadata=paged(page, per_page, found.total)
    )


def count_tasks(call: Call, start: Seconds | None = None, end: Seconds | None = None) -> ArrayTaskBrowserSidebar:
    """How many tasks of the last seven days, or of the time between, the caller may see, by namespace."""
    since = datetime.now(UTC) - RECENT if start is None else _moment(start)
    counts = task_lists.count_by_namespace(call, Filter(since=since, until=None if end is None else _moment(end)))
    return ArrayTaskBrowserSidebar(
        organizations=[name for name in counts if name != call.user.username],
        result_count_for_all=sum(counts.values()),
        result_count_by_namespace=counts,
    )


def shown(task: Task) -> ArrayTask:
    """A task as this wire has it."""
    detail = task.detail
    passed = task.total_ms if task.state.final else (datetime.now(UTC) - task.started_at).total_seconds() * 1000
    return ArrayTask(
        id=task.uid,
        name=task.name,
        username=task.username,
        array_metadata=_array(task.arrays[0]) if task.arrays else None,
        namespace=task.namespace,
        status=STATES[task.state],
        status_message=task.error,
        start_time=task.started_at,
        finish_time=task.finished_at,
        cost=0,
        egress_cost=0,
        access_cost=0,
        udf_code=detail.udf_code,
        udf_language=detail.udf_language,
        sql_query=detail.query,
        type=task.type,
        logs=task.stdout + task.stderr,
        duration=round(passed * NANOSECONDS),
        sql_init_commands=detail.init_commands or None,
        sql_parameters=detail.parameters or None,
        # Of the files that our own commands ask for, clients know no word.
        result_format=task.result_format if task.result_format in FORMATS else None,
        task_graph_uuid=task.graph_uid,
        client_node_uuid=task.node_uid,
    )


def _array(uri: str) -> TaskArray:
    namespace, _, name = uri.partition("://")[2].partition("/")
    return TaskArray(namespace=namespace, name=name, tiledb_uri=uri)


def _arrays(call: Call, file_types: list[str]) -> tuple[str, ...]:
    found = arrays.browse(call, Shelf.ALL, Wanted(file_types=file_types), Page(limit=MOST_ARRAYS))
    return tuple(one.array.uri for one in found.items)


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _types(name: str, text: str | None) -> tuple[Type, ...]:
    words = [word.strip() for word in (text or "").split(",") if word.strip()]
    if unknown := [word for word in words if word not in set(Type)]:
        raise Invalid(f"`{name}` wants some of {', '.join(Type)}; {unknown[0][:40]!r} is none of them.")
    return tuple(Type(word) for word in words)


def _state(word: str) -> State:
    if (state := WORDS.get(word)) is None:  # type: ignore[call-overload]
        raise Invalid(f"`status` wants one of {', '.join(WORDS)}.")
    return state
