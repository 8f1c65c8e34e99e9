"""B1: a warm call that gives ten rows of JSON, and a kept result."""

from contextlib import ExitStack
from statistics import median

from benchmarks import systems
from benchmarks.load import Load, wrk
from benchmarks.report import Report, spread, verdict

REPEATS = 3
SECONDS = 5
FRESH = "?format=json&n=3&cache_max_age=0"
KEPT = "?format=json&n=3"


def measure(report: Report) -> None:
    warm: dict[tuple[str, str, int], list[Load]] = {}
    kept: dict[str, list[Load]] = {"headrace": [], "starlette": []}
    makers = {
        "headrace": systems.headrace,
        "floor": systems.floor,
        "litserve": systems.litserve,
        "bentoml": systems.bentoml,
        "ray serve": systems.ray_serve,
    }
    for _ in range(REPEATS):
        for name, make in makers.items():
            with ExitStack() as stack:
                system = stack.enter_context(make())
                query = FRESH if name == "headrace" else ""
                for function in systems.FUNCTIONS:
                    wrk(system.addresses[function] + query, 16, 2, cores="0,1", post=system.body)
                    for connections in (1, 16):
                        load = wrk(
                            system.addresses[function] + query, connections, SECONDS, cores="0,1", post=system.body
                        )
                        warm.setdefault((name, function, connections), []).append(load)
                if name == "headrace":
                    wrk(system.addresses["rows"] + KEPT, 16, 1, cores="0,1")
                    kept["headrace"].append(wrk(system.addresses["rows"] + KEPT, 16, SECONDS, cores="0,1"))
                if name == "floor":
                    kept["starlette"].append(wrk(system.addresses["bytes"], 16, SECONDS, cores="0,1"))
    for function, what in (("rows", "a list of ten dicts"), ("frame", "a pandas DataFrame of ten rows")):
        _warm(report, warm, function, what)
    _kept(report, kept)


def _warm(report: Report, warm: dict, function: str, what: str) -> None:
    ours = median(load.rate for load in warm["headrace", function, 16])
    rows = []
    for name in dict.fromkeys(key[0] for key in warm):
        one, many = warm[name, function, 1], warm[name, function, 16]
        rate = median(load.rate for load in many)
        rows.append([
            name,
            spread([load.p50 for load in one]),
            spread([load.p95 for load in one]),
            spread([load.p50 for load in many]),
            spread([load.p95 for load in many]),
            spread([load.rate for load in many], 0),
            f"{ours / rate:.2f}",
            str(sum(load.errors for load in one + many)),
        ])  # fmt: skip
    columns = [
        "system",
        "c=1 p50 ms",
        "c=1 p95 ms",
        "c=16 p50 ms",
        "c=16 p95 ms",
        "c=16 calls/s",
        "ours : it",
        "errors",
    ]
    note = f"Two worker processes each, {what} computed from an argument, no result kept; one thread of load. "
    if function == "rows":
        p50 = median(load.p50 for load in warm["headrace", function, 1])
        floor = median(load.rate for load in warm["floor", function, 16])
        ray = median(load.rate for load in warm["ray serve", function, 16])
        note += (
            f"Bars: p50 <= 1.5 ms at c=1: {verdict(p50 <= 1.5)}; >= 1,500/s at c=16: {verdict(ours >= 1500)}; "
            f">= 5 x Ray Serve: {verdict(ours >= 5 * ray)}; >= 0.5 x the floor: {verdict(ours >= 0.5 * floor)}."
        )
    report.section(f"B1: warm call, {what}", note, columns, rows)


def _kept(report: Report, kept: dict[str, list[Load]]) -> None:
    ours, theirs = (median(load.rate for load in kept[name]) for name in ("headrace", "starlette"))
    rows = [
        [name, spread([x.rate for x in loads], 0), spread([x.p50 for x in loads]), spread([x.p95 for x in loads])]
        for name, loads in kept.items()
    ]
    note = (
        "The same ten rows from memory, c=16, against a Starlette route that returns these bytes. "
        f"Bar >= 0.7: {ours / theirs:.2f}, {verdict(ours >= 0.7 * theirs)}."
    )
    report.section("Kept result", note, ["system", "calls/s", "p50 ms", "p95 ms"], rows)
