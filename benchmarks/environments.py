"""Warm calls in an environment of one's own, against the same calls in the default one."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from statistics import median

import httpx

from benchmarks import systems
from benchmarks.load import Load, put
from benchmarks.processes import CORES, Server, cpu_seconds
from benchmarks.report import Report, spread
from headrace.work.builder import NEEDED

TURNS = int(os.environ.get("BENCH_REPEATS", "3")) * 6
SECONDS = 1  # short turns: what else the machine does then falls on both
DEFAULT, OWN = "default", "own"
WAYS = {"c=1": 1, "c=16": 16}
FUNCTIONS = {"rows": "a list of ten dicts", "frame": "a pandas DataFrame of ten rows"}
Made = dict[tuple[str, str, str], list[tuple[Load, float]]]  # environment, function, way: load, CPU ms of a call


def measure(report: Report) -> None:
    """One server, both environments in turn, then in the opposite order, and so on."""
    made: Made = {}
    with _serving() as (server, addresses):
        for address in addresses.values():
            put(address, 16, 2, cores=CORES)  # warms up; not counted
        for turn in range(TURNS):
            for function in FUNCTIONS:
                for way, connections in WAYS.items():
                    for environment in (DEFAULT, OWN) if turn % 2 == 0 else (OWN, DEFAULT):
                        one = _one(server, addresses[environment, function], connections)
                        made.setdefault((environment, function, way), []).append(one)
    for function, what in FUNCTIONS.items():
        _section(report, made, function, what)


def _one(server: Server, address: str, connections: int) -> tuple[Load, float]:
    before = cpu_seconds(server)
    load = put(address, connections, SECONDS, cores=CORES)
    return load, (cpu_seconds(server) - before) * 1000 / max(1, load.rate * SECONDS)


def _section(report: Report, made: Made, function: str, what: str) -> None:
    rows = []
    for way in WAYS:
        for environment in (DEFAULT, OWN):
            loads = made[environment, function, way]
            ratios = [_times(made, function, way, of) for of in (_p50, _cpu)] if environment == OWN else ([1.0], [1.0])
            rows.append([
                environment,
                way,
                spread([load.p50 for load, _ in loads]),
                spread([load.rate for load, _ in loads], 0),
                spread([cpu for _, cpu in loads]),
                *("1.00" if environment == DEFAULT else spread(ratio) for ratio in ratios),
                str(sum(load.errors for load, _ in loads)),
            ])  # fmt: skip
    columns = ["environment", "load", "p50 ms", "calls/s", "CPU ms", "p50, it : default", "CPU, it : default", "errors"]
    note = (
        f"{what}, computed from an argument; no result kept; one server, the packages of both in the same versions; "
        f"{TURNS} turns of {SECONDS} s each, load and server on all cores. The ratios are of turns that followed one "
        "another. CPU is what the server and its workers used for a call."
    )
    report.section(f"Environments: warm call, {what}", note[0].upper() + note[1:], columns, rows)
    apart = median(_times(made, function, "c=1", _cpu) + _times(made, function, "c=16", _cpu))
    report.bar(f"own environment, {what}, CPU of a call", "<= 1.1 x default", f"{apart:.2f} x", met=apart <= 1.1)


def _p50(one: tuple[Load, float]) -> float:
    return one[0].p50


def _cpu(one: tuple[Load, float]) -> float:
    return one[1]


def _times(made: Made, function: str, way: str, of: Callable[[tuple[Load, float]], float]) -> list[float]:
    pairs = zip(made[DEFAULT, function, way], made[OWN, function, way], strict=True)
    return [of(own) / of(default) for default, own in pairs]


@contextmanager
def _serving() -> Iterator[tuple[Server, dict[tuple[str, str], str]]]:
    """Ours with an environment of the versions that the default one has; the address of each function in each."""
    with systems.headrace() as system:
        url, headers = system.addresses["url"], {"Authorization": f"Bearer {system.addresses['key']}"}
        with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
            _build(client)
            addresses: dict[tuple[str, str], str] = {}
            for function in FUNCTIONS:
                for environment in (DEFAULT, OWN):
                    code = systems.FUNCTIONS[function].replace("@fused.udf", f'@fused.udf(environment="{environment}")')
                    token = systems.share(client, f"{function}_{environment}", code, "/server/v1")
                    address = f"{url}/server/v1/realtime-shared/{token}/run?format=json&n=3&cache_max_age=0"
                    assert client.get(address).raise_for_status().json() == systems.ANSWER
                    addresses[environment, function] = address
        yield system.server, addresses


def _build(client: httpx.Client) -> None:
    """Make the environment and wait until it is there. Raises RuntimeError with the installer's words."""
    lines = [f"{name}=={version(name)}" for name in sorted(NEEDED)]
    made = client.post("/api/environments", json={"name": OWN, "requirements": lines}).raise_for_status().json()
    while made["state"] in {"pending", "building"}:
        time.sleep(0.2)
        made = client.get(f"/api/environments/{made['id']}").raise_for_status().json()
    if made["state"] != "ready":
        raise RuntimeError(f"The environment could not be built: {made['error']}")
