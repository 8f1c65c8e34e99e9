"""The history of runs, as far as the caller may see it."""

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from headrace.db import runs as queries
from headrace.db import tasks
from headrace.db.tables import runs
from headrace.errors import Conflict, Invalid, NotFound
from headrace.model.object import Level, Noun
from headrace.model.page import Page, Slice
from headrace.model.run import Entry, Log, Run, State
from headrace.services import objects
from headrace.services.call import Call

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection


def list_runs(
    call: Call,
    page: Page,
    *,
    state: str | None = None,
    udf: str | None = None,
    door: str | None = None,
    cache: str | None = None,
    since: datetime | None = None,
    parent: str | None = None,
) -> Slice[Run]:
    """A page of the runs that the caller may see; an administrator sees all. The newest come first."""
    matches: list[ColumnElement[bool]] = []
    if state is not None:
        if state not in set(State):  # a text is not looked up in an enumeration before Python 3.12
            raise Invalid(f"{state!r} is no state of a run; they are {', '.join(State)}.")
        matches.append(queries.in_state(State(state)))
    if udf is not None:
        matches.append(queries.of_udf(udf))
    if since is not None:
        matches.append(runs.c.started_at >= since)
    for column, value in ((runs.c.door, door), (runs.c.cache, cache)):
        if value is not None:
            matches.append(column == value)
    whose = None if call.user.admin else call.user.id
    with call.platform.db.read() as connection:
        if parent is not None:
            return queries.list_called(connection, parent, whose, matches, page)
        return queries.list_runs(connection, whose, matches, page)


def get_run(call: Call, uid: str) -> Run:
    """One run with its output. Raises NotFound."""
    seen = [] if call.user.admin else [queries.visible_to(call.user.id)]
    with call.platform.db.read() as connection:
        run = queries.find_run(connection, uid, *seen)
    if run is None:
        raise NotFound("There is no such run that you may see; a run is written down a moment after its answer.")
    return run


async def cancel_run(call: Call, uid: str) -> Run:
    """End a run that the caller may see, and give it as it is then; what was cancelled already stays so.

    Raises NotFound, and Conflict for one that ended otherwise.
    """
    run = await asyncio.to_thread(get_run, call, uid)
    if not run.state.final:
        reason = f"The task was cancelled by {call.user.username}."
        await call.platform.stops.cancel(uid, reason)
        run = await asyncio.to_thread(_cancelled, call, uid, reason)
    if run.state is not State.CANCELLED:
        raise Conflict(f"This run ended before it could be cancelled: it has {run.state}.")
    return run


def _cancelled(call: Call, uid: str, reason: str) -> Run:
    """A run that is not this server's to end: its row says that it is cancelled, and the one that has it ends it."""
    values = {"state": State.CANCELLED.value, "finished_at": datetime.now(UTC), "status": 499}
    if not get_run(call, uid).state.final:
        with call.platform.db.begin() as connection:
            tasks.update(connection, uid, error=reason, error_class="Cancelled", **values)
    return get_run(call, uid)


def list_of_job(call: Call, noun: Noun, job_id: int, page: Page) -> Slice[Entry]:
    """A page of the history of a job that the caller may see. Raises NotFound where they may not see the job.

    Who sees a udf sees the runs under their environment, and those they called: each call is a run.
    """
    with call.platform.db.read() as connection:
        objects.require(connection, call, noun, job_id)
        return queries.list_of_job(connection, job_id, [queries.seen_in_job(job_id, call.user.id)], page)


def get_of_job(call: Call, noun: Noun, job_id: int, run_id: int) -> Entry:
    """One run of a job. Raises NotFound."""
    with call.platform.db.read() as connection:
        return _of_job(connection, call, noun, job_id, run_id)


def list_logs(call: Call, noun: Noun, job_id: int, run_id: int) -> list[Log]:
    """The lines that a run printed, its output before its errors. Raises NotFound."""
    with call.platform.db.read() as connection:
        run = _of_job(connection, call, noun, job_id, run_id)
        stdout, stderr = queries.find_output(connection, run.uid)
    lines = [("info", text) for text in stdout.splitlines()] + [("error", text) for text in stderr.splitlines()]
    return [
        Log(id=number, created_at=run.finished_at or run.started_at, level=level, message=text)
        for number, (level, text) in enumerate(lines, 1)
    ]


def check_starting(call: Call, noun: Noun, job_id: int) -> None:
    """Whether the caller may run a job. Raises NotFound and Forbidden."""
    with call.platform.db.read() as connection:
        objects.require(connection, call, noun, job_id, Level.WRITE)


def _of_job(connection: "Connection", call: Call, noun: Noun, job_id: int, run_id: int) -> Entry:
    objects.require(connection, call, noun, job_id)
    run = queries.find_of_job(connection, job_id, run_id, queries.seen_in_job(job_id, call.user.id))
    if run is None:
        raise NotFound(f"The {noun.word} {job_id} has no run {run_id} that you may see.")
    return run
