"""Ending work whose client has gone away."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from starlette.requests import Request

T = TypeVar("T")

PATIENCE = 0.1  # seconds: most answers are there before it is worth watching the connection


class ClientGone(Exception):
    """Nobody is left to answer."""


async def while_connected(request: Request, work: Awaitable[T]) -> T:
    """What `work` gives; when the client closes its connection first, `work` is cancelled and ClientGone raised.

    The request's body must have been read: from then on the only message to come is that of the closed connection.
    """
    loop, current = asyncio.get_running_loop(), asyncio.current_task()
    assert current is not None
    watch: asyncio.Task[None] | None = None
    gone = False

    async def wait_for_the_end() -> None:
        nonlocal gone
        while (await request.receive())["type"] != "http.disconnect":
            pass
        gone = True
        current.cancel()

    def begin() -> None:
        nonlocal watch
        watch = loop.create_task(wait_for_the_end())

    timer = loop.call_later(PATIENCE, begin)
    try:
        return await work
    except asyncio.CancelledError:
        if not gone:
            raise
        current.uncancel()
        raise ClientGone from None
    finally:
        timer.cancel()
        if watch is not None:
            watch.cancel()
