"""B2: the first call of a new function that imports geopandas, in a worker that nobody used before."""

import json
import os
import subprocess
import sys
import time
from statistics import median, quantiles

import httpx

from benchmarks import systems
from benchmarks.processes import environ
from benchmarks.report import Report

CALLS = int(os.environ.get("BENCH_CALLS", "50"))
PAUSE = 0.2  # seconds between the calls of new users who come one after another
CODE = """
import geopandas

def udf(n):
    places = geopandas.GeoDataFrame({{'n': [n + {n}]}}, geometry=geopandas.points_from_xy([1], [2]))
    return places.n.tolist()
"""


def measure(report: Report) -> None:
    """Ours and the two others, a call of each in turn."""
    times: dict[str, list[float]] = {}
    with systems.headrace() as ours, systems.per_call() as per_call, _client(ours) as admin:
        while admin.get("/readyz").status_code != 200:
            time.sleep(0.05)
        owners = [_owner(admin, n) for n in range(2 * CALLS)]
        _interpreter(0), _per_call(per_call, 0)  # what is read from disk once
        for n in range(CALLS):
            time.sleep(PAUSE)
            times.setdefault("headrace, fenced, a new owner each", []).append(_headrace(admin, owners[n], n))
            times.setdefault("fresh interpreter (`python -c`)", []).append(_interpreter(n))
            times.setdefault("HTTP server with a subprocess per call", []).append(_per_call(per_call, n))
        hurried = [_headrace(admin, owner, CALLS + n) for n, owner in enumerate(owners[CALLS:])]
        started = _workers_started(admin)
    assert started >= 2 * CALLS, f"{started} workers for {2 * CALLS} owners: some were not fresh"
    times["headrace, the same without a pause between calls"] = hurried
    p50 = median(next(iter(times.values())))
    rows = [[name, *_row(values), f"{median(values) / p50:.1f}"] for name, values in times.items()]
    note = (
        f"{CALLS} calls each, every one of different code; ours by a new owner each, so in a fresh fenced worker "
        f"({started} were started). The connection is open; key, code and worker are new. A worker is forked ahead of "
        f"need, with geopandas imported; calls come {PAUSE:g} s apart, and in the last row without a pause. "
        "The others run unfenced with our interpreter and our packages, bytecode written."
    )
    report.section("B2: cold call", note, ["system", "p50 ms", "p95 ms", "min-max ms", "it : ours"], rows)
    report.bar("first call of a new udf, geopandas, p50", "<= 60 ms", f"{p50:.1f} ms", met=p50 <= 60)


def _headrace(client: httpx.Client, key: str, n: int) -> float:
    step = {"type": "udf", "udf": {"code": CODE.format(n=n), "entrypoint": "udf", "parameters": {"n": 1}}}
    body = {"step_config": json.dumps(step), "dtype_in": "json", "format": "json"}
    began = time.perf_counter()
    own = {"Authorization": f"Bearer {key}"}
    answer = client.post("/server/v1/realtime/local/api/v1/run/udf", json=body, headers=own)
    took = (time.perf_counter() - began) * 1000
    assert answer.json() == [1 + n], answer.text
    assert answer.headers["headrace-cache"] != "hit", "a kept result is no call"
    return took


def _interpreter(n: int) -> float:
    began = time.perf_counter()
    command = [sys.executable, "-c", CODE.format(n=n) + "\nprint(udf(1))"]
    said = subprocess.run(command, check=True, capture_output=True, text=True, env=environ()).stdout
    took = (time.perf_counter() - began) * 1000
    assert json.loads(said) == [1 + n], said
    return took


def _per_call(system: systems.System, n: int) -> float:
    with httpx.Client(timeout=60) as client:
        client.get(system.addresses["health"])  # opens the connection
        began = time.perf_counter()
        answer = client.post(system.addresses["run"], content=CODE.format(n=n))
        took = (time.perf_counter() - began) * 1000
    assert answer.json() == [1 + n], answer.text
    return took


def _client(system: systems.System) -> httpx.Client:
    """The administrator's; a header of a request's own takes the place of its key."""
    url, key = system.addresses["url"], system.addresses["key"]
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60)


def _owner(admin: httpx.Client, n: int) -> str:
    """A new user's key."""
    user = admin.post("/api/users", json={"name": f"Owner {n}", "email": f"owner{n}@example.org"})
    path = f"/api/users/{user.raise_for_status().json()['id']}/api_keys"
    made = admin.post(path, json={"name": "bench", "expiresIn": 3600})
    return made.raise_for_status().json()["token"]


def _workers_started(admin: httpx.Client) -> int:
    line = next(x for x in admin.get("/metrics").text.splitlines() if "workers_started" in x and not x.startswith("#"))
    return int(float(line.split()[-1]))


def _row(times: list[float]) -> list[str]:
    return [
        f"{median(times):,.1f}",
        f"{quantiles(times, n=20)[-1]:,.1f}" if len(times) > 1 else "",
        f"{min(times):,.1f}-{max(times):,.1f}",
    ]
