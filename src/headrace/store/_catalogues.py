"""What `catalogues.py` runs: it holds SQLite files open and reads them, and may be lost without loss.

A line of JSON in, `{"file": ..., "drop": bool, "texts": [...]}`; one out, `{"rows": [...]}` or `{"error": ...}`.
"""

import json
import os
import resource
import sqlite3
import stat
import sys
import time
from collections import OrderedDict
from typing import Any

HELD = 256  # files that are held open, those that were asked for last
SECONDS = 2.0  # of reading
MEMORY = 1 << 30
STEPS = 10_000  # of SQLite's machine between looks at the clock

held: "OrderedDict[str, sqlite3.Connection]" = OrderedDict()
inodes: dict[str, int] = {}


def opened(file: str) -> sqlite3.Connection:
    found = os.lstat(file)
    if not stat.S_ISREG(found.st_mode):
        raise sqlite3.OperationalError("it is no file")
    if inodes.get(file) != found.st_ino:
        drop(file)
        connection = sqlite3.connect(f"file:{file}?mode=rw", uri=True, timeout=SECONDS, isolation_level=None)
        connection.text_factory = lambda value: value.decode("utf-8", "replace")
        for pragma in ("trusted_schema = OFF", "query_only = ON", "cell_size_check = ON"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("PRAGMA schema_version").fetchall()  # from here on its -wal and -shm stay
        held[file], inodes[file] = connection, found.st_ino
    held.move_to_end(file)
    while len(held) > HELD:
        drop(next(iter(held)))
    return held[file]


def drop(file: str) -> None:
    if file in held:
        inodes.pop(file)
        held.pop(file).close()


def answered(asked: dict[str, Any]) -> dict[str, Any]:
    if asked["drop"]:
        drop(asked["file"])
        return {"rows": []}
    try:
        connection = opened(asked["file"])
        until = time.monotonic() + SECONDS
        connection.set_progress_handler(lambda: time.monotonic() > until, STEPS)
        connection.execute("BEGIN")
        try:
            return {"rows": [connection.execute(text).fetchall() for text in asked["texts"]]}
        finally:
            connection.execute("ROLLBACK")
    except (sqlite3.Error, OSError, MemoryError) as wrong:
        drop(asked["file"])
        return {"error": str(wrong) or "it needs more memory than there is"}


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answered(json.loads(line)), default=repr) + "\n")
        sys.stdout.flush()
