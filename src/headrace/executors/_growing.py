"""A result that is read while a worker still writes it: the memfd that it grows in, and how it ends."""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable

from headrace.model.result import Answer, Broken, Outcome

CHUNK = 256 << 10
SOON, LATE = 0.002, 0.016  # seconds between looks for more: twice as long each time that there is none


class Growing:
    """See `model.result.Growing`.

    What a worker does to its file meanwhile garbles its own result and nothing else: the file is read and never mapped,
    and not past `most` bytes.
    """

    def __init__(self, fd: int, most: int, abandon: Callable[[], None]) -> None:
        self.ended: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._fd, self._most, self._abandon = fd, most, abandon

    async def pieces(self) -> AsyncGenerator[bytes]:
        """The bytes as they come. Raises Broken where the call fails after all."""
        at, pause = 0, SOON
        while True:
            over = self.ended.done()
            # A file in memory: reading a chunk takes tens of microseconds, which no thread is worth.
            if piece := os.pread(self._fd, CHUNK, at):
                at += len(piece)
                if at > self._most:
                    self._abandon()
                    raise Broken("more than may be sent")
                yield piece
                pause = SOON
            elif over:
                break
            else:
                await asyncio.wait({self.ended}, timeout=pause)
                pause = min(2 * pause, LATE)
        answer = self.ended.result()
        if answer.outcome is not Outcome.OK or len(answer.body) != at:
            raise Broken(f"{at:,} bytes were sent of a result that has no end")

    def abandon(self) -> None:
        """End the call, unless it has ended."""
        if not self.ended.done():
            self._abandon()

    def __del__(self) -> None:
        # Whoever sends it and whoever waits for its end let go of it at different times.
        os.close(self._fd)
