"""How a call's answer looks on this protocol's wire (Fused protocol notes 4.4)."""

import re

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from headrace.api import content
from headrace.formats import FORMATS
from headrace.model.result import Answer, Outcome
from headrace.model.run import Cache
from headrace.services.calls import Answered

METADATA_BYTES = 7_600  # async clients stop at about 8 KB a header
JSON = "application/json"  # bare: a charset makes clients read it as Parquet

ERROR_TYPES = {Outcome.TIMEOUT: "timeout_error", Outcome.UNSERIALIZABLE: "serialization_error"}

# What no browser runs, of what our formats write. Anything else gets an origin of its own, and is not guessed at: a
# result's script must not act on this server as its reader.
INERT = frozenset(known.media_type for known in (FORMATS[name] for name in FORMATS.names) if not known.scripted)
FENCED = {"Content-Security-Policy": "sandbox allow-scripts allow-popups", "X-Content-Type-Options": "nosniff"}

# User code shares a process with what names the type, so the name is checked on this side of the fence.
MEDIA_TYPE = re.compile(
    r"""[\w!#$&^.+-]{1,80}/[\w!#$&^.+-]{1,80}(; ?[\w.-]{1,40}=([\w.:-]{1,80}|"[\w .:/-]{0,80}"))*""", re.ASCII
)
UNNAMED = "application/octet-stream"

# What a format may say of a result beside its bytes. User code shares a process with formats, so nothing else passes.
PASSED_ON = frozenset({"Headrace-Dropped"})
HEADER_CHARACTERS = 200

_encode = msgspec.json.Encoder().encode


async def respond(request: Request, answered: Answered) -> Response:
    """The response to a call that was answered, well or not."""
    answer = answered.answer
    headers = {
        "Headrace-Run-Id": answered.uid,
        "Headrace-Cache": answered.cache.value,
        "Server-Timing": _server_timing(answered),
    }
    if answered.cache is Cache.HIT:
        headers["x-fused-cached"] = "true"
        headers["Age"] = str(int(answered.age))
    if answer.stdout or answer.stderr or answer.problem:
        headers["x-fused-metadata"] = metadata(answer)
    if answer.outcome is not Outcome.OK:
        return _failure(answered.status, answer, headers)
    headers.update((name, _plain(value)) for name, value in answer.headers if name in PASSED_ON)
    media_type = answer.media_type or JSON
    if media_type not in INERT:
        headers.update(FENCED)
        if not MEDIA_TYPE.fullmatch(media_type):
            media_type = UNNAMED
    if answered.stream is not None:
        pieces = answered.stream.growing.pieces()
        return content.pour(request, pieces, answered.stream.leave, media_type, headers)
    return await content.deliver(request, answer.body, media_type, headers, answered.etag)


def metadata(answer: Answer) -> str:
    """Output and error of a run as one line of ASCII JSON, short enough for a header; the output's end is kept."""
    problem = answer.problem
    message = _message(problem.kind, problem.message) if problem else None
    room = METADATA_BYTES
    while True:
        text = _ascii(
            {
                "stdout": _end(answer.stdout, room),
                "stderr": _end(answer.stderr, room // 2) or None,
                "has_exception": problem is not None,
                "exception_class": problem.kind[:200] if problem else None,
                "lineno": problem.lineno if problem else None,
                "errormsg": message and message[: room // 2],
                "exception": None,
                "error_type": ERROR_TYPES.get(answer.outcome, "runtime_error") if problem else None,
                "chunkinfo": "0/0",
            }
        )
        # An escaped character takes six or twelve bytes of the line, so one cut may not be enough.
        if len(text) <= METADATA_BYTES:
            return text
        room = room * 3 // 4


def _end(text: str, room: int) -> str:
    return text if len(text) <= room else f"[...] {text[-room:]}"


def _ascii(fields: dict[str, object]) -> str:
    text = _encode(fields).decode()
    return text if text.isascii() else "".join(c if c.isascii() else _escape(c) for c in text)


def _escape(character: str) -> str:
    utf16 = character.encode("utf-16-be")
    return "".join(f"\\u{utf16[i]:02x}{utf16[i + 1]:02x}" for i in range(0, len(utf16), 2))


def _message(kind: str, message: str) -> str:
    return f"{kind}: {message}" if message else kind


def _failure(status: int, answer: Answer, headers: dict[str, str]) -> Response:
    assert answer.problem is not None
    detail = _message(answer.problem.kind, answer.problem.message)
    headers["x-fused-error"] = _plain(detail, 500)
    headers["Content-Type"] = JSON
    return Response(_encode({"detail": detail}), status, headers)


def _plain(text: str, most: int = HEADER_CHARACTERS) -> str:
    return "".join(c if " " <= c <= "~" else "?" for c in text[:most])


def _server_timing(answered: Answered) -> str:
    if answered.cache is Cache.HIT:
        return f"cache;desc=hit, total;dur={answered.total_ms:.2f}"
    t = answered.answer.timing
    return (
        f"queue;dur={t.queue:.2f}, fork;dur={t.start:.2f}, import;dur={t.load:.2f}, user;dur={t.user:.2f}, "
        f"encode;dur={t.encode:.2f}, total;dur={answered.total_ms:.2f}"
    )
