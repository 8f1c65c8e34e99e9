"""How what came of a task looks on this wire (TileDB protocol notes 2.1 and 2.5)."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from headrace.api import content
from headrace.dialects.tiledb.codec import Error
from headrace.errors import Invalid
from headrace.model.result import Outcome, Problem
from headrace.services.tasks import Done, pieces_of

TASK_ID = "X-TILEDB-CLOUD-TASK-ID"
NATIVE = "python_pickle"
# What a result may be asked for as, and what a worker writes for it.
FORMATS = {
    "arrow": "arrow",
    "json": "json",
    "native": NATIVE,
    "python_pickle": NATIVE,
    "tiledb_json": "tiledb_json",
    "bytes": "bytes",
}
# Clients read a result by its type, and no browser may run one or guess at it.
TYPES = {
    "arrow": "application/vnd.apache.arrow.stream",
    "json": "application/json",
    NATIVE: "application/vnd.tiledb.python-pickle",
    "tiledb_json": "application/vnd.tiledb.udf-data+json",
    "bytes": "application/octet-stream",
    "arrow_dataframe": "application/vnd.tiledb.arrow-dataframe",
}
UNGUESSED = {"X-Content-Type-Options": "nosniff"}

_encode = msgspec.json.Encoder().encode


def written_as(asked: str | None, otherwise: str) -> str:
    """The format that a worker is to write for a result that was asked for so. Raises Invalid."""
    if (found := FORMATS.get(asked or otherwise)) is None:
        raise Invalid(f"`result_format` wants one of {', '.join(FORMATS)}; {str(asked)[:40]!r} is not written here.")
    return found


async def respond(request: Request, done: Done, *, download: bool = True) -> Response:
    """The response to a request that ran a task: its result, or what went wrong, under the id of the task."""
    answer, headers = done.answer, {TASK_ID: done.uid}
    if answer.outcome is not Outcome.OK:
        assert answer.problem is not None
        body = _encode(Error(done.status, told(answer.problem), done.uid))
        return content.Whole(body, done.status, headers | {"Content-Type": "application/json"})
    media_type = answer.media_type if answer.media_type in TYPES.values() else TYPES["bytes"]
    headers |= UNGUESSED
    if answer.growing is not None:
        return content.pour(request, pieces_of(done), answer.growing.abandon, media_type, headers)
    body = answer.body if download else b""
    return await content.deliver(request, body, media_type, headers)


def told(problem: Problem) -> str:
    """What clients show: the sentence, and of what a function raised the kind and the lines as well."""
    if problem.traceback is None:
        return problem.message or problem.kind
    said = f"{problem.kind}: {problem.message}" if problem.message else problem.kind
    return f"{said}\n\n{problem.traceback}"
