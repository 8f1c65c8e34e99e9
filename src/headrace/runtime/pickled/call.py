"""One call of a function that came as a pickle or as source: from what was sent to the bytes of its result."""

# Values of any type are its subject.
# ruff: noqa: ANN401
from __future__ import annotations

import asyncio
import inspect
import linecache
import sys
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, CoroutineType
from typing import Any, NamedTuple

from . import names, parameters, values
from .failure import Failed

HERE = str(Path(__file__).parent)
NAME = "<function>"  # the file that code without one has in tracebacks


def run(request: dict[str, Any], out: Any) -> None:
    """Call the function and write its result, in the format `result_format`, into a binary file.

    Raises Failed for everything that goes wrong in a way that words can tell; MemoryError passes.
    """
    codec = values.codec_of(request["result_format"])
    function = function_of(request["function"])
    positional, named = parameters.collect(request)
    with _quotable(function, request.get("source")) as lines:
        try:
            value = function(*positional, **named)
            if isinstance(value, CoroutineType):
                value = asyncio.run(value)
        except MemoryError:
            raise
        except Failed:
            raise  # from a stored result that the function itself had read
        except BaseException as error:  # noqa: BLE001 - user code may raise anything, SystemExit included
            raise _told(error, lines) from None
        del positional, named
        if inspect.isgenerator(value) and codec is not values.CODECS["bytes"]:
            kind = type(value).__name__
            raise Failed("SerializationError", f"The function returned a {kind}; return what it yields, as a list.")
        values.write(request["result_format"], value, out)


def function_of(sent: Any) -> Any:
    """The function of a pickle, or of source text: that of its `entrypoint`, else the last one it defines."""
    if isinstance(sent, dict):
        return _of_source(str(sent["code"]), sent.get("entrypoint"))
    function, _ = names.load(sent, "The function", is_function=True)
    if not callable(function):
        kind = type(function).__name__
        raise Failed("TypeError", f"What was sent as the function is a value of type {kind}, which cannot be called.")
    return function


def _of_source(code: str, entrypoint: str | None) -> Any:
    # Both names are given in a worker, so that a function alone, without the imports above it, says how it is marked.
    given = {name: sys.modules[name] for name in ("fused", "headrace") if name in sys.modules}
    namespace: dict[str, Any] = {"__name__": "__udf__", **given}
    lines = code.splitlines(keepends=True)
    linecache.cache[NAME] = (len(code), None, lines, NAME)
    try:
        exec(compile(code, NAME, "exec", dont_inherit=True), namespace)  # noqa: S102 - what a worker is for
    except MemoryError:
        raise
    except BaseException as error:  # noqa: BLE001
        raise _told(error, Lines(NAME, 1, len(lines))) from None
    defined = [n for n, value in namespace.items() if inspect.isfunction(getattr(value, "function", value))]
    name = entrypoint or (defined[-1] if defined else "")
    found = namespace.get(name)
    function = getattr(found, "function", found)
    if not callable(function):
        there = f"; there are {', '.join(defined)}." if defined else ", which defines no function."
        raise Failed("NameError", f"name {name!r} is not defined as a function in the code{there}")
    return function


class Lines(NamedTuple):
    """Where the source of a function is, in the words of its code object."""

    file: str
    first: int
    size: int


@contextmanager
def _quotable(function: Any, source: str | None) -> Generator[Lines | None]:
    """Let tracebacks quote the source that was sent, whatever file of the sender's machine it is from."""
    code = getattr(inspect.unwrap(function), "__code__", None) if source else None
    if not source or not isinstance(code, CodeType):
        yield None
        return
    lines = source.splitlines(keepends=True)
    before = linecache.cache.get(code.co_filename)
    blank = ["\n"] * (code.co_firstlineno - 1)
    linecache.cache[code.co_filename] = (len(source), None, blank + lines, code.co_filename)
    try:
        yield Lines(code.co_filename, code.co_firstlineno, len(lines))
    finally:
        linecache.cache.pop(code.co_filename, None)
        if before is not None:
            linecache.cache[code.co_filename] = before


def _told(error: BaseException, lines: Lines | None) -> Failed:
    """What the caller learns of an exception: frames from the function on, and the line in its source."""
    kind = type(error).__name__
    found = traceback.TracebackException(type(error), error, error.__traceback__)
    told: Any = found
    seen = set()
    while told is not None and id(told) not in seen:
        seen.add(id(told))
        told.stack = traceback.StackSummary.from_list([frame for frame in told.stack if not _is_own(frame.filename)])
        told = told.__cause__ or told.__context__
    lineno = None
    for frame in found.stack:
        if lines is None:
            lineno = frame.lineno
            break
        line = (frame.lineno or 0) - lines.first
        if frame.filename == lines.file and 0 <= line < lines.size:
            lineno = line + 1
    if isinstance(error, SyntaxError) and lines is not None and error.filename == lines.file:
        lineno = error.lineno
    try:
        message = str(error)
    except BaseException:  # noqa: BLE001 - an exception's own __str__ is user code too
        message = "(its text could not be read)"
    if isinstance(error, ModuleNotFoundError):
        message = f"{message}. The function {names.lacking(error)}"
    return Failed(kind, message, lineno, "".join(found.format()))


def _is_own(filename: str) -> bool:
    return filename.startswith((HERE, "<frozen importlib"))
