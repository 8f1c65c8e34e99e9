"""SQL through the API against the bare engine: the same statements over the same schema of the warehouse.

The bare engine is a connection of DuckDB that is open in this process and reads the very files that the server's
workers read. Small statements one at a time, a million rows as an Arrow stream, and 16 clients at once.
"""

import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median, quantiles

import httpx
import pyarrow as pa

from benchmarks.processes import free_port, running
from benchmarks.report import Report, spread
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
            text, ours, theirs = "select * from large", [], []
            for _ in range(LARGE):
                theirs.append(_timed(lambda: bare.execute(text).to_arrow_reader(100_000).read_all()))
                ours.append(_timed(lambda: _ask(web, text)))
            ratio = median(ours) / median(theirs)
            rows.append([f"{ROWS:,} rows as Arrow", spread(theirs), spread(ours), f"{ratio:.2f} x"])
            rows.append(_at_once(web))
    note = f"One client, {TURNS} times each in turn ({LARGE} of the large one), in ms; then {CLIENTS} for {SECONDS} s."
    report.section("SQL through the API", note, ["statement", "engine", "API", "difference"], rows)
    report.bar("SQL, small results", f"<= {WANTED} ms over the engine", f"{over:.1f} ms", met=over <= WANTED)
    wanted = f"<= {WANTED_LARGE} x the engine"
    report.bar(f"SQL, {ROWS:,} rows", wanted, f"{ratio:.2f} x", met=ratio <= WANTED_LARGE)


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
