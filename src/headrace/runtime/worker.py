"""A worker: a forked, fenced process that answers one owner's calls, one at a time, until it dies.

    Task ─▶ compile (once per digest) ─▶ execute the module ─▶ bind arguments ─▶ the entrypoint ─▶ encode ─▶ Reply

Everything user code can do wrong ends as a Reply, or as the death of this process; the server tells the two apart.
"""

import asyncio
import linecache
import os
import resource
import shutil
import signal
import socket
import sys
import traceback
from _signal import getsignal  # pyright: ignore - that of `signal` looks up an enum each time
from _thread import _count as _count_threads  # pyright: ignore - `threading` does not know of all threads
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from inspect import signature
from itertools import pairwise
from os import _exit, chdir, chmod, getpid, kill, scandir, umask, waitpid  # as they are before user code patches them
from pathlib import Path
from time import perf_counter
from types import CodeType, CoroutineType, GeneratorType, ModuleType
from typing import Any, NoReturn

from msgspec.structs import replace

from headrace.errors import HeadraceError
from headrace.model.job import Module
from headrace.model.result import Outcome, Problem, Timing
from headrace.runtime import sandbox, wire
from headrace.runtime.capture import Capture, Shown
from headrace.runtime.environment import PRELOADABLE
from headrace.runtime.line import Line
from headrace.runtime.sink import OutputTooLarge, Sink
from headrace.runtime.wire import Begun, Plan, Ready, Reply, Task

COMPILED = 256  # digests
# What answers in place of a function: `run(arguments, sink, formats)` of a module, imported when it is first wanted.
PROGRAMS = {
    "sql": "headrace.runtime.statements",
    "query": "headrace.runtime.saved_queries",
    "pickle": "headrace.runtime.pickles",
}
KEPT_IN_SCRATCH = ".cache"  # what `fused.cache` keeps between calls of this worker
MESSAGE = 10_000  # characters of an exception's text
KIND = 200  # characters of an exception's name
HANDLED = (*range(1, 9), *range(10, 19), *range(20, 29))  # signals whose handlers user code may set
TRACEBACK = 50_000  # characters of its traceback, the end of it


def serve(channel: socket.socket, plan: Plan, *, private_pids: bool) -> NoReturn:
    """Fence this process, then answer tasks until the server closes the channel."""
    fences = sandbox.Fences(plan, private_pids=private_pids)
    fences.prepare()
    printed = Shown()
    wire.send(channel, wire.encode(Ready(fences.refused)), (printed.fd,))
    os.close(printed.fd)
    worker = None
    while True:
        message, fds = wire.receive(channel)
        if not message:
            _exit(0)
        task = wire.decode_said(message)
        if not isinstance(task, Task):
            continue  # an answer that the call before did not wait for
        refused: dict[str, str] = {}
        if worker is None:
            fences.close(task.shared, full=task.full, tree=fds[0] if fds else None, lent=task.lent)
            # Workers of one owner have users of their own and one group: what one writes the next may write as well.
            grouped = fences.shares and (plan.uid is not None or fences.lent)
            # What one worker writes to a folder that is lent, the next one of another owner may have to write to.
            mask = 0o000 if fences.has_lent else 0o002 if grouped else 0o022
            worker = Worker(plan, Line(channel), printed, private_pids=private_pids, mask=mask)
            refused = fences.refused
        wire.close_all(fds)
        reply, fd = worker.answer(task, lambda begun, fd: wire.send(channel, begun, (fd,)))
        if refused:
            reply = replace(reply, refused=refused)
        wire.send(channel, wire.encode(reply), () if fd is None else (fd,))
        if fd is not None:
            os.close(fd)
        if (rest := getattr(sys.modules.get(PROGRAMS.get(task.program, "")), "rest", None)) is not None:
            with suppress(Exception):  # the next task makes it itself
                rest()


class Failure(Exception):
    """A call that ends without a value."""

    def __init__(self, outcome: Outcome, problem: Problem) -> None:
        self.outcome, self.problem = outcome, problem


