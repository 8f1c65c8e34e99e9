"""The messages between the server, its zygotes and their workers: msgpack, one per datagram of a SOCK_SEQPACKET pair.

    server -> zygote   Fork          make a worker; its end of a socket pair rides along
                       Preload       import these for the workers to come
    zygote -> server   Warm          what it has imported; workers are forked from now on
                       Exited        a worker ended, with its wait status
                       Unable        it ends itself, for it cannot be what was asked for
    worker -> server   Ready         fenced, and what the machine refused to fence
    server -> worker   Task          one call
    worker -> server   Begun         its answer has begun: the memfd that a large body grows in rides along
                       Reply         its answer; a body over INLINE bytes rides along as a sealed memfd
    worker -> server   Ask           while a call is under way: a request of the server by the call's own code
    server -> worker   Told          what the server answers to that, in pieces

A message over DATAGRAM bytes rides in a sealed memfd itself. Nothing that crosses is ever unpickled, imported or
evaluated by the server: what a worker sends is decoded against these types, and what does not fit makes it die.
"""

import fcntl
import os
import socket
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct, msgpack

from headrace.model.job import Module
from headrace.model.result import Outcome, Problem, Timing

SQL = frozenset({"sql", "query"})  # programs of a worker that run no code of users
INLINE = 64 * 1024
ASKS = 64  # requests of one call that may be unanswered at once
PATH = 4_096  # characters of the path of one
QUERY = 512 << 10  # characters of its query
HEADERS = 32  # headers of one
HEADER = 8_192  # characters of a header's value
DATAGRAM = 128 * 1024
LARGEST = 256 << 20  # bytes of one message; bodies, which are no messages, have a limit of their own

SEALS = 0x1 | 0x2 | 0x4 | 0x8  # F_SEAL_SEAL, SHRINK, GROW, WRITE: what was sent cannot change afterwards
_ADD_SEALS, _GET_SEALS = 1033, 1034
_FDS = socket.CMSG_SPACE(4 * 4)
_IN_MEMFD = b"\xc1"  # a byte that msgpack never uses


class Limits(Struct, frozen=True, array_like=True):
    """What a call may use."""

    seconds: float
    memory: int  # bytes
    processes: int
    open_files: int
    output: int  # bytes of the encoded result
    scratch: int  # bytes
    log: int  # bytes of stdout and of stderr, each
    asked: int = 64 << 20  # bytes of the bodies that its requests of the server have in flight


class Lent(Struct, frozen=True, array_like=True):
    """A folder of the server's that a worker is shown, beneath sandbox.LAKE."""

    path: str  # beneath the folder that the server lends from
    at: str  # one name
    writable: bool = False


class Plan(Struct, frozen=True, kw_only=True):
    """What a worker may see and use."""

    readable: list[str]  # the interpreter, its packages, data folders
    network: str  # of network.MODES
    uid: int | None  # None: the server is not root, so there is no other user to become
    limits: Limits
    counted: bool  # whether a control group counts its memory
    growth: int  # bytes of memory above its start after which it asks to be replaced
    mounts: bool = False  # whether the shared folders are there, beneath sandbox.MOUNTS
    lends: bool = False  # whether the folders to lend are there, beneath sandbox.LENDING


class Fork(Struct, frozen=True, tag=True):
    """Make a worker."""

    id: int
    plan: Plan


class Preload(Struct, frozen=True, tag=True):
    """Import these modules, so that later workers have them."""

    modules: list[str]


class Warm(Struct, frozen=True, tag=True):
    """The zygote forks from now on; said again after every Preload."""

    modules: list[str]
    private_pids: str  # empty, or why workers share the zygote's process namespace


class Exited(Struct, frozen=True, tag=True):
    """A worker ended."""

    id: int
    status: int  # as waitpid(2) gives it


class Unable(Struct, frozen=True, tag=True):
    """The zygote cannot have the network that its environment says, and ends."""

    reason: str


class Ready(Struct, frozen=True):
    """A worker has its namespaces; the fences that depend on whose it is come with its first task.

    What the machine refused, with its words.
    """

    refused: dict[str, str]


class Task(Struct, frozen=True, kw_only=True, tag=True):
    """One call of one function, complete: a worker needs nothing else to answer it.

    Where a `program` is named, that answers and not a function: `code` and `entrypoint` are empty.
    """

    uid: str
    owner: str  # a worker serves one owner's environment until it dies
    environment: str
    name: str
    code: str
    entrypoint: str
    digest: str  # of the code; a worker keeps what it compiled under it
    modules: list[Module] = []
    arguments: dict[str, Any]  # text from a URL, or JSON values
    formats: list[str]  # in order of preference
    tile: tuple[int, int, int] | None = None  # z, x, y
    context: dict[str, Any] = {}  # what `fused.context` answers: user_email, headers, recursion ...
    depth: int = 1  # 1 for a call from outside; a call that a call makes has one more
    shared: str = ""  # the folder that its owner's calls share, by name; empty: it gets none
    full: bool = False  # whether that folder is over its limit
    program: str = ""  # of worker.PROGRAMS
    lent: tuple[Lent, ...] = ()  # a worker sees these and no others until it dies
    element: list[Any] = []  # of an input, where there is one: more arguments, or the first one
    streams: bool = False  # whether a large body is wanted while it is being written
    limits: Limits


