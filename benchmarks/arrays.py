"""B14: SQL over arrays of 10 M cells, dense and sparse, against TileDB-Py by hand, DuckDB on Parquet, and pandas.

All in one process and on the same values; the systems take turns at each question, and their answers are compared.
Then a question about an array that is larger than the memory that the session has.
"""

import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import tiledb

from benchmarks.report import Report
from headrace.engines import tiledb as engine
from headrace.model.query import Place, Query

TURNS = int(os.environ.get("BENCH_TURNS", "5"))
CELLS = int(os.environ.get("BENCH_CELLS", "10_000_000"))
COLS = 2000
ROWS = CELLS // COLS
SPAN = 100 * CELLS  # of the sparse array's time
COLUMNS = ["question", "SQL here, ms", "TileDB-Py by hand", "DuckDB on Parquet", "pandas on Parquet", "of by hand"]
WANTED = 1.3
SLACK = 10  # ms: what it costs to read a statement, which is most of a short answer
ZSTD = tiledb.FilterList([tiledb.ZstdFilter(level=3)])
MEMORY = 256  # MB that the session has for the array that is larger

Asked = dict[str, Callable[[], Any]]


def measure(report: Report) -> None:
    """Both arrays, then the one that is larger than memory."""
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        make(base)
        questions = dense(base) | sparse(base)
        taken = ask(questions)
        rows = []
        for question, times in taken.items():
            ratio = times["here"] / times["by hand"]
            figures = [f"{times[system]:,.1f}" for system in ("here", "by hand", "parquet", "pandas")]
            rows.append([question, *figures, f"{ratio:.2f}"])
        note = (
            f"{CELLS:,} cells: dense {ROWS} x {COLS} in tiles of 250 x 250, sparse along one axis of time; median of "
            f"{TURNS} turns. By hand is the shortest way in TileDB-Py and numpy; each question opens its array anew."
        )
        report.section("B14: arrays as tables", note, COLUMNS, rows)
        over = {question: max(0.0, times["here"] - times["by hand"] - SLACK) for question, times in taken.items()}
        worst = max(taken, key=lambda question: over[question] / taken[question]["by hand"])
        ratio = taken[worst]["here"] / taken[worst]["by hand"]
        met = all(over[q] == 0 or times["here"] <= WANTED * times["by hand"] for q, times in taken.items())
        wanted = f"<= {WANTED} x by hand, or {SLACK} ms over it"
        report.bar("SQL over arrays of 10 M cells", wanted, f"{ratio:.2f} x ({worst})", met=met)
        larger(report, base)


