"""Servers under measurement: installed, started on a free port, asked until they answer, weighed, pinned and ended."""

import ctypes
import http.client
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[1]
PEERS = Path(__file__).parent / "peers"
VENVS = ROOT / ".cache" / "peers"
CORES = sorted(os.sched_getaffinity(0))
LOAD_CORES = CORES[-1:]  # what the load is made on, where the result is a rate
SERVER_CORES = CORES[:-1] or CORES  # what the server is held to meanwhile
QUIET = {
    "DO_NOT_TRACK": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "BENTOML_DO_NOT_TRACK": "True",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DAGSTER_DISABLE_TELEMETRY": "1",
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    "LITSERVE_DISABLE_ANALYTICS": "1",
}
# Whoever forbids Python its bytecode makes every start compile: that would be measured, and of large peers most.
NOT_PASSED_ON = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "VIRTUAL_ENV")
MARK = "BENCHMARKED_AS"  # in the environment of all that a server starts, so that what leaves its tree is found too


PR_SET_CHILD_SUBREAPER = 36  # prctl(2): what servers abandon becomes our child, to be waited for when it ends
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class Server(NamedTuple):
    """A server that runs: its first process, the mark that its processes carry, and when it was started.

    `began` is of time.perf_counter; `ready` are the seconds until the first 200 of its health page.
    """

    pid: int
    mark: str
    began: float = 0
    ready: float = 0


class Weight(NamedTuple):
    """PSS in MB, and how many processes could not be read (then the figure is too small)."""

    megabytes: float
    unread: int


def python(name: str, *packages: str) -> Path:
    """The interpreter of a virtual environment of a peer's own, made where it is not there yet."""
    folder = VENVS / name
    done, wanted = folder / ".ready", " ".join(packages)
    if not done.exists() or done.read_text() != wanted:
        if uv := shutil.which("uv"):
            subprocess.run([uv, "venv", "-q", "--clear", "-p", "3.11", folder], check=True)
            subprocess.run([uv, "pip", "install", "-q", "-p", folder, *packages], check=True)
        else:
            subprocess.run(["python3.11", "-m", "venv", "--clear", folder], check=True)
            subprocess.run([folder / "bin/python", "-m", "pip", "install", "-q", *packages], check=True)
        done.write_text(wanted)
    if not (folder / ".compiled").exists():
        compile_all(folder / "bin/python", folder / "lib")
        (folder / ".compiled").touch()
    return folder / "bin" / "python"


def compile_all(interpreter: Path | str, folder: Path) -> None:
    """Write the bytecode of a folder, as pip does and uv does not."""
    command = [interpreter, "-m", "compileall", "-q", "-j", "0", folder]
    # Some packages ship files that are no Python of this version; that these cannot be compiled says nothing.
    subprocess.run(command, check=False, env=environ(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def environ() -> dict[str, str]:
    """Our own environment, without what would be unfair and with telemetry off."""
    return {name: value for name, value in os.environ.items() if name not in NOT_PASSED_ON} | QUIET


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def running(
    command: list, url: str, *, env: dict | None = None, seconds: float = 120, cwd: Path | None = None
) -> Iterator[Server]:
    """Start a server and wait until `url` answers 200; end it and all it started afterwards.

    Raises RuntimeError with the end of its log when it ends, or is silent for `seconds`.
    """
    mark = uuid.uuid4().hex
    with tempfile.TemporaryFile() as log:
        began = time.perf_counter()
        process = subprocess.Popen(
            [str(word) for word in command],
            env=environ() | (env or {}) | {MARK: mark},
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            cwd=cwd,
        )
        try:
            while not answers(url):
                if process.poll() is not None or time.perf_counter() - began > seconds:
                    log.seek(max(0, log.tell() - 2000))
                    raise RuntimeError(f"{command[0]} did not answer {url}: {log.read().decode(errors='replace')}")
                time.sleep(0.01)
            yield Server(process.pid, mark, began, time.perf_counter() - began)
        finally:
            _end(process, mark)


def answers(url: str) -> bool:
    """Whether the address answers 200. A bare connection: a client library would take time from what is starting."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def processes(server: Server) -> set[int]:
    """A server's process, all that it started, and all that was started by these and left the tree."""
    parents, roots = {}, {server.pid}
    sign = f"{MARK}={server.mark}".encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                if sign in (entry / "environ").read_bytes().split(b"\0"):
                    roots.add(int(entry.name))
    tree = roots & parents.keys()
    while more := {pid for pid, parent in parents.items() if parent in tree} - tree:
        tree |= more
    return tree


def weigh(server: Server) -> Weight:
    """The sum of PSS over a server's processes, so that pages shared by forks count once."""
    kilobytes = unread = 0
    for pid in processes(server):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue
        except PermissionError:
            unread += 1
            continue
        kilobytes += next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    return Weight(kilobytes / 1024, unread)


def cpu_seconds(server: Server) -> float:
    """Processor time that a server's processes have used; beside a busy machine's rates, it stays what it is."""
    ticks = 0
    for pid in processes(server):
        with suppress(FileNotFoundError, ProcessLookupError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))  # its own, and that of children which it has waited for
    return ticks / os.sysconf("SC_CLK_TCK")


def pin(server: Server, cores: list[int]) -> None:
    """Hold a server to these cores: every thread that it has, and with them those to come."""
    for pid in processes(server):
        with suppress(FileNotFoundError, ProcessLookupError):
            for thread in Path(f"/proc/{pid}/task").iterdir():
                with suppress(ProcessLookupError):
                    os.sched_setaffinity(int(thread.name), cores)


def _end(process: subprocess.Popen, mark: str) -> None:
    """Ask the first process to stop, then kill whatever is left of it."""
    server = Server(process.pid, mark)
    tree = processes(server)
    process.terminate()
    _wait_for(process, tree, 15.0)
    tree |= processes(server)
    for pid in tree:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    _wait_for(process, tree, 5.0)
    process.wait()


def _wait_for(process: subprocess.Popen, tree: set[int], seconds: float) -> None:
    """Wait until none of these is alive, and take the status of those that became ours."""
    deadline, left = time.monotonic() + seconds, set(tree)
    while left and time.monotonic() < deadline:
        process.poll()
        for pid in left - {process.pid}:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        left = {pid for pid in left if Path(f"/proc/{pid}").exists()}
        time.sleep(0.02)
