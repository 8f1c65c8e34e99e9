"""The disks that all calls of one owner share: a folder each, shown to their workers as /mount, and measured.

No file system here counts what a folder holds, so it is measured: while calls run, a second after the last measurement
or ten times as long as that took. A folder that is over its limit is shown in such a way that files can be read and
deleted and nothing can be written, and calls that run when it is found are ended. What is written between two
measurements is what it can be over.
"""

import os
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

PAUSE = 1.0  # seconds between two measurements
SHARE = 10  # times as long as a measurement took, at least
FIRST_GID = 1_979_048_192  # groups that no account has, one for each folder: workers have users of their own
GIDS = 100_000_000


class Mounts:
    """The folders of one server."""

    def __init__(self, root: Path, most: int) -> None:
        self.root, self.most = root, most
        self.full: set[str] = set()
        self._made: set[str] = set()
        self._due: dict[str, float] = {}

    def make(self, name: str) -> None:
        """See that the folder is there, for every worker of its owner to write to."""
        if name in self._made:
            return
        folder = self.root / name
        folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            os.chown(folder, 0, FIRST_GID + int.from_bytes(sha256(name.encode()).digest()[:4], "big") % GIDS)
            folder.chmod(0o2770)  # what is made in it is of its group as well
        self._made.add(name)

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
