"""Servers under measurement: started on a free port, asked until they answer, weighed, and ended."""

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[1]
PEERS = Path(__file__).parent / "peers"
VENVS = ROOT / ".cache" / "peers"
QUIET = {
    "DO_NOT_TRACK": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "BENTOML_DO_NOT_TRACK": "True",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DAGSTER_DISABLE_TELEMETRY": "1",
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    "LITSERVE_DISABLE_ANALYTICS": "1",
}


def python(name: str, *packages: str) -> Path:
    """The interpreter of a virtual environment of a peer's own, made where it is not there yet."""
    folder = VENVS / name
    done = folder / ".ready"
    if not done.exists() or done.read_text() != " ".join(packages):
        uv = shutil.which("uv")
        if uv:
            subprocess.run([uv, "venv", "-q", "--clear", "-p", "3.11", folder], check=True)
            subprocess.run([uv, "pip", "install", "-q", "-p", folder, *packages], check=True)
        else:
            subprocess.run(["python3.11", "-m", "venv", "--clear", folder], check=True)
            subprocess.run([folder / "bin/python", "-m", "pip", "install", "-q", *packages], check=True)
        done.write_text(" ".join(packages))
    return folder / "bin" / "python"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def running(command: list, url: str, *, env: dict | None = None, seconds: float = 120, cores: str = "0,1", cwd=None):
    """A server that answers `url`, pinned to cores; yields its process id and the seconds until its first 200."""
    began = time.perf_counter()
    log = open("/tmp/headrace-bench-server.log", "wb")
    process = subprocess.Popen(
        ["taskset", "-c", cores, *map(str, command)],
        env={**os.environ, **QUIET, **(env or {})},
        stdout=log,
        stderr=log,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        cwd=cwd,
    )
    try:
        while True:
            try:
                if httpx.get(url, timeout=5).status_code == 200:
                    break
            except httpx.TransportError:
                pass
            if process.poll() is not None or time.perf_counter() - began > seconds:
                raise RuntimeError(f"{command[0]} did not answer {url}: {Path(log.name).read_text()[-2000:]}")
            time.sleep(0.02)
        yield process.pid, time.perf_counter() - began
    finally:
        tree = descendants(process.pid)
        for number, patience in ((signal.SIGTERM, 8.0), (signal.SIGKILL, 5.0)):
            for pid in tree:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    continue
            deadline = time.monotonic() + patience
            while time.monotonic() < deadline and any(_alive(pid) for pid in tree):
                process.poll()
                time.sleep(0.05)
        process.wait()
        log.close()


def descendants(root: int) -> set[int]:
    """A process and all that it started."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
    tree = {root}
    while more := {pid for pid, parent in parents.items() if parent in tree} - tree:
        tree |= more
    return tree


def memory_mb(root: int) -> float:
    """The sum of PSS over the tree, so that pages shared by forks count once."""
    total = 0
    for pid in descendants(root):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        total += next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    return total / 1024


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
