"""A PostgreSQL of our own for as long as a block lasts, with its settings as they come."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from benchmarks.processes import free_port


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of an empty database. Raises RuntimeError where PostgreSQL is not installed."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parts[-2]))
    if not programs:
        raise RuntimeError("This run wants PostgreSQL: apt-get install postgresql.")
    with tempfile.TemporaryDirectory(prefix="headrace-bench-") as folder:
        as_user: list[str] = []
        if os.getuid() == 0:  # it refuses to run as root
            shutil.chown(folder, "postgres")
            group = pwd.getpwnam("postgres").pw_gid
            as_user = ["setpriv", "--reuid=postgres", f"--regid={group}", "--clear-groups"]
        data, port = Path(folder) / "data", free_port()
        made = [*as_user, programs[-1] / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL)
        arguments = ["-p", str(port), "-h", "127.0.0.1", "-k", folder]
        with subprocess.Popen(
            [*as_user, programs[-1] / "postgres", "-D", data, *arguments], stderr=subprocess.DEVNULL
        ) as server:
            url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
            try:
                _wait_for(url)
                yield url
            finally:
                server.send_signal(signal.SIGINT)  # SIGTERM would wait for whoever is connected


def _wait_for(url: str) -> None:
    for _ in range(200):
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("PostgreSQL did not answer within 20 s.")