class Worker:
    """What stays from call to call: compiled code, the capture of output, and how things were before user code ran."""

    def __init__(self, plan: Plan, line: Line, printed: Shown, *, private_pids: bool, mask: int) -> None:
        self._line = line
        self._umask = mask
        umask(mask)
        self._plan, self._private_pids, self._pid = plan, private_pids, getpid()
        self._scratch = os.environ.get("TMPDIR", sandbox.SCRATCH)
        os.environ.update(HOME=self._scratch, TMPDIR=self._scratch)
        if numpy := sys.modules.get("numpy"):
            numpy.random.seed()  # else every worker would draw the numbers that the zygote's copy would
        self._capture = Capture(printed)
        self._compiled: dict[str, CodeType] = {}
        self._environ, self._path = dict(os.environ), list(sys.path)
        self._modules = len(sys.modules)
        self._imported = PRELOADABLE & sys.modules.keys()
        self._threads = _count_threads()
        self._broken = False
        handlers: list[tuple[int, Any]] = [(number, getsignal(number)) for number in HANDLED]
        self._handlers = [(number, handler) for number, handler in handlers if handler is not None]
        self._recursion = sys.getrecursionlimit()
        self._start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        shown = sandbox.hidden_by_scratch(plan.readable)
        self._kept = {KEPT_IN_SCRATCH, *(Path(path).relative_to(sandbox.SCRATCH).parts[0] for path in shown)}
        self._fused: Any = sys.modules["fused"]
        self._fused.connect(line)
        self._headrace = sys.modules["headrace"]
        self._arguments = import_module("headrace.runtime.arguments")
        self._formats = import_module("headrace.formats")

    def answer(self, task: Task, tell: Callable[[bytes, int], None]) -> tuple[Reply, int | None]:
        """Run one task. The reply, and the memfd of a large body; `tell` sends word that one has begun to grow."""
        self._capture.begin(task.limits.log)
        chdir(self._scratch)
        times = [perf_counter()]
        sink = Sink(task.limits.output, partial(self._begun, task, times, tell) if task.streams else None)
        outcome, problem, encoded = Outcome.OK, None, None
        modules = _Modules(task)
        self._line.begin()
        try:
            encoded = self._run(task, modules, sink, times)
        except Failure as failure:
            outcome, problem = failure.outcome, failure.problem
        except MemoryError:
            outcome, problem = Outcome.MEMORY, None
        except OutputTooLarge:
            outcome, problem = Outcome.TOO_LARGE, None
        except BaseException as error:  # noqa: BLE001 - user code may raise anything, SystemExit included
            outcome, problem = Outcome.EXCEPTION, self._problem(error, modules)
        if getpid() != self._pid:
            _exit(0)  # user code forked, and the child came back as if it were the call
        self._line.end()
        modules.remove()
        times += [perf_counter()] * (4 - len(times))
        self._clean()
        stdout, stderr = self._capture.end()
        if problem and problem.traceback:
            stderr += problem.traceback
        body, fd = sink.take() if encoded else (b"", None)
        if not encoded:
            sink.discard()
        load, user, encode = ((b - a) * 1000 for a, b in pairwise(times))
        reply = Reply(
            uid=task.uid,
            outcome=outcome,
            media_type=_plain(encoded.media_type, KIND) if encoded else "",
            format=encoded.format if encoded else "",
            headers=encoded.headers if encoded else (),
            body=body,
            size=sink.size,
            stdout=stdout,
            stderr=stderr,
            problem=problem,
            timing=Timing(load=load, user=user, encode=encode),
            retire=self._worn(),
            imported=self._newly_imported(),
        )
        return reply, fd

    def _begun(
        self,
        task: Task,
        times: list[float],
        tell: Callable[[bytes, int], None],
        fd: int,
        encoded: Any,  # noqa: ANN401 - formats' Encoded
    ) -> None:
        """Have the server send what is there of the result while the rest is written."""
        with suppress(BaseException):  # user code may have put anything in their place
            sys.stdout.flush()
            sys.stderr.flush()
        stdout, stderr = self._capture.end()
        moments = [*times, *[perf_counter()] * (3 - len(times))]  # a program computes while it writes
        load, user = ((b - a) * 1000 for a, b in pairwise(moments))
        begun = Begun(
            uid=task.uid,
            media_type=_plain(encoded.media_type, KIND),
            format=encoded.format,
            headers=encoded.headers,
            stdout=stdout,
            stderr=stderr,
            timing=Timing(load=load, user=user),
        )
        tell(wire.encode(begun), fd)

    def _run(self, task: Task, modules: "_Modules", sink: Sink, times: list[float]) -> Any:  # noqa: ANN401 - formats' Encoded
        if task.program:
            return self._run_program(task, sink, times)
        self._fused.activate(task.context, modules)
        # Both names are given, so that a function alone, without the imports above it, says how it is marked.
        given = {"fused": self._fused, "headrace": self._headrace}
        namespace: dict[str, Any] = {"__name__": "__udf__", "__file__": modules.main, **given}
        exec(self._compile(task, modules), namespace)  # noqa: S102 - what a worker is for
        function = _entrypoint(namespace, task)
        try:
            arguments = _with_element(function, task) if task.element else task.arguments
            positional, named = self._arguments.bind(function, arguments, task.tile)
        except self._arguments.ArgumentError as wrong:
            raise Failure(Outcome.ARGUMENT, _told(wrong.kind, str(wrong))) from None
        except ModuleNotFoundError as missing:
            message = (
                f"What the arguments become needs the package {missing.name}, which this environment does not have"
            )
            raise Failure(Outcome.ARGUMENT, _told("ModuleNotFoundError", f"{message}; add it.")) from None
        times.append(perf_counter())
        value = function(*positional, **named)
        if type(value) is CoroutineType:
            value = asyncio.run(value)
        times.append(perf_counter())
        try:
            encoded = self._formats.encode(value, task.formats, task.tile, sink)
        except self._formats.Unserializable as wrong:
            raise Failure(Outcome.UNSERIALIZABLE, _told("SerializationError", str(wrong))) from None
        except (MemoryError, OutputTooLarge):
            raise
        except Exception as wrong:
            if type(value) is GeneratorType:  # it is the udf's own code that still ran
                raise
            # Writers meet values that nobody thought of; it is the value's doing.
            wanted = " or ".join(task.formats)
            message = f"The {type(value).__name__} that the udf returned cannot be written as {wanted}: {wrong}"
            raise Failure(Outcome.UNSERIALIZABLE, _told("SerializationError", message)) from None
        times.append(perf_counter())
        return encoded

    def _run_program(self, task: Task, sink: Sink, times: list[float]) -> Any:  # noqa: ANN401 - formats' Encoded
        """What a program makes of the arguments; where its errors are no exceptions of user code they are sentences."""
        program = import_module(PROGRAMS[task.program])
        times.append(perf_counter())
        try:
            encoded = program.run(task.arguments, sink, task.formats)
        except self._arguments.ArgumentError as wrong:
            raise Failure(Outcome.ARGUMENT, _told(wrong.kind, str(wrong))) from None
        except HeadraceError as wrong:
            line: int | None = getattr(wrong, "line", None)  # of a statement, where the error has a place in one
            told: Problem | None = getattr(wrong, "problem", None)  # of a function, which has a traceback of its own
            raise Failure(Outcome.EXCEPTION, told or _told(type(wrong).__name__, wrong.message, line)) from None
        except (MemoryError, OutputTooLarge):
            raise
        except Exception as wrong:
            if task.program not in wire.SQL:  # of functions it may be an exception of user code
                raise
            said = f"Headrace could not run this statement ({type(wrong).__name__}: {wrong}); that is a defect of it."
            raise Failure(Outcome.EXCEPTION, _told("Defect", f"{said} Please report it with the statement.")) from None
        times += [perf_counter()] * 2
        return encoded

    def _compile(self, task: Task, modules: "_Modules") -> CodeType:
        if (code := self._compiled.get(task.digest)) is None:
            if len(self._compiled) >= COMPILED:
                self._compiled.clear()
            code = self._compiled[task.digest] = compile(task.code, modules.main, "exec", dont_inherit=True)
        return code

    def _problem(self, error: BaseException, modules: "_Modules") -> Problem:
        """What the caller learns of an exception: user frames only, and the line in the code that was sent."""
        modules.show_source()
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in modules.sources]
        line = next((f.lineno for f in reversed(frames) if f.filename == modules.main), None)
        if isinstance(error, SyntaxError) and error.filename == modules.main:
            line = error.lineno
        elif not frames:
            self._broken = True  # it came from around the user's code: that code took apart what later calls need
        kind = type(error).__name__
        with suppress(BaseException):  # an exception's own __str__ is user code too
            message, shown = str(error), _plain("".join(traceback.format_exception_only(error)), MESSAGE)
            text = "Traceback (most recent call last):\n" + "".join(traceback.format_list(frames)) + shown
            return _told(kind, message, line, text)
        return _told(kind, "(its text could not be read)", line)

    def _clean(self) -> None:
        """Leave nothing of the call behind: processes, timers, files, environment, import path."""
        if self._private_pids:
            with suppress(ProcessLookupError):
                kill(-1, signal.SIGKILL)
        with suppress(ChildProcessError):
            while waitpid(-1, 0 if self._private_pids else os.WNOHANG)[0]:
                pass
        umask(self._umask)
        chmod(self._scratch, 0o700)  # noqa: PTH101 - once for every call, and a Path costs more
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, before in self._handlers:
            if getsignal(number) is not before:
                signal.signal(number, before)
        sys.settrace(None)
        sys.setprofile(None)
        sys.setrecursionlimit(self._recursion)
        self._capture.restore()
        if os.environ != self._environ:
            os.environ.clear()
            os.environ.update(self._environ)
        if sys.path != self._path:
            sys.path[:] = self._path
        for folder in (self._scratch, sandbox.SHARED_MEMORY):
            with suppress(OSError), scandir(folder) as entries:
                for entry in entries:
                    if entry.name not in self._kept:
                        _remove(entry)

    def _worn(self) -> bool:
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - self._start) << 10
        broken = self._broken or sys.modules.get("headrace") is not self._headrace
        return broken or _count_threads() > self._threads or grown > self._plan.growth

    def _newly_imported(self) -> list[str]:
        if len(sys.modules) == self._modules:
            return []
        self._modules = len(sys.modules)
        new = (PRELOADABLE & sys.modules.keys()) - self._imported
        self._imported |= new
        return sorted(new)


