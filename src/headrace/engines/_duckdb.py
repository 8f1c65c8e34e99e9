"""DuckDB in a worker, over schemas of the warehouse that are each a DuckLake.

A schema is in a folder, or behind a door in one: a socket to PostgreSQL, which describes it, and one to the bucket that
its Parquet is in. A connection is opened once for the folders that a worker was lent, and locked: from then on SQL
reads and writes those folders and no other file, whatever it says. Several workers write to one schema at once; a
commit that another one came before is tried again.
"""

import fcntl
import random
import time
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from headrace.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from duckdb import DuckDBPyConnection

    from headrace.model.query import Schema

SCRATCH = "/tmp/.cache/duckdb"  # noqa: S108 - of the worker's own, kept between its calls
READ = ("/lake", "/mount")
EXTENSIONS = ("ducklake", "sqlite_scanner", "spatial")
POOL = (  # connections to PostgreSQL that a worker keeps: few, and none while it does nothing
    "pg_pool_max_connections=4",
    "pg_pool_idle_timeout_millis=5000",
    "pg_pool_enable_reaper_thread=true",
)
TRIES = 12
PATIENCE = 1.0  # seconds that a statement waits for others that are tried again
# What a commit says that came after another one (DuckLake, SQLite): nothing of it was written, so it is tried again.
LATE = ("database is locked", "Transaction conflict", "conflict on", "Failed to commit DuckLake transaction")

# In a record batch of a result: whole vectors, in buffers so small that the allocator has them back for the next.
ROWS = 15 * 2048

T = TypeVar("T")
locks: list[Path] = []  # files by which those who write to the schemas of this process take turns


def connect(
    schemas: "Sequence[Schema]", *, memory: int, threads: int, read: Sequence[str] = READ
) -> "DuckDBPyConnection":
    """A locked connection with these schemas attached, each as a catalogue of its name.

    Raises Unavailable where an extension's package is not installed.
    """
    import duckdb

    Path(SCRATCH).mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            # Not for others: these come in packages whose hashes pip has checked, nothing else is ever loaded, and the
            # signatures of three would be checked for 0.6 s each time a worker is made.
            "allow_unsigned_extensions": "true",
            "memory_limit": f"{memory >> 20}MiB",
            "threads": str(threads),
            "temp_directory": SCRATCH,
            "preserve_insertion_order": "true",
        },
    )
    wanted = EXTENSIONS if schemas else EXTENSIONS[2:]
    elsewhere = any(schema.catalogue for schema in schemas)
    for name in (*wanted, "postgres_scanner") if elsewhere else wanted:
        connection.execute(f"LOAD '{extension(name)}'")
    if schemas:
        connection.execute("SET ducklake_retry_wait_ms=5")
    if elsewhere:
        for setting in POOL:
            connection.execute(f"SET {setting}")
    if sockets := {_name(schema): f"{schema.door}/store.sock" for schema in schemas if schema.store}:
        from headrace.engines._shelf import Shelf

        connection.register_filesystem(Shelf(sockets))
    locks[:] = [Path(schema.path) / "lock" for schema in schemas if schema.writable]
    for schema in schemas:
        attach(connection, schema)
    folders = [*(f"{one}/" for one in read), *(f"{one.path}/" for one in schemas), f"{SCRATCH}/"]
    folders += [one.store for one in schemas if one.store]
    connection.execute(f"SET allowed_directories=[{', '.join(_text(one) for one in dict.fromkeys(folders))}]")
    for setting in ("enable_external_access=false", "python_enable_replacements=false", "lock_configuration=true"):
        connection.execute(f"SET {setting}")
    return connection


def attach(connection: "DuckDBPyConnection", schema: "Schema") -> None:
    """Attach a schema. Where nobody has written to it yet its catalogue is made. Raises Unavailable."""
    file = Path(schema.path) / "catalogue.sqlite"
    # The catalogue remembers where it was made; its files are named from there, and it may have been moved since.
    options = [f"DATA_PATH {_text(schema.store or f'{schema.path}/data/')}", "OVERRIDE_DATA_PATH true"]
    if schema.catalogue:
        options.append(f"METADATA_SCHEMA {_text(schema.catalogue)}")
    if not schema.writable:
        if not (schema.held if schema.catalogue else file.exists()):  # nothing is in it, and nothing can be made here
            connection.execute(f"ATTACH ':memory:' AS {quoted(schema.name)}")
            return
        options.append("READ_ONLY")
    elif not schema.catalogue:
        # Who reads waits for nobody who writes, nor the other way round: in SQLite's own mode a SELECT holds up every
        # commit for as long as it lasts, and one that is held up locks the file for good.
        options.append("META_JOURNAL_MODE 'WAL'")
    # Which user and which database it is, the door says.
    place = f"postgres:host={schema.door} user=worker dbname=warehouse" if schema.catalogue else f"sqlite:{file}"
    statement = f"ATTACH {_text(f'ducklake:{place}')} AS {quoted(schema.name)} ({', '.join(options)})"
    persist(lambda: connection.execute(statement), writes=schema.writable)


def persist(attempt: "Callable[[], T]", *, writes: bool = True) -> T:
    """What the attempt gives, made again while others commit before it: from the second time on, one at a time.

    Only for what leaves nothing behind when it fails: a statement that commits itself. What does not write gives way to
    nobody.
    """
    import duckdb

    if writes:
        _give_way()
    with ExitStack() as turn:
        for number in range(TRIES):
            try:
                return attempt()
            except duckdb.Error as late:
                if number == TRIES - 1 or not any(word in str(late) for word in LATE):
                    raise
            if number == 0:
                for file in locks:
                    opened = turn.enter_context(file.open("w"))
                    fcntl.flock(opened, fcntl.LOCK_EX)  # given back when it is closed, or by the end of the process
            else:  # by one that tried for the first time
                time.sleep(random.uniform(0, 0.01 * 2**number))  # noqa: S311 - so that they do not meet again
    raise AssertionError


def _give_way() -> None:
    """Wait for those who try again, or who is quick would come before who is late each time.

    Not for ever: what is tried again may take long.
    """
    until = time.monotonic() + PATIENCE
    for file in locks:
        with file.open("w") as opened:
            while time.monotonic() < until:
                try:
                    fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    time.sleep(0.002)


def extension(name: str) -> str:
    """The file of an extension that came as a package. Raises Unavailable with what installs it."""
    spec = find_spec(f"duckdb_extension_{name}")
    found = next(Path(spec.origin).parent.rglob("*.duckdb_extension"), None) if spec and spec.origin else None
    if found is None:
        raise Unavailable(f"SQL needs the package duckdb-extension-{name.replace('_', '-')}: install headrace[data].")
    return str(found)


def _name(schema: "Schema") -> str:
    return schema.store.removeprefix("lake://").rstrip("/")


def quoted(name: str) -> str:
    """A name as an identifier of SQL. Raises Invalid for NUL, which no name holds."""
    if "\0" in name:
        raise Invalid("A name in SQL holds no NUL.")
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
