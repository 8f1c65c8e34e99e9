"""The state of folders that results are made from: it changes with every write, and costs a few looks at the disk.

A commit is seen in the times and sizes of the files that it is written to. The clock of a file system is coarse, so
what was written a moment ago is not settled: a result from then on may be of before or after the next commit.
"""

import os
import time
from collections.abc import Sequence

UNSETTLED = 0.05  # seconds; file systems count in ticks of at most 10 ms

# SQLite in write-ahead mode: a commit is in the log before it is seen, for as long as the disk takes, and is seen once
# the index that processes share says so. Both copies of that index's head (SQLite's file format, section 4) tell it.
INDEX, HEAD = "-shm", 96

State = tuple[tuple[int, int, int] | bytes | None, ...]


def of(paths: Sequence[str]) -> State:
    """What tells the state of these files and folders from any other; None for one that is not there."""
    return tuple(_state(path) for path in paths)


def settled(paths: Sequence[str]) -> bool:
    """Whether none of them was changed in this moment."""
    latest = max((state[0] for state in of(paths) if isinstance(state, tuple)), default=0)
    return time.time() - latest / 1e9 > UNSETTLED


def _state(path: str) -> tuple[int, int, int] | bytes | None:
    if path.endswith(INDEX):
        return _head(path)
    try:
        found = os.stat(path)  # noqa: PTH116 - on the way of every call, and a Path costs more
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _head(path: str) -> bytes | None:
    """The head of an index; never the same twice for what is none: what cannot be looked at may have changed."""
    try:
        # Workers write beside it: a link is not followed, and a pipe that nobody writes to is not waited for.
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            head = os.read(opened, HEAD)
        finally:
            os.close(opened)
    except FileNotFoundError:
        return None
    except OSError:
        head = b""
    return head if len(head) == HEAD else os.urandom(HEAD)
