"""A zygote as the server holds it, and the workers it forked."""

import asyncio
import os
import socket
import subprocess
from collections.abc import Callable
from contextlib import suppress
from itertools import count

from headrace.executors._worker import STATUS_PATIENCE, Worker
from headrace.runtime import wire
from headrace.runtime.cgroup import Group, Groups
from headrace.runtime.environment import PRELOADABLE, Environment, command
from headrace.runtime.wire import Exited, Fork, Plan, Preload, Unable, Untrustworthy, Warm

FIRST_UID = 1_879_048_192  # users that no account has; one per worker, so that each has a process count of its own
UIDS = 100_000_000
_users, _groups = count(1), count(1)  # over all zygotes of this server


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
        self._held_as: int | None = None  # the user that a zygote is which imports strangers' packages

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
        worker.user = self._held_as
        plan = wire.Plan(
            readable=self._plan.readable,
            network=self.environment.network,
            uid=uid,
            limits=limits,
            counted=group is not None,
            growth=self._plan.growth,
            mounts=self._plan.mounts,
            lends=self._plan.lends,
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
        self._held_as = self._uid()
        limits, held = self._plan.limits, command(self.environment, channel, self._held_as)
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
