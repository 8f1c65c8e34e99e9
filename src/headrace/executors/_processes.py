"""Zygotes and workers as the server holds them: sockets, process descriptors, control groups, and how they ended."""

import asyncio
import mmap
import os
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import count

import msgspec
import structlog

from headrace.executors import Answering
from headrace.executors._asks import Asks
from headrace.executors._growing import Growing
from headrace.model.result import Answer, Outcome, Problem
from headrace.runtime import wire
from headrace.runtime.cgroup import Group, Groups
from headrace.runtime.environment import PRELOADABLE, Environment, command
from headrace.runtime.wire import Ask, Begun, Exited, Fork, Plan, Preload, Reply, Task, Unable, Untrustworthy, Warm

log = structlog.get_logger(__name__)

SO_PEER = struct.Struct("3i")
FIRST_UID = 1_879_048_192  # users that no account has; one per worker, so that each has a process count of its own
UIDS = 100_000_000
LONGEST = 1e9  # milliseconds
MESSAGE = 1 << 20  # bytes of an answer besides what was printed and a body in a file
WORDLESS = frozenset((Outcome.OK, Outcome.MEMORY, Outcome.TOO_LARGE))  # outcomes that come without a problem
_users, _groups = count(1), count(1)  # over all zygotes of this server
STATUS_PATIENCE = 1.0  # seconds that a dead worker's exit status is waited for

Came = tuple[Reply, memoryview | bytes] | Growing | None  # a reply with its body, one that has begun, or the end of it


