"""Writes the run history behind the answers: a queue in memory, and one thread that empties it in batches.

A server that is killed loses the last moments of this history and nothing else. While the database is away, runs wait
in the queue; past MOST of them the oldest are dropped, and counted.
"""

import threading
from collections import deque
from contextlib import suppress

import structlog
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from headrace.db import runs
from headrace.db.engine import Database
from headrace.errors import Invalid, Unavailable
from headrace.model.run import Run

log = structlog.get_logger(__name__)

BATCH = 500
PAUSE = 0.1  # seconds between batches: what a listing may lag behind, and what is written together
MOST = 200_000
WAIT = 1.0  # seconds until the next attempt while the database is away
CLOSING_SECONDS = 10.0
REFUSED = (DataError, IntegrityError, Invalid)  # the run is in the way; of all else, the database is


class Recorder:
    """The history's writer. `add` costs the caller an append."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._queue: deque[Run | threading.Event] = deque()  # an event is set once all before it is written
        self._wake = threading.Event()
        self._closing = threading.Event()
        self.dropped = 0
        self.written = 0
        self._thread = threading.Thread(target=self._write, name="headrace-recorder", daemon=True)
        self._thread.start()

    def add(self, run: Run) -> None:
        """Have a run written down soon."""
        if len(self._queue) >= MOST:
            with suppress(IndexError):
                self._let_go(self._queue.popleft())
        self._queue.append(run)
        if not self._wake.is_set():
            self._wake.set()

    def flush(self, seconds: float = 10) -> bool:
        """Wait until what was added before is written. Whether it was, in that time."""
        reached = threading.Event()
        self._queue.append(reached)
        self._wake.set()
        return reached.wait(seconds)

    def close(self) -> None:
        """Write what is left and stop; what a database that is away does not take is lost, and logged."""
        self._closing.set()
        self._wake.set()
        self._thread.join(CLOSING_SECONDS)
        if self._queue:
            log.warning("the last runs could not be written", runs=len(self._queue))

    def gauges(self) -> dict[str, float]:
        """Figures for /metrics."""
        return {"runs_unwritten": len(self._queue), "runs_written": self.written, "runs_dropped": self.dropped}

    def _write(self) -> None:
        while not (self._closing.is_set() and not self._queue):
            self._wake.wait()
            # Cleared before the queue is emptied: what is added from here on wakes this thread again.
            self._wake.clear()
            while self._queue:
                if not self._write_some():
                    return
            self._closing.wait(PAUSE)

    def _write_some(self) -> bool:
        """Write runs from the head of the queue. False where the database is away and the server stops."""
        batch: list[Run] = []
        reached: list[threading.Event] = []
        while self._queue and len(batch) < BATCH:
            item = self._queue.popleft()
            batch.append(item) if isinstance(item, Run) else reached.append(item)
        while batch and not self._write_batch(batch):
            if self._closing.is_set():
                self._queue.extendleft(reversed(batch))
                return False
            self._closing.wait(WAIT)
            if len(self._queue) + len(batch) > MOST:
                self._let_go(batch.pop(0))
        for event in reached:
            event.set()
        return True

    def _write_batch(self, batch: list[Run]) -> bool:
        """Whether that is done with: False where the database is away."""
        try:
            with self._db.begin() as connection:
                runs.insert_all(connection, batch)
        except REFUSED as refused:
            if len(batch) == 1:
                log.warning("the database refuses a run", run=batch[0].uid, error=str(refused)[:300])
                self._let_go(batch[0])
                return True
            # One run that is refused does not take the others with it; written twice, a run is still one.
            return all(self._write_batch([run]) for run in batch)
        except (SQLAlchemyError, Unavailable) as away:
            log.warning("the run history cannot be written; trying again", error=str(away)[:300], runs=len(batch))
            return False
        self.written += len(batch)
        return True

    def _let_go(self, item: Run | threading.Event) -> None:
        if isinstance(item, threading.Event):
            item.set()
        else:
            self.dropped += 1
