"""Builds environments, one at a time, in the background.

    pending ─▶ building ─▶ ready      the folder <home>/environments/<digest> is there, whole
                       └─▶ failed     with the installer's own words

The digest is that of the resolved packages and the interpreter, so equal environments of several owners are one folder.
It is built beside, in `building/`, and renamed when it is complete: a server that is killed leaves nothing half-built
that is served, and builds again at its next start.
"""

import fcntl
import os
import secrets
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import requires
from platform import machine
from time import monotonic

import msgspec
import sqlalchemy as sa
import structlog
from packaging.requirements import Requirement
from sqlalchemy.exc import SQLAlchemyError

from headrace.db import environments as queries
from headrace.db.engine import Database
from headrace.db.tables import environments
from headrace.errors import HeadraceError
from headrace.model.environment import Environment, State
from headrace.runtime.environment import FOLDER, MANIFEST, Manifest
from headrace.settings import Settings
from headrace.work import _installer
from headrace.work._installer import Bounds, Installer, Python, Refused

log = structlog.get_logger(__name__)

EVERY = 30.0  # seconds between looks for what another server was asked for
AGAIN = 5.0  # seconds before a step that failed for the database's sake is tried again
TELL = 0.5  # seconds between two writings of a build's log
LOG = 64 << 10  # characters kept of a build's log, the end of it
# What a worker needs beside the owner's packages: the messages, and what results are written with.
NEEDED = ("msgspec", "numpy", "pandas", "polars", "pyarrow")


class Builder:
    """One thread that builds what is waiting. `changed` is called after each build, `used` tells which folders are."""

    def __init__(
        self,
        settings: Settings,
        db: Database,
        asked: threading.Event,
        changed: Callable[[], None],
        used: Callable[[], frozenset[str]],
    ) -> None:
        self._settings, self._db, self._asked, self._changed, self._used = settings, db, asked, changed, used
        self._root = settings.home / FOLDER
        self._work = self._root / "building"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="headrace-builder", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop now; a build under way is begun again at the next start."""
        self._stop.set()
        self._asked.set()
        self._thread.join(5)

    def _loop(self) -> None:
        self._work.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._alone() as alone:
            if alone:
                self._bound_caches()
            while alone and not self._stop.is_set():
                self._asked.clear()
                try:
                    self._tidy()
                    while not self._stop.is_set() and self._build_next():
                        pass
                    pause = EVERY
                except (SQLAlchemyError, HeadraceError, OSError) as away:
                    log.warning("environments could not be built; trying again", error=str(away)[:300])
                    pause = AGAIN
                self._asked.wait(pause)

    def _bound_caches(self) -> None:
        """Begin with an empty cache where the old one has grown beyond what one environment may take."""
        for cache in self._work.glob("cache*"):
            if _installer.size_of(cache) > self._settings.environment_mb << 20:
                _installer.remove(cache)

    @contextmanager
    def _alone(self) -> Generator[bool]:
        """Be the only builder of this home, as soon as no other is; False where the server stops before."""
        with (self._root / "lock").open("w") as lock:
            while not self._stop.is_set():
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    self._stop.wait(1)
                else:
                    yield True
                    return
            yield False

    def _tidy(self) -> None:
        """Remove what is half-built or used by nobody, and have built again what is not there."""
        with self._db.read() as connection:
            wanted = queries.digests(connection)
        for folder in self._work.iterdir():
            if not folder.name.startswith("cache"):
                _installer.remove(folder)
        there = {folder.name for folder in self._root.iterdir() if len(folder.name) == 64}
        for name in there - wanted - self._used():
            # Renamed first, so that what is half-removed is not served.
            self._root.joinpath(name).rename(gone := self._work / f"gone-{name}")
            _installer.remove(gone)
        if lost := wanted - there:
            with self._db.begin() as connection:
                queries.renew(connection, lost)

    def _build_next(self) -> bool:
        """Build what has waited longest. Whether there was something."""
        with self._db.begin() as connection:
            found = queries.next_to_build(connection)
            if found is None:
                return False
            queries.change(connection, *_this(found), state=State.BUILDING)
        journal = _Journal(self._db, found)
        values: dict[str, object]
        try:
            values = self._build(found, journal)
        except Refused as refused:
            values = {"state": State.FAILED, "error": str(refused)}
        except OSError as wrong:
            values = {"state": State.FAILED, "error": f"The server's machine could not do it: {wrong}."}
        if values["state"] is State.FAILED and found.digest and not (self._root / found.digest).exists():
            values["digest"] = None  # else it would be taken for lost, and built again for ever
        with self._db.begin() as connection:
            queries.change(connection, *_this(found), **values, log=journal.text, updated_at=datetime.now(UTC))
        log.info("an environment was built", name=found.name, state=values["state"])
        self._changed()
        return True

    def _build(self, wanted: Environment, journal: "_Journal") -> dict[str, object]:
        work = self._work / secrets.token_hex(8)
        work.mkdir()
        try:
            bounds = Bounds(self._settings.environment_seconds, self._settings.environment_mb << 20)
            python = _installer.find_python(wanted.python)
            installer = Installer(self._settings.installer, work, bounds, journal.add, self._stop.is_set)
            # Where a folder was lost, the same one is built again.
            pins = wanted.pins
            if not pins:
                journal.add(f"Looking for packages for Python {python.version} ...")
                pins = installer.resolve(python, [*wanted.requirements, *needed()])
                journal.add(f"{len(pins)} packages fit together: {', '.join(pins)}")
            digest = digest_of(python, pins)
            folder = self._root / digest
            if not folder.exists():
                journal.add("Installing ...")
                installer.install(python, pins, target := work / "packages")
                manifest = Manifest(python=python.program, prefix=python.prefix, requirements=pins)
                (target / MANIFEST).write_bytes(msgspec.json.encode(manifest))
                target.chmod(0o755)
                os.rename(target, folder)  # noqa: PTH104 - the step that makes it be there
            else:
                journal.add("These packages are here already.")
        finally:
            _installer.remove(work)
        now = datetime.now(UTC)
        size = _installer.size_of(folder)
        journal.add(f"Ready: {size >> 20:,} MB.")
        return {"state": State.READY, "error": None, "digest": digest, "pins": pins, "size": size, "built_at": now}


class _Journal:
    """The log of a build, written to the database now and then while it grows."""

    def __init__(self, db: Database, environment: Environment) -> None:
        self._db, self._environment = db, environment
        self._written = 0.0
        self.text = ""

    def add(self, line: str) -> None:
        """One more line."""
        self.text = (self.text + line + "\n")[-LOG:]
        if (now := monotonic()) - self._written > TELL:
            self._written = now
            with self._db.begin() as connection:
                queries.change(connection, *_this(self._environment), log=self.text)


def needed() -> list[str]:
    """Requirement lines of what a worker needs, with the versions that this package itself asks for."""
    lines = [Requirement(line) for line in requires("headrace") or []]
    return [f"{line.name}{line.specifier}" for line in lines if line.name in NEEDED]


def digest_of(python: Python, pins: list[str]) -> str:
    """The name of an environment's folder: 64 hex characters."""
    return sha256(msgspec.json.encode([python.program, python.version, machine(), pins])).hexdigest()


def _this(environment: Environment) -> tuple[sa.ColumnElement[bool], ...]:
    """The environment as it was asked for: another build may have been asked for since."""
    return environments.c.id == environment.id, environments.c.build == environment.build
