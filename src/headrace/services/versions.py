"""The state of folders that results are made from: it changes with every write, and costs a few looks at the disk.

A commit is seen in the times and sizes of the files that it is written to. The clock of a file system is coarse, so
what was written a moment ago is not settled: a result from then on may be of before or after the next commit.
"""

import os
import time
from collections.abc import Sequence

UNSETTLED = 0.05  # seconds; file systems count in ticks of at most 10 ms

State = tuple[tuple[int, int, int] | None, ...]


def of(paths: Sequence[str]) -> State:
    """What tells the state of these files and folders from any other; None for one that is not there."""
    return tuple(_state(path) for path in paths)


def settled(paths: Sequence[str]) -> bool:
    """Whether none of them was changed in this moment."""
    latest = max((state[0] for state in of(paths) if state), default=0)
    return time.time() - latest / 1e9 > UNSETTLED


def _state(path: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - on the way of every call, and a Path costs more
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
