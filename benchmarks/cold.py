"""B2: the first call of a new function that imports geopandas, in a worker that nobody used before."""

import json
import subprocess
import sys
import time
from contextlib import ExitStack
from statistics import quantiles

import httpx

from benchmarks import systems
from benchmarks.processes import PEERS, free_port, running
from benchmarks.report import Report, spread, verdict

CALLS = 50
SLOW_CALLS = 5
CODE = """
import geopandas

def udf(n):
    places = geopandas.GeoDataFrame({{'n': [n + {n}]}}, geometry=geopandas.points_from_xy([1], [2]))
    return places.n.tolist()
"""


def measure(report: Report) -> None:
    ours = _headrace()
    rows = [["headrace, fenced, a new owner each", *_row(ours), "1.0"]]
    for name, times in (
        ("fresh interpreter (`python -c`)", _interpreter()),
        ("HTTP server with a subprocess per call", _subprocess_server()),
    ):
        rows.append([name, *_row(times), f"{_p50(times) / _p50(ours):.0f}"])
    note = (
        f"{CALLS} calls of different code by different owners, so that each starts in a fresh fenced worker "
        f"({SLOW_CALLS} for the others). Bar: p50 <= 60 ms: {verdict(_p50(ours) <= 60)}."
    )
    report.section("B2: cold call", note, ["system", "p50 ms", "p95 ms", "min-max ms", "it : ours"], rows)


def _headrace() -> list[float]:
    times = []
    with ExitStack() as stack:
        system = stack.enter_context(systems.headrace())
        url, key = system.addresses["url"], system.addresses["key"]
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60) as admin:
            while admin.get("/readyz").status_code != 200:
                time.sleep(0.05)
            keys = [_owner(admin, n) for n in range(CALLS)]
        for n, own in enumerate(keys):
            with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {own}"}, timeout=60) as client:
                client.get("/server/v1/user/self").raise_for_status()  # connection and key are warm; the worker is not
                step = {"type": "udf", "udf": {"code": CODE.format(n=n), "entrypoint": "udf", "parameters": {"n": 1}}}
                body = {"step_config": json.dumps(step), "dtype_in": "json", "format": "json"}
                time.sleep(0.1)  # as new users come: one after another
                began = time.perf_counter()
                answer = client.post("/server/v1/realtime/local/api/v1/run/udf", json=body)
                times.append((time.perf_counter() - began) * 1000)
                assert answer.json() == [1 + n], answer.text
    return times


def _owner(admin: httpx.Client, n: int) -> str:
    user = (
        admin.post("/api/users", json={"name": f"Owner {n}", "email": f"owner{n}@example.org"})
        .raise_for_status()
        .json()
    )
    made = admin.post(f"/api/users/{user['id']}/api_keys", json={"name": "bench", "expiresIn": 3600})
    return made.raise_for_status().json()["token"]


def _interpreter() -> list[float]:
    times = []
    for n in range(SLOW_CALLS):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", CODE.format(n=n) + "\nprint(udf(1))"], check=True, capture_output=True)
        times.append((time.perf_counter() - began) * 1000)
    return times


def _subprocess_server() -> list[float]:
    port, times = free_port(), []
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "subprocess_app:app",
        "--port",
        port,
        "--no-access-log",
        "--log-level",
        "warning",
    ]
    with running(command, f"http://127.0.0.1:{port}/health", cwd=PEERS):
        for n in range(SLOW_CALLS):
            began = time.perf_counter()
            httpx.post(f"http://127.0.0.1:{port}/run", content=CODE.format(n=n), timeout=60).raise_for_status()
            times.append((time.perf_counter() - began) * 1000)
    return times


def _p50(times: list[float]) -> float:
    return sorted(times)[len(times) // 2]


def _row(times: list[float]) -> list[str]:
    return [f"{_p50(times):,.1f}", f"{quantiles(times, n=20)[-1]:,.1f}", spread(times, 1).partition("(")[2].rstrip(")")]
