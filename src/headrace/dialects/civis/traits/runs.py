"""The runs of a job: starting, watching and stopping them, their logs and outputs (Civis protocol notes 6.2 and 6.10).

The history that is kept is served. What starts a run, or tells of one from outside, is declared, and checks who asks.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from headrace.api.operation import Headed, Later, Operation
from headrace.api.resource import Resource, Trait
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import Id
from headrace.model.object import Noun
from headrace.model.page import Page, Slice
from headrace.model.run import Entry
from headrace.services import runs as services
from headrace.services.call import Call

State = Literal["queued", "running", "succeeded", "failed", "cancelled"]
LogLevel = Literal["unknown", "fatal", "error", "warn", "info", "debug"]
Words = Annotated[str, Meta(max_length=100_000)]
Instant = Annotated[datetime, Meta(tz=True)]
LineId = Annotated[int, Meta(ge=0, le=1 << 31)]
STARTING = "Jobs are kept, and do not run yet: what runs them comes with a later version of Headrace."
REPORTING = "There are no runs to report on yet: what runs jobs comes with a later version of Headrace."
MOST_LOGS = 10_000


class RunPage(Page, frozen=True, kw_only=True):
    """A page of runs."""

    limit: Annotated[int, Meta(ge=1, le=100, description="Number of results to return.")] = 20
    order: Annotated[Literal["id"], Meta(description="The field on which to order.")] = "id"  # type: ignore[assignment]


class OutputPage(Page, frozen=True, kw_only=True):
    """A page of outputs."""

    limit: Annotated[int, Meta(ge=1, le=50, description="Number of results to return.")] = 50
    order: Annotated[Literal["created_at", "id"], Meta(description="The field on which to order.")] = "created_at"  # type: ignore[assignment]


class JobRun(Wire, frozen=True, kw_only=True):
    """A run, whatever the job is."""

    id: int
    state: State
    created_at: Annotated[datetime | None, Meta(description="The time that the run was queued.")]
    started_at: datetime | None
    finished_at: datetime | None
    error: str | None


class Run(JobRun, frozen=True, kw_only=True):
    """A run of a job of one kind, whose ID each kind has under a name of its own."""

    is_cancel_requested: bool = False


class MeasuredRun(Run, frozen=True, kw_only=True):
    """A run in a container."""

    max_memory_usage: Annotated[float | None, Meta(description="In megabytes.")] = None
    max_cpu_usage: Annotated[float | None, Meta(description="In thousandths of a core.")] = None


class Cancelled(Wire, frozen=True, kw_only=True):
    """A run that is to stop."""

    id: int
    state: State
    is_cancel_requested: bool


class LogLine(Wire, frozen=True, kw_only=True):
    """A line that a run printed."""

    id: int
    created_at: datetime
    message: str
    level: str


class Output(Wire, frozen=True, kw_only=True):
    """An object that a run made."""

    object_type: str
    object_id: int
    name: str
    link: str
    value: Any = None


class OutputGiven(Wire, frozen=True, kw_only=True):
    """An object to list among what a run made."""

    object_type: Annotated[
        Literal["File", "Report", "Table", "Project", "Credential", "JSONValue"], Meta(description="Its type.")
    ]
    object_id: Id


class LogGiven(Wire, frozen=True, kw_only=True):
    """A line to add to a run's log."""

    message: Words
    level: LogLevel = "info"
    created_at: Instant | None = None


class LogsGiven(Wire, frozen=True, kw_only=True):
    """One line, or several, to add to a run's log."""

    message: Annotated[Words | None, Meta(description="The log message to store.")] = None
    level: Annotated[LogLevel | None, Meta(description="The log level of this message.")] = None
    messages: Annotated[list[LogGiven], Meta(max_length=1000, description="Several at once.")] = []
    child_job_id: Annotated[Id | None, Meta(description="The job that the messages are of.")] = None


class Accepted(Wire, frozen=True, kw_only=True):
    """How far a runner outside has come with a run."""

    state: Annotated[State | None, Meta(description="The state of the run.")] = None
    bocce_accepted_at: Instant | None = None
    bocce_started_at: Instant | None = None
    error: Annotated[Words | None, Meta(description="Why the run failed.")] = None


class Failure(Wire, frozen=True, kw_only=True):
    """Why a run failed."""

    error: Annotated[Words | None, Meta(description="The error message to update.")] = None


