"""What the code of one call asks the server while it runs: checked, bounded, and ended with the call."""

import asyncio
import mmap
import socket
from contextlib import suppress

import structlog

from headrace.executors import Answering, Body
from headrace.runtime import wire
from headrace.runtime.wire import Ask, Told, Untrustworthy

log = structlog.get_logger(__name__)

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"))
JSON = [("content-type", "application/json")]
BROKEN = b'{"detail": "The answer broke off; the log of the server tells why."}'
NOBODY = b'{"detail": "This call has no way to ask the server."}'


class Asks:
    """The requests of one call that are not answered yet."""

    def __init__(self, channel: socket.socket, answering: Answering | None, most: int) -> None:
        self._channel, self._answering, self._most = channel, answering, most
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self.any = False  # whether it has asked: then it has read its task
        self._bytes = 0
        self._fewer = asyncio.Condition()
        self._writable: asyncio.Future[None] | None = None

    def take(self, ask: Ask, fds: list[int]) -> None:
        """Begin to answer. Raises Untrustworthy for what no honest worker sends."""
        self.any = True
        if len(self._tasks) >= wire.ASKS:
            raise Untrustworthy(f"more than {wire.ASKS} requests at once")
        if ask.id in self._tasks:
            raise Untrustworthy("a request under a number that is in use")
        _check(ask)
        body = _body(ask, fds, self._most)
        task = asyncio.get_running_loop().create_task(self._answer(ask, body))
        self._tasks[ask.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(ask.id, None))

    def close(self) -> None:
        """End what is under way: the call is over."""
        for task in list(self._tasks.values()):
            task.cancel()
        self._forget()

    async def _answer(self, ask: Ask, body: Body) -> None:
        size = len(body)
        async with self._fewer:
            # Bodies wait in memory of the worker's own, which its control group counts, until their turn comes.
            await self._fewer.wait_for(lambda: not self._bytes or self._bytes + size <= self._most)
            self._bytes += size
        try:
            if self._answering is None:
                await self._tell(ask.id, 503, JSON, NOBODY)
            else:
                await self._answering(ask, body, lambda *piece: self._tell(ask.id, *piece))
        except OSError as gone:
            log.info("a worker went away before it was answered", reason=str(gone))
        except Exception:
            log.exception("a request from inside could not be answered")
            with suppress(OSError):
                await self._tell(ask.id, 500, JSON, BROKEN)
        finally:
            self._bytes -= size
            with suppress(RuntimeError):
                async with self._fewer:
                    self._fewer.notify_all()

    async def _tell(
        self,
        number: int,
        status: int,
        headers: list[tuple[str, str]],
        body: Body,
        more: bool = False,  # noqa: FBT001, FBT002 - a Tell
    ) -> None:
        """Send a piece of an answer, cut to the size of a datagram."""
        view = memoryview(body)
        while True:
            piece, view = view[: wire.INLINE], view[wire.INLINE :]
            told = Told(id=number, status=status, headers=headers, body=bytes(piece), more=more or len(view) > 0)
            await self._send(wire.encode(told))
            status, headers = 0, []
            if not view:
                return

    async def _send(self, message: bytes) -> None:
        while True:
            try:
                self._channel.send(message)
            except BlockingIOError:
                await self._room()
            else:
                return

    async def _room(self) -> None:
        """Until the worker has read some of what was sent."""
        if self._writable is None:
            loop = asyncio.get_running_loop()
            self._writable = loop.create_future()
            loop.add_writer(self._channel.fileno(), self._forget)
        await asyncio.shield(self._writable)

    def _forget(self) -> None:
        writable, self._writable = self._writable, None
        if writable is not None:
            if self._channel.fileno() >= 0:
                asyncio.get_running_loop().remove_writer(self._channel.fileno())
            if not writable.done():
                writable.set_result(None)


def _check(ask: Ask) -> None:
    """Refuse what a worker's own code does not send: it goes where the parts of an HTTP request go."""
    short = len(ask.path) <= wire.PATH and len(ask.query) <= wire.QUERY and len(ask.headers) <= wire.HEADERS
    words = [ask.path, ask.query, *ask.headers, *ask.headers.values()]
    if not short or any(len(word) > wire.HEADER for word in words[2:]):
        raise Untrustworthy("a request that is too long")
    if ask.method not in METHODS or ask.path[:1] != "/" or not all(_plain(word) for word in words):
        raise Untrustworthy("a request that is none")


def _plain(word: str) -> bool:
    return word.isascii() and (word.isprintable() or not word)


def _body(ask: Ask, fds: list[int], most: int) -> Body:
    if not fds:
        if len(ask.body) > min(most, wire.DATAGRAM):
            raise Untrustworthy("a body that should have come in a file")
        return ask.body
    if ask.body:
        raise Untrustworthy("a body twice")
    size = wire.sealed_size(fds[0], wire.LARGEST)
    if size != ask.size:
        raise Untrustworthy("a body of another size than was said")
    return memoryview(mmap.mmap(fds[0], size, access=mmap.ACCESS_READ)) if size else b""
