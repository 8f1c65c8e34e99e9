"""From a request's path to the operation that answers it: a trie over path segments.

    /api ─ users ─┬─ me            GET
                  └─ {} ─┬─        GET PATCH
                         └─ api_keys ─┬─     GET POST
                                      └─ {}  GET DELETE

The cost of a match depends on the depth of a path and not on the number of operations. The path is split before it is
decoded, so an encoded slash stays inside its segment; empty segments do not count, so `/x`, `/x/` and `//x` are one.
A literal segment wins over a parameter, and the parameter is tried where the literal leads nowhere.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from headrace.api import faults
from headrace.api.codec import Codec, PlainJson
from headrace.api.endpoint import Handler, Rim, endpoint
from headrace.api.operation import Operation
from headrace.api.parameters import unquote_segment
from headrace.errors import HeadraceError, Malformed, MethodNotAllowed, NotFound

Lifespan = Callable[[], AbstractAsyncContextManager[None]]

# `*` stands for all in browsers since 2022; the names are for those before.
EXPOSED = (
    "*, ETag, Age, Retry-After, Server-Timing, WWW-Authenticate, Content-Disposition, Content-Range, Accept-Ranges, "
    "Headrace-Run-Id, Headrace-Cache, Headrace-Dropped, x-fused-metadata, x-fused-error, x-fused-cached, "
    "X-Pagination-Current-Page, X-Pagination-Per-Page, X-Pagination-Total-Pages, X-Pagination-Total-Entries"
)
CORS = [(b"access-control-allow-origin", b"*"), (b"access-control-expose-headers", EXPOSED.encode())]
PREFLIGHT_SECONDS = "86400"
MOST_KNOWN = 4096  # paths whose answerer is remembered,
LONGEST_KNOWN = 256  # of at most so many bytes


@dataclass(frozen=True, slots=True)
class Mount:
    """Operations under one prefix, in the wire of one dialect."""

    prefix: str
    operations: Sequence[Operation]
    codec: Codec


class Node:
    """A place in the trie: what may follow, and who answers there."""

    __slots__ = ("handlers", "literals", "parameter")

    def __init__(self) -> None:
        self.literals: dict[str, Node] = {}
        self.parameter: Node | None = None
        self.handlers: dict[str, Handler] = {}


class Router:
    """The ASGI application of a server: operations, and the answers 404, 405, HEAD, OPTIONS and CORS around them."""

    def __init__(self, mounts: Iterable[Mount], rim: Rim, *, lifespan: Lifespan = nullcontext) -> None:
        self._root = Node()
        self._lifespan = lifespan
        self._codecs: list[tuple[list[str], Codec]] = []
        self._known: dict[tuple[str, bytes], tuple[Handler, list[str]]] = {}  # what was found, for it is asked again
        for mount in mounts:
            self._codecs.append((_segments(mount.prefix), mount.codec))
            for operation in mount.operations:
                self._add(mount.prefix, operation, endpoint(operation, mount.codec, rim))
        self._codecs.sort(key=lambda known: -len(known[0]))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or live through one lifespan (ASGI 3)."""
        if scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["type"] == "lifespan":
            await _live(self._lifespan, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1000})

    def match(self, method: str, path: bytes) -> tuple[Handler, list[str]]:
        """Who answers a method at a path, and the decoded segments that parameters matched there.

        HEAD is answered by GET. Raises Malformed, NotFound and MethodNotAllowed.
        """
        if (known := self._known.get((method, path))) is not None:
            return known
        found = self._search(method, path)
        if len(path) <= LONGEST_KNOWN:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[method, path] = found
        return found

    def _search(self, method: str, path: bytes) -> tuple[Handler, list[str]]:
        segments = _decoded(path)
        handlers: dict[str, Handler] = {}
        for node, values in _walk(self._root, segments, 0, []):
            handler = node.handlers.get(method)
            if handler is None and method == "HEAD":
                handler = node.handlers.get("GET")
            if handler is not None:
                return handler, values
            handlers = node.handlers | handlers
        if handlers:
            raise MethodNotAllowed(_allowed(handlers))
        raise NotFound("Nothing is served at this address. `/docs` lists what is.")

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        send = _headless(send) if method == "HEAD" else _with_cors(send)
        path = scope.get("raw_path") or scope["path"].encode()
        try:
            handler, segments = self.match(method, path.partition(b"?")[0])
        except MethodNotAllowed as wrong:
            response = _options(scope, wrong.allowed) if method == "OPTIONS" else self._refuse(path, wrong)
            await response(scope, receive, send)
        except HeadraceError as wrong:
            await self._refuse(path, wrong)(scope, receive, send)
        else:
            await handler(scope, receive, send, segments)

    def _refuse(self, path: bytes, error: HeadraceError) -> Response:
        came = [s.decode("latin-1") for s in path.split(b"/") if s]
        codec = next((codec for prefix, codec in self._codecs if came[: len(prefix)] == prefix), PlainJson())
        return faults.respond(error, codec)

    def _add(self, prefix: str, operation: Operation, handler: Handler) -> None:
        node = self._root
        for segment in _segments(prefix + operation.path):
            if segment.startswith("{"):
                node.parameter = node = node.parameter or Node()
            else:
                node = node.literals.setdefault(segment, Node())
        if operation.method in node.handlers:
            raise ValueError(f"{operation.method} {prefix}{operation.path} is declared twice.")
        node.handlers[operation.method] = handler