class Begun(Struct, frozen=True, kw_only=True, tag=True):
    """The entrypoint has returned and its value is being written; what is known before the end."""

    uid: str
    media_type: str
    format: str
    headers: tuple[tuple[str, str], ...] = ()
    stdout: str = ""
    stderr: str = ""
    timing: Timing = Timing()


class Reply(Struct, frozen=True, kw_only=True, tag=True):
    """What a worker answers. `size` counts the bytes in the memfd where `body` is empty."""

    uid: str
    outcome: Outcome
    media_type: str = ""
    format: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    size: int = 0
    stdout: str = ""
    stderr: str = ""
    problem: Problem | None = None
    timing: Timing = Timing()
    retire: bool = False  # the worker asks to be replaced: a thread was left running, memory has grown
    imported: list[str] = []  # libraries that this call was the first to import
    refused: dict[str, str] = {}  # with the first answer: fences that the machine refused


class Ask(Struct, frozen=True, kw_only=True, tag=True):
    """A request that the code of a call makes. Who asks is not in it: the server knows whose call it is.

    `path` and `query` are percent-encoded, as in an HTTP request. `size` counts the bytes in the memfd where `body` is
    empty.
    """

    id: int  # chosen by the worker, never twice
    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = {}
    body: bytes = b""
    size: int = 0


class Told(Struct, frozen=True, kw_only=True, tag=True):
    """A piece of an answer. The first one carries status and headers; the last one says that no `more` come."""

    id: int
    status: int = 0
    headers: list[tuple[str, str]] = []
    body: bytes = b""
    more: bool = False


encode = msgpack.Encoder().encode
decode_said: Callable[[bytes], Task | Told] = msgpack.Decoder(Task | Told).decode
decode_heard: Callable[[bytes], Reply | Begun | Ask] = msgpack.Decoder(Reply | Begun | Ask).decode
decode_ready = msgpack.Decoder(Ready).decode
decode_order: Callable[[bytes], Fork | Preload] = msgpack.Decoder(Fork | Preload).decode
decode_notice: Callable[[bytes], Warm | Exited | Unable] = msgpack.Decoder(Warm | Exited | Unable).decode


class Untrustworthy(Exception):
    """What came is no message of ours."""


def send(channel: socket.socket, message: bytes, fds: Sequence[int] = ()) -> None:
    """Send one message, and open files with it."""
    if len(message) <= DATAGRAM:
        if fds:
            socket.send_fds(channel, [message], fds)
        else:
            channel.send(message)
        return
    carrier = os.memfd_create("message", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        view = memoryview(message)
        while view:
            view = view[os.write(carrier, view) :]
        seal(carrier)
        socket.send_fds(channel, [_IN_MEMFD], [carrier, *fds])
    finally:
        os.close(carrier)


def receive(channel: socket.socket, most: int = LARGEST) -> tuple[bytes, list[int]]:
    """The next message, of at most so many bytes, and the open files that came with it; empty when nobody is there.

    Raises Untrustworthy for a message that cannot have been sent by `send`; its files are closed.
    """
    message, ancillary, flags, _ = channel.recvmsg(DATAGRAM, _FDS, socket.MSG_CMSG_CLOEXEC)
    fds: list[int] = []
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds += memoryview(data[: len(data) - len(data) % 4]).cast("i").tolist()
    if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
        close_all(fds)
        raise Untrustworthy("the message was cut off")
    if message != _IN_MEMFD:
        return message, fds
    if not fds:
        raise Untrustworthy("a large message without its file")
    carrier, *rest = fds
    try:
        return read_sealed(carrier, most), rest
    except Untrustworthy:
        close_all(rest)
        raise
    finally:
        os.close(carrier)


def seal(fd: int) -> None:
    """Make what a memfd holds final."""
    fcntl.fcntl(fd, _ADD_SEALS, SEALS)


def seals_of(fd: int) -> int:
    """The seals of a memfd. Raises Untrustworthy for a pipe or any file that reading might wait for."""
    try:
        return fcntl.fcntl(fd, _GET_SEALS)
    except OSError as refused:
        raise Untrustworthy("the file that came is no memfd") from refused


def sealed_size(fd: int, most: int) -> int:
    """The size of a sealed memfd. Raises Untrustworthy for a pipe, a file that may change, a larger one."""
    seals = seals_of(fd)
    size = os.fstat(fd).st_size
    if seals & SEALS != SEALS or size > most:
        raise Untrustworthy(f"the file that came is not sealed, or its {size:,} bytes are too many")
    return size


def read_sealed(fd: int, most: int) -> bytes:
    """All of a sealed memfd."""
    return os.pread(fd, sealed_size(fd, most), 0)


def close_all(fds: Sequence[int]) -> None:
    """Close open files that nobody wants."""
    for fd in fds:
        os.close(fd)
