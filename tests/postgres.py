"""A PostgreSQL of the tests' own: a new cluster in a temporary folder, on a free port of this machine."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from headrace.db.engine import Database
from ports import free_port

TEMPLATE = "headrace_template"
PEOPLE = "people"  # the role whose members are persons of tests


class Cluster:
    """A running cluster that makes databases at this version's schema."""

    def __init__(self, port: int) -> None:
        self._url = f"postgresql://postgres@127.0.0.1:{port}"
        self._numbers = count()
        self._execute(f"CREATE DATABASE {TEMPLATE}")
        self._execute(f"CREATE ROLE {PEOPLE}")
        database = Database(f"{self._url}/{TEMPLATE}")
        database.migrate()
        database.close()

    def fresh(self) -> str:
        """The URL of a new database; copying a migrated one takes a fraction of migrating."""
        name = f"test_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        return f"{self._url}/{name}"

    def person(self, name: str, password: str) -> None:
        """A role that logs in with a password."""
        with psycopg.connect(f"{self._url}/postgres", autocommit=True) as connection:
            statement = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} IN ROLE {}")
            connection.execute(statement.format(sql.Identifier(name), sql.Literal(password), sql.Identifier(PEOPLE)))

    def empty(self) -> str:
        """The URL of a new database without a schema."""
        name = f"empty_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name}")
        return f"{self._url}/{name}"

    def _execute(self, statement: str) -> None:
        with psycopg.connect(f"{self._url}/postgres", autocommit=True) as connection:
            connection.execute(statement)


def cluster() -> Iterator[Cluster]:
    """Start a cluster, and end it by its process id."""
    # Not in pytest's folder, which every session that starts closes to other users, such as the one of PostgreSQL.
    with tempfile.TemporaryDirectory(prefix="headrace-postgresql-") as folder:
        yield from _cluster(Path(folder))


def _cluster(folder: Path) -> Iterator[Cluster]:
    programs, as_user, data, port = _programs(), _unprivileged(folder), folder / "data", free_port()
    with (folder / "log").open("wb") as log:
        start = [*as_user, programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"]
        made = subprocess.run(start, check=False, stdout=log, stderr=log, cwd="/")
        assert made.returncode == 0, (folder / "log").read_text()
        access = data / "pg_hba.conf"
        # Whoever is not its superuser says a password, as the roles of the warehouse do.
        access.write_text(f"host all postgres all trust\nhost all all all scram-sha-256\n{access.read_text()}")
        settings = {
            "fsync": "off",
            "synchronous_commit": "off",
            "port": port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": folder,
            "max_connections": 200,
            "timezone": "Asia/Tokyo",  # so that nothing relies on it
        }
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        start = [*as_user, programs / "postgres", "-D", data, *arguments]
        server = subprocess.Popen(start, stdout=log, stderr=log, cwd="/")
    try:
        _wait(port, server, folder / "log")
        yield Cluster(port)
    finally:
        server.send_signal(signal.SIGINT)  # at SIGTERM it would wait for a test's forgotten connection
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if found:
        return found[-1].parent
    if initdb := shutil.which("initdb"):
        return Path(initdb).resolve().parent
    pytest.skip("PostgreSQL was not found on this machine; `make test` as root installs it, or install postgresql")


def _unprivileged(folder: Path) -> list[str]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    user = next(u for u in ("postgres", "nobody") if u in {entry.pw_name for entry in pwd.getpwall()})
    shutil.chown(folder, user)
    return ["setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups"]


def _wait(port: int, server: subprocess.Popen, log: Path) -> None:
    while True:
        try:
            psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres").close()
        except psycopg.OperationalError:
            assert server.poll() is None, log.read_text()
        else:
            return
