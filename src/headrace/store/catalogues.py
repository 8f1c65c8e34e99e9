"""The SQLite files that describe schemas of the warehouse, held open and read in a process of their own.

They are in SQLite's write-ahead mode, in which who reads and who writes do not wait for one another
(https://sqlite.org/wal.html). Two things follow:

- The last connection that closes such a file deletes the two files beside it, and who may only read it cannot make them
  again. A connection that is never closed sees that they stay.
- One of the two is shared memory, and whoever may write to it can cut it off under a process that reads it: a signal
  that ends the process. Workers write to it, and so it is no process of the server's that maps it but this one, which
  is made again when it is lost.
"""

import atexit
import json
import select
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import IO, Any

from headrace.errors import HostFailed, Unavailable

SECONDS = 10.0  # that an answer is waited for, before the process is taken to be lost
MOST = 64 << 20  # bytes of an answer
TRIES = 2

_turn = Lock()
_child: "list[subprocess.Popen[bytes]]" = []
_held: set[str] = set()


def hold(file: Path) -> None:
    """See that a catalogue, where there is one, can be read by who may not write beside it. Raises Unavailable."""
    beside = (Path(f"{file}-wal"), Path(f"{file}-shm"))
    if file.exists() and not (str(file) in _held and all(one.exists() for one in beside)):
        with suppress(HostFailed):  # its readers will be told
            read(file, ())
        _held.add(str(file))


def release(file: Path) -> None:
    """Let go of a catalogue that is to be deleted."""
    _held.discard(str(file))
    if _child:
        _ask({"file": str(file), "drop": True, "texts": []})


def read(file: Path, statements: tuple[str, ...]) -> list[list[Any]]:
    """The rows of each of the statements, of one moment.

    Raises HostFailed where the file is no catalogue or takes too long, Unavailable where no process can be made.
    """
    answer = _ask({"file": str(file), "drop": False, "texts": statements})
    if "error" in answer:
        raise HostFailed(answer["error"])
    return answer["rows"]


def _ask(request: dict[str, Any]) -> dict[str, Any]:
    with _turn:
        for _ in range(TRIES):
            child = _child[0] if _child else _start()
            with suppress(OSError, ValueError):
                assert child.stdin is not None
                assert child.stdout is not None
                child.stdin.write(json.dumps(request).encode() + b"\n")
                child.stdin.flush()
                return json.loads(_line(child.stdout))
            _end()
    raise HostFailed("it takes too long, or ends the process that reads it")


def _line(source: IO[bytes]) -> bytes:
    """Raises ValueError where none comes in time, or one that is too long."""
    poll = select.poll()
    poll.register(source, select.POLLIN)
    if not poll.poll(SECONDS * 1000):
        raise ValueError(source)
    return source.readline(MOST)


def _start() -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-I", "-S", str(Path(__file__).with_name("_catalogues.py"))]
    try:
        child = subprocess.Popen(  # noqa: S603 - our own command, no shell
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={}, start_new_session=True
        )
    except OSError as wrong:
        raise Unavailable("The machine makes no more processes at the moment; try again.") from wrong
    _child[:] = [child]
    return child


@atexit.register
def _end() -> None:
    """End the process, if there is one; the next question makes another."""
    _held.clear()
    for child in _child:
        child.kill()
        child.communicate()
    _child.clear()
