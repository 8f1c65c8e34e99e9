"""The disks that all calls of one owner share: a folder each, shown to their workers as /mount, and measured.

No file system here counts what a folder holds, so it is measured: while calls run, a second after the last measurement
or ten times as long as that took. A folder that is over its limit is shown in such a way that files can be read and
deleted and nothing can be written, and calls that run when it is found are ended. What is written between two
measurements is what it can be over.

Workers of the default environment find their folder among those that their zygote sees. The zygote of another runs what
its packages bring, so it sees none: the server lends a folder to each worker, as a mount that has no place yet. In that
mount the folder's group is the worker's own; it can be the root of a user namespace and be in no other group.
"""

import asyncio
import os
import subprocess
import sys
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from threading import Lock

from headrace.executors._zygote import FIRST_UID, UIDS
from headrace.runtime import fences

PAUSE = 1.0  # seconds between two measurements
SHARE = 10  # times as long as a measurement took, at least
FIRST_GID = 1_979_048_192  # groups that no account has, one for each folder: workers have users of their own
GIDS = 100_000_000
MOST_LENT = 256  # user namespaces that are kept, one for each folder and user
# Waits in a user namespace of its own until it is told to go; the server writes who is who there.
WAITING = "import ctypes, os; ctypes.CDLL(None).unshare(0x10000000) or os.write(1, b'.'); os.read(0, 1)"


class Mounts:
    """The folders of one server."""

    def __init__(self, root: Path, most: int) -> None:
        self.root, self.most = root, most
        self.full: set[str] = set()
        self._made: set[str] = set()
        self._due: dict[str, float] = {}
        self._lent: dict[tuple[str, int], int] = {}
        self._lending = Lock()

    def make(self, name: str) -> None:
        """See that the folder is there, for every worker of its owner to write to."""
        if name in self._made:
            return
        folder = self.root / name
        folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            os.chown(folder, 0, _group_of(name))
            folder.chmod(0o2770)  # what is made in it is of its group as well
        self._made.add(name)

    def lend(self, name: str, user: int) -> int:
        """A folder as a mount in no place, for one worker of that user; an open file. Raises OSError."""
        with self._lending:
            users = self._lent.get((name, user))
            if users is None:
                while len(self._lent) >= MOST_LENT:
                    os.close(self._lent.pop(next(iter(self._lent))))
                users = self._lent[name, user] = _users(_group_of(name), user)
            return fences.lift(str(self.root / name), users)

    def due(self, names: set[str]) -> list[str]:
        """Those of the folders that are to be measured now, and those that were full."""
        now = time.monotonic()
        return [name for name in names | self.full if self._due.get(name, 0) <= now]

    def measure(self, name: str) -> bool:
        """Whether a folder has just become full, or has just ceased to be. Takes as long as its files are many."""
        began = time.monotonic()
        full = size_of(self.root / name) > self.most
        ended = time.monotonic()
        self._due[name] = ended + max(PAUSE, SHARE * (ended - began))
        if full == (name in self.full):
            return False
        (self.full.add if full else self.full.discard)(name)
        return True


async def lend(mounts: Mounts, name: str, user: int) -> int:
    """As `Mounts.lend`, in a thread; where nobody waits for it any more, the mount is closed."""
    lending = asyncio.create_task(asyncio.to_thread(mounts.lend, name, user))
    try:
        return await asyncio.shield(lending)
    except asyncio.CancelledError:
        lending.add_done_callback(_take_back)
        raise


def _take_back(lent: asyncio.Task[int]) -> None:
    if not lent.cancelled() and lent.exception() is None:
        os.close(lent.result())


def _group_of(name: str) -> int:
    """The group of a folder."""
    return FIRST_GID + int.from_bytes(sha256(name.encode()).digest()[:4], "big") % GIDS


def _users(group: int, user: int) -> int:
    """A user namespace as an open file, in which everybody stays who they are and the group becomes the user's own."""
    command = [sys.executable, "-I", "-S", "-B", "-c", WAITING]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={}) as waiting:  # noqa: S603 - our own
        assert waiting.stdout is not None
        if not waiting.stdout.read(1):
            raise OSError("this machine makes no user namespaces")
        there = Path(f"/proc/{waiting.pid}")
        (there / "uid_map").write_text(f"0 0 1\n{FIRST_UID} {FIRST_UID} {UIDS}\n")
        (there / "gid_map").write_text(f"0 0 1\n{group} {user} 1\n")
        return os.open(there / "ns" / "user", os.O_RDONLY | os.O_CLOEXEC)


def size_of(folder: Path) -> int:
    """Bytes on the disk beneath a folder; links are not followed, and what cannot be listed is made to be."""
    size = 0

    def open_up(refused: OSError) -> None:
        with suppress(OSError):
            Path(refused.filename).chmod(0o700)

    for at, _, files in os.walk(folder, onerror=open_up):
        for name in files:
            with suppress(OSError):
                size += os.lstat(os.path.join(at, name)).st_blocks * 512  # noqa: PTH118 - for each of very many
    return size
