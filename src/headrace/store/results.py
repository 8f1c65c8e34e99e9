"""Stored results, by the content of what made them: in memory while they are few, in the blob store beyond.

One result is one object: a length, what is known of it in msgpack, and its bytes. It is written whole or not at all;
one that cannot be read is no result. What was used least lately goes first. A large one is written and read in parts.
Keys begin with the group that results are dropped by.
"""

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import Any

import msgspec
from msgspec import Struct

from headrace.errors import HeadraceError
from headrace.model.result import Timing
from headrace.store.blobs import Blobs

PREFIX = "results"
MAGIC = b"HR1\n"
OVERHEAD = 1 << 10  # bytes a result costs in memory beside its own
BLOCK = 8 << 10  # and in the store: a block of the disk, its line in the index
PART = 4 << 20  # bytes of a result that are read or written at once


Tiles = Collection[tuple[int, int, int]]


class Stored(Struct, frozen=True, kw_only=True):
    """A result that can be served again."""

    media_type: str
    format: str
    headers: tuple[tuple[str, str], ...] = ()
    stdout: str = ""
    stderr: str = ""
    timing: Timing = Timing()
    body: Any = b""  # bytes or a memoryview, and of a large result a `Part` of its object
    size: int = 0  # of the body in the store, to tell an object that was cut short
    created: float  # seconds since 1970
    run_uid: str
    job_id: int | None = None
    etag: str


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Stored).decode


class Part:
    """Bytes of an object in the store that are read when they are asked for, a slice at a time."""

    def __init__(self, blobs: Blobs, place: str, start: int, length: int) -> None:
        self._blobs, self._place, self._start, self._length = blobs, place, start, length

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, wanted: slice) -> bytes:
        """The bytes of a slice without a step. Raises NotFound once the object has gone."""
        start, stop, _ = wanted.indices(self._length)
        return self._blobs.get_range(self._place, self._start + start, stop - start) if stop > start else b""


