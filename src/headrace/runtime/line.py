"""The line by which the code of a call asks the server: requests and answers over the worker's own socket pair.

    thread ─┐                    ┌─▶ Ask   ─▶ server, which answers as the owner of the worker's environment
    task   ─┼─▶ ask() ─▶ waits ──┤
    thread ─┘                    └─◀ Told, in pieces, in any order

Any number of threads may ask. One of those that wait reads for all of them, so there is no thread that a call would
leave behind. What user code may do with the channel by hand, the server checks for itself; nothing here guards it.
"""

import itertools
import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

from headrace.errors import Invalid, Unavailable
from headrace.runtime import wire
from headrace.runtime.wire import Ask, Told

T = TypeVar("T")

THREADS = 32  # that wait for answers on behalf of coroutines


class Response(NamedTuple):
    """An answer of the server. Names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytearray


class _Coming:
    """An answer of which pieces have come."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.complete = False

    def add(self, told: Told) -> None:
        """Take the next piece; one with a status is the first, and takes the place of what came before."""
        if told.status:
            self.body.clear()
            self.status, self.headers = told.status, {name.lower(): value for name, value in told.headers}
        self.body += told.body
        self.complete = not told.more


class Line:
    """The worker's end. It is open while a call is under way."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel, self._pid = channel, os.getpid()
        self._numbers = itertools.count(1)
        self._turn = threading.Condition()
        self._coming: dict[int, _Coming] = {}
        self._reading = False
        self._room = threading.BoundedSemaphore(wire.ASKS)
        self._pool: ThreadPoolExecutor | None = None
        self._open = False

    def begin(self) -> None:
        """A call has started."""
        self._open = True

    def end(self) -> None:
        """The call is over: whoever still waits, in a thread that was left, gets no answer."""
        self._open = False
        if (pool := self._pool) is not None:
            self._pool = None
            # Threads without work end at once, and are waited for, so that none is taken for one that was left.
            pool.shutdown(wait=not self._coming, cancel_futures=True)

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        headers: dict[str, str] | None = None,
        body: bytes | bytearray | memoryview = b"",
    ) -> Response:
        """The server's answer to a request of `path` beneath /server/v1; waits for it, whatever its status.

        Raises Invalid for what is longer than the line carries, Unavailable in a process or at a time without a call.
        """
        if not self._open or os.getpid() != self._pid:
            raise Unavailable("The server is asked by the process that answers a call, and while it answers it, alone.")
        if len(path) > wire.PATH or len(query) > wire.QUERY:
            raise Invalid(
                f"A request from inside has at most {wire.PATH:,} characters of path and {wire.QUERY:,} of query."
            )
        with self._room:
            number = next(self._numbers)
            self._coming[number] = coming = _Coming()
            try:
                self._send(Ask(id=number, method=method, path=path, query=query, headers=headers or {}), body)
                self._wait(coming)
            finally:
                del self._coming[number]
        return Response(coming.status, coming.headers, coming.body)

    async def later(self, function: Callable[..., T], *arguments: Any, **named: Any) -> T:  # noqa: ANN401
        """What the function, which asks, gives; the event loop runs on meanwhile."""
        import asyncio
        from functools import partial

        if self._pool is None:
            self._pool = ThreadPoolExecutor(THREADS, "headrace-line")
        return await asyncio.get_running_loop().run_in_executor(self._pool, partial(function, *arguments, **named))

    def _send(self, ask: Ask, body: bytes | bytearray | memoryview) -> None:
        from msgspec.structs import replace

        if len(body) <= wire.INLINE:
            wire.send(self._channel, wire.encode(replace(ask, body=bytes(body))))
            return
        carrier = os.memfd_create("asked", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            view = memoryview(body)
            while view:
                view = view[os.write(carrier, view) :]
            wire.seal(carrier)
            wire.send(self._channel, wire.encode(replace(ask, size=len(body))), [carrier])
        finally:
            os.close(carrier)

    def _wait(self, coming: _Coming) -> None:
        """Until that answer is complete: read for all, or wait for the thread that does."""
        while True:
            with self._turn:
                while self._reading and not coming.complete:
                    self._turn.wait()
                if coming.complete:
                    return
                self._reading = True
            try:
                while not coming.complete:
                    self._read()
            finally:
                with self._turn:
                    self._reading = False
                    self._turn.notify_all()

    def _read(self) -> None:
        message, fds = wire.receive(self._channel)
        wire.close_all(fds)
        if not message:
            os._exit(0)  # the server is gone
        told = wire.decode_said(message)
        if isinstance(told, Told) and (waiting := self._coming.get(told.id)) is not None:
            waiting.add(told)
            if waiting.complete:
                with self._turn:
                    self._turn.notify_all()
