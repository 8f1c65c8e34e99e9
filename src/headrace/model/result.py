"""What came of a call: the outcome that a worker or its keeper reports, and the times it took."""

import asyncio
from collections.abc import AsyncGenerator
from enum import StrEnum
from typing import Protocol

from msgspec import Struct


class Outcome(StrEnum):
    """How a call ended. Each is a different sentence to the caller."""

    OK = "ok"
    EXCEPTION = "exception"  # user code raised, did not parse, or has no such entrypoint
    ARGUMENT = "argument"  # an argument does not fit its parameter
    UNSERIALIZABLE = "unserializable"  # no asked-for format takes the value
    TOO_LARGE = "too_large"  # the encoded result is over the limit
    TIMEOUT = "timeout"
    MEMORY = "memory"  # killed, or stopped, for using too much memory
    FULL = "full"  # ended, for the disk that its owner's calls share is over its limit
    DIED = "died"  # the process ended by itself: a crash, os._exit, a signal
    CANCELLED = "cancelled"


class Timing(Struct, frozen=True, kw_only=True, array_like=True):
    """Where the time of a call went, in milliseconds."""

    queue: float = 0  # waiting for a worker
    start: float = 0  # forking and fencing one, when none was warm
    load: float = 0  # compiling and executing the module, imports included
    user: float = 0  # inside the entrypoint
    encode: float = 0  # from the value to bytes


class Problem(Struct, frozen=True, kw_only=True):
    """What went wrong, for the caller: a class name, a sentence, and where in the user's code."""

    kind: str  # the exception's class, such as ValueError
    message: str  # one sentence, or the exception's own text
    lineno: int | None = None  # in the code the user sent, 1-based
    traceback: str | None = None  # frames of user code only, never ours


class Growing(Protocol):
    """A result that is still being written."""

    ended: "asyncio.Future[Answer]"  # the answer as a whole, once it is

    def pieces(self) -> AsyncGenerator[bytes]:
        """The bytes as they come, to the end. Raises Broken where there is no end."""
        ...

    def abandon(self) -> None:
        """End the writing, for nobody waits for it."""
        ...


class Broken(Exception):
    """A result that was being sent when the call that wrote it failed."""


class Answer(Struct, frozen=True, kw_only=True):
    """One answered call: bytes or a problem, with the output that user code printed.

    Where `growing` is there, `body` is empty and what is said here is what was known when the writing began.
    """

    outcome: Outcome
    media_type: str = ""
    format: str = ""
    body: bytes | memoryview = b""
    headers: tuple[tuple[str, str], ...] = ()
    stdout: str = ""
    stderr: str = ""
    problem: Problem | None = None
    timing: Timing = Timing()
    imported: list[str] = []  # libraries that this call was the first to import in its process
    growing: Growing | None = None
