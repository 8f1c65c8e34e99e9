"""How each system is started, and the addresses of the two functions that all of them serve."""

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

from benchmarks.processes import PEERS, free_port, python, running

RAY = ("ray[serve]==2.60.0", "pandas")
LITSERVE = ("litserve==0.2.19", "pandas")
BENTOML = ("bentoml==1.4.40", "pandas")

FUNCTIONS = {
    "rows": "@fused.udf\ndef udf(n: int = 3):\n    return [{'i': i, 'v': n * i, 's': 'row'} for i in range(10)]\n",
    "frame": (
        "import pandas as pd\n\n@fused.udf\ndef udf(n: int = 3):\n"
        "    return pd.DataFrame({'i': range(10), 'v': [n * i for i in range(10)], 's': ['row'] * 10})\n"
    ),
}


class System(NamedTuple):
    """A running system: the address of each function, and a body where it wants one."""

    pid: int
    ready: float
    addresses: dict[str, str]
    body: bytes | None = None


@contextmanager
def headrace(cores: str = "0,1") -> Iterator[System]:
    """Ours, as it comes: accounts, fences, logging and tracking on."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="headrace-bench-") as home:
        command = [sys.executable, "-m", "headrace", "up", "--home", home, "--port", port]
        url = f"http://127.0.0.1:{port}"
        with running(command, f"{url}/healthz", cores=cores) as (pid, ready):
            key = (Path(home) / "admin.key").read_text().strip()
            with httpx.Client(
                base_url=f"{url}/server/v1", headers={"Authorization": f"Bearer {key}"}, timeout=60
            ) as client:
                addresses = {name: f"{url}/server/v1/realtime-shared/{_share(client, name)}/run" for name in FUNCTIONS}
            yield System(pid, ready, addresses | {"url": url, "key": key})


@contextmanager
def floor(cores: str = "0,1") -> Iterator[System]:
    """Starlette to a bare resident process."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "floor:app",
        "--port",
        port,
        "--no-access-log",
        "--log-level",
        "warning",
    ]
    with running(command, f"http://127.0.0.1:{port}/health", cores=cores, cwd=PEERS) as (pid, ready):
        yield System(pid, ready, {name: f"http://127.0.0.1:{port}/{name}?n=3" for name in ("rows", "frame", "bytes")})


@contextmanager
def ray_serve(cores: str = "0,1") -> Iterator[System]:
    port = free_port()
    command = [python("ray", *RAY), PEERS / "ray_app.py", port]
    with running(command, f"http://127.0.0.1:{port}/rows", cores=cores) as (pid, ready):
        yield System(pid, ready, {name: f"http://127.0.0.1:{port}/{name}?n=3" for name in FUNCTIONS})


@contextmanager
def litserve(cores: str = "0,1") -> Iterator[System]:
    port = free_port()
    command = [python("litserve", *LITSERVE), PEERS / "litserve_app.py", port]
    with running(command, f"http://127.0.0.1:{port}/health", cores=cores) as (pid, ready):
        yield System(pid, ready, {name: f"http://127.0.0.1:{port}/{name}" for name in FUNCTIONS}, b'{"n": 3}')


@contextmanager
def bentoml(cores: str = "0,1") -> Iterator[System]:
    port = free_port()
    interpreter = python("bentoml", *BENTOML)
    command = [interpreter.parent / "bentoml", "serve", "bentoml_app:Functions", "--host", "127.0.0.1", "--port", port]
    env = {"BENTOML_HOME": "/tmp/headrace-bench-bentoml", "PATH": f"{interpreter.parent}:{os.environ['PATH']}"}
    with running(command, f"http://127.0.0.1:{port}/healthz", cores=cores, cwd=PEERS, env=env) as (pid, ready):
        yield System(pid, ready, {name: f"http://127.0.0.1:{port}/{name}" for name in FUNCTIONS}, b'{"n": 3}')


def _share(client: httpx.Client, name: str) -> str:
    body = json.dumps({"code": FUNCTIONS[name], "entrypoint": "udf", "name": name})
    udf = client.post("/udf/new", json={"slug": name, "udf_body": body}).raise_for_status().json()
    return client.post("/udf-access-token/new", json={"udf_id": udf["id"]}).raise_for_status().json()["token"]
