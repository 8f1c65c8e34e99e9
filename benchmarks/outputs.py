"""B5: a million rows over HTTP in each format: when the first byte comes, how fast the rest, how large it gets."""

import os
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

from benchmarks import systems
from benchmarks.processes import PEERS, Server, free_port, python, running, weigh
from benchmarks.report import Report, spread

DATASETTE = ("datasette==0.65.2", "setuptools<81")
FASTAPI = ("fastapi", "uvicorn[standard]", "pandas", "pyarrow")
REPEATS = int(os.environ.get("BENCH_REPEATS", "3"))
ROWS = 1_000_000
FORMATS = ("parquet", "feather", "csv", "json")
LOOK = 0.05  # seconds between two looks at the memory

# The very frame of the peer's file, made anew for each call by all but Datasette, which reads it from its table.
MAKER = (PEERS / "fastapi_app.py").read_text().partition("def frame")[2].partition("\n\n\ndef ")[0]
CODE = f"""
import numpy as np
import pandas as pd


def frame{MAKER}


@fused.udf
def udf(n: int = {ROWS}):
    return frame(n)
"""


class Taken(NamedTuple):
    """One answer: seconds to its first byte and to its last, its size, and the most memory meanwhile, in MB."""

    first: float
    last: float
    size: int
    peak: float


def measure(report: Report) -> None:
    """Every system in turn, then in the opposite order, and so on."""
    taken: dict[tuple[str, str], list[Taken]] = {}
    for turn in range(REPEATS):
        for name in list(SYSTEMS) if turn % 2 == 0 else reversed(SYSTEMS):
            with SYSTEMS[name]() as (server, addresses):
                for format_, url in addresses.items():
                    httpx.get(url.replace(str(ROWS), "1000"), timeout=120)  # warms up; not counted
                    taken.setdefault((format_, name), []).append(take(server, url))
    rows = [_row(taken, format_, name) for format_ in FORMATS for name in SYSTEMS if (format_, name) in taken]
    columns = ["format", "system", "first byte s", "last byte s", "MB/s", "MB", "peak memory MB", "its time : ours"]
    note = (
        f"{ROWS:,} rows of 8 columns made by the function for each call (Datasette: in a SQLite table), one client, no "
        f"result kept, no content coding. {REPEATS} answers each. Memory is the largest PSS over the process tree."
    )
    report.section("B5: a million rows over HTTP", note, columns, rows)


def take(server: Server, url: str) -> Taken:
    """Fetch an address and throw it away, with an eye on the server's memory."""
    peak, over = [weigh(server).megabytes], threading.Event()

    def watch() -> None:
        while not over.wait(LOOK):
            peak.append(weigh(server).megabytes)

    watcher = threading.Thread(target=watch)
    watcher.start()
    began, first, size = time.perf_counter(), 0.0, 0
    with httpx.stream("GET", url, timeout=300, headers={"Accept-Encoding": "identity"}) as answer:
        assert answer.status_code == 200, answer.read()[:300]
        for piece in answer.iter_raw():
            first = first or time.perf_counter() - began
            size += len(piece)
    last = time.perf_counter() - began
    over.set()
    watcher.join()
    return Taken(first, last, size, max(peak))


@contextmanager
def headrace() -> Iterator[tuple[Server, dict[str, str]]]:
    with systems.serving_udf("rows", CODE) as (server, url):
        yield server, {name: f"{url}/run?format={name}&n={ROWS}&cache_max_age=0" for name in FORMATS}


@contextmanager
def fastapi() -> Iterator[tuple[Server, dict[str, str]]]:
    port = free_port()
    command = [python("fastapi", *FASTAPI), "-m", "uvicorn", "fastapi_app:app", "--port", port, "--log-level", "error"]
    url = f"http://127.0.0.1:{port}"
    with running(command, f"{url}/health", cwd=PEERS) as server:
        yield server, {name: f"{url}/rows?format={name}&n={ROWS}" for name in FORMATS}


@contextmanager
def datasette() -> Iterator[tuple[Server, dict[str, str]]]:
    port = free_port()
    interpreter = python("datasette", *DATASETTE)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bench.db"
        _fill(file)
        limits = ("max_returned_rows", ROWS), ("max_csv_mb", 0), ("sql_time_limit_ms", 120_000)
        settings = [word for name, value in limits for word in ("--setting", name, value)]
        command = [interpreter, "-m", "datasette", "serve", file, "-p", port, *settings]
        url = f"http://127.0.0.1:{port}/bench/rows"
        with running(command, f"http://127.0.0.1:{port}/-/versions.json") as server:
            yield server, {"csv": f"{url}.csv?_stream=on", "json": f"{url}.json?_shape=array&_size=max"}


def _fill(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("create table rows (id, 'group', value, share, word, code, day, flag)")
        words = ("north", "south", "east", "west")
        connection.executemany(
            "insert into rows values (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (n, n % 97, n * 0.37, n % 1000 / 1000, words[n % 4], f"c{n % 5000}", f"2024-day-{n % 366}", n % 3 == 0)
                for n in range(ROWS)
            ),
        )


def _row(taken: dict[tuple[str, str], list[Taken]], format_: str, name: str) -> list[str]:
    some = taken[format_, name]
    return [
        format_,
        name,
        spread([one.first for one in some]),
        spread([one.last for one in some]),
        spread([one.size / one.last / 1e6 for one in some], 0),
        f"{some[0].size / 1e6:,.0f}",
        spread([one.peak for one in some], 0),
        f"{_ratio(taken, format_, name):.2f}",
    ]


def _ratio(taken: dict[tuple[str, str], list[Taken]], format_: str, name: str) -> float:
    pairs = zip(taken[format_, name], taken[format_, "headrace"], strict=True)
    ratios = sorted(its.last / ours.last for its, ours in pairs)
    return ratios[len(ratios) // 2]


SYSTEMS = {"headrace": headrace, "fastapi + pandas": fastapi, "datasette": datasette}
