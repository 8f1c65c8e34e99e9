"""Looks after the home: deletes what is past its time or beyond its bound, and notes when keys were last used.

Runs, temporary files and files under a number have a time, results a bound, and what killed servers left half-done goes
after an hour.
In small steps, so that no writer waits long for it.
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from headrace.db import maps, runs, task_graphs, tasks
from headrace.db.engine import Database
from headrace.db.uses import Uses
from headrace.errors import HeadraceError
from headrace.model.task import result_key
from headrace.settings import Settings
from headrace.store import lake, mounts
from headrace.store.blobs import Blobs
from headrace.store.results import Results
from headrace.work import arrays, uploads

log = structlog.get_logger(__name__)

EVERY = 60.0  # seconds
SWEEP = 3600.0  # seconds after which a file that is still half-written has been given up
STEP = 2_000  # rows deleted in one transaction


class Janitor:
    """One thread that makes its round at the start and every minute."""

    def __init__(
        self,
        settings: Settings,
        db: Database,
        blobs: Blobs,
        results: Results,
        uses: Uses,
        settle: Callable[[], object] = lambda: None,
    ) -> None:
        self._settings, self._db, self._blobs, self._results, self._uses = settings, db, blobs, results, uses
        self._settle = settle  # what could not be written down when it happened
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="headrace-janitor", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop after the step under way, with every use written down."""
        self._stop.set()
        self._thread.join(5)

    def _loop(self) -> None:
        self._try(lambda: self._blobs.sweep(time.time() - SWEEP))
        self._try(lambda: mounts.sweep(self._settings.home / "mounts", time.time() - SWEEP))
        self._try(self._results.index)
        swept = float("-inf")
        while not self._stop.is_set():
            self._try(self._settle)
            self._try(lambda: prune(self._settings, self._db, datetime.now(UTC), self._stop))
            self._try(lambda: expire(self._blobs, time.time() - self._settings.temporary_seconds))
            self._try(lambda: maps.delete_old(self._db, datetime.now(UTC) - timedelta(days=self._settings.map_days)))
            self._try(lambda: forget(self._db, self._results, datetime.now(UTC)))
            self._try(lambda: uploads.expire(self._db, self._blobs, datetime.now(UTC)))
            if time.monotonic() - swept > SWEEP:
                swept = time.monotonic()
                self._try(lambda: lake.sweep_files(self._settings.home, time.time() - lake.KEPT))
                self._try(lambda: uploads.sweep(self._db, self._blobs, time.time() - SWEEP))
                self._try(lambda: arrays.sweep(self._settings.home, self._db, time.time() - SWEEP))
                self._try(lambda: arrays.prune(self._db, datetime.now(UTC) - timedelta(days=self._settings.run_days)))
                self._try(lambda: uploads.give_up(self._blobs, time.time() - self._settings.upload_seconds))
            self._try(lambda: self._uses.write(self._db))
            self._stop.wait(EVERY)
        self._try(lambda: self._uses.write(self._db))

    def _try(self, task: Callable[[], object]) -> None:
        try:
            task()
        except (SQLAlchemyError, HeadraceError, OSError) as away:
            log.warning("the home could not be looked after; trying again in a minute", error=str(away)[:300])


def prune(settings: Settings, db: Database, now: datetime, stop: threading.Event | None = None) -> int:
    """Delete runs that are too old or too many, and of which nothing goes on. How many went."""
    gone, before = 0, now - timedelta(days=settings.run_days)
    with db.read() as connection:
        beyond = runs.beyond(connection, settings.run_rows)
    while stop is None or not stop.is_set():
        with db.read() as connection:
            uids = runs.list_old(connection, before, beyond, now, STEP)
        if not uids:
            break
        with db.begin() as connection:
            runs.delete_all(connection, uids)
        gone += len(uids)
    with db.begin() as connection:
        task_graphs.delete_before(connection, before, STEP)
    return gone


def forget(db: Database, results: Results, now: datetime) -> int:
    """Let go of results of tasks that were to be kept until now. How many went."""
    with db.read() as connection:
        uids = tasks.list_expired(connection, now, STEP)
    for uid in uids:
        results.forget(result_key(uid))
        with db.begin() as connection:
            tasks.keep(connection, uid, None)
    return len(uids)


def expire(blobs: Blobs, before: float) -> int:
    """Delete temporary uploads from before that moment (seconds since 1970). How many went."""
    old = [key for key, _, changed in blobs.list("temporary") if changed < before]
    blobs.delete_all(old)
    return len(old)