class Worker:
    """One forked process: idle, or answering the call whose future is pending."""

    def __init__(
        self, number: int, channel: socket.socket, group: Group | None, ended: Callable[["Worker"], None]
    ) -> None:
        self.number, self.channel, self.group = number, channel, group
        self.owner: object = None
        self.shared = ""  # the folder that it was shown, of those that owners' calls share
        self.refused: dict[str, str] = {}  # fences that the machine refused it with its first task
        self.calls = 0
        self.idle_since = time.monotonic()
        self.ready: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()
        self.status: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self.alive = True
        self.retiring = False
        self.killed_for: Outcome | None = None
        self._reply: asyncio.Future[Came] | None = None
        self._growing: Growing | None = None
        self._begun: Begun | None = None
        self._following: asyncio.Task[None] | None = None
        self._task: Task | None = None
        self._asks: Asks | None = None
        self._pidfd = -1
        self._unread = False
        self._resting = False
        self._ended = ended
        channel.setblocking(False)
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        asyncio.get_running_loop().add_reader(channel.fileno(), self._greet)

    async def run(self, task: Task, answering: Answering | None = None) -> Answer | None:
        """Answer one task, and what it asks meanwhile; None when the worker turned out to be dead before it got it.

        An answer that is `growing` is the worker's occupation until that has ended.
        """
        loop = asyncio.get_running_loop()
        self.calls += 1
        self._task = task
        first = self._reply = loop.create_future()
        self._asks = Asks(self.channel, answering, task.limits.asked)
        try:
            if self._resting:
                self._signal(signal.SIGCONT)
                self._resting = False
            wire.send(self.channel, wire.encode(task))
        except OSError:
            self._task = self._reply = self._asks = None
            self.kill(None)
            return None
        timer = loop.call_later(task.limits.seconds, self.kill, Outcome.TIMEOUT)
        try:
            came = await first
        except asyncio.CancelledError:
            self.kill(Outcome.CANCELLED)
            raise
        finally:
            if self._growing is None:
                timer.cancel()
                self._be_done()
        if came is None:
            return None if self._unread and self.killed_for is None else await self._obituary(task)
        if isinstance(came, tuple):
            return self._whole(task, *came)
        assert self._begun is not None
        assert self._reply is not None
        self._following = asyncio.create_task(self._follow(task, came, self._begun, self._reply, timer))
        return _opening(self._begun, came)

    def _be_done(self) -> None:
        """The call is over, and with it what its code asked."""
        if self._asks:
            self._asks.close()
        self._task = self._reply = self._asks = None

    async def _follow(
        self, task: Task, growing: Growing, begun: Begun, last: "asyncio.Future[Came]", timer: asyncio.TimerHandle
    ) -> None:
        """Wait for the end of an answer that has begun."""
        came = await last
        timer.cancel()
        self._be_done()
        self._growing = self._begun = None
        answer = self._whole(task, *came) if isinstance(came, tuple) else await self._obituary(task)
        printed = {"stdout": begun.stdout + answer.stdout, "stderr": begun.stderr + answer.stderr}
        growing.ended.set_result(msgspec.structs.replace(answer, **printed))

    def _whole(self, task: Task, reply: Reply, body: memoryview | bytes) -> Answer:
        if self.calls == 1:
            self.refused = reply.refused
        self.retiring |= reply.retire
        return _answer(task, reply, body)

    @property
    def busy_with(self) -> str | None:
        """The uid of the call it answers."""
        return self._task.uid if self._task else None

    def rest(self) -> None:
        """Stop it until its next call: no thread that user code left there runs on meanwhile."""
        if not self._resting and self._pidfd >= 0:
            self._signal(signal.SIGSTOP)
            self._resting = True

    def kill(self, reason: Outcome | None) -> None:
        """End it and everything it started, now."""
        if not self.alive:
            return
        self.killed_for = self.killed_for or reason
        if self._pidfd >= 0:
            self._signal(signal.SIGKILL)
        self._end()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, number)

    def _greet(self) -> None:
        """Take the first message: the worker is fenced, and the kernel says which process it is."""
        try:
            message, ancillary, _, _ = self.channel.recvmsg(wire.DATAGRAM, socket.CMSG_SPACE(SO_PEER.size))
            pid = next(
                SO_PEER.unpack(data[: SO_PEER.size])[0]
                for level, kind, data in ancillary
                if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS
            )
            ready = wire.decode_ready(message)
            self._pidfd = os.pidfd_open(pid)
            if self.group:
                self.group.hold(pid)
        except (OSError, StopIteration, ValueError):  # msgspec's errors are ValueErrors
            self._end()
            return
        self.channel.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
        loop = asyncio.get_running_loop()
        loop.remove_reader(self.channel.fileno())
        loop.add_reader(self.channel.fileno(), self._hear)
        if not self.ready.done():
            self.ready.set_result(ready.refused)

    def _hear(self) -> None:
        """Take a reply. What is none, or answers no question, ends the worker: user code may hold its end."""
        try:
            message, fds = wire.receive(self.channel, self._most())
        except BlockingIOError:
            return
        except ConnectionResetError:
            # Its end was closed with our message in it: it died without having read the task (unix(7)), or, where it
            # has asked already, an answer.
            self._unread = self._asks is not None and not self._asks.any
            self._end()
            return
        except (OSError, Untrustworthy):
            self.kill(None)
            return
        if not message:
            self._end()
            return
        try:
            if self._reply is None or self._task is None or self._asks is None or self._reply.done():
                raise Untrustworthy("nobody asked")
            heard = wire.decode_heard(message)
            if isinstance(heard, Ask):
                self._asks.take(heard, fds)
                return
            reply = heard
            if reply.uid != self._task.uid:
                raise Untrustworthy("an answer to another call")
            if isinstance(reply, Begun):
                self._begin(reply, fds)
                return
            _check(reply)
            body = _body(reply, fds, self._task.limits.output)
        except (Untrustworthy, ValueError, OSError) as wrong:
            log.warning("a worker sent what is no reply and was ended", worker=self.number, reason=str(wrong)[:200])
            self.kill(None)
            return
        finally:
            wire.close_all(fds)
        # A process of the call that is still there is one that user code kept from being ended.
        self.retiring |= self.group is not None and not self.group.alone()
        if not self._reply.done():
            self._reply.set_result((reply, body))

    def _begin(self, begun: Begun, fds: list[int]) -> None:
        """Let whoever asked read what is there. Raises Untrustworthy where nobody wanted that, or it has begun."""
        assert self._task is not None
        assert self._reply is not None
        if not self._task.streams or self._growing is not None or len(fds) != 1:
            raise Untrustworthy("a beginning that nobody asked for")
        wire.seals_of(fds[0])
        growing = Growing(os.dup(fds[0]), self._task.limits.output, partial(self.kill, Outcome.CANCELLED))
        if not self._reply.done():
            self._begun, self._growing = begun, growing
            self._reply.set_result(growing)
            self._reply = asyncio.get_running_loop().create_future()

    def _most(self) -> int:
        """Bytes of the largest message that can be honest: what was printed, thrice for escapes, and some more."""
        return MESSAGE + 6 * (self._task.limits.log if self._task else 0)

    def _end(self) -> None:
        if not self.alive:
            return
        self.alive = False
        if self._asks:
            self._asks.close()
        asyncio.get_running_loop().remove_reader(self.channel.fileno())
        self.channel.close()
        if not self.ready.done():
            self.ready.set_result({"worker": "it ended before it was ready"})
        if self._reply and not self._reply.done():
            self._reply.set_result(None)
        self._ended(self)

    async def _obituary(self, task: Task) -> Answer:
        with suppress(TimeoutError):
            async with asyncio.timeout(0 if self.killed_for else STATUS_PATIENCE):
                await asyncio.shield(self.status)
        status = self.status.result() if self.status.done() else None
        # The count may also stand from a child process of an earlier call; only the kernel's kill is one for memory.
        killed = status is None or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL)
        starved = killed and self.group is not None and self.group.ran_out_of_memory()
        outcome = self.killed_for or (Outcome.MEMORY if starved else Outcome.DIED)
        return Answer(outcome=outcome, problem=problem_of(outcome, task, status))

    def release(self) -> None:
        """Give back what the kernel keeps for it; called once its exit status is known or given up."""
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1


