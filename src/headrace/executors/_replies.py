"""What a worker says, made into an answer once it was checked; and what is said in place of one that says nothing."""

import mmap
import os
import signal

from headrace.executors._growing import Growing
from headrace.model.result import Answer, Outcome, Problem
from headrace.runtime import wire
from headrace.runtime.wire import Begun, Reply, Task, Untrustworthy

LONGEST = 1e9  # milliseconds
WORDLESS = frozenset((Outcome.OK, Outcome.MEMORY, Outcome.TOO_LARGE))  # outcomes that come without a problem


def problem_of(outcome: Outcome, task: Task, status: int | None) -> Problem:
    """The sentence for a call that was ended, or whose process ended."""
    limits = task.limits
    mb = limits.memory >> 20
    kind, message = {
        Outcome.TIMEOUT: (
            "TimeoutError",
            f"The call was stopped after {limits.seconds:g} s, the limit of this server (HEADRACE_CALL_SECONDS).",
        ),
        Outcome.MEMORY: (
            "MemoryError",
            f"The call used more than {mb:,} MB of memory (HEADRACE_CALL_MEMORY_MB) and was ended.",
        ),
        Outcome.TOO_LARGE: (
            "OutputTooLarge",
            f"The result is larger than {limits.output >> 20:,} MB, the limit here (HEADRACE_CALL_OUTPUT_MB).",
        ),
        Outcome.FULL: (
            "DiskFull",
            "The disk that your calls share, /mount, is over its limit (HEADRACE_MOUNT_MB), and the call was ended. "  # noqa: ISC004
            "Calls can read and delete files there until it holds less.",
        ),
        Outcome.CANCELLED: ("Cancelled", "The call was cancelled."),
    }.get(outcome, ("ProcessDied", f"The process of the call {_ending(status)} before it had an answer."))
    return Problem(kind=kind, message=message)


def _ending(status: int | None) -> str:
    if status is None:
        return "was killed"
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return f"crashed ({signal.Signals(number).name})" if number != signal.SIGKILL else "was killed (SIGKILL)"
    return f"ended itself with exit status {os.waitstatus_to_exitcode(status)}"


def check(reply: Reply) -> None:
    """Refuse what a worker's own code does not send. Raises Untrustworthy."""
    if (reply.problem is None) != (reply.outcome in WORDLESS):
        raise Untrustworthy("an outcome that does not fit its problem")
    times = (reply.timing.load, reply.timing.user, reply.timing.encode, reply.timing.queue, reply.timing.start)
    if not all(0 <= time < LONGEST for time in times):
        raise Untrustworthy("a time that is none")


def body_of(reply: Reply, fds: list[int], most: int) -> memoryview | bytes:
    """The body of a reply, at most so many bytes. Raises Untrustworthy for one that came otherwise than it should."""
    if not fds:
        if len(reply.body) > min(most, wire.DATAGRAM):
            raise Untrustworthy("a body that should have come in a file")
        return reply.body
    size = wire.sealed_size(fds[0], most)
    if size != reply.size:
        raise Untrustworthy("a body of another size than was said")
    return memoryview(mmap.mmap(fds[0], size, access=mmap.ACCESS_READ)) if size else b""


def opening(begun: Begun, growing: Growing) -> Answer:
    """The answer that has begun."""
    return Answer(
        outcome=Outcome.OK,
        media_type=begun.media_type,
        format=begun.format,
        headers=begun.headers,
        stdout=begun.stdout,
        stderr=begun.stderr,
        timing=begun.timing,
        growing=growing,
    )


def answer_of(task: Task, reply: Reply, body: memoryview | bytes) -> Answer:
    """The answer in a reply that was checked."""
    ended = reply.outcome in (Outcome.MEMORY, Outcome.TOO_LARGE)
    return Answer(
        outcome=reply.outcome,
        media_type=reply.media_type,
        format=reply.format,
        body=body,
        headers=reply.headers,
        stdout=reply.stdout,
        stderr=reply.stderr,
        problem=problem_of(reply.outcome, task, None) if ended else reply.problem,
        timing=reply.timing,
        imported=reply.imported,
    )
