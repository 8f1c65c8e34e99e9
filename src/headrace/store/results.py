"""Stored results, by the content of what made them: in memory while they are few, in the blob store beyond.

One result is one object: a length, what is known of it in msgpack, and its bytes. It is written whole or not at all;
one that cannot be read is no result. What was used least lately goes first.
"""

import threading
from collections import OrderedDict
from contextlib import suppress

import msgspec
from msgspec import Struct

from headrace.errors import HeadraceError, NotFound
from headrace.model.result import Timing
from headrace.store.blobs import Blobs

PREFIX = "results"
MAGIC = b"HR1\n"


class Stored(Struct, frozen=True, kw_only=True):
    """A result that can be served again."""

    media_type: str
    format: str
    headers: tuple[tuple[str, str], ...] = ()
    stdout: str = ""
    stderr: str = ""
    timing: Timing = Timing()
    body: bytes = b""
    size: int = 0  # of the body, to tell an object that was cut short
    created: float  # seconds since 1970
    run_uid: str
    job_id: int | None = None
    etag: str


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Stored).decode


class Results:
    """The stored results of one server. `get` and `remember` are for the event loop, the others for threads."""

    def __init__(self, blobs: Blobs, *, memory_bytes: int, disk_bytes: int) -> None:
        self._blobs, self._memory_bytes, self._disk_bytes = blobs, memory_bytes, disk_bytes
        self._memory: OrderedDict[str, Stored] = OrderedDict()
        self._memory_used = 0
        self._disk: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, max_age: float, now: float) -> Stored | None:
        """A result in memory that is young enough."""
        stored = self._memory.get(key)
        if stored is None or now - stored.created > max_age:
            return None
        self._memory.move_to_end(key)
        return stored

    def load(self, key: str) -> Stored | None:
        """A result in the store, of whatever age; it is remembered."""
        if self._disk_bytes <= 0:
            return None
        try:
            data = self._blobs.get(_place(key))
        except NotFound:
            return None
        try:
            if not data.startswith(MAGIC):
                raise ValueError("another format")
            length = int.from_bytes(data[4:8], "big")
            stored = msgspec.structs.replace(_decode(data[8 : 8 + length]), body=data[8 + length :])
            if len(stored.body) != stored.size:
                raise ValueError("cut short")
        except (ValueError, msgspec.DecodeError):
            self._blobs.delete(_place(key))
            return None
        with self._lock:
            if key in self._disk:
                self._disk.move_to_end(key)
        return stored

    def remember(self, key: str, stored: Stored) -> None:
        """Keep a result in memory, where it is not too large for that."""
        size = len(stored.body)
        if size > self._memory_bytes // 4:
            return
        if (before := self._memory.pop(key, None)) is not None:
            self._memory_used -= len(before.body)
        self._memory[key] = stored
        self._memory_used += size
        while self._memory_used > self._memory_bytes:
            _, oldest = self._memory.popitem(last=False)
            self._memory_used -= len(oldest.body)

    def store(self, key: str, stored: Stored) -> None:
        """Keep a result in the store, and let others go if there are too many."""
        size = len(stored.body)
        if size > self._disk_bytes // 4:
            return
        known = _encode(msgspec.structs.replace(stored, body=b"", size=size))
        with suppress(HeadraceError):  # a store that is away costs a result that is computed again, not an answer
            self._blobs.put(_place(key), MAGIC + len(known).to_bytes(4, "big") + known + stored.body)
            with self._lock:
                self._disk.pop(key, None)
                self._disk[key] = size
            self.evict()

    def index(self) -> None:
        """Learn what is in the store from before this start, the oldest first."""
        found = sorted(self._blobs.list(PREFIX), key=lambda item: item[2]) if self._disk_bytes else []
        with self._lock:
            for path, size, _ in reversed(found):
                key = path.rpartition("/")[2]
                if key not in self._disk:
                    self._disk[key] = size
                    self._disk.move_to_end(key, last=False)
        self.evict()

    def evict(self) -> None:
        """Let the least used go until the store is within its bound."""
        with self._lock:
            used = sum(self._disk.values())
            going: list[str] = []
            while used > self._disk_bytes and self._disk:
                key, size = self._disk.popitem(last=False)
                used -= size
                going.append(key)
        for key in going:
            with suppress(HeadraceError):
                self._blobs.delete(_place(key))

    def gauges(self) -> dict[str, float]:
        """Figures for /metrics."""
        return {"results_in_memory": len(self._memory), "results_in_memory_bytes": self._memory_used}


def _place(key: str) -> str:
    return f"{PREFIX}/{key[:2]}/{key}"
