"""What user code prints: sys.stdout and sys.stderr, and what C code and child processes write to descriptors 1 and 2.

Two pipes and one thread that sleeps until something is written: a flood of gigabytes neither blocks its writer nor
grows memory, and a call that prints nothing pays for two empty reads.

What was read so far is in memory that the server has open as well (`Shown`), so that it can still be told when the
process is ended in the middle of a call.
"""

import io
import mmap
import os
import select
import struct
import sys
import threading
from contextlib import suppress
from os import dup2

LENGTHS = struct.Struct("=QQ")  # of what follows: so much of stdout, and so much of stderr
SHOWN = 64 << 10  # bytes of each, at most
HALF = SHOWN // 2


class Shown:
    """What a call has printed so far, where another process reads it."""

    def __init__(self) -> None:
        self.fd = os.memfd_create("printed", os.MFD_CLOEXEC)
        os.ftruncate(self.fd, LENGTHS.size + 2 * SHOWN)
        # A mapping, and no descriptor: user code may close those, and open files of its own in their place.
        self._memory = mmap.mmap(self.fd, LENGTHS.size + 2 * SHOWN)
        self._clear = True

    def show(self, out: bytes, err: bytes) -> None:
        """Have this read, the first and the last of each where it is too much."""
        if self._clear and not out and not err:
            return
        out, err = (part if len(part) <= SHOWN else part[:HALF] + part[-HALF:] for part in (out, err))
        self._memory[: LENGTHS.size] = LENGTHS.pack(0, 0)
        self._memory[LENGTHS.size : LENGTHS.size + len(out) + len(err)] = out + err
        self._memory[: LENGTHS.size] = LENGTHS.pack(len(out), len(err))
        self._clear = not out and not err


def read_shown(fd: int) -> tuple[str, str]:
    """What the process at the other end has printed; it may have written anything there."""
    data = os.pread(fd, LENGTHS.size + 2 * SHOWN, 0)
    if len(data) < LENGTHS.size:
        return "", ""
    sizes = [min(size, SHOWN) for size in LENGTHS.unpack_from(data)]
    out = data[LENGTHS.size : LENGTHS.size + sizes[0]]
    err = data[LENGTHS.size + sizes[0] : LENGTHS.size + sum(sizes)]
    return out.decode("utf-8", "replace"), err.decode("utf-8", "replace")


class Stream:
    """One captured descriptor; keeps the first half and the last half of what passed, `room` bytes in all."""

    def __init__(self, descriptor: int) -> None:
        self.fd, self._writer = os.pipe()
        self._descriptor = descriptor
        os.set_blocking(self.fd, False)
        self.room = 0
        self._head, self._tail, self._passed = bytearray(), bytearray(), 0

    def attach(self) -> None:
        """Have the descriptor lead here, whether or not it was closed or pointed elsewhere."""
        dup2(self._writer, self._descriptor)

    def pull(self) -> None:
        """Take what is in the pipe now."""
        with suppress(BlockingIOError):
            while data := os.read(self.fd, 65536):
                self._keep(data)

    @property
    def kept(self) -> bytes:
        """What is kept now."""
        return bytes(self._head) + bytes(self._tail)

    def take(self) -> str:
        """What was kept since the last time, as text."""
        if not self._passed:
            return ""
        cut = self._passed - len(self._head) - len(self._tail)
        middle = f"\n[... {cut:,} bytes left out ...]\n".encode() if cut > 0 else b""
        text = (bytes(self._head) + middle + bytes(self._tail)).decode("utf-8", "replace")
        self._head, self._tail, self._passed = bytearray(), bytearray(), 0
        return text

    def _keep(self, data: bytes) -> None:
        self._passed += len(data)
        half = self.room // 2
        free = max(half - len(self._head), 0)
        self._head += data[:free]
        self._tail += data[free:]
        if len(self._tail) > half:
            del self._tail[: len(self._tail) - half]


class Capture:
    """Both streams of this process, from now on."""

    def __init__(self, shown: Shown) -> None:
        self._shown = shown
        self._streams = (Stream(1), Stream(2))
        self._lock = threading.Lock()
        self.restore()
        threading.Thread(target=self._drain, name="headrace-capture", daemon=True).start()

    def restore(self) -> None:
        """Point the descriptors here and sys.stdout and sys.stderr at them, whatever user code made of either."""
        for file in (sys.stdout, sys.stderr):
            with suppress(BaseException):  # user code may have put anything there, or closed it
                file.flush()
        for stream in self._streams:
            stream.attach()
        sys.stdout = sys.__stdout__ = _text(1)
        sys.stderr = sys.__stderr__ = _text(2)

    def begin(self, room: int) -> None:
        """Start a call: keep at most `room` bytes of each stream."""
        for stream in self._streams:
            stream.room = room

    def end(self) -> tuple[str, str]:
        """What was written to stdout and stderr since `begin`; `restore` comes first."""
        with self._lock:
            for stream in self._streams:
                stream.pull()
            out, err = self._streams
            self._shown.show(b"", b"")
            return out.take(), err.take()

    def _drain(self) -> None:
        poll = select.poll()
        for stream in self._streams:
            poll.register(stream.fd, select.POLLIN)
        while True:
            poll.poll()
            with self._lock:
                for stream in self._streams:
                    stream.pull()
                self._shown.show(*(stream.kept for stream in self._streams))


def _text(descriptor: int) -> io.TextIOWrapper:
    raw = io.FileIO(descriptor, "w", closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(raw), "utf-8", "backslashreplace", line_buffering=True)
