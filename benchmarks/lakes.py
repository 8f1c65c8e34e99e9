"""Where the warehouse is: the same statements over schemas in the home folder, in PostgreSQL, and in a bucket as well.

PostgreSQL and the bucket (SeaweedFS) are on this machine, so what is measured is what doors and protocols cost, and not
a network.
"""

import os
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks.postgresql import postgresql
from benchmarks.processes import ROOT, free_port, running
from benchmarks.report import Report, spread

TURNS = int(os.environ.get("BENCH_TURNS", "20"))
LARGE = int(os.environ.get("BENCH_REPEATS", "5"))
MADE = "create or replace table large as select range a, range::varchar b, random() c from range(3_000_000)"
SMALL = {
    "10 rows": "select * from small",
    "a row is written": "insert into small values (1, 'x')",
}
WHOLE = "select count(*), sum(a), sum(c), max(b) from large"


def measure(report: Report) -> None:
    """Place by place, a statement at each in turn."""
    sys.path.append(str(ROOT / "tests"))  # where the server of S3 is started
    import seaweed

    with tempfile.TemporaryDirectory(prefix="headrace-bench-") as folder, ExitStack() as held:
        root = Path(folder)
        (root / "bucket").mkdir()
        environ = held.enter_context(seaweed.s3(root / "bucket"))
        first, second = (held.enter_context(postgresql()) for _ in range(2))
        store = {"HEADRACE_STORE_URL": "s3://headrace/lakes", **environ}
        places = {
            "home folder": {},
            "PostgreSQL": {"HEADRACE_DATABASE_URL": first},
            "PostgreSQL and S3": {"HEADRACE_DATABASE_URL": second, **store},
        }
        webs = {
            name: held.enter_context(_served(root / str(at), more)) for at, (name, more) in enumerate(places.items())
        }
        for web in webs.values():
            _ask(web, "create table small as select range a, range::varchar b from range(10)")
            _ask(web, MADE)
        rows: list[list[Any]] = []
        for name, text, turns in (
            *((name, text, TURNS) for name, text in SMALL.items()),
            ("3 M rows are written", MADE, LARGE),
            ("3 M rows are summed, read before", WHOLE, LARGE),
        ):
            taken: dict[str, list[float]] = {place: [] for place in webs}
            for _ in range(turns):
                for place, web in webs.items():
                    start = time.perf_counter()
                    _ask(web, text)
                    taken[place].append((time.perf_counter() - start) * 1000)
            rows.append([name, *(spread(times, 1) for times in taken.values())])
    note = f"In turn, {TURNS} times each ({LARGE} of the large ones), in ms, through the API."
    report.section("Where the warehouse is", note, ["statement", *places], rows)


@contextmanager
def _served(home: Path, more: dict[str, str]) -> Any:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "headrace", "up", "--home", str(home), "--port", str(port)]
    with running(command, f"{url}/readyz", env=more), httpx.Client(base_url=url, timeout=120) as web:
        web.headers["X-TILEDB-REST-API-KEY"] = (home / "admin.key").read_text().strip()
        yield web


def _ask(web: httpx.Client, text: str) -> None:
    body = {"query": text, "dialect": "duckdb", "result_format": "arrow"}
    answer = web.post("/v1/sql/admin", json=body)
    answer.raise_for_status()
