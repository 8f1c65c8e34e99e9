"""How fast values become bytes: ten rows, and a million against the fastest library of each format.

    python benchmarks/formats.py [--rows 1000000] [--only csv,json] [--cpu]

Everything is measured in this process, each format and its rival in turn; figures are medians. Both start from the same
pandas frame and write the same rows. The first byte and the growth of memory are those of all rows.
"""

import argparse
import contextlib
import ctypes
import functools
import io
import pathlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import PIL.Image
import polars as pl
import pyarrow as pa
import pyarrow.feather
import rasterio
import rich.console
import rich.table
import shapely

from headrace.formats import encode
from headrace.runtime import geography

CPU = False


class Sink:
    """Counts what is written, as the sink of a worker does, and keeps nothing."""

    closed = False

    def __init__(self) -> None:
        self.size = 0

    def write(self, data: Any) -> int:
        size = len(memoryview(data).cast("B"))
        self.size += size
        return size

    def tell(self) -> int:
        return self.size

    def flush(self) -> None: ...

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False


def table_of(rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "id": np.arange(rows),
            "value": rng.normal(size=rows),
            "price": rng.normal(size=rows).round(2),
            "count": rng.integers(0, 1000, rows),
            "flag": rng.random(rows) < 0.5,
            "name": rng.choice(["alpha", "beta", "gamma", "delta"], rows),
            "city": rng.choice(["Zürich", "New York", "São Paulo", "Tokyo"], rows),
            "time": pd.date_range("2020-01-01", periods=rows, freq="s"),
        }
    )


def polygons_of(count: int, tile: tuple[int, int, int]) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(0)
    west, south, east, north = geography.tile_bounds(*tile)
    size = (east - west) / count**0.5
    angles = np.linspace(0, 2 * np.pi, 12)[:-1]
    radii = rng.uniform(0.3, 1, (count, 11)) * size
    x = rng.uniform(west, east, count)[:, None] + radii * np.cos(angles)
    y = rng.uniform(south, north, count)[:, None] + radii * np.sin(angles)
    attributes = {"id": np.arange(count), "height": rng.random(count), "kind": rng.choice(["a", "b", "c"], count)}
    return gpd.GeoDataFrame(attributes, geometry=shapely.polygons(np.stack([x, y], -1)), crs=4326)


def ours(value: Any, name: str, tile: tuple[int, int, int] | None = None) -> int:
    sink = Sink()
    encode(value, [name], tile, sink)
    return sink.size


def seconds(action: Callable[[], Any], times: int) -> float:
    return statistics.median(clocked(action) for _ in range(times))


def clocked(action: Callable[[], Any]) -> float:
    """Seconds on the wall; with --cpu, of all threads of this process, which a busy machine does not stretch."""
    clock = time.process_time if CPU else time.perf_counter
    start = clock()
    action()
    return clock() - start


def in_turn(mine: Callable[[], Any], rival: Callable[[], Any], times: int = 5) -> tuple[float, float, float]:
    """Medians of both, and the median ratio of neighbours in time, which what else the machine does spoils least."""
    mine()
    rival()
    pairs = [(clocked(mine), clocked(rival)) for _ in range(times)]
    a, b = map(statistics.median, zip(*pairs, strict=True))
    return a, b, statistics.median(one / other for one, other in pairs)


def first_byte(value: Any, name: str) -> float:
    """Seconds until the first bytes are written, which a client could be sent."""

    class Reached(Exception):
        pass

    class First(Sink):
        def write(self, data: Any) -> int:
            raise Reached

    def run() -> None:
        with contextlib.suppress(Reached):
            encode(value, [name], None, First())

    run()
    return seconds(run, 3)


def memory(action: Callable[[], Any]) -> float:
    """MB by which the process grows at most while it runs; memory that an earlier run left to it does not count."""
    pa.default_memory_pool().release_unused()
    ctypes.CDLL(None).malloc_trim(0)
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew

    def read(field: str) -> int:
        lines = pathlib.Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(field))

    before = read("VmRSS")
    action()
    return max(read("VmHWM") - before, 0) / 1024


