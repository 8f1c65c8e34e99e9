"""A PostgreSQL of the tests' own: a new cluster in a temporary folder, on a free port of this machine."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

from headrace.db.engine import Database

TEMPLATE = "headrace_template"


class Cluster:
    """A running cluster that makes databases at this version's schema."""

    def __init__(self, port: int) -> None:
        self._url = f"postgresql://postgres@127.0.0.1:{port}"
        self._numbers = count()
        self._execute(f"CREATE DATABASE {TEMPLATE}")
        database = Database(f"{self._url}/{TEMPLATE}")
        database.migrate()
        database.close()

    def fresh(self) -> str:
        """The URL of a new database; copying a migrated one takes a fraction of migrating."""
        name = f"test_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        return f"{self._url}/{name}"

    def empty(self) -> str:
        """The URL of a new database without a schema."""
        name = f"empty_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name}")
        return f"{self._url}/{name}"

    def _execute(self, statement: str) -> None:
        with psycopg.connect(f"{self._url}/postgres", autocommit=True) as connection:
            connection.execute(statement)


def cluster(folder: Path) -> Iterator[Cluster]:
    """Start a cluster, and end it by its process id."""
    programs = _programs()
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    as_user = _unprivileged(folder)
    data = folder / "data"
    subprocess.run(
        [*as_user, programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"],
        check=True,
        capture_output=True,
        cwd="/",
    )
    settings = (
        "fsync=off",
        "synchronous_commit=off",
        f"port={port}",
        "listen_addresses=127.0.0.1",
        f"unix_socket_directories={folder}",
        "max_connections=200",
    )
    with (folder / "log").open("wb") as log:
        arguments = [part for setting in settings for part in ("-c", setting)]
        server = subprocess.Popen(
            [*as_user, programs / "postgres", "-D", data, *arguments], stdout=log, stderr=log, cwd="/"
        )
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
    for parent in folder.parents:
        if parent != Path("/") and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)
    return ["setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups"]


def _wait(port: int, server: subprocess.Popen, log: Path) -> None:
    while True:
        try:
            psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres").close()
        except psycopg.OperationalError:
            assert server.poll() is None, log.read_text()
        else:
            return
