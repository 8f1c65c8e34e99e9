"""A worker as the server holds it: its socket, its process descriptor, its control group, and how it ended."""

import asyncio
import os
import signal
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import msgspec
import structlog

from headrace.executors import Answering
from headrace.executors._asks import Asks
from headrace.executors._growing import Growing
from headrace.executors._replies import answer_of, body_of, check, opening, problem_of
from headrace.model.result import Answer, Outcome
from headrace.runtime import capture, wire
from headrace.runtime.cgroup import Group
from headrace.runtime.wire import Ask, Begun, Reply, Task, Untrustworthy

log = structlog.get_logger(__name__)

SO_PEER = struct.Struct("3i")
MESSAGE = 1 << 20  # bytes of an answer besides what was printed and a body in a file
STATUS_PATIENCE = 1.0  # seconds that a dead worker's exit status is waited for

Came = tuple[Reply, memoryview | bytes] | Growing | None  # a reply with its body, one that has begun, or the end of it


class Worker:
    """One forked process: idle, or answering the call whose future is pending."""

    def __init__(
        self, number: int, channel: socket.socket, group: Group | None, ended: Callable[["Worker"], None]
    ) -> None:
        self.number, self.channel, self.group = number, channel, group
        self.owner: object = None
        self.user: int | None = None  # what it is to the machine, where it is the root of a user namespace
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
        self._pid = self._pidfd = self._shown = -1
        self._printed = ("", "")  # by a call that its process did not outlive
        self._unread = False
        self._resting = self._runs_sql = False
        self._ended = ended
        channel.setblocking(False)
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        asyncio.get_running_loop().add_reader(channel.fileno(), self._greet)

    async def run(self, task: Task, answering: Answering | None = None, tree: int | None = None) -> Answer | None:
        """Answer one task, and what it asks meanwhile; None when the worker turned out to be dead before it got it.

        `tree` is a mount of the folder that its owner's calls share, as an open file, which is closed here.

        An answer that is `growing` is the worker's occupation until that has ended.
        """
        loop = asyncio.get_running_loop()
        self.calls += 1
        self._runs_sql = task.program in wire.SQL
        self._task = task
        first = self._reply = loop.create_future()
        self._asks = Asks(self.channel, answering, task.limits.asked)
        try:
            if self._resting:
                self._signal(signal.SIGCONT)
                self._resting = False
            wire.send(self.channel, wire.encode(task), () if tree is None else (tree,))
        except OSError:
            self._task = self._reply = self._asks = None
            self.kill(None)
            return None
        finally:
            if tree is not None:
                os.close(tree)
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
        return opening(self._begun, came)

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
        return answer_of(task, reply, body)

    @property
    def busy_with(self) -> str | None:
        """The uid of the call it answers."""
        return self._task.uid if self._task else None

    @property
    def computes(self) -> bool:
        """Whether it is on a core, or waits for one, at this moment."""
        try:
            return Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()[0] == "R"
        except OSError:
            return False

    def rest(self) -> None:
        """Stop it until its next call: no thread that user code left there runs on meanwhile.

        Not one that runs SQL, which holds no code of users: stopped in the middle of what it makes ready for its next
        call it would keep the lock of a catalogue, and whoever writes to that would wait for as long.
        """
        if not self._runs_sql and not self._resting and self._pidfd >= 0:
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
            room = socket.CMSG_SPACE(SO_PEER.size) + socket.CMSG_SPACE(4)
            message, ancillary, _, _ = self.channel.recvmsg(wire.DATAGRAM, room, socket.MSG_CMSG_CLOEXEC)
            for level, kind, data in ancillary:
                if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                    (self._shown,) = struct.unpack("i", data[:4])
            pid = next(
                SO_PEER.unpack(data[: SO_PEER.size])[0]
                for level, kind, data in ancillary
                if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS
            )
            ready = wire.decode_ready(message)
            self._pid, self._pidfd = pid, os.pidfd_open(pid)
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
            check(reply)
            body = body_of(reply, fds, self._task.limits.output)
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
            with suppress(OSError):  # of one that ended before it was ready there is nothing to read
                self._printed = capture.read_shown(self._shown)
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
        stdout, stderr = (text[: task.limits.log] for text in self._printed)
        return Answer(outcome=outcome, problem=problem_of(outcome, task, status), stdout=stdout, stderr=stderr)

    def release(self) -> None:
        """Give back what the kernel keeps for it; called once its exit status is known or given up."""
        for fd in (self._pidfd, self._shown):
            if fd >= 0:
                os.close(fd)
        self._pidfd = self._shown = -1