def rivals(frame: pd.DataFrame) -> dict[str, tuple[str, int, Callable[[pd.DataFrame], Any]]]:
    """The fastest library for each table format, from the same pandas frame, and by what to divide the rows."""

    def stream(frame: pd.DataFrame) -> None:
        table = pa.Table.from_pandas(frame)
        with pa.ipc.new_stream(Sink(), table.schema) as writer:
            writer.write_table(table)

    def polars(write: Callable[[pl.DataFrame], Any]) -> Callable[[pd.DataFrame], Any]:
        return lambda frame: write(pl.from_pandas(frame))

    def feather(frame: pd.DataFrame) -> None:
        pyarrow.feather.write_feather(pa.Table.from_pandas(frame), io.BytesIO(), compression="lz4")

    known = {
        "parquet": (
            "polars",
            1,
            polars(lambda t: t.write_parquet(io.BytesIO(), compression="zstd", compression_level=1)),
        ),
        "feather": ("pyarrow", 1, feather),
        "arrow": ("pyarrow", 1, stream),
        "csv": ("polars", 1, polars(lambda t: t.write_csv(io.BytesIO()))),
        "json": ("polars", 1, polars(lambda t: t.write_json(io.BytesIO()))),
        "ndjson": ("polars", 1, polars(lambda t: t.write_ndjson(io.BytesIO()))),
        "html": ("own %-format", 10, lambda frame: percent(frame, "<tr>", "<td>%s</td>", "</tr>")),
        "xml": ("own %-format", 10, lambda frame: percent(frame, "<row>", "<c>%s</c>", "</row>")),
    }
    try:
        known["excel"] = ("duckdb", 10, duckdb_excel())
    except ImportError:
        known["excel"] = ("xlsxwriter, by polars", 100, polars(lambda t: t.write_excel(io.BytesIO())))
    return known


def duckdb_excel() -> Callable[[pd.DataFrame], Any]:
    """Wants the package duckdb-extension-excel, which the platform itself does not."""
    import duckdb
    import duckdb_extension_excel

    folder = pathlib.Path(duckdb_extension_excel.__file__).parent
    connection = duckdb.connect()
    connection.load_extension(str(next(folder.rglob("excel.duckdb_extension"))))

    def write(frame: pd.DataFrame) -> None:
        connection.register("t", pa.Table.from_pandas(frame))
        with tempfile.TemporaryDirectory() as folder:
            connection.execute(f"copy t to '{folder}/a.xlsx' (format xlsx, header true)")

    return write


