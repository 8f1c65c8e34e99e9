"""How fast values become bytes: ten rows, and a million against the fastest library of each format.

    python benchmarks/formats.py [--rows 1000000]

Everything is measured in this process, each format and its rival in turn; the figure is the median.
"""

import argparse
import io
import pathlib
import statistics
import sys
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
import rich
import rich.table
import shapely

from headrace.formats import encode
from headrace.runtime import geography


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
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def rivals(frame: pd.DataFrame) -> dict[str, tuple[str, Callable[[], Any]]]:
    """The fastest library for each table format, from the same pandas frame."""

    def polars() -> pl.DataFrame:
        return pl.from_pandas(frame)

    def stream() -> None:
        table = pa.Table.from_pandas(frame)
        with pa.ipc.new_stream(Sink(), table.schema) as writer:
            writer.write_table(table)

    return {
        "parquet": ("polars", lambda: polars().write_parquet(io.BytesIO(), compression="zstd", compression_level=1)),
        "feather": (
            "pyarrow",
            lambda: pyarrow.feather.write_feather(pa.Table.from_pandas(frame), io.BytesIO(), compression="lz4"),
        ),
        "arrow": ("pyarrow", stream),
        "csv": ("polars", lambda: polars().write_csv(io.BytesIO())),
        "json": ("polars", lambda: polars().write_json(io.BytesIO())),
    }


def tables(rows: int, shown: rich.table.Table) -> None:
    small, large = table_of(10), table_of(rows)
    for name, (library, rival) in rivals(large).items():
        ours(small, name)
        warm = seconds(lambda name=name: ours(small, name), 300)
        rival()
        ours(large, name)
        mine, theirs = [], []
        for _ in range(5):
            mine.append(seconds(lambda name=name: ours(large, name), 1))
            theirs.append(seconds(rival, 1))
        a, b = statistics.median(mine), statistics.median(theirs)
        add(shown, name, warm, f"{rows:,} rows", a, library, b)
    part = large[: rows // 10]
    ours(small, "html")
    warm = seconds(lambda: ours(small, "html"), 300)
    add(
        shown,
        "html",
        warm,
        f"{rows // 10:,} rows",
        seconds(lambda: ours(part, "html"), 3),
        "own %-format",
        seconds(lambda: percent(part), 3),
    )


def percent(frame: pd.DataFrame) -> bytes:
    row = "<tr>" + "<td>%s</td>" * len(frame.columns) + "</tr>"
    return "".join(map(row.__mod__, zip(*(frame[c].tolist() for c in frame), strict=True))).encode()


def places(shown: rich.table.Table) -> None:
    few, many = polygons_of(10, (13, 4093, 2723)), polygons_of(100_000, (10, 511, 340))
    warm = seconds(lambda: ours(few, "geojson"), 100)
    add(shown, "geojson", warm, "100,000 polygons", seconds(lambda: ours(many, "geojson"), 3), *duckdb_geojson(many))
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


def duckdb_geojson(frame: gpd.GeoDataFrame) -> tuple[str, float | None]:
    try:
        connection = duckdb_spatial(frame)
    except Exception as missing:
        return f"no duckdb: {missing}"[:40], None
    query = """select string_agg('{"type":"Feature","properties":' || to_json({id: id, height: height, kind: kind})
        || ',"geometry":' || ST_AsGeoJSON(g) || '}', ',') from p"""
    return "duckdb", seconds(lambda: connection.sql(query).fetchall(), 3)


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
    shown: rich.table.Table, name: str, warm: float, what: str, mine: float, library: str, theirs: float | None
) -> None:
    ratio = f"{mine / theirs:.2f}" if theirs else ""
    shown.add_row(
        name, f"{warm * 1e6:,.0f}", what, f"{mine * 1e3:,.1f}", library, f"{theirs * 1e3:,.1f}" if theirs else "", ratio
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    rows = options.parse_args().rows
    shown = rich.table.Table(title="Output formats")
    for column in ("format", "small, us", "large", "ours, ms", "rival", "its ms", "ours / its"):
        shown.add_column(column, justify="left" if column in ("format", "large", "rival") else "right")
    tables(rows, shown)
    places(shown)
    rasters(shown)
    rich.print(shown)


if __name__ == "__main__":
    sys.exit(main())