class _Modules(MetaPathFinder, Loader):
    """The source of one call: the udf and the extra modules it may import while it runs (protocol notes 5.6)."""

    def __init__(self, task: Task) -> None:
        self.main = f"<udf {task.name}>"
        self.task = task
        self._own: dict[str, Module] = {m.name: m for m in task.modules}
        self.sources = {self.main: task.code} | {self._file(m): m.source for m in task.modules}
        self._hidden = {name: sys.modules.pop(name) for name in self._own if name in sys.modules}
        if self._own:
            sys.meta_path.insert(0, self)

    def find_spec(self, fullname: str, path: object, target: ModuleType | None = None) -> ModuleSpec | None:
        """The module of that name, if the udf brought it."""
        return spec_from_loader(fullname, self) if fullname in self._own else None

    def exec_module(self, module: ModuleType) -> None:
        """Run its source."""
        own = self._own[module.__name__]
        module.__dict__["fused"] = sys.modules["fused"]
        exec(compile(own.source, self._file(own), "exec", dont_inherit=True), module.__dict__)  # noqa: S102

    def show_source(self) -> None:
        """Let tracebacks quote the lines."""
        for file, source in self.sources.items():
            linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)

    def remove(self) -> None:
        """Forget the modules, and bring back what they hid."""
        if self._own:
            with suppress(ValueError):
                sys.meta_path.remove(self)
            for name in self._own:
                sys.modules.pop(name, None)
            sys.modules.update(self._hidden)

    def _file(self, module: Module) -> str:
        return f"<{module.name} of {self.main[1:]}"


