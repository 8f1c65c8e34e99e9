"""The messages between the server and a worker: msgpack, one per datagram of a SOCK_SEQPACKET pair.

server -> worker   Task          one call
worker -> server   Reply         its answer; a body over INLINE bytes rides along as a sealed memfd

A datagram is at most DATAGRAM bytes; a Task larger than that (arguments may be megabytes) rides in a memfd too,
announced by an empty datagram. Nothing that crosses is ever unpickled, imported or evaluated by the server:
the reply is decoded against these types and whatever does not fit them makes the worker die.
"""

from typing import Any

from msgspec import Struct, msgpack

from headrace.model.job import Module
from headrace.model.result import Outcome, Problem, Timing

INLINE = 64 * 1024
DATAGRAM = 160 * 1024


class Limits(Struct, frozen=True, array_like=True):
    """What a call may use. Zero is no limit."""

    seconds: float
    memory: int  # bytes
    processes: int
    open_files: int
    output: int  # bytes of the encoded result
    scratch: int  # bytes
    log: int  # bytes of stdout and of stderr, each


class Task(Struct, frozen=True, kw_only=True):
    """One call of one function, complete: a worker needs nothing else to answer it."""

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
    limits: Limits


class Reply(Struct, frozen=True, kw_only=True):
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


encode = msgpack.Encoder().encode
decode_task = msgpack.Decoder(Task).decode
decode_reply = msgpack.Decoder(Reply).decode
