"""SQL through the API against the bare engine: the same statements over the same schema of the warehouse.

The bare engine is a connection of DuckDB that is open in this process and reads the very files that the server's
workers read. Small statements one at a time, a million rows as an Arrow stream, and 16 clients at once.

The million is asked for in three ways: as the published clients do, to whom it is sent when all of it is there; while
it is made; and so by our own client, which decodes it as it comes. The first two are by Python's own HTTP client, that
of the published ones, over a new connection each time; the engine gives a table of Arrow, and so does each way.
"""

import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx
import pyarrow as pa

from benchmarks.processes import free_port, running
from benchmarks.report import Report, spread
from headrace.client import Client
from headrace.engines import _duckdb
from headrace.model.query import Schema
from headrace.settings import CORES

TURNS = int(os.environ.get("BENCH_TURNS", "40"))
LARGE = int(os.environ.get("BENCH_REPEATS", "5"))
ROWS = 1_000_000
CLIENTS, SECONDS = 16, 10
SMALL = {
    "select 1": "select 1 a",
    "sum over 10,000 rows": "select sum(n), avg(x) from small",
    "10 rows of 1 M": "select * from large order by n limit 10",
    "group by over 1 M rows": "select k, count(*), avg(x) from large group by k order by k",
}
MADE = {
    "small": "create table small as select range n, random() x from range(10000)",
    "large": f"create table large as select range n, random() x, 'k' || (range % 10) k from range({ROWS})",
}
WANTED, WANTED_LARGE = 10, 1.2  # ms over the engine; its time


def measure(report: Report) -> None:
    """Statement by statement, the two in turn."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="headrace-bench-") as folder:
        home = Path(folder)
        command = [sys.executable, "-m", "headrace", "up", "--home", folder, "--port", port]
        with running(command, f"{url}/readyz"), httpx.Client(base_url=url, timeout=120) as web:
            web.headers["X-TILEDB-REST-API-KEY"] = (home / "admin.key").read_text().strip()
            for text in MADE.values():
                _ask(web, text)
            bare = _bare(home)
            rows, over = [], 0.0
            for name, text in SMALL.items():
                ours, theirs = [], []
                for _ in range(TURNS):
                    theirs.append(_timed(lambda text=text: bare.execute(text).to_arrow_table()))
                    ours.append(_timed(lambda text=text: _ask(web, text)))
                more = median(ours) - median(theirs)
                over = max(over, more)
                rows.append([name, spread(theirs), spread(ours), f"{more:.1f} ms more"])
            key = web.headers["X-TILEDB-REST-API-KEY"]
            with Client(url, key) as own:
                large, ratio = _large(bare, own, lambda **more: _fetch(port, key, more))
            rows += [*large, _at_once(web)]
    note = f"One client, {TURNS} times each in turn ({LARGE} of the large one), in ms; then {CLIENTS} for {SECONDS} s."
    report.section("SQL through the API", note, ["statement", "engine", "API", "difference"], rows)
    report.bar("SQL, small results", f"<= {WANTED} ms over the engine", f"{over:.1f} ms", met=over <= WANTED)
    wanted = f"<= {WANTED_LARGE} x the engine"
    report.bar(f"SQL, {ROWS:,} rows, sent while they are made", wanted, f"{ratio:.2f} x", met=ratio <= WANTED_LARGE)


def _large(bare: Any, own: Client, fetch: Callable[..., pa.Table]) -> tuple[list[list[str]], float]:
    """Rows of the report about a million rows, and what they cost while they are made, in times of the engine."""
    text = "select * from large"
    ways: dict[str, Callable[[], pa.Table]] = {
        "engine": lambda: bare.execute(text).to_arrow_reader(100_000).read_all(),
        "whole": lambda: fetch(query=text),
        "while they are made": lambda: fetch(query=text, stream=True),
        "while they are made, by Client.sql": lambda: own.sql(text),
    }
    taken: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(-1, LARGE):
        for way, ask in ways.items():
            began = time.perf_counter()
            got = ask().num_rows
            if turn >= 0:
                taken[way].append((time.perf_counter() - began) * 1000)
            if got != ROWS:
                raise RuntimeError(f"{way}: {got} rows")
    theirs = taken.pop("engine")
    ratios = {way: median(ours) / median(theirs) for way, ours in taken.items()}
    name = f"{ROWS:,} rows as Arrow, sent"
    shown = [[f"{name} {way}", spread(theirs), spread(taken[way]), f"{ratios[way]:.2f} x"] for way in taken]
    return shown, ratios["while they are made"]


def _fetch(port: int, key: str, asked: dict[str, Any]) -> pa.Table:
    connection = HTTPConnection("127.0.0.1", port)
    with closing(connection):
        body = json.dumps({"dialect": "duckdb", "result_format": "arrow", **asked})
        headers = {"Content-Type": "application/json", "X-TILEDB-REST-API-KEY": key}
        connection.request("POST", "/v1/sql/admin", body, headers)
        answer = connection.getresponse()
        content = answer.read()
    if answer.status != 200:
        raise RuntimeError(content.decode())
    return pa.ipc.open_stream(content).read_all()


def _bare(home: Path):
    folder = next((home / "lake" / "schemas").iterdir())
    _duckdb.SCRATCH = str(home / "bare")
    schema = Schema(name="admin", path=str(folder), writable=True)
    connection = _duckdb.connect([schema], memory=2 << 30, threads=min(CORES, 4))
    connection.execute("use admin")
    return connection


def _ask(web: httpx.Client, text: str) -> pa.Table:
    body = {"query": text, "dialect": "duckdb", "result_format": "arrow"}
    answer = web.post("/v1/sql/admin", json=body)
    if answer.status_code != 200:
        raise RuntimeError(answer.text)
    return pa.ipc.open_stream(answer.content).read_all()


def _at_once(web: httpx.Client) -> list[str]:
    taken: list[float] = []
    until = time.monotonic() + SECONDS

    def client() -> None:
        with httpx.Client(base_url=web.base_url, headers=web.headers, timeout=120) as own:
            while time.monotonic() < until:
                taken.append(_timed(lambda: _ask(own, SMALL["sum over 10,000 rows"])))

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    p95 = quantiles(taken, n=20)[-1]
    figures = f"{median(taken):.0f}, at 95 %: {p95:.0f}"
    return [f"{CLIENTS} clients, sum over 10,000 rows", "", figures, f"{len(taken) / SECONDS:.0f}/s"]


def _timed(what) -> float:
    began = time.perf_counter()
    what()
    return (time.perf_counter() - began) * 1000