class Zygote:
    """The zygote of one environment, and the workers it forked."""

    def __init__(self, environment: Environment, plan: Plan, groups: Groups, grown: Callable[[], None]) -> None:
        self.environment, self._plan, self._groups, self._grown = environment, plan, groups, grown
        self.warm = asyncio.Event()
        self.modules: set[str] = set()
        self.private_pids = ""
        self.unable = ""
        self.alive = False
        self.gone = asyncio.Event()
        self.process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._workers: dict[int, Worker] = {}
        self._numbers = 0
        self._group: Group | None = None

    def start(self) -> None:
        """Start its process; `warm` is set once it forks."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603 - our own command, no shell
                self._command(theirs.fileno()),
                env=self.environment.variables,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        ours.setblocking(False)
        self._control = ours
        self.modules.clear()
        self.alive = True
        self.gone.clear()
        asyncio.get_running_loop().add_reader(ours.fileno(), self._hear)

    def fork(self, ended: Callable[[Worker], None]) -> Worker:
        """Ask for a worker; its `ready` tells when it is there."""
        assert self._control is not None
        self._numbers += 1
        limits = self._plan.limits
        group = self._groups.make(f"worker-{next(_groups)}", limits.memory, limits.processes)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        worker = Worker(self._numbers, ours, group, ended)
        uid = None if self.environment.packages else self._uid()  # a held zygote has one user, who is its own root
        plan = wire.Plan(
            readable=self._plan.readable,
            network=self.environment.network,
            uid=uid,
            limits=limits,
            counted=group is not None,
            growth=self._plan.growth,
            mounts=self._plan.mounts,
        )
        self._workers[worker.number] = worker
        with theirs:
            try:
                wire.send(self._control, wire.encode(Fork(worker.number, plan)), [theirs.fileno()])
            except OSError:
                worker.kill(None)
        return worker

    def _uid(self) -> int | None:
        """A user that nobody else is, or None where the server may not become one."""
        return FIRST_UID + (os.getpid() * 1009 + next(_users)) % UIDS if os.geteuid() == 0 else None

    def _command(self, channel: int) -> list[str]:
        """The command that starts it; where it imports strangers' packages, bounded like a call from its first moment.

        Workers leave for groups of their own.
        """
        if not self.environment.packages:
            return command(self.environment, channel)
        limits, held = self._plan.limits, command(self.environment, channel, self._uid())
        self._group = self._groups.make(f"zygote-{next(_groups)}", limits.memory, limits.processes)
        return self._group.starting(held) if self._group is not None else held

    def preload(self, modules: list[str]) -> None:
        """Have later workers find these imported, of what may be; `grown` is called once they are."""
        new: list[str] = [name for name in modules if name in PRELOADABLE and name not in self.modules]
        if new and self._control is not None and self.alive:
            self.modules.update(new)
            wire.send(self._control, wire.encode(Preload(new)))

    def kill(self) -> None:
        """End it, and with it every worker."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.kill()
        self._end()

    def _hear(self) -> None:
        assert self._control is not None
        try:
            message, fds = wire.receive(self._control)
            wire.close_all(fds)
            notice = wire.decode_notice(message) if message else None
        except BlockingIOError:
            return
        except (OSError, Untrustworthy, ValueError):
            notice = None
        match notice:
            case Warm(modules=modules, private_pids=private_pids):
                self.modules |= set(modules)
                self.private_pids = private_pids
                if self.warm.is_set():
                    self._grown()
                self.warm.set()
            case Exited(id=number, status=status):
                self._bury(number, status)
            case Unable(reason=reason):
                self.unable = reason
            case None:
                self._end()

    def _bury(self, number: int, status: int | None) -> None:
        if worker := self._workers.pop(number, None):
            if not worker.status.done():
                worker.status.set_result(status)
            worker.kill(None)
            asyncio.get_running_loop().call_later(STATUS_PATIENCE, self._forget, worker)

    def _forget(self, worker: Worker) -> None:
        worker.release()
        if worker.group:
            self._groups.leave(worker.group)

    def _end(self) -> None:
        if not self.alive:
            return
        self.alive = False
        self.warm.clear()
        assert self._control is not None
        asyncio.get_running_loop().remove_reader(self._control.fileno())
        self._control.close()
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.kill()
            self.process.wait()
        for number in list(self._workers):
            self._bury(number, None)
        if self._group is not None:
            self._groups.leave(self._group)
            self._group = None
        self.gone.set()


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


def _check(reply: Reply) -> None:
    """Refuse what a worker's own code does not send. Raises Untrustworthy."""
    if (reply.problem is None) != (reply.outcome in WORDLESS):
        raise Untrustworthy("an outcome that does not fit its problem")
    times = (reply.timing.load, reply.timing.user, reply.timing.encode, reply.timing.queue, reply.timing.start)
    if not all(0 <= time < LONGEST for time in times):
        raise Untrustworthy("a time that is none")


def _body(reply: Reply, fds: list[int], most: int) -> memoryview | bytes:
    if not fds:
        if len(reply.body) > min(most, wire.DATAGRAM):
            raise Untrustworthy("a body that should have come in a file")
        return reply.body
    size = wire.sealed_size(fds[0], most)
    if size != reply.size:
        raise Untrustworthy("a body of another size than was said")
    return memoryview(mmap.mmap(fds[0], size, access=mmap.ACCESS_READ)) if size else b""


def _opening(begun: Begun, growing: Growing) -> Answer:
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


def _answer(task: Task, reply: Reply, body: memoryview | bytes) -> Answer:
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