def runs(noun: Noun, shape: type[JobRun], own: str | None = None, *, started: int = 202) -> Trait:
    """Starting, listing, reading and cancelling; `own` is the field of the shape that holds the job's ID.

    `started` is the status of a start.
    """

    def shown(run: Entry) -> Any:  # noqa: ANN401 - of the noun's shape
        return shape(
            id=run.id,
            state=run.state.value,
            created_at=run.started_at,
            started_at=run.started_at,
            finished_at=run.finished_at,
            error=run.error,
            **({own: run.job_id} if own else {}),
        )

    def start_run(call: Call, id: Id):  # noqa: ANN202 - said below, as it differs by noun
        """Start a run."""
        services.check_starting(call, noun, id)

    def list_runs(call: Call, id: Id, page: RunPage):  # noqa: ANN202
        """List runs, the newest first."""
        found = services.list_of_job(call, noun, id, page)
        return Slice([shown(run) for run in found.items], found.total)

    def get_run(call: Call, id: Id, run_id: Id):  # noqa: ANN202
        """Check the status of a run."""
        return shown(services.get_of_job(call, noun, id, run_id))

    def cancel_run(call: Call, id: Id, run_id: Id) -> Later[Cancelled]:
        """Cancel a run."""
        services.check_starting(call, noun, id)

    start_run.__annotations__["return"] = get_run.__annotations__["return"] = shape
    list_runs.__annotations__["return"] = Slice[shape]  # type: ignore[valid-type]

    def trait(resource: Resource) -> Iterator[Operation]:
        yield resource.operation("POST", "/{id}/runs", start_run, status=started, later=STARTING)
        yield resource.operation("GET", "/{id}/runs", list_runs)
        yield resource.operation("GET", "/{id}/runs/{run_id}", get_run)
        yield resource.operation("DELETE", "/{id}/runs/{run_id}", cancel_run, status=202, later=STARTING)

    return trait


def logs(noun: Noun) -> Trait:
    """What runs printed. Clients follow a log by its headers, and ask on while it may grow (notes 4.6)."""

    def list_run_logs(
        call: Call,
        id: Id,
        run_id: Id,
        last_id: Annotated[
            LineId | None, Meta(description="Only lines after the one with this ID, the oldest first.")
        ] = None,
        limit: Annotated[int, Meta(ge=1, le=MOST_LOGS, description="Number of lines to return.")] = MOST_LOGS,
    ) -> Headed[list[LogLine]]:
        """Get the logs for a run, the newest line first, or the oldest where `last_id` is given."""
        lines = services.list_logs(call, noun, id, run_id)
        # A run that is kept has ended, so its log is complete.
        headers = {"Civis-Max-Id": str(len(lines)), "Civis-Cache-Control": "max-age=60"}
        chosen = lines[::-1][:limit] if last_id is None else lines[last_id:][:limit]
        found = [LogLine(id=one.id, created_at=one.created_at, message=one.message, level=one.level) for one in chosen]
        return Headed(found, headers)

    def trait(resource: Resource) -> Iterator[Operation]:
        yield resource.operation("GET", "/{id}/runs/{run_id}/logs", list_run_logs)

    return trait


def outputs(noun: Noun) -> Trait:
    """What runs made."""

    def list_run_outputs(call: Call, id: Id, run_id: Id, page: OutputPage) -> Slice[Output]:
        """List the outputs for a run."""
        services.get_of_job(call, noun, id, run_id)
        return Slice([], 0)

    def trait(resource: Resource) -> Iterator[Operation]:
        yield resource.operation("GET", "/{id}/runs/{run_id}/outputs", list_run_outputs)

    return trait


def takes_outputs(noun: Noun) -> Trait:
    """Adding to what a run made."""

    def add_run_output(call: Call, id: Id, run_id: Id, body: OutputGiven) -> Later[Output]:
        """Add an output for a run."""
        services.check_starting(call, noun, id)

    def trait(resource: Resource) -> Iterator[Operation]:
        yield resource.operation("POST", "/{id}/runs/{run_id}/outputs", add_run_output, status=202, later=REPORTING)

    return trait


def takes_errors(noun: Noun) -> Trait:
    """Telling from outside why a run failed."""

    def update_run(call: Call, id: Id, run_id: Id, body: Failure) -> None:
        """Update the error of a run."""
        services.check_starting(call, noun, id)

    def trait(resource: Resource) -> Iterator[Operation]:
        yield resource.operation("PATCH", "/{id}/runs/{run_id}", update_run, later=REPORTING)

    return trait


def run_elsewhere(noun: Noun) -> Trait:
    """What a runner outside tells of a run: its state, that it lives, what it prints (notes 6.10)."""

    def update_run(call: Call, id: Id, run_id: Id, body: Accepted) -> None:
        """Update the state of a run."""
        services.check_starting(call, noun, id)

    def beat(call: Call, id: Id, run_id: Id) -> None:
        """Say that a run is alive."""
        services.check_starting(call, noun, id)

    def add_logs(call: Call, id: Id, run_id: Id, body: LogsGiven) -> None:
        """Add lines to the log of a run."""
        services.check_starting(call, noun, id)

    def trait(resource: Resource) -> Iterator[Operation]:
        yield resource.operation("PATCH", "/{id}/runs/{run_id}", update_run, later=REPORTING)
        yield resource.operation("POST", "/{id}/runs/{run_id}/heartbeats", beat, later=REPORTING)
        yield resource.operation("POST", "/{id}/runs/{run_id}/logs", add_logs, later=REPORTING)

    return trait


def cancellable(noun: Noun) -> Trait:
    """Cancelling the run that is under way."""

    def cancel(call: Call, id: Id) -> Later[Cancelled]:
        """Cancel the run that is under way."""
        services.check_starting(call, noun, id)

    def trait(resource: Resource) -> Iterator[Operation]:
        yield resource.operation("POST", "/{id}/cancel", cancel, status=202, later=STARTING)

    return trait