def _walk(node: Node, segments: list[str], at: int, values: list[str]) -> Iterator[tuple[Node, list[str]]]:
    """Every place that answers the path, the one with the most literal segments, from the left, first."""
    if at == len(segments):
        if node.handlers:
            yield node, values
        return
    segment = segments[at]
    if (literal := node.literals.get(segment)) is not None:
        yield from _walk(literal, segments, at + 1, values)
    if node.parameter is not None:
        yield from _walk(node.parameter, segments, at + 1, [*values, segment])


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]


def _decoded(path: bytes) -> list[str]:
    if b"%" in path:
        return [unquote_segment(segment) for segment in path.split(b"/") if segment]
    try:
        return [segment for segment in path.decode().split("/") if segment]
    except UnicodeDecodeError as wrong:
        raise Malformed("The path is not UTF-8.") from wrong


def _allowed(handlers: Iterable[str]) -> tuple[str, ...]:
    methods = {*handlers, "OPTIONS"}
    return tuple(sorted(methods | {"HEAD"} if "GET" in methods else methods))


def _options(scope: Scope, allowed: tuple[str, ...]) -> Response:
    methods = ", ".join(allowed)
    headers = {"Allow": methods}
    asked = dict(scope["headers"])
    if b"access-control-request-method" in asked:
        headers["Access-Control-Allow-Methods"] = methods
        headers["Access-Control-Max-Age"] = PREFLIGHT_SECONDS
        headers["Vary"] = "Access-Control-Request-Headers"
        if wanted := asked.get(b"access-control-request-headers"):
            headers["Access-Control-Allow-Headers"] = wanted.decode("latin-1")
    return Response(status_code=204, headers=headers)


def _with_cors(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *CORS]
        await send(message)

    return sending


def _headless(send: Send) -> Send:
    """A `send` for HEAD: the headers that GET has, and no body. What comes after the first piece is not sent at all."""
    start: Message = {}
    ended = False

    async def sending(message: Message) -> None:
        nonlocal start, ended
        if message["type"] == "http.response.start":
            start = message
        elif not ended:
            ended = True
            headers = [*start.get("headers", ()), *CORS]
            if not message.get("more_body") and start["status"] not in {204, 304} and not _sized(headers):
                headers.append((b"content-length", str(len(message.get("body", b""))).encode()))
            await send({**start, "headers": headers})
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return sending


def _sized(headers: list[tuple[bytes, bytes]]) -> bool:
    return any(name == b"content-length" for name, _ in headers)


async def _live(lifespan: Lifespan, receive: Receive, send: Send) -> None:
    await receive()
    try:
        async with lifespan():
            await send({"type": "lifespan.startup.complete"})
            await receive()
    except BaseException as failed:
        await send({"type": "lifespan.startup.failed", "message": str(failed)})
        raise
    await send({"type": "lifespan.shutdown.complete"})
