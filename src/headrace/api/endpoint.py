"""One operation over HTTP: who asks, what they send, the function, what it gave or what went wrong."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from inspect import iscoroutinefunction
from typing import Any

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from headrace.api import faults
from headrace.api.auth import Keys, key_of
from headrace.api.codec import Codec
from headrace.api.operation import Headed, Operation
from headrace.api.parameters import path_reader, query_reader
from headrace.api.presence import ClientGone
from headrace.api.streams import BodyTooLarge, read_body, refuse_body
from headrace.api.visit import visit_of
from headrace.errors import Forbidden, NotServed, Unauthenticated
from headrace.model.access import Principal, admits
from headrace.model.page import Page

Handler = Callable[[Scope, Receive, Send, list[str]], Awaitable[None]]
Answer = Callable[[Scope, Receive, list[str]], Awaitable[Response]]


@dataclass(slots=True, kw_only=True)
class Rim:
    """What every endpoint needs of the server it is part of; `server.py` composes it.

    `make_call` gives what functions take as their first argument, for who asked (None: nobody who is known) and from
    which address of the network.
    `threads` is how many synchronous functions run at once, of use as far as the database has connections.
    """

    keys: Keys
    make_call: Callable[[Principal | None, str | None], Any]
    body_bytes: int = 64 << 20
    body_seconds: float = 30
    threads: int = 16
    _limiter: anyio.CapacityLimiter | None = field(default=None, init=False)

    async def who(self, scope: Scope, *, public: bool) -> Principal | None:
        """Who asks. Raises Unauthenticated where nobody may ask; what is public is answered with any key or none."""
        if (visit := visit_of(scope)) is not None:
            # Code of another author opens what is public as nobody: a token gives it no more than it gives all.
            return None if public and visit.principal.author_id is not None else visit.principal
        try:
            if (key := key_of(scope["headers"])) is not None:
                return await self.keys.principal(key)
        except Unauthenticated:
            if not public:
                raise
            return None
        if not public:
            raise Unauthenticated
        return None

    async def call(self, scope: Scope, operation: Operation) -> Any:  # noqa: ANN401 - whatever `make_call` gives
        """The first argument of the function that answers this request. Raises Unauthenticated, Forbidden."""
        who = await self.who(scope, public=operation.public)
        if who is not None and who.scopes is not None:
            who = _admitted(who, who.scopes, operation)
        return self.make_call(who, client[0] if (client := scope.get("client")) else None)

    async def run(self, function: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever the function gives
        """Run a synchronous function in a thread."""
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(self.threads)
        return await anyio.to_thread.run_sync(function, limiter=self._limiter)


def _admitted(who: Principal, scopes: tuple[str, ...], operation: Operation) -> Principal | None:
    """Who asks by a key that opens less than its owner may; what is public it opens as nobody's. Raises Forbidden."""
    if operation.public:
        return None
    if not admits(scopes, operation.needs):
        wanted = f"this wants {operation.needs}" if operation.needs else "this wants one that opens all that you may"
        raise Forbidden(f"The token is for {', '.join(scopes)}, and {wanted}.")
    return who


def endpoint(operation: Operation, codec: Codec, rim: Rim) -> Handler:
    """The operation as a function of an ASGI request and of the segments that its path parameters matched."""
    answer = _raw(operation, rim) if operation.raw else _declared(operation, codec, rim)

    later = operation.later

    async def handle(scope: Scope, receive: Receive, send: Send, segments: list[str]) -> None:
        try:
            response = await answer(scope, receive, segments)
            if later is not None:
                raise NotServed(later)
        except ClientGone:
            return
        except BodyTooLarge as wrong:
            await refuse_body(faults.respond(wrong, codec), scope, receive, send)
            return
        except Exception as wrong:  # noqa: BLE001 - the rim: whatever went wrong is told as this dialect tells it
            response = faults.respond(wrong, codec)
        await response(scope, receive, send)

    return handle


def _declared(operation: Operation, codec: Codec, rim: Rim) -> Answer:
    read_path, read_query = path_reader(operation), query_reader(operation, codec.argument, strict=codec.strict)
    read = codec.reader(operation.body) if operation.body is not None else None
    write = codec.writer(list[operation.item] if operation.many else operation.returns)  # type: ignore[misc]
    on_the_loop = iscoroutinefunction(operation.function)
    page_name = next((name for name, type_ in operation.gathered if issubclass(type_, Page)), None)
    function, status, body_name = operation.function, operation.status, operation.body_name
    content_type = (b"content-type", b"application/json")

    async def answer(scope: Scope, receive: Receive, segments: list[str]) -> Response:
        call = await rim.call(scope, operation)
        arguments = read_path(segments)
        arguments.update(read_query(scope["query_string"]))
        if read is not None:
            body = await read_body(Request(scope, receive), rim.body_bytes, rim.body_seconds)
            arguments[body_name] = read(body)  # type: ignore[index]
        if on_the_loop:
            value = await function(call, **arguments)
        else:
            value = await rim.run(partial(function, call, **arguments))
        if value is None:
            return Response(status_code=status)
        if isinstance(value, Headed):
            response = Response(write(value.value), status, value.headers)
        elif operation.paged:
            page = arguments[page_name] if page_name else Page()
            response = Response(write(value.items), status, codec.paging(page, value.total))
        else:
            response = Response(write(value), status)
        response.raw_headers.append(content_type)
        return response

    return answer


def _raw(operation: Operation, rim: Rim) -> Answer:
    read_path = path_reader(operation)
    on_the_loop = iscoroutinefunction(operation.function)
    function = operation.function

    async def answer(scope: Scope, receive: Receive, segments: list[str]) -> Response:
        call = await rim.call(scope, operation)
        asked = partial(function, call, Request(scope, receive), **read_path(segments))
        return await asked() if on_the_loop else await rim.run(asked)

    return answer
