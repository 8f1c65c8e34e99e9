"""How each system is started, and the addresses of the two functions that all of them serve."""

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

from benchmarks.processes import PEERS, Server, answers, free_port, python, running

RAY = ("ray[serve]==2.60.0", "pandas")
LITSERVE = ("litserve==0.2.19", "pandas")
BENTOML = ("bentoml==1.4.40", "pandas")
PREFECT = "prefect==3.9.1"

FUNCTIONS = {
    "rows": "@fused.udf\ndef udf(n: int = 3):\n    return [{'i': i, 'v': n * i, 's': 'row'} for i in range(10)]\n",
    "frame": (
        "import pandas as pd\n\n@fused.udf\ndef udf(n: int = 3):\n"
        "    return pd.DataFrame({'i': range(10), 'v': [n * i for i in range(10)], 's': ['row'] * 10})\n"
    ),
}


ANSWER = [{"i": i, "v": 3 * i, "s": "row"} for i in range(10)]  # what each function gives for 3


class System(NamedTuple):
    """A running system: its server, the address of each function, and a body where it wants one."""

    server: Server
    addresses: dict[str, str]
    body: bytes | None = None

    def first_answer(self) -> float:
        """Ask `rows` until it answers; seconds since the command. Raises TimeoutError after a minute."""
        while not answers(self.addresses["rows"]):
            if time.perf_counter() - self.server.began > 60:
                raise TimeoutError(f"{self.addresses['rows']} gives no answer")
            time.sleep(0.01)
        return time.perf_counter() - self.server.began

    def check(self) -> None:
        """Ask each function; raise AssertionError where an answer is not the ten rows."""
        for name in FUNCTIONS:
            url = self.addresses[name]
            if self.body:
                headers = {"Content-Type": "application/json"}
                answer = httpx.post(url, content=self.body, headers=headers, timeout=60)
            else:
                self.first_answer()
                answer = httpx.get(url, timeout=60)
            assert answer.json() == ANSWER, f"{url} gave {answer.text[:500]}"


@contextmanager
def headrace() -> Iterator[System]:
    """Ours, as it comes: accounts, fences, logging and tracking on."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="headrace-bench-") as home:
        command = [sys.executable, "-m", "headrace", "up", "--home", home, "--port", port]
        with running(command, f"{url}/healthz") as server:
            key = (Path(home) / "admin.key").read_text().strip()
            base, headers = f"{url}/server/v1", {"Authorization": f"Bearer {key}"}
            with httpx.Client(base_url=base, headers=headers, timeout=60) as client:
                tokens = {name: share(client, name) for name in FUNCTIONS}
            addresses = {name: f"{base}/realtime-shared/{token}/run?format=json&n=3" for name, token in tokens.items()}
            yield System(server, addresses | {"url": url, "key": key})


@contextmanager
def serving_udf(slug: str, code: str, **settings: object) -> Iterator[tuple[Server, str]]:
    """Ours with one udf; the server, and the address that a token of the udf opens."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    env = {f"HEADRACE_{name.upper()}": str(value) for name, value in settings.items()}
    with tempfile.TemporaryDirectory(prefix="headrace-bench-") as home:
        command = [sys.executable, "-m", "headrace", "up", "--home", home, "--port", port]
        with running(command, f"{url}/healthz", env=env) as server:
            key = (Path(home) / "admin.key").read_text().strip()
            headers = {"Authorization": f"Bearer {key}"}
            with httpx.Client(base_url=f"{url}/server/v1", headers=headers, timeout=60) as client:
                yield server, f"{url}/server/v1/realtime-shared/{share(client, slug, code)}"


@contextmanager
def floor() -> Iterator[System]:
    """Starlette to a bare resident process: what no system of this form can be faster than."""
    with _uvicorn("floor:app") as (server, url):
        yield System(server, {name: f"{url}/{name}?n=3" for name in ("rows", "frame", "bytes")})


@contextmanager
def per_call() -> Iterator[System]:
    """A server that starts an interpreter for each call."""
    with _uvicorn("subprocess_app:app") as (server, url):
        yield System(server, {"run": f"{url}/run", "health": f"{url}/health"})