class Results:
    """The stored results of one server. Its methods may be called from any thread; `get` and `remember` never block."""

    def __init__(self, blobs: Blobs, *, memory_bytes: int, disk_bytes: int) -> None:
        self._blobs, self._memory_bytes, self._disk_bytes = blobs, memory_bytes, disk_bytes
        self._memory: OrderedDict[str, Stored] = OrderedDict()
        self._memory_used = 0
        self._disk: OrderedDict[str, int] = OrderedDict()
        self._disk_used = 0
        self._drops = 0
        self._lock = threading.Lock()  # never held while the store is asked

    def get(self, key: str, max_age: float, now: float) -> Stored | None:
        """A result in memory that is young enough."""
        with self._lock:
            stored = self._memory.get(key)
            if stored is None or now - stored.created > max_age:
                return None
            self._memory.move_to_end(key)
            return stored

    def load(self, key: str) -> Stored | None:
        """A result in the store, of whatever age; it is remembered. A store that is away has none."""
        if self._disk_bytes <= 0:
            return None
        drops = self._drops
        try:
            stored = self._read(_place(key))
        except HeadraceError:
            return None
        if stored is None:  # cut short by a full disk, or written by another version
            self._forget([key])
            return None
        with self._lock:
            if key in self._disk:
                self._disk.move_to_end(key)
        if drops == self._drops:  # what was read while results were dropped may be one of them
            self.remember(key, stored)
        return stored

    def _read(self, place: str) -> Stored | None:
        size = self._blobs.size(place)
        if size <= 2 * PART:
            return unpacked(self._blobs.get(place))
        head = self._blobs.get_range(place, 0, PART)
        stored, start = opened(head)
        if stored is None or size - start != stored.size:
            return None
        return msgspec.structs.replace(stored, body=Part(self._blobs, place, start, stored.size))

    def remember(self, key: str, stored: Stored) -> None:
        """Keep a result in memory, where it is not too large for that."""
        size = _weight(stored)
        if size > self._memory_bytes // 4 or not isinstance(stored.body, bytes):
            return
        with self._lock:
            before = self._memory.pop(key, None)
            self._memory[key] = stored
            self._memory_used += size - (_weight(before) if before else 0)
            while self._memory_used > self._memory_bytes:
                _, oldest = self._memory.popitem(last=False)
                self._memory_used -= _weight(oldest)

    def store(self, key: str, stored: Stored) -> None:
        """Keep a result in the store, and let others go if there are too many."""
        head = header(stored)
        size = len(head) + len(stored.body)
        if size > self._disk_bytes // 4:
            return
        with suppress(HeadraceError):  # a store that is away costs a result that is computed again, not an answer
            if size <= PART:
                self._blobs.put(_place(key), head + stored.body)
            else:
                self._blobs.put_pieces(_place(key), _pieces(head, stored.body))
            with self._lock:
                self._disk_used += BLOCK + size - self._disk.pop(key, 0)
                self._disk[key] = BLOCK + size
            self.evict()

    def index(self) -> None:
        """Learn what is in the store from before this start, the oldest first. Raises Unavailable."""
        found = sorted(self._blobs.list(PREFIX), key=lambda item: item[2]) if self._disk_bytes else []
        with self._lock:
            for path, size, _ in reversed(found):
                key = path.rpartition("/")[2]
                if key not in self._disk:
                    self._disk[key] = BLOCK + size
                    self._disk_used += BLOCK + size
                    self._disk.move_to_end(key, last=False)
        self.evict()

    def drop(self, group: str, tiles: Tiles | None = None) -> int:
        """Forget the results whose keys are of a group: all of them, or those of some tiles. How many there were.

        In memory that is done when this returns; the store is asked, so what other servers put there goes too.
        Raises Unavailable where the store does not answer.
        """
        gone = self._drop_from_memory(group, tiles)
        found = self._blobs.list(f"{PREFIX}/{group[:2]}") if self._disk_bytes else ()
        keys = [key for path, _, _ in found if is_of(key := path.rpartition("/")[2], group, tiles)]
        for key in keys:
            self._blobs.delete(_place(key))
            with self._lock:
                self._disk_used -= self._disk.pop(key, 0)
        return len({*keys, *gone, *self._drop_from_memory(group, tiles)})

    def _drop_from_memory(self, group: str, tiles: Tiles | None) -> list[str]:
        with self._lock:
            self._drops += 1
            gone = [key for key in self._memory if is_of(key, group, tiles)]
            for key in gone:
                self._memory_used -= _weight(self._memory.pop(key))
        return gone

    def forget(self, key: str) -> None:
        """Keep one result no longer."""
        with self._lock:
            self._drops += 1
            if (before := self._memory.pop(key, None)) is not None:
                self._memory_used -= _weight(before)
        self._forget([key])

    def evict(self) -> None:
        """Let the least used go until the store is within its bound."""
        going: list[str] = []
        with self._lock:
            while self._disk_used > self._disk_bytes:
                key, size = self._disk.popitem(last=False)
                self._disk_used -= size
                going.append(key)
        self._forget(going)

    def gauges(self) -> dict[str, float]:
        """Figures for /metrics."""
        return {
            "results_in_memory": len(self._memory),
            "results_in_memory_bytes": self._memory_used,
            "results_in_store": len(self._disk),
            "results_in_store_bytes": self._disk_used,
        }

    def _forget(self, keys: list[str]) -> None:
        for key in keys:
            with self._lock:
                self._disk_used -= self._disk.pop(key, 0)
            with suppress(HeadraceError):
                self._blobs.delete(_place(key))


def is_of(key: str, group: str, tiles: Tiles | None) -> bool:
    """Whether a key is of a group, and of one of the tiles: `<group>-<rest>`, of a tile `-<z>-<x>-<y>` after it."""
    if not key.startswith(f"{group}-"):
        return False
    return tiles is None or key.split("-")[2:] in [[str(number) for number in tile] for tile in tiles]


def header(stored: Stored) -> bytes:
    """What stands before the body in a result's object: MAGIC, the length of what is known of it, that in msgpack."""
    known = _encode(msgspec.structs.replace(stored, body=b"", size=len(stored.body)))
    return b"".join((MAGIC, len(known).to_bytes(4, "big"), known))


def opened(data: bytes) -> tuple[Stored | None, int]:
    """What the beginning of such an object says, and where the body starts; None for one that is not ours."""
    if not data.startswith(MAGIC):
        return None, 0
    start = len(MAGIC) + 4
    end = start + int.from_bytes(data[len(MAGIC) : start], "big")
    try:
        return _decode(data[start:end]), end
    except msgspec.DecodeError:
        return None, end


def unpacked(data: bytes) -> Stored | None:
    """The result in such an object; None for one that is not whole or not ours."""
    stored, start = opened(data)
    body = data[start:]
    return msgspec.structs.replace(stored, body=body) if stored is not None and len(body) == stored.size else None


def _pieces(head: bytes, body: Any) -> Iterator[bytes | memoryview]:  # noqa: ANN401 - as Stored.body
    yield head
    for at in range(0, len(body), PART):
        yield body[at : at + PART]


def _weight(stored: Stored) -> int:
    return OVERHEAD + len(stored.body) + len(stored.stdout) + len(stored.stderr)


def _place(key: str) -> str:
    return f"{PREFIX}/{key[:2]}/{key}"
