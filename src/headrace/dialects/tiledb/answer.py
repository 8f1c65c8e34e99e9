"""How what a task gave looks on this wire: its bytes, or what went wrong, under the number of the task."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from headrace.api import content
from headrace.dialects.tiledb.codec import Error
from headrace.model.result import Answer, Outcome
from headrace.runtime.pickled.values import CODECS
from headrace.services.tasks import Done

TASK_ID = "X-TILEDB-CLOUD-TASK-ID"  # the client keeps it of errors too
JSON = "application/json"
BYTES = "application/octet-stream"
# User code shares a process with what names the type, and no browser is to run what it made.
KNOWN = frozenset(codec.media_type for codec in CODECS.values())
GUARDED = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}

_encode = msgspec.json.Encoder().encode


async def respond(request: Request, done: Done, *, download: bool = True) -> Response:
    """The response to a request that ran a task; without the bytes where the client wants to fetch them later."""
    headers = {TASK_ID: done.uid, **GUARDED}
    answer = done.answer
    if answer.outcome is not Outcome.OK:
        return Response(
            _encode(Error(done.status, message_of(answer), done.uid)), done.status, headers, media_type=JSON
        )
    body = answer.body if download else b""
    return await content.deliver(request, body, known(answer.media_type), headers)


def known(media_type: str) -> str:
    """The media type of a result, where it is one that results have."""
    return media_type if media_type in KNOWN else BYTES


def message_of(answer: Answer) -> str:
    """What went wrong, as clients show it: the kind and the sentence, and where in the code it was."""
    problem = answer.problem
    if problem is None:
        return f"The task ended without a result: {answer.outcome.value}."
    said = f"{problem.kind}: {problem.message}" if problem.message else problem.kind
    return f"{said}\n\n{problem.traceback}" if problem.traceback else said
