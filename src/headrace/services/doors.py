"""Doors for fenced workers: sockets in folders that are lent, behind which are parts of what only the server reaches.

    <home>/lake/doors/<schema>-w/.s.PGSQL.5432    the catalogue of a schema, in PostgreSQL, as the role that writes it
    <home>/lake/doors/<schema>-w/store.sock       its Parquet, in the bucket
    <home>/lake/doors/<schema>-r/...              the same for who may only read it

Who was lent the folder may go through, and nothing else lets anybody: workers have no login and no key that could leave
them. What passes runs in a thread of its own, so that requests do not wait for it.
"""

import asyncio
import hmac
import os
import shutil
import socket
import threading
from asyncio import AbstractEventLoop, AbstractServer, StreamReader, StreamWriter
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from functools import cached_property, partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog

from headrace.db import lakes
from headrace.db.relay import Login, relay
from headrace.store import lake
from headrace.store.shelf import Shelf

if TYPE_CHECKING:
    from headrace.db.engine import Database
    from headrace.settings import Settings
    from headrace.store.blobs import Blobs
    from headrace.store.cipher import Cipher

CATALOGUE, STORE = ".s.PGSQL.5432", "store.sock"
OPEN = 128  # doors at once; the one that was asked for longest ago is closed, and is opened when it is asked for again
PASSING = 256  # connections through all doors at once; more wait until one of them ends

FOR_CATALOGUES = ("duckdb_extension_postgres_scanner", "scramp")  # packages

log = structlog.get_logger(__name__)

Serve = Callable[[StreamReader, StreamWriter], Awaitable[None]]


