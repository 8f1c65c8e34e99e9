"""B13: memory of an idle server, and the seconds from the command to the first 200."""

import os
import time
from statistics import median

import httpx

from benchmarks import systems
from benchmarks.processes import Weight, weigh
from benchmarks.report import Report, spread

REPEATS = int(os.environ.get("BENCH_REPEATS", "3"))
SETTLE = 5.0  # seconds after the first 200: what a server imports in the background counts
SYSTEMS = {
    "headrace": systems.headrace,
    "ray serve": systems.ray_serve,
    "prefect server": systems.prefect,
    "dagster dev": systems.dagster,
    "airflow standalone": systems.airflow,
}
COLUMNS = ["system", "first 200, s", "first answer of a function, s", "idle, MB", "after a first call, MB", "it : ours"]
Starts = list[dict[str, float]]


def measure(report: Report) -> None:
    """Every system from nothing, in turns."""
    starts: dict[str, Starts] = {name: [] for name in SYSTEMS}
    failures: dict[str, str] = {}
    for turn in range(REPEATS):
        for name in list(SYSTEMS) if turn % 2 == 0 else reversed(SYSTEMS):
            try:
                with SYSTEMS[name]() as system:
                    figures = _weights(system)
                if system.addresses:
                    with SYSTEMS[name]() as system:
                        figures["answer"] = system.first_answer()
                starts[name].append(figures)
            except RuntimeError as failed:
                failures[name] = str(failed)[-200:].replace("\n", " ").replace("|", "/")
    idle, ready = (median(start[what] for start in starts["headrace"]) for what in ("idle", "ready"))
    note = (
        f"{REPEATS} starts each, every one from an empty home. Memory is PSS over the process tree, {SETTLE:g} s after "
        "the first 200; the last column compares the idle figures. The first answer comes from a start of its own, in "
        "which the function is asked for until it answers; Prefect, Dagster and Airflow serve none."
    )
    rows = [_row(name, starts[name], idle, failures.get(name)) for name in SYSTEMS]
    report.section("B13: footprint", note, COLUMNS, rows)
    report.bar("idle server", "<= 250 MB", f"{idle:,.0f} MB", met=idle <= 250)
    report.bar("from command to first 200", "<= 3 s", f"{ready:.2f} s", met=ready <= 3)


def _weights(system: systems.System) -> dict[str, float]:
    time.sleep(SETTLE)
    figures = {"ready": system.server.ready, "idle": _megabytes(weigh(system.server))}
    if system.addresses:
        httpx.get(system.addresses["frame"], timeout=60).raise_for_status()
        time.sleep(1)
        figures["called"] = _megabytes(weigh(system.server))
    return figures


def _megabytes(weight: Weight) -> float:
    if weight.unread:
        raise RuntimeError(f"{weight.unread} processes cannot be weighed; run as root to read their memory")
    return weight.megabytes


def _row(name: str, starts: Starts, ours: float, failure: str | None) -> list[str]:
    if not starts:
        return [name, f"no figure: {failure}", "", "", "", ""]

    def cell(what: str, digits: int) -> str:
        return spread([start[what] for start in starts], digits) if what in starts[0] else ""

    ratio = f"{median(start['idle'] for start in starts) / ours:.1f}"
    return [name, cell("ready", 2), cell("answer", 2), cell("idle", 0), cell("called", 0), ratio]
