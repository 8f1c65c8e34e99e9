"""Where a result is written: memory while it is small, a memfd when it is not, nothing past the limit."""

import os
from collections.abc import Callable
from typing import Any

from headrace.runtime.wire import INLINE, seal

LARGE = 1 << 20  # bytes from which on a result is worth sending before it is whole


class OutputTooLarge(Exception):
    """The encoded result is over the limit of this server."""


class Outlet:
    """What of a binary file that can only be written is alike for all of them."""

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Left open: whoever made it takes what was written, or ends it."""

    def writable(self) -> bool:
        """Yes."""
        return True

    def readable(self) -> bool:
        """No; a format that must read back what it wrote writes into memory of its own first."""
        return False

    def seekable(self) -> bool:
        """No."""
        return False


class Sink(Outlet):
    """Where a worker writes a result.

    `begun`, where it is given, is called once with the memfd and `head` when more than LARGE bytes are there. `head` is
    what is known of the result before it is written, set by whoever writes.
    """

    def __init__(self, limit: int, begun: Callable[[int, Any], None] | None = None) -> None:
        self.limit = limit
        self.head: Any = None
        self._begun = begun
        self.size = 0
        self.closed = False
        self._memory = bytearray()
        self._fd: int | None = None

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Append. Raises OutputTooLarge once the limit is passed."""
        view = memoryview(data).cast("B") if not isinstance(data, bytes) else data
        self.size += len(view)
        if self.size > self.limit:
            raise OutputTooLarge
        if self._fd is None:
            self._memory += view
            if len(self._memory) > INLINE:
                self._spill()
        else:
            _write_all(self._fd, view)
            if self._begun is not None and self.size > LARGE:
                self.begin()
        return len(view)

    def begin(self) -> None:
        """Have what is there sent from now on, however little it is."""
        if self._begun is None:
            return
        begun, self._begun = self._begun, None
        begun(self._fd if self._fd is not None else self._spill(), self.head)

    def tell(self) -> int:
        """Bytes written so far; writers of formats with offsets ask."""
        return self.size

    def take(self) -> tuple[bytes, int | None]:
        """The bytes if they are few, else nothing and a sealed memfd that holds them, which the caller closes."""
        if self._fd is None:
            return bytes(self._memory), None
        seal(self._fd)
        return b"", self._fd

    def discard(self) -> None:
        """Give back what a failed encoding wrote."""
        self._memory.clear()
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _spill(self) -> int:
        self._fd = os.memfd_create("result", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        _write_all(self._fd, self._memory)
        self._memory = bytearray()
        return self._fd


def _write_all(fd: int, data: bytes | bytearray | memoryview) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
