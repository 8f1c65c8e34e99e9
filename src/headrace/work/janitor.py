"""Deletes what is past its time: runs, and stored results. In small steps, so that no writer waits long for it."""

import threading
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from headrace.db import runs
from headrace.db.engine import Database
from headrace.settings import Settings
from headrace.store.results import Results

log = structlog.get_logger(__name__)

EVERY = 60.0  # seconds
STEP = 2_000  # rows deleted in one transaction


class Janitor:
    """One thread that looks after the home every minute."""

    def __init__(self, settings: Settings, db: Database, results: Results) -> None:
        self._settings, self._db, self._results = settings, db, results
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="headrace-janitor", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop after the step under way."""
        self._stop.set()
        self._thread.join(10)

    def _loop(self) -> None:
        self._results.index()
        while not self._stop.wait(EVERY):
            try:
                prune(self._settings, self._db, datetime.now(UTC), self._stop)
                self._results.evict()
            except (SQLAlchemyError, OSError) as away:
                log.warning("the history could not be pruned; trying again in a minute", error=str(away)[:300])


def prune(settings: Settings, db: Database, now: datetime, stop: threading.Event | None = None) -> int:
    """Delete runs that are too old or too many. How many went."""
    gone = 0
    while stop is None or not stop.is_set():
        with db.begin() as connection:
            step = runs.delete_oldest(connection, now - timedelta(days=settings.run_days), settings.run_rows, STEP)
        gone += step
        if step < STEP:
            break
    return gone
