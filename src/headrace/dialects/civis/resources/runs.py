"""Runs: every call of a function, how it went, and where its time went."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from headrace.api.resource import Resource
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import Uid
from headrace.model import run
from headrace.model.page import Page, Slice
from headrace.services import runs
from headrace.services.call import Call

State = Literal["queued", "running", "succeeded", "failed", "cancelled"]
Door = Literal["body", "saved", "token", "tile", "task"]


class ByTime(Page, frozen=True, kw_only=True):
    """A page of runs."""

    order: Annotated[Literal["id", "started_at"], Meta(description="The field to order by.")] = "id"  # type: ignore[assignment]


class Timing(Wire, frozen=True, kw_only=True):
    """Where the time of a run went, in milliseconds. What was served from the cache took only its total."""

    queue: Annotated[float, Meta(description="Waiting for a worker.")]
    fork: Annotated[float, Meta(description="Starting a fenced worker, where none was warm.")]
    load: Annotated[float, Meta(description="Compiling the code and importing what it imports.")]
    user: Annotated[float, Meta(description="Inside the function.")]
    encode: Annotated[float, Meta(description="From the value to the bytes of the format.")]
    total: Annotated[float, Meta(description="From the request to the answer.")]


class Run(Wire, frozen=True, kw_only=True):
    """One call of a function."""

    uid: str
    state: State
    udf_id: int | None
    udf_name: str | None
    version: int | None
    code_hash: str
    owner_id: int
    caller_id: int | None
    token_id: int | None
    parent_uid: Annotated[str | None, Meta(description="The run whose code made this call.")]
    door: Annotated[str, Meta(description="How it came in: by its code, its saved name, a token, as a tile or a task.")]
    format: str | None
    cache: Annotated[Literal["hit", "miss", "off"], Meta(description="Whether a kept result was served.")]
    status: Annotated[int, Meta(description="The HTTP status of the answer.")]
    size: Annotated[int, Meta(description="Bytes of the answer.")]
    started_at: datetime
    finished_at: datetime | None
    timing: Timing
    error: str | None
    error_class: str | None


class RunDetail(Run, frozen=True, kw_only=True):
    """One call of a function, with what it printed."""

    stdout: str
    stderr: str


class RunCancelled(Wire, frozen=True, kw_only=True):
    """A run that was cancelled."""

    uid: str
    state: State
    is_cancel_requested: bool


class Line(Wire, frozen=True, kw_only=True):
    """A line that a run printed."""

    id: int
    created_at: datetime
    level: Literal["info", "error"]
    message: str


resource = Resource("/runs", Run)


@resource.get()
def list_runs(
    call: Call,
    page: ByTime,
    state: Annotated[State | None, Meta(description="Return runs in this state.")] = None,
    udf: Annotated[str | None, Meta(description="Return runs of the udf with this UUID.")] = None,
    door: Annotated[Door | None, Meta(description="Return runs that came in this way.")] = None,
    cache: Annotated[Literal["hit", "miss", "off"] | None, Meta(description="Return runs of this verdict.")] = None,
    since: Annotated[datetime, Meta(tz=True, description="Return runs that started then or later.")] | None = None,
    parent: Annotated[
        str | None, Meta(description="Return runs that the code of the run with this UID called.")
    ] = None,
) -> Slice[Run]:
    """List runs: those under one's environment and those one called, the newest first."""
    found = runs.list_runs(call, page, state=state, udf=udf, door=door, cache=cache, since=since, parent=parent)
    return Slice([Run(**_shown(one)) for one in found.items], found.total)


@resource.get("/{uid}")
def get_run(call: Call, uid: Uid) -> RunDetail:
    """Get a run with what it printed."""
    found = runs.get_run(call, uid)
    return RunDetail(**_shown(found), stdout=found.stdout, stderr=found.stderr)


@resource.post("/{uid}/cancel", status=202)
async def cancel_run(call: Call, uid: Uid) -> RunCancelled:
    """Cancel a run that is queued or under way: it is ended now, and whoever waits for it is told so.

    Its owner cancels it, whoever called it, and an administrator. One that was cancelled already is answered in the
    same way; one that has ended otherwise is refused with 409. A call of a udf - by its
    code, its saved name, a token or as a tile - has no run before it ends; a function that was sent as a task has one.
    """
    found = await runs.cancel_run(call, uid)
    return RunCancelled(uid=found.uid, state=found.state.value, is_cancel_requested=True)


@resource.get("/{uid}/logs")
def list_logs(
    call: Call,
    uid: Uid,
    last_id: Annotated[int, Meta(ge=0, le=1 << 31, description="Return lines after the one with this ID.")] = 0,
    limit: Annotated[int, Meta(ge=1, le=10_000, description="Number of lines to return.")] = 1000,
) -> list[Line]:
    """Get the lines that a run printed, its output before its errors."""
    found = runs.get_run(call, uid)
    lines = [("info", text) for text in found.stdout.splitlines()]
    lines += [("error", text) for text in found.stderr.splitlines()]
    return [
        Line(id=number, created_at=found.finished_at or found.started_at, level=level, message=text)  # type: ignore[arg-type]
        for number, (level, text) in list(enumerate(lines, 1))[last_id:][:limit]
    ]


def _shown(one: run.Run) -> dict[str, Any]:
    return {
        "uid": one.uid,
        "state": one.state.value,
        "udf_id": one.job_id,
        "udf_name": one.job_name,
        "version": one.version,
        "code_hash": one.code_hash,
        "owner_id": one.owner_id,
        "caller_id": one.caller_id,
        "token_id": one.token_id,
        "parent_uid": one.parent_uid,
        "door": one.door,
        "format": one.format,
        "cache": str(one.cache),
        "status": one.status,
        "size": one.size,
        "started_at": one.started_at,
        "finished_at": one.finished_at,
        "timing": Timing(
            queue=one.queue_ms,
            fork=one.start_ms,
            load=one.import_ms,
            user=one.user_ms,
            encode=one.encode_ms,
            total=one.total_ms,
        ),
        "error": one.error,
        "error_class": one.error_class,
    }
