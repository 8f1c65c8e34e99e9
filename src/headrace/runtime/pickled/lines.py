"""The lines of code that an old cloudpickle pickled in Python 3.10.

cloudpickle 1 gives such code the table of lines of Python 3.9, which 3.10 reads as another: tracebacks would name lines
that there are not. Both tables are those of CPython's Objects/lnotab_notes.txt.
"""

from __future__ import annotations

from types import CodeType
from typing import Any

TABLE = 13  # its place among the arguments of a code object of 3.10


def code_of(*arguments: Any) -> CodeType:  # noqa: ANN401 - as they were pickled
    """The code object of these arguments, with its lines as 3.10 has them."""
    given = list(arguments)
    given[TABLE] = table_of(given[TABLE], len(given[6]))
    return CodeType(*given)


def table_of(old: bytes, size: int) -> bytes:
    """The table of 3.10 (`co_linetable`) for `size` bytes of code, from the one before it (`co_lnotab`)."""
    starts, start, line = [(0, 0)], 0, 0
    for at in range(0, len(old) - 1, 2):
        start += old[at]
        if old[at + 1]:  # else it is a part of a longer way, which may end between two instructions
            line += (old[at + 1] ^ 128) - 128  # with a sign
            starts.append((start, line))
    ends = [start for start, _ in starts[1:]] + [size]
    table, shown = bytearray(), 0
    for at, (start, line) in enumerate(starts):
        length, step = ends[at] - start, line - shown
        if length <= 0:
            continue
        shown = line
        while not -127 <= step <= 127:
            part = 127 if step > 0 else -127
            table += bytes((0, part & 255))
            step -= part
        while length > 254:
            table += bytes((254, step & 255))
            length, step = length - 254, 0
        table += bytes((length, step & 255))
    return bytes(table)
