"""Files in and out, however large, with little of them in memory: bodies piece by piece, ranges, entity tags.

RFC 9110 sections 8.4 (a body in a content coding is refused: nothing here decompresses what a client sends), 13
(conditional requests), 14 (ranges).
"""

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from headrace.api.faults import TooSlow
from headrace.api.streams import received
from headrace.errors import HeadraceError, Malformed, TooLarge

log = logging.getLogger("headrace.api")

RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
LEAST = 8 << 10  # bytes a second that a body comes at, over the time since PATIENCE
PATIENCE = 60.0  # seconds

# What a browser shows and does not run. Whatever else its name says, a file is bytes to be saved.
SHOWN = re.compile(
    r"image/(png|jpeg|gif|webp|tiff|bmp)|text/(plain|csv)|application/(json|geo\+json|pdf)|(audio|video)/.+"
)
BYTES = "application/octet-stream"
PLAIN = re.compile(r"[^ !#$&-\[\]-~]")  # what a quoted name does not hold, or browsers read in more than one way
DRAINED = 64 << 20  # bytes of a refused body that are let in and dropped
DRAIN_SECONDS = 5.0

Read = Callable[[int, int], AsyncIterator[bytes]]


class Coded(HeadraceError):
    """Send the body as it is: this address takes no content coding."""

    status = 415
    code = "coded"


def announced(request: Request, most: int) -> int | None:
    """The length that a body is said to have. Raises Malformed, Coded, and TooLarge past `most` bytes."""
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding not in {"", "identity"}:
        raise Coded(f"The body is said to be in the coding {coding[:20]!r}; send the file's own bytes, without one.")
    length = request.headers.get("content-length")
    if length is None:
        return None
    if not length.isdecimal() or not length.isascii():
        raise Malformed("The header Content-Length is not a number.")
    if int(length[:19]) > most:
        raise TooLarge(f"The body is larger than {most / (1 << 20):,g} MiB, which is what HEADRACE_FILE_MB allows.")
    return int(length[:19])


async def pieces(request: Request, seconds: float) -> AsyncIterator[bytes]:
    """The body as it comes. Raises TooSlow for a pause or a trickle, ClientGone where the connection ends first."""
    began, size = time.monotonic(), 0
    while True:
        message = await received(request, seconds)
        piece = message.get("body", b"")
        size += len(piece)
        if time.monotonic() - began > PATIENCE + size / LEAST:
            raise TooSlow(f"The body comes at under {LEAST >> 10} KiB a second; send it faster.")
        if piece:
            yield piece
        if not message.get("more_body", False):
            return


def deliver(
    request: Request,
    read: Read,
    close: Callable[[], None],
    *,
    name: str,
    size: int,
    modified: datetime,
    media_type: str,
    etag: str | None,
    attached: bool = False,
) -> Response:
    """The response that streams a file, or the part that was asked for, or nothing where the client has it.

    `attached`: browsers save it, whatever it is.
    """
    shown = SHOWN.fullmatch(media_type) and not attached
    headers = {
        "Content-Type": media_type if shown else BYTES,
        "Content-Disposition": f"{'inline' if shown else 'attachment'}; {filename(name)}",
        "Content-Security-Policy": "sandbox",
        "X-Content-Type-Options": "nosniff",
        "Accept-Ranges": "bytes",
        "Last-Modified": format_datetime(modified, usegmt=True),
    }
    if etag:
        headers["ETag"] = etag
        known = request.headers.get("if-none-match")
        if known and any(tag.strip().removeprefix("W/") in {"*", etag} for tag in known.split(",")):
            close()
            return Response(status_code=304, headers=headers)
    start, stop, status = 0, size, 200
    wanted, if_range = request.headers.get("range"), request.headers.get("if-range")
    if wanted and (if_range is None or if_range == etag) and (part := _part(wanted, size)):
        start, stop = part
        if start >= stop:
            close()
            return Response(status_code=416, headers=headers | {"Content-Range": f"bytes */{size}"})
        headers["Content-Range"], status = f"bytes {start}-{stop - 1}/{size}", 206
    headers["Content-Length"] = str(stop - start)
    if request.method == "HEAD":
        close()
        return Response(status_code=status, headers=headers)
    return _Sending(read(start, stop), close, status, headers)


def filename(name: str) -> str:
    """A name as parameters of Content-Disposition (RFC 6266): in ASCII, and where it has more, whole (RFC 8187)."""
    plain = PLAIN.sub("_", name)
    return f'filename="{plain}"' + (f"; filename*=UTF-8''{quote(name, safe='')}" if plain != name else "")


def _part(wanted: str, size: int) -> tuple[int, int] | None:
    """The bytes that a Range header asks for; None for one that the whole is a right answer to."""
    found = RANGE.fullmatch(wanted.strip())
    if not found or not (found[1] or found[2]):
        return None
    if found[1]:
        start = int(found[1])
        stop = min(int(found[2]) + 1, size) if found[2] else size
        return (start, stop) if not found[2] or int(found[2]) >= start else None
    return max(size - int(found[2]), 0), size


class Refusal(Response):
    """A refusal of a body that is still being sent.

    The answer goes out at once and the connection ends after it; but a client that reads only once it has sent
    everything finds its connection reset, and never the answer, unless what it sends is taken for a while.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, and then take what still comes."""
        headers = [*self.raw_headers, (b"connection", b"close")]
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        waits = any(name == b"expect" for name, _ in scope["headers"])  # for leave to send, which this is not
        left = 0 if waits else DRAINED
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                while left > 0:
                    message = await receive()
                    left -= len(message.get("body", b""))
                    if message["type"] == "http.disconnect" or not message.get("more_body", False):
                        break
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class _Sending(StreamingResponse):
    def __init__(
        self, read: AsyncIterator[bytes], close: Callable[[], None], status: int, headers: dict[str, str]
    ) -> None:
        super().__init__(read, status, headers)
        self._close = close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except (HeadraceError, RuntimeError) as cut:
            # What was announced cannot come any more: code has cut its file short, or the store went away. The answer
            # has begun, so all that tells the reader is that the connection ends.
            log.warning("a file ended before its length: %s", cut)
        finally:
            self._close()