def make(base: Path) -> None:
    """The arrays, and the same rows as Parquet."""
    rng = np.random.default_rng(7)
    dims = [tiledb.Dim(n, domain=(0, s - 1), tile=250, dtype=np.int32) for n, s in (("r", ROWS), ("c", COLS))]
    attributes = [tiledb.Attr("a", dtype=np.int32, filters=ZSTD), tiledb.Attr("b", dtype=np.float64, filters=ZSTD)]
    tiledb.Array.create(str(base / "dense"), tiledb.ArraySchema(domain=tiledb.Domain(*dims), attrs=attributes))
    a = rng.integers(0, 10_000, (ROWS, COLS)).astype(np.int32)
    b = rng.normal(0, 1, (ROWS, COLS)).round(3)
    with tiledb.open(str(base / "dense"), "w") as array:
        array[:] = {"a": a, "b": b}
    r, c = np.divmod(np.arange(CELLS, dtype=np.int32), COLS)
    pq.write_table(pa.table({"r": r, "c": c, "a": a.ravel(), "b": b.ravel()}), base / "dense.parquet")

    domain = tiledb.Domain(tiledb.Dim("t", domain=(0, SPAN), tile=SPAN // 1000, dtype=np.int64, filters=ZSTD))
    attributes = [
        tiledb.Attr("sym", dtype=str, filters=ZSTD),
        tiledb.Attr("px", dtype=np.float64, filters=ZSTD),
        tiledb.Attr("qty", dtype=np.int32, filters=ZSTD),
    ]
    schema = tiledb.ArraySchema(
        domain=domain, attrs=attributes, sparse=True, capacity=100_000, allows_duplicates=True, offsets_filters=ZSTD
    )
    tiledb.Array.create(str(base / "sparse"), schema)
    t = np.sort(rng.integers(0, SPAN, CELLS))
    sym = np.array([f"SYM{i:03d}" for i in range(200)])[rng.integers(0, 200, CELLS)]
    px, qty = rng.normal(100, 5, CELLS).round(2), rng.integers(1, 1000, CELLS).astype(np.int32)
    with tiledb.open(str(base / "sparse"), "w") as array:
        array[t] = {"sym": sym, "px": px, "qty": qty}
    pq.write_table(pa.table({"t": t, "sym": sym, "px": px, "qty": qty}), base / "sparse.parquet")


def asker(base: Path, name: str) -> tuple[Callable[[str], Any], Callable[[str], Any]]:
    """What asks a question of ours, and of DuckDB on the same rows as Parquet."""
    places = [Place(uri=f"tiledb://bench/{name}", kind="array", path=str(base / name))]
    # As in a worker: it is opened once, and each statement has a cursor.
    session = duckdb.connect()

    def here(text: str) -> Any:
        with session.cursor() as connection:
            query = Query(text=text.format(f"`tiledb://bench/{name}`"), places=places)
            rows = engine.run(connection, query)
            return numbers(rows if isinstance(rows, pa.Table) else rows.read_all())

    def parquet(text: str) -> Any:
        with session.cursor() as connection:
            return numbers(connection.execute(text.format(f"'{base}/{name}.parquet'")).to_arrow_table())

    return here, parquet


def numbers(table: pa.Table) -> list[float]:
    """The sum of each column of numbers: what two answers are compared by."""
    return [float(sum(map(float, c.to_pylist()))) for c in table.columns if not pa.types.is_string(c.type)]


def dense(base: Path) -> dict[str, Asked]:
    """Questions about the dense array."""
    here, parquet = asker(base, "dense")
    path, file = str(base / "dense"), base / "dense.parquet"
    low, high, most = ROWS // 5, ROWS // 5 + ROWS // 10 - 1, ROWS // 5 - 1

    def totals(box: Any) -> list[float]:
        with tiledb.open(path) as array:
            found = array.query(attrs=["a", "b"]).agg({"a": ["mean"], "b": ["sum"]})[box]
            return [found["a"]["mean"], found["b"]["sum"]]

    def grouped() -> list[float]:
        with tiledb.open(path) as array:
            found = array.query(attrs=["a", "b"]).multi_index[0:most]
            r = np.arange(most + 1)
            return [float(r.sum()), float(found["a"].mean(axis=1).sum()), float(found["b"].sum(axis=1).sum())]

    def filtered() -> list[float]:
        with tiledb.open(path) as array:
            found = array.query(attrs=["a", "b"]).multi_index[0:most]
            return [float((kept := found["a"] > 9000).sum()), float(found["b"][kept].sum())]

    def frame(filters: Any, columns: list[str]) -> pd.DataFrame:
        return pd.read_parquet(file, columns=columns, filters=filters)

    block = [("r", ">=", low), ("r", "<=", high), ("c", "<", COLS // 4)]
    texts = {
        "dense: average and sum of a block of 2.5 %": (
            f"SELECT avg(a) m, sum(b) s FROM {{}} WHERE r BETWEEN {low} AND {high} AND c < {COLS // 4}",
            lambda: totals(np.s_[low : high + 1, 0 : COLS // 4]),
            lambda: [(f := frame(block, ["a", "b"]))["a"].mean(), f["b"].sum()],
        ),
        "dense: average and sum of all": (
            "SELECT avg(a) m, sum(b) s FROM {}",
            lambda: totals(np.s_[:]),
            lambda: [(f := frame(None, ["a", "b"]))["a"].mean(), f["b"].sum()],
        ),
        "dense: grouped by row, 20 % of rows": (
            f"SELECT r, avg(a) m, sum(b) s FROM {{}} WHERE r <= {most} GROUP BY r",
            grouped,
            lambda: list(
                frame([("r", "<=", most)], ["r", "a", "b"])
                .groupby("r", as_index=False)
                .agg({"a": "mean", "b": "sum"})
                .sum()
            ),
        ),
        "dense: 20 % of rows, an attribute filtered": (
            f"SELECT count(*) n, sum(b) s FROM {{}} WHERE r <= {most} AND a > 9000",
            filtered,
            lambda: [len(f := frame([("r", "<=", most), ("a", ">", 9000)], ["b"])), f["b"].sum()],
        ),
    }
    return {question: asked(text, here, parquet, *ways) for question, (text, *ways) in texts.items()}


def sparse(base: Path) -> dict[str, Asked]:
    """Questions about the sparse array."""
    here, parquet = asker(base, "sparse")
    path, file = str(base / "sparse"), base / "sparse.parquet"
    low, thousandth, tenth = SPAN // 2, SPAN // 1000, SPAN // 10

    def ranged() -> list[float]:
        with tiledb.open(path) as array:
            found = array.query(attrs=["px", "qty"]).multi_index[low : low + thousandth]
            return [float(found["px"].mean()), float(found["px"].max()), float(found["qty"].sum())]

    def totals() -> list[float]:
        with tiledb.open(path) as array:
            query = array.query(attrs=["px", "qty"]).agg({"px": ["mean"], "qty": ["sum"]})
            found = query.multi_index[low : low + tenth]
            return [found["px"]["mean"], found["qty"]["sum"]]

    def grouped() -> list[float]:
        with tiledb.open(path) as array:
            found = array.query(attrs=["sym", "qty"]).multi_index[:]
            frame = pd.DataFrame({"sym": found["sym"], "qty": found["qty"]})
            return [float(frame.groupby("sym")["qty"].sum().sum())]

    def conditioned(condition: str, end: int) -> list[float]:
        with tiledb.open(path) as array:
            found = array.query(attrs=["qty"], cond=condition).multi_index[
                low if end else 0 : low + end if end else SPAN
            ]
            return [float(found["qty"].sum())]

    def frame(filters: Any, columns: list[str]) -> pd.DataFrame:
        return pd.read_parquet(file, columns=columns, filters=filters)

    def between(end: int) -> list[tuple[str, str, int]]:
        return [("t", ">=", low), ("t", "<=", low + end)]

    texts = {
        "sparse: three aggregates of 0.1 % of time": (
            f"SELECT avg(px) m, max(px) x, sum(qty) s FROM {{}} WHERE t BETWEEN {low} AND {low + thousandth}",
            ranged,
            lambda: [(f := frame(between(thousandth), ["px", "qty"]))["px"].mean(), f["px"].max(), f["qty"].sum()],
        ),
        "sparse: average and sum of 10 % of time": (
            f"SELECT avg(px) m, sum(qty) s FROM {{}} WHERE t BETWEEN {low} AND {low + tenth}",
            totals,
            lambda: [(f := frame(between(tenth), ["px", "qty"]))["px"].mean(), f["qty"].sum()],
        ),
        "sparse: all of it grouped by a text": (
            "SELECT sym, sum(qty) s FROM {} GROUP BY sym",
            grouped,
            lambda: [frame(None, ["sym", "qty"]).groupby("sym")["qty"].sum().sum()],
        ),
        "sparse: an attribute filtered, 2 % of cells": (
            "SELECT sum(qty) + 0 s FROM {} WHERE px < 90",
            lambda: conditioned("px < 90", 0),
            lambda: [frame([("px", "<", 90)], ["qty"])["qty"].sum()],
        ),
        "sparse: 10 % of time and one text": (
            f"SELECT sum(qty) + 0 s FROM {{}} WHERE t BETWEEN {low} AND {low + tenth} AND sym = 'SYM007'",
            lambda: conditioned("sym == 'SYM007'", tenth),
            lambda: [frame([*between(tenth), ("sym", "==", "SYM007")], ["qty"])["qty"].sum()],
        ),
    }
    return {question: asked(text, here, parquet, *ways) for question, (text, *ways) in texts.items()}


def asked(
    text: str, here: Callable[[str], Any], parquet: Callable[[str], Any], hand: Any, frame: Callable[[], Any]
) -> Asked:
    """The four ways to ask one question."""
    return {"here": lambda: here(text), "by hand": hand, "parquet": lambda: parquet(text), "pandas": frame}


def ask(questions: dict[str, Asked]) -> dict[str, dict[str, float]]:
    """The median of milliseconds of each question by system; they take turns, after one turn that is not counted."""
    taken: dict[str, dict[str, list[float]]] = {}
    for question, systems in questions.items():
        taken[question] = {system: [] for system in systems}
        for turn in range(-1, TURNS):
            answers = {}
            for system, way in systems.items():
                began = time.perf_counter()
                answers[system] = [float(value) for value in way()]
                if turn >= 0:
                    taken[question][system].append((time.perf_counter() - began) * 1000)
            for system, answer in answers.items():
                same = len(answer) == len(answers["here"]) and all(
                    math.isclose(x, y, rel_tol=1e-6, abs_tol=1e-6) for x, y in zip(answer, answers["here"], strict=True)
                )
                assert same, f"{question}: {system} says {answer}, and here it is {answers['here']}"
    return {question: {s: median(times) for s, times in systems.items()} for question, systems in taken.items()}


LARGER = """
import json, re, sys, time, duckdb
from headrace.engines import tiledb as engine
from headrace.model.query import Place, Query
path, memory, scratch = sys.argv[1:]
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
connection = duckdb.connect(config={"memory_limit": f"{memory}MB", "threads": 2, "temp_directory": scratch})
place = Place(uri="tiledb://bench/larger", kind="array", path=path)
engine.run(connection.cursor(), Query(text="SELECT 1"))
before = peak()
began = time.perf_counter()
text = "SELECT k, sum(v) s, max(t) FROM `tiledb://bench/larger` GROUP BY k ORDER BY k"
rows = engine.run(connection.cursor(), Query(text=text, places=[place])).to_pylist()
seconds = time.perf_counter() - began
grown = peak() - before
print(json.dumps({"rows": len(rows), "seconds": seconds, "grown": grown / 1024, "sum": sum(row["s"] for row in rows)}))
"""


def larger(report: Report, base: Path) -> None:
    """Groups over an array of several times the session's memory."""
    path, parts = str(base / "larger"), 8
    size = 4 * CELLS // parts
    domain = tiledb.Domain(tiledb.Dim("t", domain=(0, 10 * CELLS), tile=100_000, dtype=np.int64))
    attributes = [tiledb.Attr("k", dtype=np.int64), tiledb.Attr("v", dtype=np.float64)]
    schema = tiledb.ArraySchema(domain=domain, attrs=attributes, sparse=True, capacity=100_000, allows_duplicates=True)
    tiledb.Array.create(path, schema)
    for part in range(parts):
        with tiledb.open(path, "w") as array:
            t = np.arange(part * size, (part + 1) * size)
            array[t] = {"k": t % 1000, "v": np.ones(size)}
    command = [sys.executable, "-c", LARGER, path, str(MEMORY), str(base / "scratch")]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert (answer["rows"], answer["sum"]) == (1000, float(parts * size))
    cells = parts * size * 24 / 2**20
    row = [f"{cells:,.0f}", str(MEMORY), f"{answer['grown']:,.0f}", f"{answer['seconds']:.1f}"]
    columns = ["cells, MB", "memory of the session, MB", "process grew by, MB", "s"]
    note = "Grouped sums over all cells of a sparse array, in a process of its own."
    report.section("B14: an array larger than memory", note, columns, [row])
    met = answer["grown"] <= 2 * MEMORY
    report.bar("array larger than memory", f"<= {2 * MEMORY} MB more", f"{answer['grown']:,.0f} MB", met=met)
