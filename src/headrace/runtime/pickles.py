"""The program "pickle" of a worker: a function that came as a pickle, or as source, is called and its value written.

    same minor version as this interpreter ─▶ pickled/call.py, here
    another one                            ─▶ pickled/child.py, in an interpreter of that version, within these fences

What the function gets of arrays is read here, by TileDB-Py, whichever interpreter calls it. Everything that goes wrong
is an answer in words; what ends the process - a crash, a limit - is one too, of whoever holds the worker.
"""

import io
import json
import os
import pickle
import signal
import subprocess
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from headrace.errors import Invalid
from headrace.model.result import Problem
from headrace.runtime.pickled import call, values
from headrace.runtime.pickled.failure import Failed
from headrace.runtime.sink import Sink

OWN = "{}.{}".format(*sys.version_info)
CHILD = Path(call.__file__).with_name("child.py")
MESSAGE = 10_000  # characters of an exception's text
TRACEBACK = 50_000  # characters of its traceback, the end of it
KIND = 200  # characters of its name
PIECE = 8 << 20  # bytes of the longest piece that a child may send
READ = 1 << 20


class FunctionFailed(Invalid):
    """What was sent could not be called, or failed; `problem` says how."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(f"{problem.kind}: {problem.message}" if problem.message else problem.kind)


def run(arguments: dict[str, Any], sink: Sink, formats: list[str]) -> Any:  # noqa: ANN401 - formats' Encoded
    """Call the function and write what it returns. Raises FunctionFailed, and what a full sink or memory raises.

    `arguments`: `function` (a pickle, or {"code", "entrypoint"}), `argument` or `arguments_json`, `arrays` (each with
    `path`, `uri`, `parameter_id`, `ranges`, `buffers`), `stored` (the results of tasks, by id), `nodes` (the tasks of a
    graph's nodes, by theirs), `result_format`, `version` and `language` of who pickled it, `source` for tracebacks. And
    where that is another version: `interpreter` of that version, with folders of `packages`.
    """
    try:
        name = arguments.get("result_format") or next(iter(formats), "native")
        codec = values.codec_of(name)
        interpreter = _interpreter(arguments)
        kept = ("function", "argument", "arguments_json", "stored", "nodes", "source")
        request = {key: arguments.get(key) for key in kept}
        request["result_format"] = name
        if details := arguments.get("arrays"):
            from headrace.runtime import slices

            request["arrays"] = [{**one, "data": slices.read(one, one.get("config"))} for one in details]
        encoded = import_module("headrace.formats").Encoded(name, codec.media_type)
        sink.head = encoded
        if interpreter is None:
            call.run(request, sink)
        else:
            _run_elsewhere(interpreter, arguments.get("packages") or [], request, sink)
    except Failed as failed:
        raise FunctionFailed(_problem(failed)) from None
    return encoded


def _interpreter(arguments: dict[str, Any]) -> str | None:
    """The program that a function of that version is called in, or None: this one. Raises Failed."""
    language = str(arguments.get("language") or "python").lower()
    if language != "python":
        raise Failed("ValueError", f"Functions in {language} are not run here; send one in Python.")
    version = str(arguments.get("version") or OWN)
    minor = ".".join(version.split(".")[:2])
    # Code objects fit one minor version. Source fits them all.
    if minor == OWN or isinstance(arguments.get("function"), dict):
        return None
    if arguments.get("interpreter") is None:
        raise Failed("ValueError", f"The function was pickled by Python {minor}, and here is Python {OWN} alone.")
    return str(arguments["interpreter"])


def _run_elsewhere(program: str, packages: list[str], request: dict[str, Any], sink: Sink) -> None:
    """Have a child answer. Raises Failed, and what a full sink raises."""
    import cloudpickle

    own = Path(cloudpickle.__file__).parent  # plain Python as well, and the one that reads what clients send
    reader, writer = os.pipe()
    command = [program, "-I", "-B", "-u", str(CHILD), str(writer), str(own), *packages]
    with open(reader, "rb", buffering=0) as answers:  # noqa: PTH123
        try:
            child = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[writer])  # noqa: S603 - the server's words
        except OSError as refused:
            raise Failed("ValueError", f"The interpreter {program} cannot be started: {refused}") from None
        finally:
            os.close(writer)
        with child:
            try:
                _hand_over(child, request)
                end = _receive(answers, sink)
            finally:
                child.kill()
    if end is None:
        raise Failed("Died", f"The process that called the function ended by itself, {_how(child.returncode)}.")
    if end.get("kind") == "MemoryError" and not end.get("traceback"):
        raise MemoryError
    if end:
        lineno, text = end.get("lineno"), end.get("traceback")
        raise Failed(
            str(end.get("kind")),
            str(end.get("message")),
            lineno if isinstance(lineno, int) else None,
            text if isinstance(text, str) else None,
        )


def _hand_over(child: subprocess.Popen[bytes], request: dict[str, Any]) -> None:
    assert child.stdin is not None
    with suppress(BrokenPipeError):  # it ended before it had read all; what it said, if anything, is read next
        pickle.dump(request, child.stdin, values.PROTOCOL)
        child.stdin.close()


def _receive(answers: io.FileIO, sink: Sink) -> dict[str, Any] | None:
    """Take the pieces of an answer: the result goes into the sink, and what is said at the end is given.

    None where it ended before. User code over there may have written anything, so nothing is believed.
    """
    while len(head := _exactly(answers, 9)) == 9:
        length = int.from_bytes(head[1:], "big")
        if length > PIECE:
            return None
        piece = _exactly(answers, length)
        if head[:1] == b"D":
            sink.write(piece)
            continue
        with suppress(ValueError):
            end = json.loads(piece)
            return end if isinstance(end, dict) else None
        return None
    return None


def _exactly(answers: io.FileIO, length: int) -> bytes:
    """So many bytes, or fewer where there are no more."""
    pieces: list[bytes] = []
    while length and (piece := answers.read(min(length, READ))):
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)


def _how(status: int) -> str:
    return f"with status {status}" if status >= 0 else f"by signal {signal.Signals(-status).name}"


def _problem(failed: Failed) -> Problem:
    """A problem in words that are bounded and fit to be sent, whatever user code made of them."""
    text = failed.traceback
    return Problem(
        kind=_plain(failed.kind, KIND),
        message=_plain(failed.message, MESSAGE),
        lineno=failed.lineno,
        traceback=None if text is None else _plain(text[-TRACEBACK:], TRACEBACK),
    )


def _plain(text: str, most: int) -> str:
    return str.encode(text, "utf-8", "backslashreplace").decode()[:most]
