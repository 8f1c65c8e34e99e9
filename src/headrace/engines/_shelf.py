"""The Parquet of schemas that is in a bucket, for DuckDB in a worker: files that it asks the server for, over a socket.

DuckDB takes any file system that has the shape of fsspec's. Addresses are `lake://<schema>/<key>`; the socket of each
schema is in a folder that the worker was lent, and what it answers is in `model/shelf.py`.
"""

import socket
import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from fsspec.spec import AbstractFileSystem

from headrace.model import shelf
from headrace.model.shelf import Answer, Listing, Read, Remove, Request, Stat, Write

SECONDS = 120.0  # for the server to answer in, which waits for the bucket
IDLE = 8  # connections to one socket that are kept
KNOWN = 10_000  # files whose size is remembered: each is written once
FILES = (".parquet", ".puffin")

T = TypeVar("T")


class Shelf(AbstractFileSystem):
    """The files of several schemas, by the sockets that they are reached by."""

    protocol = "lake"
    cachable = False  # by fsspec, which would give one to all who ask

    def __init__(self, sockets: dict[str, str]) -> None:
        super().__init__()
        self._sockets = sockets
        self._idle: dict[str, list[socket.socket]] = {name: [] for name in sockets}
        self._known: OrderedDict[str, Answer] = OrderedDict()

    def __del__(self) -> None:
        for name in self._idle:
            self._forget(name)

    def info(self, path: str, **_named: object) -> dict[str, Any]:
        """Size and time of change. Raises FileNotFoundError."""
        if self.isdir(path):
            return {"name": path, "size": 0, "type": "directory"}
        found = self._stat(path)
        return {"name": path, "size": found.size, "type": "file", "mtime": found.modified}

    def size(self, path: str) -> int:
        """In bytes. Raises FileNotFoundError."""
        return self._stat(path).size

    def modified(self, path: str) -> datetime:
        """When it was written. Raises FileNotFoundError."""
        return datetime.fromtimestamp(self._stat(path).modified, UTC)

    def isdir(self, path: str) -> bool:
        """A bucket has no folders: whatever could be one is there."""
        return not path.endswith(FILES)

    def isfile(self, path: str) -> bool:
        """Whether there is such a file."""
        return not self.isdir(path) and self.exists(path)

    def exists(self, path: str, **_named: object) -> bool:
        """Whether there is such a file, or could be such a folder."""
        try:
            self.info(path)
        except FileNotFoundError:
            return False
        return True

    def mkdir(self, path: str, create_parents: bool = True, **_named: object) -> None:  # noqa: FBT001, FBT002 - fsspec's
        """Nothing is to be done for one."""

    def makedirs(self, path: str, exist_ok: bool = False) -> None:  # noqa: FBT001, FBT002 - fsspec's
        """Nothing is to be done for them."""

    def ls(self, path: str, detail: bool = True, **_named: object) -> list[Any]:  # noqa: FBT001, FBT002 - fsspec's
        """All files beneath a path."""
        name, key = _split(path)
        names = [f"{name}/{one}" for one in self._ask(name, Listing(key)).names]
        return [{"name": one, "size": None, "type": "file"} for one in names] if detail else names

    def rm_file(self, path: str) -> None:
        """Delete a file."""
        name, key = _split(path)
        self._known.pop(path, None)
        self._ask(name, Remove(key))

    def open(self, path: str, mode: str = "rb", *_positional: object, **_named: object) -> Any:  # noqa: ANN401 - Reading or Writing
        """A file to be read anywhere, or to be written from its beginning. Raises FileNotFoundError."""
        if "w" in mode:
            self._known.pop(path, None)
            return Writing(self, *_split(path))
        return Reading(self, *_split(path), self._stat(path).size)

    def connect(self, name: str) -> socket.socket:
        """A connection to the server that nobody else uses. Raises OSError."""
        try:
            return self._idle[name].pop()
        except IndexError:
            opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            opened.settimeout(SECONDS)
            try:
                opened.connect(self._sockets[name])
            except OSError:
                opened.close()
                raise
            return opened

    def give_back(self, name: str, opened: socket.socket) -> None:
        """Keep a connection, over which everything was answered."""
        if len(self._idle[name]) < IDLE:
            self._idle[name].append(opened)
        else:
            opened.close()

    def read(self, name: str, key: str, start: int, length: int) -> bytes:
        """Bytes of a file; fewer where it ends before. Raises OSError."""
        return self._exchange(name, Read(key, start, length), lambda opened: _exactly(opened, _answer(opened).size))

    def _stat(self, path: str) -> Answer:
        found = self._known.get(path)
        if found is None:
            name, key = _split(path)
            found = self._known[path] = self._ask(name, Stat(key))
            if len(self._known) > KNOWN:
                self._known.popitem(last=False)
        return found

    def _ask(self, name: str, request: Request) -> Answer:
        return self._exchange(name, request, _answer)

    def _exchange(self, name: str, request: Request, receive: Callable[[socket.socket], T]) -> T:
        for again in (True, False):
            opened = self.connect(name)
            try:
                opened.sendall(shelf.encode(request))
                received = receive(opened)
            except (ConnectionError, EOFError):
                opened.close()
                if not again:  # the first may have been a connection that was kept while the server began anew
                    raise
                self._forget(name)
            except FileNotFoundError:
                self.give_back(name, opened)
                raise
            except OSError:
                opened.close()
                raise
            else:
                self.give_back(name, opened)
                return received
        raise AssertionError

    def _forget(self, name: str) -> None:
        while self._idle[name]:
            self._idle[name].pop().close()


