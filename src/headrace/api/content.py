"""Sending bytes: entity tags, ranges, HEAD and compression, for any operation that answers with a body.

RFC 9110 sections 8.4 (content coding), 13 (conditional requests), 14 (ranges).
"""

import re
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, suppress
from typing import Protocol

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from headrace.api import codings
from headrace.api.presence import ClientGone, while_connected
from headrace.model.result import Broken

SMALLEST = 1400  # bytes: what fits one packet is not worth a coding
THREADED = 256 * 1024  # bytes: above this, a coding would hold the event loop for over a millisecond
LARGE = 8 << 20  # bytes: above this, a body is coded while it is sent, and never whole in memory
CHUNK = 256 * 1024
PIECE = 1 << 20
PART = 4 << 20
RANGE = re.compile(r"bytes=(\d*)-(\d*)")

Headers = dict[str, str]


class Body(Protocol):
    """Bytes, or what gives its bytes in slices."""

    def __len__(self) -> int: ...

    def __getitem__(self, wanted: slice, /) -> bytes | memoryview: ...


def headers_of(request: Request) -> dict[str, str]:
    """The headers of a request by their names in lower case; of one that is repeated, the first."""
    return {name.decode("latin-1"): text.decode("latin-1") for name, text in reversed(request.scope["headers"])}


async def deliver(request: Request, body: Body, media_type: str, headers: Headers, etag: str | None = None) -> Response:
    """The response that sends `body`, or the part of it that was asked for, or nothing where the client has it."""
    if etag:
        if (known := request.headers.get("if-none-match")) and (same := _matching(known, etag)):
            return _plain(b"", 304, None, headers | {"ETag": same})
        headers["ETag"] = etag
    if (wanted := request.headers.get("range")) and _same(request.headers.get("if-range"), etag):
        headers["Accept-Ranges"] = "bytes"
        return _part(wanted, body, media_type, headers)
    if len(body) >= SMALLEST and codings.CODED.match(media_type):
        headers["Vary"] = "Accept-Encoding"
        if coding := codings.choose(request.headers.get("accept-encoding", "")):
            headers["Content-Encoding"] = coding
            if etag:
                headers["ETag"] = f'{etag[:-1]}-{coding}"'
            return await _coded(coding, body, media_type, headers)
    headers["Accept-Ranges"] = "bytes"
    return _send(body, 0, len(body), 200, media_type, headers)


def pour(
    request: Request, pieces: AsyncGenerator[bytes], leave: Callable[[], None], media_type: str, headers: Headers
) -> Response:
    """The response that sends a body while it is written. `leave` is called once no more of it is taken.

    A body that breaks off ends its connection before the last chunk, so that no client takes it for whole.
    """
    headers["Content-Type"] = media_type
    if codings.CODED.match(media_type):
        headers["Vary"] = "Accept-Encoding"
        if coding := codings.choose(request.headers.get("accept-encoding", "")):
            headers["Content-Encoding"] = coding
            pieces = codings.compressed_as_it_comes(coding, pieces)
    return Pouring(request, pieces, leave, headers)


class Whole(Response):
    """A body that is there, with its headers as they are given.

    Starlette would add a charset to text types, and published clients compare the type exactly.
    """

    def __init__(self, body: bytes, status: int, headers: Headers) -> None:
        self.status_code, self.body, self.background = status, body, None
        self.raw_headers = _raw(headers)
        if status not in (204, 304):
            self.raw_headers.append((b"content-length", b"%d" % len(body)))


class Held(Response):
    """A large body that is in memory: sent from there in pieces, without a copy of any.

    Every server says how much it takes at once by how long it waits in `send`.
    """

    def __init__(self, body: memoryview, status: int, headers: Headers) -> None:
        self.status_code, self.body, self.background = status, body, None
        self.raw_headers = _raw(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        body = memoryview(self.body)
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for at in range(0, len(body), PIECE):
            # A view is all that the servers want of a body, whatever ASGI says of bytes.
            await send({"type": "http.response.body", "body": body[at : at + PIECE], "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class Pouring(Response):
    """A body that is still being written."""

    def __init__(
        self, request: Request, pieces: AsyncGenerator[bytes], leave: Callable[[], None], headers: Headers
    ) -> None:
        self.status_code, self.body, self.background = 200, b"", None
        self.raw_headers = _raw(headers)
        self._request, self._pieces, self._leave = request, pieces, leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what there is until the end, or until it breaks off, or the client goes away."""
        try:
            with suppress(Broken, ClientGone):
                await while_connected(self._request, self._pour(send))
        finally:
            self._leave()

    async def _pour(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with aclosing(self._pieces) as pieces:
            async for piece in pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _matching(known: str, etag: str) -> str | None:
    """The tag among those the client knows that stands for the same content, in whatever coding it was sent."""
    for tag in (tag.strip() for tag in known.split(",")):
        if tag == "*":
            return etag
        if tag.removeprefix("W/").strip('"').partition("-")[0] == etag.strip('"'):
            return tag
    return None


def _same(if_range: str | None, etag: str | None) -> bool:
    return if_range is None or if_range == etag


def _part(wanted: str, body: Body, media_type: str, headers: Headers) -> Response:
    size = len(body)
    if not (found := RANGE.fullmatch(wanted.strip())) or not (found[1] or found[2]):
        # Several ranges, or another unit: the whole is a right answer.
        return _send(body, 0, size, 200, media_type, headers)
    if found[1]:
        first, last = int(found[1]), min(int(found[2] or size - 1), size - 1)
    else:
        first, last = max(size - int(found[2]), 0), size - 1
    if first > last:
        return _plain(b"", 416, media_type, headers | {"Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return _send(body, first, last + 1, 206, media_type, headers)


async def _coded(coding: str, body: Body, media_type: str, headers: Headers) -> Response:
    if len(body) > LARGE:
        headers["Content-Type"] = media_type
        pieces = codings.compressed(coding, _pieces(body, 0, len(body)))
        return StreamingResponse(iterate_in_threadpool(pieces), 200, headers)
    if len(body) < THREADED:
        return _plain(codings.compress(coding, body[:]), 200, media_type, headers)
    return _plain(await run_in_threadpool(lambda: codings.compress(coding, body[:])), 200, media_type, headers)


def _send(body: Body, start: int, end: int, status: int, media_type: str, headers: Headers) -> Response:
    whole = isinstance(body, bytes) and end - start == len(body)
    if isinstance(body, bytes | memoryview) and (whole or end - start <= CHUNK):
        return _plain(body[start:end], status, media_type, headers)
    headers["Content-Type"] = media_type
    headers["Content-Length"] = str(end - start)
    if isinstance(body, bytes | memoryview):
        return Held(memoryview(body)[start:end], status, headers)
    # What is kept elsewhere has to be fetched; a thread waits for it, not the loop.
    return StreamingResponse(iterate_in_threadpool(_pieces(body, start, end)), status, headers)


def _pieces(body: Body, start: int, end: int) -> Iterator[bytes]:
    # What is read from a store is asked for in fewer, larger parts: each is a request.
    step = CHUNK if isinstance(body, bytes | memoryview) else PART
    for at in range(start, end, step):
        yield bytes(body[at : min(at + step, end)])


def _plain(body: bytes | memoryview, status: int, media_type: str | None, headers: Headers) -> Response:
    if media_type:
        headers["Content-Type"] = media_type
    return Whole(bytes(body), status, headers)


def _raw(headers: Headers) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("latin-1"), text.encode("latin-1")) for name, text in headers.items()]
