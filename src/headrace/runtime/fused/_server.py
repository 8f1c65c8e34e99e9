"""Asking the server: over the worker's line, as the owner of the environment that the code runs in."""

from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from headrace import errors
from headrace.errors import HeadraceError, Unavailable
from headrace.runtime.line import Line, Response

RAISED: dict[int, type[HeadraceError]] = {
    kind.status: kind
    for kind in (
        errors.Invalid,
        errors.Malformed,
        errors.Unauthenticated,
        errors.Forbidden,
        errors.NotFound,
        errors.Conflict,
        errors.TooLarge,
        errors.Busy,
        errors.NotServed,
        errors.Unavailable,
    )
}

_line: Line | None = None


def connect(line: Line) -> None:
    """Ask over this line from now on."""
    global _line  # noqa: PLW0603 - a worker has one line, as it has one process
    _line = line


def line() -> Line:
    """The line to the server. Raises Unavailable outside of a worker."""
    if _line is None:
        raise Unavailable("There is no server to ask: this code runs outside of a worker.")
    return _line


def ask(
    method: str,
    path: str,
    *,
    query: dict[str, Any] | None = None,
    json: Any = None,  # noqa: ANN401 - whatever JSON holds
    body: bytes = b"",
    headers: dict[str, str] | None = None,
) -> Response:
    """The server's answer, whatever its status. What is None in `query` is left out."""
    given = {name: value for name, value in (query or {}).items() if value is not None}
    if json is not None:
        body, headers = msgspec.json.encode(json), {"content-type": "application/json", **(headers or {})}
    return line().ask(method, path, query=urlencode(given, doseq=True), headers=headers, body=body)


def get(method: str, path: str, **parts: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """What the server answers, read as JSON; None for an empty answer. Raises the error that it answers with."""
    came = checked(ask(method, path, **parts))
    return msgspec.json.decode(came.body) if came.body else None


def checked(came: Response) -> Response:
    """The answer, if it is one. Raises the error that the server answered with, as a sentence."""
    if came.status < 400:
        return came
    try:
        detail = msgspec.json.decode(came.body)["detail"]
    except (ValueError, KeyError, TypeError):
        detail = bytes(came.body[:500]).decode("utf-8", "replace")
    kind = RAISED.get(came.status, HeadraceError)
    raise kind(detail if isinstance(detail, str) else str(detail))


def segment(text: str) -> str:
    """Text as one segment of a path."""
    return quote(text, safe="")
