"""Reading what a client sends, bounded in size and in time."""

import asyncio

from starlette.requests import Request

from headrace.api.faults import TooSlow
from headrace.api.presence import ClientGone
from headrace.errors import Malformed, TooLarge


async def read_body(request: Request, most: int, seconds: float = 30) -> bytes:
    """The body of a request, of at most `most` bytes, no two pieces of which come more than `seconds` apart.

    Raises TooLarge, TooSlow, and ClientGone where the connection ends first. A Content-Length is believed only where
    it says that the body is too large.
    """
    announced = request.headers.get("content-length")
    if announced and (not announced.isdecimal() or not announced.isascii()):
        raise Malformed("The header Content-Length is not a number.")
    if announced and int(announced) > most:
        raise _too_large(most)
    pieces: list[bytes] = []
    size = 0
    while True:
        try:
            async with asyncio.timeout(seconds):
                message = await request.receive()
        except TimeoutError as slow:
            raise TooSlow(f"Nothing came for {seconds:g} seconds; send the body without pauses.") from slow
        if message["type"] == "http.disconnect":
            raise ClientGone
        piece = message.get("body", b"")
        size += len(piece)
        if size > most:
            raise _too_large(most)
        pieces.append(piece)
        if not message.get("more_body", False):
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"The body is larger than {most / (1 << 20):g} MiB, which is what HEADRACE_BODY_MB allows.")
