"""Writes the run history behind the answers: a queue in memory, and one thread that empties it in batches.

A server that is killed loses the last moments of this history and nothing else (docs/operating.md).
"""

import threading
from collections import deque
from contextlib import suppress

import structlog
from sqlalchemy.exc import SQLAlchemyError

from headrace.db import runs
from headrace.db.engine import Database
from headrace.model.run import Run

log = structlog.get_logger(__name__)

BATCH = 500
PAUSE = 0.1  # seconds between batches: what a listing may lag behind, and what is written together
MOST = 200_000  # runs kept in memory while the database is away; then the oldest are dropped and counted
TRIES = 5


class Recorder:
    """The history's writer. `add` costs the caller an append."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._queue: deque[Run] = deque()
        self._wake = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._closing = False
        self.dropped = 0
        self.written = 0
        self._thread = threading.Thread(target=self._write, name="headrace-recorder", daemon=True)
        self._thread.start()

    def add(self, run: Run) -> None:
        """Have a run written down soon."""
        if len(self._queue) >= MOST:
            with suppress(IndexError):
                self._queue.popleft()
            self.dropped += 1
        self._queue.append(run)
        if not self._wake.is_set():
            self._idle.clear()
            self._wake.set()

    def flush(self, seconds: float = 10) -> bool:
        """Wait until what was added before is written. Whether it was, in that time."""
        return self._idle.wait(seconds)

    def close(self) -> None:
        """Write what is left and stop."""
        self._closing = True
        self._wake.set()
        self._thread.join(10)

    def gauges(self) -> dict[str, float]:
        """Figures for /metrics."""
        return {"runs_unwritten": len(self._queue), "runs_written": self.written, "runs_dropped": self.dropped}

    def _write(self) -> None:
        pause = threading.Event()
        while True:
            self._wake.wait()
            self._wake.clear()
            while self._queue:
                self._write_batch([self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))])
            if not self._queue and not self._wake.is_set():
                self._idle.set()
            if self._closing and not self._queue:
                return
            if not self._closing:
                pause.wait(PAUSE)

    def _write_batch(self, batch: list[Run]) -> None:
        for attempt in range(TRIES):
            try:
                with self._db.begin() as connection:
                    runs.insert_all(connection, batch)
            except SQLAlchemyError as away:
                log.warning("the run history cannot be written; trying again", error=str(away)[:300], runs=len(batch))
                threading.Event().wait(0.2 * 2**attempt)
            else:
                self.written += len(batch)
                return
        self.dropped += len(batch)
