"""The zygote of an environment imports the heavy libraries once and forks workers.

`python -m headrace.runtime.zygote FD NETWORK`, where FD is the channel to the server.

A fresh interpreter that imports pandas, pyarrow and geopandas takes seconds; a child of a process that has them
takes milliseconds. What workers report to import is imported here too, so that the next ones have it.
"""

import gc
import os
import select
import signal
import socket
import sys
import traceback
from contextlib import suppress
from importlib import import_module
from types import FrameType

from headrace.runtime import fences, network, wire
from headrace.runtime.wire import Exited, Fork, Preload, Unable, Warm

BASE = ("numpy", "pandas", "pyarrow", "pyarrow.parquet", "shapely", "geopandas", "pyogrio")


def main() -> None:
    """Import, warm up, then obey the server until it closes the control channel."""
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    pasta = 0
    if sys.argv[2] == "public":
        try:
            pasta = network.go_public()
        except OSError as refused:
            wire.send(control, wire.encode(Unable(str(refused))))
            return
    run(control.detach(), pasta)


def run(channel: int, pasta: int = 0, refused: str = "") -> None:
    """Import, warm up and obey; or say what the machine refused of the environment, and end."""
    control = socket.socket(fileno=channel)
    if refused:
        wire.send(control, wire.encode(Unable(refused)))
        return
    imported = preload(BASE)
    import_module("headrace.runtime.fused").install()
    import_module("headrace.runtime.worker")
    import_module("headrace.runtime.arguments")
    warm_up()
    Zygote(control, pasta).serve(imported)


def preload(modules: tuple[str, ...] | list[str]) -> list[str]:
    """Import what can be imported of these; an environment need not have them all."""
    imported: list[str] = []
    for name in modules:
        # A library that fails to import may raise anything, a panic of its Rust part too. Workers find out for
        # themselves; what forks them has to live.
        with suppress(BaseException):
            import_module(name)
            imported.append(name)
    return imported


def warm_up() -> None:
    """Encode a small frame, so that the pages this touches are shared and what it imports lazily is imported."""
    formats = import_module("headrace.formats")
    sink = import_module("headrace.runtime.sink")
    if pandas := sys.modules.get("pandas"):
        frame = pandas.DataFrame({"a": range(10), "b": [0.5] * 10, "c": ["x"] * 10})
        for name in ("json", "parquet"):
            formats.encode(frame, [name], None, sink.Sink(1 << 20))


class Zygote:
    """Forks workers, and tells how they ended."""

    def __init__(self, control: socket.socket, pasta: int) -> None:
        self._control, self._pasta = control, pasta
        self._workers: dict[int, int] = {}  # process id -> worker id
        self._own_pids = -1
        self._private_pids = self._claim_pids()

    def serve(self, imported: list[str]) -> None:
        """Obey until the server is gone; the workers then go with it."""
        reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(writer)
        signal.signal(signal.SIGCHLD, _wake_up)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends us when it is done
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(reader, select.POLLIN)
        self._freeze()
        self._tell(Warm(imported, self._private_pids))
        while True:
            for fd, _ in poll.poll():
                if fd == reader:
                    os.read(reader, 4096)
                    self._reap()
                else:
                    self._obey((reader, writer))

    def _obey(self, own: tuple[int, int]) -> None:
        try:
            message, fds = wire.receive(self._control)
        except ConnectionResetError:  # the server went while something of ours was on its way to it
            os._exit(0)
        if not message:
            os._exit(0)
        match wire.decode_order(message):
            case Fork() as order:
                self._fork(order, fds[0], own)
            case Preload(modules=modules):
                imported = preload(modules)
                self._freeze()
                self._tell(Warm(imported, self._private_pids))
        wire.close_all(fds)

    def _fork(self, order: Fork, channel: int, own: tuple[int, int]) -> None:
        if not self._private_pids:
            fences.unshare(fences.NEWPID)
        pid = os.fork()
        if pid:
            self._workers[pid] = order.id
            if not self._private_pids:
                # Back to our own namespace: only from there is another one made, and only there do threads start.
                fences.enter(self._own_pids, fences.NEWPID)
            return
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            fences.die_with_parent(signal.SIGKILL)
            self._control.close()
            wire.close_all([*own, *([self._own_pids] if self._own_pids >= 0 else [])])
            nothing = os.open("/dev/null", os.O_RDONLY)
            os.dup2(nothing, 0)
            os.close(nothing)
            from headrace.runtime import worker

            worker.serve(socket.socket(fileno=channel), order.plan, private_pids=not self._private_pids)
        except BrokenPipeError:  # the server ended it before it was ready, or is gone
            pass
        except BaseException:  # noqa: BLE001 - whatever it was, this process must not go on as a second zygote
            traceback.print_exc()
        finally:
            os._exit(70)

    def _reap(self) -> None:
        with suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return
                if pid == self._pasta:
                    os._exit(1)  # without it workers reach nothing; the next zygote has one again
                if (worker := self._workers.pop(pid, None)) is not None:
                    self._tell(Exited(worker, status))

    def _tell(self, notice: Warm | Exited) -> None:
        try:
            wire.send(self._control, wire.encode(notice))
        except OSError:
            os._exit(0)

    def _claim_pids(self) -> str:
        """Become able to give every worker a process namespace; empty, or why not."""
        try:
            self._own_pids = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
            fences.enter(self._own_pids, fences.NEWPID)
        except OSError as refused:
            return str(refused)
        return ""

    def _freeze(self) -> None:
        """Put everything that is alive out of the collector's reach, so that a worker's collection copies no page."""
        gc.collect()
        gc.freeze()


def _wake_up(number: int, frame: FrameType | None) -> None:
    """Nothing: a handler has to be there for the signal's number to reach the wake-up pipe."""


if __name__ == "__main__":
    main()