def tables(rows: int, shown: rich.table.Table, names: list[str]) -> None:
    small, large = table_of(10), table_of(rows)
    for name, (library, share, rival) in rivals(large).items():
        if names and name not in names:
            continue
        part = large[: rows // share]
        mine = functools.partial(ours, part, name)
        ours(small, name)
        warm = seconds(functools.partial(ours, small, name), 100)
        a, b, ratio = in_turn(mine, functools.partial(rival, part), 5 if share == 1 else 3)
        first, grown = first_byte(large, name), memory(functools.partial(ours, large, name))
        add(shown, name, warm, f"{len(part):,} rows", a, library, b, ratio=ratio, first=first, grown=grown)


def percent(frame: pd.DataFrame, before: str, cell: str, after: str) -> bytes:
    row = before + cell * len(frame.columns) + after
    return "".join(map(row.__mod__, zip(*(frame[c].tolist() for c in frame), strict=True))).encode()


def places(shown: rich.table.Table) -> None:
    few, many = polygons_of(10, (13, 4093, 2723)), polygons_of(100_000, (10, 511, 340))
    warm = seconds(lambda: ours(few, "geojson"), 100)
    mine = functools.partial(ours, many, "geojson")
    try:
        a, b, ratio = in_turn(mine, functools.partial(duckdb_geojson, many), 3)
        add(shown, "geojson", warm, "100,000 polygons", a, "duckdb", b, ratio=ratio, first=first_byte(many, "geojson"))
    except ImportError as missing:
        add(shown, "geojson", warm, "100,000 polygons", seconds(mine, 3), f"no duckdb: {missing}"[:40], None)
    some = polygons_of(1553, (13, 4093, 2723))
    warm = seconds(lambda: ours(few, "mvt", (13, 4093, 2723)), 100)
    mine = seconds(lambda: ours(some, "mvt", (13, 4093, 2723)), 20)
    add(shown, "mvt", warm, "1,553 polygons", mine, *duckdb_mvt(some, (13, 4093, 2723)))
    mine = seconds(lambda: ours(many, "mvt", (10, 511, 340)), 3)
    add(shown, "mvt", warm, "100,000 polygons", mine, *duckdb_mvt(many, (10, 511, 340)))


def duckdb_spatial(frame: gpd.GeoDataFrame) -> Any:
    import duckdb
    import duckdb_extension_spatial

    folder = pathlib.Path(duckdb_extension_spatial.__file__).parent
    connection = duckdb.connect()
    connection.load_extension(str(next(folder.rglob("spatial.duckdb_extension"))))
    connection.register(
        "t", pa.table(pd.DataFrame(frame.drop(columns="geometry")).assign(g=frame.to_wkb()["geometry"]))
    )
    connection.sql("create table p as select * exclude g, ST_GeomFromWKB(g) as g from t")
    return connection


def duckdb_geojson(frame: gpd.GeoDataFrame) -> None:
    query = """select string_agg('{"type":"Feature","properties":' || to_json({id: id, height: height, kind: kind})
        || ',"geometry":' || ST_AsGeoJSON(g) || '}', ',') from p"""
    duckdb_spatial(frame).sql(query).fetchall()


def duckdb_mvt(frame: gpd.GeoDataFrame, tile: tuple[int, int, int]) -> tuple[str, float | None]:
    try:
        connection = duckdb_spatial(frame.to_crs(3857))
    except Exception as missing:
        return f"no duckdb: {missing}"[:40], None
    west, south, east, north = geography.tile_bounds_mercator(*tile)
    query = f"""select ST_AsMVT(r, 'udf') from (select {{id: id, height: height, kind: kind, geom: ST_AsMVTGeom(
        g, ST_Extent(ST_MakeEnvelope({west}, {south}, {east}, {north})), 4096, 64, true)}} as r from p)"""
    try:
        return "duckdb", seconds(lambda: connection.sql(query).fetchall(), 3)
    except Exception as refused:
        return f"duckdb: {refused}"[:60], None


def rasters(shown: rich.table.Table) -> None:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:256, 0:256] / 256
    smooth = np.stack([np.sin(9 * x + i) * np.cos(7 * y - i) for i in range(4)])
    pixels = np.clip(127 + 100 * smooth + rng.normal(0, 3, smooth.shape), 0, 255).astype("uint8")
    image = np.ascontiguousarray(np.moveaxis(pixels, 0, -1))

    def pillow() -> None:
        PIL.Image.fromarray(image).save(io.BytesIO(), "png", compress_level=1)

    warm = seconds(lambda: ours(pixels, "png"), 100)
    add(shown, "png", warm, "256 x 256 RGBA", warm, "pillow level 1", seconds(pillow, 50))
    big = rng.normal(size=(1, 2048, 2048)).astype("float32")

    def plain() -> None:
        profile = {"driver": "GTiff", "count": 1, "height": 2048, "width": 2048, "dtype": "float32"}
        with rasterio.MemoryFile() as memory:
            with memory.open(**profile, compress="deflate", zlevel=1, predictor=3, crs=4326) as file:
                file.write(big)
            memory.read()

    warm = seconds(lambda: ours((pixels, [0, 0, 1, 1]), "tiff"), 50)
    add(
        shown,
        "tiff",
        warm,
        "2048 x 2048 float32",
        seconds(lambda: ours((big, [0, 0, 1, 1]), "tiff"), 3),
        "rasterio",
        seconds(plain, 3),
    )
    add(
        shown,
        "npy",
        seconds(lambda: ours(pixels, "npy"), 100),
        "2048 x 2048 float32",
        seconds(lambda: ours(big, "npy"), 10),
        "numpy",
        seconds(lambda: np.save(io.BytesIO(), big), 10),
    )


def add(
    shown: rich.table.Table,
    name: str,
    warm: float,
    what: str,
    mine: float,
    library: str,
    theirs: float | None,
    *,
    ratio: float | None = None,
    first: float | None = None,
    grown: float | None = None,
) -> None:
    ratio = ratio or (mine / theirs if theirs else None)
    shown.add_row(
        name,
        f"{warm * 1e6:,.0f}",
        what,
        f"{mine * 1e3:,.1f}",
        library,
        f"{theirs * 1e3:,.1f}" if theirs else "",
        f"{ratio:.2f}" if ratio else "",
        f"{first * 1e3:,.1f}" if first is not None else "",
        f"{grown:,.0f}" if grown is not None else "",
    )


def main() -> None:
    global CPU
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--only", help="names of table formats, divided by commas")
    options.add_argument("--cpu", action="store_true", help="seconds of all threads: for machines that do other work")
    given = options.parse_args()
    CPU = given.cpu
    shown = rich.table.Table(title="Output formats")
    columns = (
        "format",
        "small, us",
        "large",
        "ours, ms",
        "rival",
        "its ms",
        "ours / its",
        "first byte, ms",
        "grows, MB",
    )
    for column in columns:
        shown.add_column(column, justify="left" if column in ("format", "large", "rival") else "right", no_wrap=True)
    tables(given.rows, shown, given.only.split(",") if given.only else [])
    if not given.only:
        places(shown)
        rasters(shown)
    rich.console.Console(width=150).print(shown)


if __name__ == "__main__":
    sys.exit(main())
