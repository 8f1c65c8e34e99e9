"""Requests from inside: what the code of a call asks is answered by the same routes, without a connection.

A visit says who asks; it stands in the ASGI scope, where no request that comes over a connection can put anything.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Scope

from headrace.model.access import Principal

VISIT = "headrace.visit"
UNTOLD = ("access-control-", "content-length")  # starts of headers that mean nothing without a connection

Body = bytes | memoryview
Tell = Callable[[int, list[tuple[str, str]], Body, bool], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Visit:
    """Who asks from inside, in which run, and how deep calls are that they make."""

    principal: Principal
    uid: str  # of the run whose code asks
    depth: int  # of the calls that it makes: one more than the call that asks
    recursion: int  # the same, as told to the code; larger where the first call came from a udf elsewhere


def visit_of(scope: Scope) -> Visit | None:
    """The visit that a request is, or None for one over a connection."""
    return scope.get(VISIT)


async def ask(
    app: ASGIApp,
    visit: Visit,
    method: str,
    path: str,
    query: str,
    headers: dict[str, str],
    body: Body,
    tell: Tell,
) -> None:
    """Have the application answer; the answer goes to `tell` as it comes. Cancelling ends what the request began."""
    sent = False
    status, told = 0, [("", "")]

    async def receive() -> Message:
        nonlocal sent
        if sent:
            await asyncio.Event().wait()  # this connection does not end before its request: that is cancelled
        sent = True
        return {"type": "http.request", "body": bytes(body), "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status, told
        if message["type"] == "http.response.start":
            pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in message.get("headers", ())]
            status, told = message["status"], [pair for pair in pairs if not pair[0].lower().startswith(UNTOLD)]
        elif message["type"] == "http.response.body":
            await tell(status, told, message.get("body", b""), message.get("more_body", False))
            status, told = 0, []

    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": (f"inside-{visit.principal.user.id}", 0),  # whoever guesses tokens guesses for that owner alone
        "server": None,
        VISIT: visit,
    }
    await app(scope, receive, send)
