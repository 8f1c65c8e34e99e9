"""B1: a warm call that gives ten rows of JSON, and a kept result."""

import os
from statistics import median

from benchmarks import systems
from benchmarks.load import Load, put
from benchmarks.processes import CORES, LOAD_CORES, SERVER_CORES, pin
from benchmarks.report import Report, spread

REPEATS = int(os.environ.get("BENCH_REPEATS", "3"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "5"))
FRESH = "&cache_max_age=0"
SYSTEMS = {
    "headrace": systems.headrace,
    "floor": systems.floor,
    "litserve": systems.litserve,
    "bentoml": systems.bentoml,
    "ray serve": systems.ray_serve,
}
FUNCTIONS = {"rows": "a list of ten dicts", "frame": "a pandas DataFrame of ten rows"}
ONE, MANY, FREE = "c=1", "c=16", "c=16, all cores shared"
Loads = dict[tuple[str, str, str], list[Load]]  # system, function, way


def measure(report: Report) -> None:
    """Every system in turn, then in the opposite order, and so on."""
    loads: Loads = {}
    for turn in range(REPEATS):
        for name in list(SYSTEMS) if turn % 2 == 0 else reversed(SYSTEMS):
            with SYSTEMS[name]() as system:
                system.check()
                _one_system(name, system, loads)
    for function, what in FUNCTIONS.items():
        _warm(report, loads, function, what)
    _bars(report, loads)
    _kept(report, loads)


def _one_system(name: str, system: systems.System, loads: Loads) -> None:
    urls = {function: system.addresses[function] + (FRESH if name == "headrace" else "") for function in FUNCTIONS}
    if name == "headrace":
        urls["kept"] = system.addresses["rows"]
    if name == "floor":
        urls["kept"] = system.addresses["bytes"]
    for function, url in urls.items():
        pin(system.server, CORES)
        put(url, 16, 2, cores=CORES, post=system.body)  # warms up; not counted

        def add(way: str, connections: int, cores: list[int], url: str = url, function: str = function) -> None:
            load = put(url, connections, SECONDS, cores=cores, post=system.body)
            loads.setdefault((name, function, way), []).append(load)

        if function != "kept":
            add(ONE, 1, CORES)
        add(FREE, 16, CORES)
        pin(system.server, SERVER_CORES)
        add(MANY, 16, LOAD_CORES)


def _warm(report: Report, loads: Loads, function: str, what: str) -> None:
    rows = []
    for name in SYSTEMS:
        one, many, free = (loads[name, function, way] for way in (ONE, MANY, FREE))
        ratios = [f"{_times(loads, name, function, way):.2f}" for way in (MANY, FREE)]
        rows.append([
            name,
            spread([load.p50 for load in one]),
            spread([load.p95 for load in one]),
            spread([load.p50 for load in many]),
            spread([load.p95 for load in many]),
            spread([load.rate for load in many], 0),
            ratios[0],
            spread([load.rate for load in free], 0),
            ratios[1],
            str(sum(load.errors for load in (*one, *many, *free))),
        ])  # fmt: skip
    columns = ["system", "c=1 p50 ms", "c=1 p95 ms", "c=16 p50 ms", "c=16 p95 ms", "c=16 calls/s", "ours : it"]
    note = (
        f"Two worker processes each; {what}, computed from an argument; no result kept; {REPEATS} x {SECONDS} s after "
        f"a warm-up. c=16: the load on core {_named(LOAD_CORES)}, the system on {_named(SERVER_CORES)}; c=1 and the "
        "last rate: both on all cores."
    )
    report.section(f"B1: warm call, {what}", note, [*columns, "calls/s, cores shared", "ours : it", "errors"], rows)


def _bars(report: Report, loads: Loads) -> None:
    p50 = median(load.p50 for load in loads["headrace", "rows", ONE])
    rate = median(load.rate for load in loads["headrace", "rows", MANY])
    report.bar("warm call, c=1, p50", "<= 1.5 ms", f"{p50:.2f} ms", met=p50 <= 1.5)
    report.bar("warm call, c=16", ">= 1,500/s", f"{rate:,.0f}/s", met=rate >= 1500)
    for peer, least in (("ray serve", 5), ("floor", 0.5)):
        here, shared = (_times(loads, peer, "rows", way) for way in (MANY, FREE))
        figure = f"{here:.2f} x ({shared:.2f} x where cores are shared)"
        report.bar(f"warm call, c=16, against {peer}", f">= {least} x", figure, met=here >= least)


def _kept(report: Report, loads: Loads) -> None:
    rows = []
    for name, shown in (("headrace", "headrace"), ("floor", "starlette")):
        many, free = loads[name, "kept", MANY], loads[name, "kept", FREE]
        rows.append([
            shown,
            spread([load.rate for load in many], 0),
            spread([load.p50 for load in many]),
            spread([load.p95 for load in many]),
            spread([load.rate for load in free], 0),
        ])  # fmt: skip
    pinned, shared = (_times(loads, "floor", "kept", way) for way in (MANY, FREE))
    report.bar(
        "kept result against Starlette serving the same bytes",
        ">= 0.7 x",
        f"{pinned:.2f} x ({shared:.2f} x where cores are shared)",
        met=pinned >= 0.7,
    )
    note = "The same ten rows out of the result cache, c=16, against a Starlette route that returns these very bytes."
    report.section("Kept result", note, ["system", "calls/s", "p50 ms", "p95 ms", "calls/s, cores shared"], rows)


def _times(loads: Loads, name: str, function: str, way: str) -> float:
    """Our rate over its rate: the median of the turns' ratios."""
    pairs = zip(loads["headrace", function, way], loads[name, function, way], strict=True)
    return median(ours.rate / its.rate for ours, its in pairs)


def _named(cores: list[int]) -> str:
    return ", ".join(map(str, cores))
