"""The rows of tasks: written when one begins, and when it has ended."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from headrace.db import tasks as queries
from headrace.errors import Conflict
from headrace.model.result import Answer, Outcome
from headrace.model.run import State
from headrace.model.task import Task
from headrace.services import arrays
from headrace.services.call import Call, Platform
from headrace.services.calls import STATUS

if TYPE_CHECKING:
    from headrace.services.tasks import Wanted

_canonical = msgspec.json.Encoder(order="deterministic").encode


def begin(call: Call, wanted: "Wanted", uid: str, state: State, server: str) -> None:
    """Write down a task that is queued or begins now. Raises Conflict where there is one of that uid."""
    task = Task(
        uid=uid,
        state=state,
        type=wanted.type,
        name=wanted.name,
        namespace=wanted.namespace,
        owner_id=call.user.id,
        username=call.user.username,
        started_at=datetime.now(UTC),
        finished_at=None,
        error=None,
        error_class=None,
        total_ms=0,
        user_ms=0,
        size=0,
        detail=wanted.detail,
        arrays=list(wanted.arrays),
        result_format=wanted.result_format,
        graph_uid=wanted.graph_uid,
        node_uid=wanted.node_uid,
    )
    with call.platform.db.begin() as connection:
        if queries.find(connection, uid) is not None:
            raise Conflict(f"There is a task {uid} already.")
        queries.insert(connection, task, code_hash=hash_of(wanted), server=server)


def end(call: Call, uid: str, wanted: "Wanted", answer: Answer, size: int, total_ms: float) -> None:
    """Write down how a task ended, where nobody has, and what it printed. `size` is that of the answer's body."""
    good, problem, timing = answer.outcome is Outcome.OK, answer.problem, answer.timing
    state = State.SUCCEEDED if good else State.CANCELLED if answer.outcome is Outcome.CANCELLED else State.FAILED
    with call.platform.db.begin() as connection:
        queries.update(
            connection,
            uid,
            state=state.value,
            status=STATUS[answer.outcome],
            format=answer.format or wanted.result_format,
            size=size,
            finished_at=datetime.now(UTC),
            queue_ms=timing.queue,
            start_ms=timing.start,
            import_ms=timing.load,
            user_ms=timing.user,
            encode_ms=timing.encode,
            total_ms=total_ms,
            error_class=problem.kind if problem else None,
            error=queries.clean(problem.message[: queries.LONGEST]) if problem else None,
        )
        queries.add_output(connection, uid, answer.stdout, answer.stderr)
        if good and wanted.arrays:
            arrays.note_task(connection, call, uid, wanted.type, wanted.detail, wanted.arrays)
        if wanted.keeps and good:
            days = call.platform.settings.task_result_days
            queries.keep(connection, uid, datetime.now(UTC) + timedelta(days=days))


def update(platform: Platform, uid: str, **values: object) -> None:
    """Say something else of a task that has not ended."""
    with platform.db.begin() as connection:
        queries.update(connection, uid, **values)


def hash_of(wanted: "Wanted") -> str:
    """What tells two tasks of one node apart: what runs, and on what."""
    parts = (wanted.program, wanted.arguments, wanted.formats, wanted.result_format)
    return sha256(_canonical(parts)).hexdigest()
