"""What the runs of map tiles share: which tiles, the load over them, and the table."""

import math
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from statistics import median
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx

from benchmarks.load import Load, put
from benchmarks.processes import CORES, Server, cpu_seconds
from benchmarks.report import Report, spread

REPEATS = int(os.environ.get("BENCH_REPEATS", "3"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "5"))
WARM = int(os.environ.get("BENCH_WARM", "6"))
WAYS = {"c=1": 1, "c=8": 8}
Path = tuple[int, int, int]  # z, x, y


class TileLoad(NamedTuple):
    """A load, and the milliseconds of processor time that the system took for a tile."""

    load: Load
    cpu: float


Loads = dict[tuple[str, str], list[TileLoad]]  # system, way
Check = Callable[[str, "Tiles"], None]
Served = AbstractContextManager["Tiles"]


class Tiles(NamedTuple):
    """A running system, and the address of a tile with {z}, {x} and {y} in it."""

    server: Server
    template: str
    besides: Server | None = None  # a database

    def url(self, path: Path) -> str:
        z, x, y = path
        return self.template.format(z=z, x=x, y=y)


def within(area: tuple[float, float, float, float], zooms: tuple[int, ...], each: int) -> list[Path]:
    """Tiles that lie wholly in an area (degrees), evenly spread, at most so many of each zoom."""
    west, south, east, north = area
    found = []
    for z in zooms:
        left, top = _place(west, north, z)
        right, bottom = _place(east, south, z)
        inside = [
            (z, x, y)
            for x in range(math.ceil(left), math.floor(right))
            for y in range(math.ceil(top), math.floor(bottom))
        ]
        inside = inside or [(z, math.floor((left + right) / 2), math.floor((top + bottom) / 2))]
        found += inside[:: max(1, len(inside) // each)][:each]
    return found


def loads(systems: dict[str, Callable[[], AbstractContextManager[Tiles]]], paths: list[Path], check: Check) -> Loads:
    """Every system in turn, then in the opposite order, and so on; each answers the same tiles one after another."""
    found: Loads = {}
    for turn in range(REPEATS):
        for name in list(systems) if turn % 2 == 0 else reversed(systems):
            with systems[name]() as system:
                check(name, system)
                addresses = [_target(system.url(path)) for path in paths]
                put(system.url(paths[0]), 8, WARM, cores=CORES, paths=addresses)  # every worker's first; not counted
                for way, connections in WAYS.items():
                    before = _cpu(system)
                    load = put(system.url(paths[0]), connections, SECONDS, cores=CORES, paths=addresses)
                    cpu = (_cpu(system) - before) / (load.rate * SECONDS) * 1000
                    found.setdefault((name, way), []).append(TileLoad(load, cpu))
    return found


def sizes(system: Tiles, paths: list[Path]) -> list[int]:
    """Bytes of each tile, as sent to those who take no compression."""
    return [len(httpx.get(system.url(p), headers={"Accept-Encoding": "identity"}, timeout=60).content) for p in paths]


def table(report: Report, title: str, note: str, loads: Loads) -> None:
    names = list(dict.fromkeys(name for name, _ in loads))
    rows = []
    for name in names:
        row = [name]
        for way in WAYS:
            some = [one.load for one in loads[name, way]]
            row += [spread([load.p50 for load in some], 1), spread([load.p95 for load in some], 1)]
            row += [spread([load.rate for load in some], 0), f"{ratio(loads, names[0], name, way):.2f}"]
        row.append(spread([one.cpu for way in WAYS for one in loads[name, way]], 1))
        row.append(str(sum(one.load.errors for way in WAYS for one in loads[name, way])))
        rows.append(row)
    columns = [f"{way} {what}" for way in WAYS for what in ("p50 ms", "p95 ms", "tiles/s", "ours : it")]
    note += (
        f" {REPEATS} x {SECONDS} s after a warm-up; load and system share all cores. Peers have two worker processes; "
        "ours comes as it is, with one for each call at once. CPU is what the system's processes used for a tile: it "
        "says more than the rates where the machine has other work."
    )
    report.section(title, note, ["system", *columns, "CPU ms", "errors"], rows)


def ratio(loads: Loads, ours: str, its: str, way: str) -> float:
    """Our rate over its rate: the median of the turns' ratios."""
    pairs = zip(loads[ours, way], loads[its, way], strict=True)
    return median(our.load.rate / it.load.rate for our, it in pairs)


def cpu_ratio(loads: Loads, ours: str, its: str) -> float:
    """Its processor time for a tile over ours."""
    times = [median(one.cpu for way in WAYS for one in loads[name, way]) for name in (its, ours)]
    return times[0] / times[1]


def _cpu(system: Tiles) -> float:
    return sum(cpu_seconds(server) for server in (system.server, system.besides) if server)


def _place(longitude: float, latitude: float, z: int) -> tuple[float, float]:
    n = 2**z
    return (longitude + 180) / 360 * n, (0.5 - math.asinh(math.tan(math.radians(latitude))) / (2 * math.pi)) * n


def _target(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
