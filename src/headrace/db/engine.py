"""The metadata database: SQLite in the home folder, or PostgreSQL by URL.

SQLite keeps a write-ahead log: readers never wait, and writers take turns, each in a short BEGIN IMMEDIATE.
"""

import os
import re
import sqlite3
import time
from collections.abc import Generator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from headrace.db.tables import metadata
from headrace.errors import HeadraceError, Invalid, Unavailable

BUSY_SECONDS = 15
POOL_SECONDS = 15
LOCK_ID = 7_241_908_311  # an advisory lock's number on PostgreSQL; any that nobody else takes
HEAD = "0010"
AWAY = "The database does not answer, or is too busy; try again in a moment."

log = structlog.get_logger(__name__)


class Database:
    """A pool of connections to one database. Its methods may be called from any thread."""

    def __init__(self, url: str, *, connections: int = 10) -> None:
        address = _address(url)
        self.is_sqlite = address.get_backend_name() == "sqlite"
        options: dict[str, Any] = {"connect_args": {"timeout": BUSY_SECONDS, "check_same_thread": False}}
        if not self.is_sqlite:
            limits = "-c timezone=UTC -c statement_timeout=60000 -c lock_timeout=15000"
            limits += " -c idle_in_transaction_session_timeout=60000"
            options = {"connect_args": {"options": limits, "connect_timeout": 10}, "pool_pre_ping": True}
        self._engine = sa.create_engine(
            address, pool_size=connections, max_overflow=0, pool_timeout=POOL_SECONDS, **options
        )
        if self.is_sqlite:
            event.listen(self._engine, "connect", _prepare_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)

    @contextmanager
    def begin(self) -> Generator[sa.Connection]:
        """A transaction that writes: committed at the end, rolled back by an exception. Raises Unavailable."""
        with _answering(), self._engine.connect() as connection:
            connection.execution_options(writes=True)
            with connection.begin():
                yield connection

    @contextmanager
    def read(self) -> Generator[sa.Connection]:
        """A transaction that only reads. Raises Unavailable."""
        with _answering(), self._engine.connect() as connection, connection.begin():
            yield connection

    def ping(self) -> None:
        """Raise Unavailable where the database does not answer."""
        with self.read() as connection:
            connection.execute(sa.text("select 1"))

    def migrate(self) -> None:
        """Bring the schema to this version's. Safe when several processes start at once.

        Raises Unavailable where a newer version has changed it already.
        """
        with self.read() as connection:
            if _version(connection) == HEAD:
                return
        with self._changing_tables() as connection:
            if not self.is_sqlite:
                connection.execute(sa.text("select pg_advisory_xact_lock(:id)"), {"id": LOCK_ID})
            version = _version(connection)
            if version is None:  # what the history leads to, without walking it: a first start is quicker and leaner
                _versions.create(connection)
                metadata.create_all(connection)
                connection.execute(_versions.insert(), {"version_num": HEAD})
            elif version != HEAD:
                upgrade(connection)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @property
    def engine(self) -> sa.Engine:
        """The engine, for tests that compare the schema."""
        return self._engine

    @contextmanager
    def _changing_tables(self) -> Generator[sa.Connection]:
        """A transaction for migrations. SQLite changes a table by copying it, and what refers to it must stay."""
        if not self.is_sqlite:
            with self.begin() as connection:
                yield connection
            return
        with _answering(), self._engine.connect() as connection:
            connection.execution_options(writes=True)
            # Told to the driver: within a transaction the pragma does nothing, and the engine would begin one.
            driver: Any = connection.connection.driver_connection
            driver.execute("PRAGMA foreign_keys=OFF")
            try:
                with connection.begin():
                    yield connection
                    if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                        raise HeadraceError(f"A migration leaves a row of {broken[0]} that refers to nothing.")
            finally:
                driver.execute("PRAGMA foreign_keys=ON")


def upgrade(connection: sa.Connection) -> None:
    """Walk the history from where the database is. Raises Unavailable for a version that is not in it."""
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(files("headrace.db") / "migrations").replace("%", "%%"))
    version = _version(connection)
    if version not in {None, *(known.revision for known in ScriptDirectory.from_config(config).walk_revisions())}:
        raise Unavailable(f"The database is at version {version}, which a newer Headrace made; run that one.")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


# Alembic's own table, in its own shape.
_versions = sa.Table(
    "alembic_version",
    sa.MetaData(),
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def _version(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.select(_versions.c.version_num)).scalar()


@contextmanager
def _answering() -> Generator[None]:
    """Raise Unavailable for a database that is away, locked for too long, or out of connections."""
    try:
        yield
    except (OperationalError, InterfaceError, NoConnectionFree) as away:
        # Callers learn nothing of hosts and files; the log does.
        log.warning("the database does not answer", error=str(away)[:300])
        raise Unavailable(AWAY) from away


def _address(url: str) -> sa.URL:
    try:
        address = sa.make_url(re.sub("^postgres://", "postgresql://", url))
    except ArgumentError as wrong:
        raise Invalid("HEADRACE_DATABASE_URL is no URL; it wants postgresql://user:password@host/database.") from wrong
    if address.get_backend_name() not in ("sqlite", "postgresql"):
        raise Invalid(f"The database {address.get_backend_name()!r} is not served; PostgreSQL and SQLite are.")
    if address.get_backend_name() == "postgresql":
        return address.set(drivername="postgresql+psycopg")
    if address.database:  # made here, so that only its owner reads it; its companions (-wal, -shm) take its mode
        os.close(os.open(address.database, os.O_CREAT | os.O_RDWR, 0o600))
    return address


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver would begin late, and as a reader
    for pragma in ("synchronous=NORMAL", "foreign_keys=ON", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            # Alone of all statements, this one does not wait for its turn while others open a new file.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
