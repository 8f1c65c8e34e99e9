"""Reading what a client sends, bounded in size and in time."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from headrace.api.faults import TooSlow
from headrace.api.presence import ClientGone
from headrace.errors import Malformed, TooLarge

LINGER_BYTES = 256 << 20  # of a refused body that are read and thrown away,
LINGER_SECONDS = 10  # and for how long


class BodyTooLarge(TooLarge):
    """The body is larger than this server takes, and the rest of it is still to come."""


async def received(request: Request, seconds: float) -> Message:
    """The next piece of a body. Raises TooSlow after so long, ClientGone where the connection ends first."""
    try:
        async with asyncio.timeout(seconds):
            message = await request.receive()
    except TimeoutError as slow:
        raise TooSlow(f"Nothing came for {seconds:g} seconds; send the body without pauses.") from slow
    if message["type"] == "http.disconnect":
        raise ClientGone
    return message


async def read_body(request: Request, most: int, seconds: float = 30) -> bytes:
    """The body of a request, of at most `most` bytes, no two pieces of which come more than `seconds` apart.

    Raises TooLarge (BodyTooLarge while there is more to come), TooSlow, and ClientGone where the connection ends
    first. A Content-Length is believed only where it says that the body is too large.
    """
    announced = request.headers.get("content-length")
    if announced and (not announced.isdecimal() or not announced.isascii()):
        raise Malformed("The header Content-Length is not a number.")
    if announced and int(announced) > most:
        raise BodyTooLarge(_past(most))
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await received(request, seconds)
        piece = message.get("body", b"")
        size += len(piece)
        if size > most:
            raise (BodyTooLarge if message.get("more_body") else TooLarge)(_past(most))
        pieces.append(piece)
        if not message.get("more_body", False):
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)


async def refuse_body(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Send the response, and read on before the connection is closed (RFC 9112, 9.6).

    Closing at once resets the connection under a client that still sends, and a reset takes from it the answer that
    it has not read yet: `requests` then tells of a lost connection and not of what was refused.
    """

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body"):
            await send({**message, "more_body": True})
            await _drain(receive)
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        await send(message)

    await response(scope, receive, sending)


async def _drain(receive: Receive) -> None:
    left, more = LINGER_BYTES, True
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            while more and left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                more = message.get("more_body", False)
    except TimeoutError:
        return


def _past(most: int) -> str:
    return f"The body is larger than {most / (1 << 20):g} MiB, which is what HEADRACE_BODY_MB allows."