class Reading:
    """A file that is read. Each thread that reads it stands at a place of its own."""

    def __init__(self, files: Shelf, name: str, key: str, size: int) -> None:
        self._files, self._name, self._key, self._size = files, name, key, size
        self._place = threading.local()
        self.closed = False

    def seek(self, at: int, whence: int = 0) -> int:
        """Go to a place."""
        base = (0, self.tell(), self._size)[whence]
        self._place.at = base + at
        return self._place.at

    def tell(self) -> int:
        """Where this thread is."""
        return getattr(self._place, "at", 0)

    def read(self, length: int = -1) -> bytes:
        """The next bytes. Raises OSError."""
        at = self.tell()
        data = self._files.read(self._name, self._key, at, self._size - at if length < 0 else length)
        self._place.at = at + len(data)
        return data

    def close(self) -> None:
        """Nothing is held."""
        self.closed = True


class Writing:
    """A file that is written: it is there once it is closed, whole, and not at all where its process ends before."""

    def __init__(self, files: Shelf, name: str, key: str) -> None:
        self._files, self._name, self._opened = files, name, files.connect(name)
        self._at = 0
        self.closed = False
        self._opened.sendall(shelf.encode(Write(key)))

    def write(self, data: bytes) -> int:
        """Add bytes. Raises OSError, with the server's reason where it gave one."""
        view = memoryview(data)
        for start in range(0, len(view), shelf.MESSAGE):
            self._send(view[start : start + shelf.MESSAGE])
        self._at += len(view)
        return len(view)

    def tell(self) -> int:
        """How much was written."""
        return self._at

    def flush(self) -> None:
        """Everything is under way already."""

    def close(self) -> None:
        """Wait until it is in the bucket. Raises OSError where it is not."""
        if not self.closed:
            self.closed = True
            self._send(memoryview(b""))
            try:
                _answer(self._opened)
            except OSError:
                self._opened.close()
                raise
            self._files.give_back(self._name, self._opened)

    def _send(self, piece: memoryview) -> None:
        try:
            self._opened.sendall(shelf.framed(piece))
        except ConnectionError:
            with self._opened:
                _answer(self._opened)  # which says why the server hears no more
            raise


def _split(path: str) -> tuple[str, str]:
    name, _, key = path.removeprefix("lake://").partition("/")
    return name, key.rstrip("/")


def _answer(opened: socket.socket) -> Answer:
    """The next answer. Raises FileNotFoundError, or OSError with the sentence of another problem."""
    size = int.from_bytes(_exactly(opened, shelf.LENGTH), "big")
    answer = shelf.decode_answer(_exactly(opened, size))
    if answer.missing:
        raise FileNotFoundError(answer.problem)
    if answer.problem:
        raise OSError(answer.problem)
    return answer


def _exactly(opened: socket.socket, size: int) -> bytes:
    """So many bytes. Raises EOFError where the server went away."""
    data = opened.recv(size, socket.MSG_WAITALL) if size else b""
    if len(data) == size:
        return data
    pieces = [data]  # a signal came between
    have = len(data)
    while have < size:
        piece = opened.recv(size - have)
        if not piece:
            raise EOFError("The server closed the connection to the schema's files.")
        pieces.append(piece)
        have += len(piece)
    return b"".join(pieces)
