"""What tests are given: a home, a database of either kind, a server that really serves.

The words of the domain are in factories.py.
"""

import atexit
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import hypothesis
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tests import what they share by its own name

import postgres
import seaweed
from headrace import settings as table
from headrace.server import open_platform
from headrace.services import accounts

# A machine that is busy breaks no promise, and what passes once passes again. `--hypothesis-profile=explore` looks on.
hypothesis.settings.register_profile(
    "explore", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.register_profile("same", hypothesis.settings.get_profile("explore"), derandomize=True)
hypothesis.settings.load_profile("same")

# Nor is it one that a busy machine answers late: what asks without a word on time would be given five seconds by httpx.
httpx._config.DEFAULT_TIMEOUT_CONFIG.read = 60.0

ROOT = Path(__file__).parents[1]
DATA = (ROOT / ".data").resolve()  # code sees a folder where it lies, and no link to it


def pytest_sessionstart(session) -> None:
    """See that tests end as workers do.

    Threads of DuckDB's may still be letting go of an array's batches, and where they find that the interpreter is being
    taken down, they end the process: with a signal, whatever the tests have shown.
    """
    atexit.register(_leave, session)


def _leave(session) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(int(session.exitstatus))


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[postgres.Cluster]:
    """A PostgreSQL of our own on a free port, ended with the session."""
    yield from postgres.cluster()


@pytest.fixture(scope="session")
def s3(tmp_path_factory) -> Iterator[dict[str, str]]:
    """The environment that leads to an S3 server, which lives as long as the tests."""
    with seaweed.s3(tmp_path_factory.mktemp("seaweed")) as environ:
        yield environ


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request) -> str:
    """The settings' DATABASE_URL: empty for SQLite in the home, or a database of this test alone."""
    return "" if request.param == "sqlite" else request.getfixturevalue("postgresql").fresh()


@pytest.fixture
def platform(home, database_url):
    """An open home on either database, with its administrator."""
    settings = table.load({"HEADRACE_HOME": str(home), "HEADRACE_DATABASE_URL": database_url})
    opened = open_platform(settings)
    accounts.ensure_admin(opened)
    yield opened
    opened.doors.close()
    opened.db.close()


@pytest.fixture
def admin(platform):
    """A call as the administrator."""
    return accounts.administrator(platform)


LIMITS = {
    "call_seconds": 20,
    "call_memory_mb": 1500,
    "call_output_mb": 200,
    "call_scratch_mb": 64,
    "body_mb": 16,
    "wrong_guesses": 0,  # all tests come from one address
}


class Server:
    """A server process of our own: `headrace up` on a free port."""

    def __init__(self, home: Path, **settings: object) -> None:
        self.home = home
        self._environ = {f"HEADRACE_{name.upper()}": str(value) for name, value in settings.items()}
        self.log = home.parent / f"{home.name}.log"
        self.start()

    def start(self, port: int = 0) -> None:
        command = [sys.executable, "-m", "headrace", "up", "--home", str(self.home), "--port", str(port)]
        environ = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                env=environ | self._environ,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=self.home.parent,
            )
        for line in self.process.stdout:
            if line.startswith("Headrace answers at "):
                self.url = line.split()[-1]
                break
        else:
            raise AssertionError(f"the server did not start:\n{self.log.read_text()}")
        self.port = int(self.url.rpartition(":")[2])
        self.admin_key = (self.home / "admin.key").read_text().strip()

    def client(self, key: str | None = None, **options: object) -> httpx.Client:
        """An HTTP client with a key, the administrator's unless told."""
        headers = {"Authorization": f"Bearer {key or self.admin_key}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, **options)

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(20)


@contextmanager
def serving(home: Path, **settings: object) -> Iterator[Server]:
    """A server for as long as the block lasts."""
    home.parent.mkdir(parents=True, exist_ok=True)
    server = Server(home, **settings)
    try:
        wait_until(lambda: httpx.get(f"{server.url}/readyz").status_code == 200)
        yield server
    finally:
        if server.process.poll() is None:
            server.process.kill()
        server.process.wait()
        server.process.stdout.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[Server]:
    """One server for all tests that do not change its settings."""
    with serving(tmp_path_factory.mktemp("server") / "home", data_folders=DATA, **LIMITS) as one:
        yield one


@pytest.fixture
def http(server) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


def wait_until(condition, seconds: float = 60) -> None:
    """Ask again and again until the condition holds. Fails after that many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)