class Doors:
    """Opens doors as they are asked for. Its methods may be called from any thread, and block."""

    def __init__(self, settings: "Settings", db: "Database", blobs: "Blobs", cipher: "Cipher") -> None:
        self._settings, self._db, self._blobs = settings, db, blobs
        self._secret = cipher.derive("roles of the warehouse")
        self._lock = threading.Lock()
        self._loop: AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._open: OrderedDict[str, list[tuple[Path, AbstractServer]]] = OrderedDict()
        self._laid: dict[int, lakes.Roles] = {}
        self._held: set[int] = set()
        self._passing: set[asyncio.Task[None]] = set()

    @cached_property
    def catalogue(self) -> str:
        """Where a new schema is described: where this server's own tables are, if they can be there."""
        if self._db.is_sqlite:
            return "sqlite"
        with self._db.read() as connection:
            able = lakes.able(connection)
        if able and all(map(find_spec, FOR_CATALOGUES)):
            return "postgresql"
        reason = "headrace[cluster] is not installed" if able else "the user may not create roles and schemas"
        log.warning("new schemas of the warehouse are described in SQLite, not in PostgreSQL", reason=reason)
        return "sqlite"

    @cached_property
    def storage(self) -> str:
        """Where the Parquet of a new schema is: in the bucket where this server's files are, if there is one."""
        if not self._settings.store_url:
            return "folder"
        if find_spec("fsspec"):
            return "store"
        log.warning("the Parquet of new schemas is in the home folder", reason="headrace[cluster] is not installed")
        return "folder"

    def open(self, schema_id: int, *, writable: bool, catalogue: bool, store: bool) -> str:
        """See that a door is open. The path of its folder, beneath the one that the server lends from."""
        name = f"{schema_id}-{'w' if writable else 'r'}"
        roles = self._roles(schema_id) if catalogue else None
        with self._lock:
            if name in self._open:
                self._open.move_to_end(name)
                return f"{lake.DOORS}/{name}"
            serves: dict[str, Serve] = {}
            if roles:
                user = roles.writer if writable else roles.reader
                password = self._password(schema_id, writable=writable)
                serves[CATALOGUE] = partial(relay, login=Login(self._settings.database_url, user, password))
            if store:
                serves[STORE] = Shelf(self._blobs, lake.prefix(schema_id), writable=writable).serve
            folder = lake.lay_door(self._settings.home, name)
            self._open[name] = [(folder / file, self._listen(folder, file, serve)) for file, serve in serves.items()]
            if len(self._open) > OPEN:
                self._shut(self._open.popitem(last=False)[1])
        return f"{lake.DOORS}/{name}"

    def reader(self, schema_id: int) -> str:
        """The URL of a catalogue in PostgreSQL for this server itself: it reads as the role that can do nothing else.

        What the tables of a catalogue do when they are read is up to who owns them.
        """
        roles, password = self._roles(schema_id), self._password(schema_id, writable=False)
        url = sa.make_url(self._settings.database_url).set(username=roles.reader, password=password)
        return url.set(drivername="postgresql").render_as_string(hide_password=False)

    def holds(self, schema_id: int) -> bool:
        """Whether anybody has written to the catalogue of a schema in PostgreSQL."""
        if schema_id not in self._held:
            roles = self._roles(schema_id)
            with self._db.read() as connection:
                if lakes.holds(connection, roles):
                    self._held.add(schema_id)
        return schema_id in self._held

    def remove(self, schema_id: int) -> None:
        """Close the doors to a schema that is no more."""
        with self._lock:
            for name in (f"{schema_id}-w", f"{schema_id}-r"):
                self._shut(self._open.pop(name, []))
                shutil.rmtree(lake.lay_door(self._settings.home, name), ignore_errors=True)
            self._laid.pop(schema_id, None)
            self._held.discard(schema_id)

    def close(self) -> None:
        """Close all of them, and end what passes through them."""
        with self._lock:
            while self._open:
                self._shut(self._open.popitem()[1])
            if self._loop is not None and self._thread is not None:
                self._loop.call_soon_threadsafe(self._closing.set)
                self._thread.join()
            self._loop = self._thread = None

    def _roles(self, schema_id: int) -> lakes.Roles:
        if schema_id not in self._laid:
            passwords = [self._password(schema_id, writable=one) for one in (True, False)]
            with self._db.begin() as connection:
                self._laid[schema_id] = lakes.lay(connection, schema_id, *passwords)
        return self._laid[schema_id]

    def _password(self, schema_id: int, *, writable: bool) -> str:
        return hmac.digest(self._secret, f"{schema_id} {writable}".encode(), "sha256").hex()

    def _listen(self, folder: Path, name: str, serve: Serve) -> AbstractServer:
        (folder / name).unlink(missing_ok=True)
        opened = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind(f"/proc/self/fd/{opened}/{name}")  # an address has 108 bytes, and a home's path may have more
        finally:
            os.close(opened)
        (folder / name).chmod(0o666)  # workers are other users; nobody else comes past the home folder
        if self._loop is None:
            running: Future[AbstractEventLoop] = Future()
            self._thread = threading.Thread(
                target=lambda: asyncio.run(self._stay(running)), name="headrace-doors", daemon=True
            )
            self._thread.start()
            self._loop = running.result()
        starting = asyncio.start_unix_server(partial(self._pass, serve), sock=listener)
        return asyncio.run_coroutine_threadsafe(starting, self._loop).result()

    async def _stay(self, running: "Future[AbstractEventLoop]") -> None:
        self._closing, self._room = asyncio.Event(), asyncio.Semaphore(PASSING)
        running.set_result(asyncio.get_running_loop())
        await self._closing.wait()
        for _ in range(3):  # who was let in at the last moment has a task in the next turn of the loop
            await asyncio.sleep(0)
            for one in self._passing:
                one.cancel()
            await asyncio.gather(*self._passing, return_exceptions=True)

    async def _pass(self, serve: Serve, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        try:
            self._passing.add(task)
            async with self._room:
                await serve(reader, writer)
        except asyncio.CancelledError:  # the server ends; passed on, asyncio would log it
            writer.transport.abort()
        finally:
            self._passing.discard(task)
            writer.close()

    def _shut(self, servers: list[tuple[Path, AbstractServer]]) -> None:
        for path, server in servers:
            path.unlink(missing_ok=True)
            if self._loop is not None:
                self._loop.call_soon_threadsafe(server.close)