def _entrypoint(namespace: Mapping[str, Any], task: Task) -> Callable[..., Any]:
    found = namespace.get(task.entrypoint)
    function = getattr(found, "function", found)
    if callable(function):
        return function
    there = [
        name for name, value in namespace.items() if callable(getattr(value, "function", value)) and name[0] != "_"
    ]
    message = f"name {task.entrypoint!r} is not defined as a function in the code"
    message += f"; there are {', '.join(there)}." if there else ", which defines no function."
    raise Failure(Outcome.EXCEPTION, _told("NameError", message))


def _with_element(function: Callable[..., Any], task: Task) -> dict[str, Any]:
    """The arguments of a call for one element of an input: a dict of them, else the first (protocol notes 5.2)."""
    element = task.element[0]
    parameters = signature(function).parameters.values()
    names = [parameter.name for parameter in parameters if parameter.kind is not parameter.VAR_KEYWORD]
    if isinstance(element, dict) and (len(names) < len(parameters) or element.keys() <= set(names)):
        return {**task.arguments, **element}
    return {**task.arguments, names[0]: element} if names else task.arguments


def _told(kind: str, message: str, lineno: int | None = None, text: str | None = None) -> Problem:
    """A problem in words that are bounded and fit to be sent, whatever user code made of them."""
    return Problem(
        kind=_plain(kind, KIND),
        message=_plain(message, MESSAGE),
        lineno=lineno,
        traceback=None if text is None else _plain(text[-TRACEBACK:], TRACEBACK),
    )


def _plain(text: str, most: int) -> str:
    return str.encode(text, "utf-8", "backslashreplace").decode()[:most]


def _remove(entry: os.DirEntry[str]) -> None:
    if entry.is_dir(follow_symlinks=False):
        shutil.rmtree(entry.path, ignore_errors=True)
    else:
        with suppress(OSError):
            Path(entry.path).unlink()
