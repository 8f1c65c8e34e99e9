"""Answers one call in an interpreter of another version, as a child of the fenced worker that cannot.

`python -I child.py FD CLOUDPICKLE PACKAGES...`: the request comes pickled on standard input, from our own worker, and
the answer goes to the open file FD, in pieces of one letter, eight bytes of length, and as many bytes:

    D    a piece of the result
    E    JSON: an empty object, or what went wrong

CLOUDPICKLE is the folder of that package, which is plain Python, and PACKAGES are folders of others.
"""

# Values of any type are its subject.
# ruff: noqa: ANN401
from __future__ import annotations

import json
import os
import pickle
import sys
from contextlib import suppress
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

NAME = "_headrace_pickled"  # as which this folder is imported, without the one that it lies in
PIECE = 1 << 20


class Pipe:
    """A binary file that sends what is written to it."""

    closed = False

    def __init__(self, fd: int) -> None:
        self._fd, self._pid = fd, os.getpid()

    def write(self, data: Any) -> int:
        """Send a piece."""
        view = memoryview(data).cast("B")
        for start in range(0, len(view), PIECE):
            self.send(b"D", view[start : start + PIECE])
        return len(view)

    def send(self, letter: bytes, data: Any) -> None:
        """Send one piece of either kind."""
        if os.getpid() != self._pid:
            os._exit(0)  # user code forked, and the child came back as if it were the call
        for part in (letter + len(data).to_bytes(8, "big"), data):
            view = memoryview(part)
            while view:
                view = view[os.write(self._fd, view) :]

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Left open: more may follow."""

    def writable(self) -> bool:
        """Yes."""
        return True

    def readable(self) -> bool:
        """No."""
        return False

    def seekable(self) -> bool:
        """No."""
        return False


def main() -> None:
    """Answer the request."""
    pipe = Pipe(int(sys.argv[1]))
    os.set_inheritable(int(sys.argv[1]), False)
    # Before what the machine's own interpreter may have, and after the standard library.
    own = [at for at, folder in enumerate(sys.path) if folder.endswith("-packages")]
    at = own[0] if own else len(sys.path)
    sys.path[at:at] = sys.argv[3:]
    _package("cloudpickle", sys.argv[2])
    package = _package(NAME, str(Path(__file__).resolve().parent))
    __import__(NAME + ".call")
    request = pickle.load(sys.stdin.buffer)  # noqa: S301 - of our own worker, and in its fences
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    end: dict[str, Any] = {}
    try:
        package.call.run(request, pipe)
    except package.failure.Failed as failed:
        end = {
            "kind": failed.kind,
            "message": failed.message,
            "lineno": failed.lineno,
            "traceback": failed.traceback,
        }
    except MemoryError:
        end = {"kind": "MemoryError", "message": "", "lineno": None, "traceback": None}
    for file in (sys.stdout, sys.stderr):
        with suppress(BaseException):  # user code may have put anything in their place
            file.flush()
    pipe.send(b"E", json.dumps(end).encode())
    os._exit(0)  # and no thread that was left keeps it alive


def _package(name: str, folder: str) -> Any:
    """Import the package that lies in a folder, without the folder around it and all else that is there."""
    spec = spec_from_file_location(name, str(Path(folder) / "__init__.py"), submodule_search_locations=[folder])
    assert spec is not None
    assert spec.loader is not None
    package = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(package)
    return package


if __name__ == "__main__":
    main()