@contextmanager
def ray_serve() -> Iterator[System]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = [python("ray", *RAY), PEERS / "ray_app.py", port]
        with running(command, f"{url}/-/healthz", env={"RAY_TMPDIR": folder}) as server:
            yield System(server, {name: f"{url}/{name}?n=3" for name in FUNCTIONS})


@contextmanager
def litserve() -> Iterator[System]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with running([python("litserve", *LITSERVE), PEERS / "litserve_app.py", port], f"{url}/health") as server:
        yield System(server, {name: f"{url}/{name}" for name in FUNCTIONS}, b'{"n": 3}')


@contextmanager
def bentoml() -> Iterator[System]:
    port, interpreter = free_port(), python("bentoml", *BENTOML)
    url = f"http://127.0.0.1:{port}"
    command = [interpreter.parent / "bentoml", "serve", "bentoml_app:Functions", "--host", "127.0.0.1", "--port", port]
    with tempfile.TemporaryDirectory() as home:
        env = {"BENTOML_HOME": home, "PATH": f"{interpreter.parent}:{os.environ['PATH']}"}
        with running(command, f"{url}/readyz", cwd=PEERS, env=env) as server:
            yield System(server, {name: f"{url}/{name}" for name in FUNCTIONS}, b'{"n": 3}')


@contextmanager
def prefect() -> Iterator[System]:
    port, interpreter = free_port(), python("prefect", PREFECT)
    command = [interpreter.parent / "prefect", "server", "start", "--host", "127.0.0.1", "--port", port]
    with _orchestrator(interpreter, command, "PREFECT_HOME", f"http://127.0.0.1:{port}/api/health") as system:
        yield system


@contextmanager
def dagster() -> Iterator[System]:
    port, interpreter = free_port(), python("dagster", "dagster==1.13.28", "dagster-webserver==1.13.28")
    command = [interpreter.parent / "dagster", "dev", "-f", PEERS / "dagster_app.py", "-h", "127.0.0.1", "-p", port]
    with _orchestrator(interpreter, command, "DAGSTER_HOME", f"http://127.0.0.1:{port}/server_info") as system:
        yield system


@contextmanager
def airflow() -> Iterator[System]:
    port, interpreter = free_port(), python("airflow", "apache-airflow==3.3.2")
    env = {
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
    }
    command = [interpreter.parent / "airflow", "standalone"]
    url = f"http://127.0.0.1:{port}/api/v2/monitor/health"
    with _orchestrator(interpreter, command, "AIRFLOW_HOME", url, env) as system:
        yield system


@contextmanager
def _orchestrator(
    interpreter: Path, command: list, home: str, url: str, env: dict[str, str] | None = None
) -> Iterator[System]:
    """A server that is only started and weighed, from an empty home."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        env = {home: folder, "PATH": f"{interpreter.parent}:{os.environ['PATH']}"} | (env or {})
        with running(command, url, env=env, seconds=180, cwd=Path(folder)) as server:
            yield System(server, {})


@contextmanager
def _uvicorn(app: str) -> Iterator[tuple[Server, str]]:
    """One of our own small scripts."""
    port = free_port()
    options = ["--port", port, "--no-access-log", "--log-level", "warning"]
    command = [sys.executable, "-m", "uvicorn", app, *options]
    with running(command, f"http://127.0.0.1:{port}/health", cwd=PEERS) as server:
        yield server, f"http://127.0.0.1:{port}"


def share(client: httpx.Client, name: str, code: str | None = None, under: str = "") -> str:
    """Keep one of the functions, or the code that is given; a token for it. `under` goes before the routes."""
    body = json.dumps({"code": code or FUNCTIONS[name], "entrypoint": "udf", "name": name})
    udf = client.post(f"{under}/udf/new", json={"slug": name, "udf_body": body}).raise_for_status().json()
    return client.post(f"{under}/udf-access-token/new", json={"udf_id": udf["id"]}).raise_for_status().json()["token"]
