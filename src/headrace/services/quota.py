"""How much room the files of an owner have left. It lives on the server's event loop.

What an owner's files take up is measured when it is asked for and older than a minute, and counted on in between;
what is being uploaded counts as it comes. Several servers over one store see one another's files a minute late.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio.to_thread

from headrace.errors import Busy, TooLarge

BLOCK = 4 << 10  # bytes that a file takes up at least
FRESH = 60.0  # seconds
WAIT = 3.0  # seconds; clients give up after 5
STALE = 5.0  # seconds after which nobody is refused for what was measured

Pieces = AsyncIterator[bytes]


def weight(size: int) -> int:
    """The bytes that a file of that size counts for."""
    return max(size, BLOCK)


@dataclass(slots=True)
class Account:
    """What is known of one owner."""

    used: int = 0
    counted: int = 0  # bytes that came and went since the start, to add what a measurement did not see
    coming: int = 0
    uploads: int = 0
    measured: float = float("-inf")
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    free: asyncio.Condition = field(default_factory=asyncio.Condition)


@dataclass(slots=True)
class Room:
    """The room of one upload."""

    account: Account
    most: int
    replaced: int
    size: int = 0

    def take(self, size: int) -> None:
        """Count bytes that came. Raises TooLarge where the owner's files would be over their bound."""
        self.size += size
        self.account.coming += size
        if self.account.used + max(self.account.coming, BLOCK) - self.replaced > self.most:
            raise full(self.most)


class Quota:
    """The accounts of one server. `measure` gives the bytes of an owner's files; it may block."""

    def __init__(self, measure: Callable[[int], int], *, most: int, uploads: int) -> None:
        self._measure, self._most, self._uploads = measure, most, uploads
        self._accounts: dict[int, Account] = {}

    @asynccontextmanager
    async def room(self, owner_id: int, size: int | None, replaced: int) -> AsyncGenerator[Room]:
        """Room for one upload: of `size` bytes where that is known, in the place of `replaced`.

        What it took stays taken where the block ends well. Raises TooLarge, and Busy where too many are under way for
        longer than WAIT.
        """
        account = self._accounts.setdefault(owner_id, Account())
        await self._enter(account)
        room = Room(account, self._most, weight(replaced) if replaced >= 0 else 0)
        try:
            for age in (FRESH, STALE):
                await self._refresh(owner_id, account, age)
                if account.used + account.coming + weight(size or 0) - room.replaced <= self._most:
                    break
            else:
                raise full(self._most)
            yield room
            change = weight(room.size) - room.replaced
            account.used += change
            account.counted += change
        finally:
            account.coming -= room.size
            account.uploads -= 1
            async with account.free:
                account.free.notify()

    def free(self, owner_id: int, size: int) -> None:
        """Count what was deleted."""
        account = self._accounts.setdefault(owner_id, Account())
        account.used -= size
        account.counted -= size

    async def _enter(self, account: Account) -> None:
        try:
            async with asyncio.timeout(WAIT), account.free:
                await account.free.wait_for(lambda: account.uploads < self._uploads)
                account.uploads += 1
        except TimeoutError as full_house:
            raise Busy(
                f"{self._uploads} uploads of yours are under way, which is what HEADRACE_FILE_UPLOADS allows."
            ) from full_house

    async def _refresh(self, owner_id: int, account: Account, age: float) -> None:
        async with account.lock:
            if time.monotonic() - account.measured < age:
                return
            before = account.counted
            measured = await anyio.to_thread.run_sync(self._measure, owner_id)
            account.used = measured + account.counted - before
            account.measured = time.monotonic()


def full(most: int) -> TooLarge:
    """What an owner without room is told."""
    return TooLarge(
        f"Your files would take up over {most / (1 << 20):,g} MiB, which is what HEADRACE_FILES_MB allows; delete some."
    )


def too_large(most: int) -> TooLarge:
    """What is told of a file that is larger than any may be."""
    return TooLarge(f"The file is larger than {most / (1 << 20):,g} MiB, which is what HEADRACE_FILE_MB allows.")


async def counted(pieces: Pieces, take: Callable[[int], None], most: int) -> Pieces:
    """The same pieces, each told to `take` as it comes. Raises TooLarge past `most` bytes."""
    size = 0
    async for piece in pieces:
        size += len(piece)
        if size > most:
            raise too_large(most)
        take(len(piece))
        yield piece
