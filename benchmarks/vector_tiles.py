"""B7: vector tiles of 100,000 polygons, cut by a udf out of a FlatGeobuf file and by tipg out of PostGIS.

Each side is set up as somebody would who knows it, with the same polygons and attributes, in every tile all features:

- the udf opens the file for each tile, reads the tile's box by the file's own index as an Arrow table
  (`pyogrio.read_arrow`), and returns that; the server clips, thins and encodes it. `headrace, frame` is the same with a
  GeoDataFrame (`read_dataframe`), which most people would write first.
- tipg has two worker processes with pools of connections, and PostgreSQL a table with a GiST index, analysed, and 1 GB
  of shared buffers that hold all of it. Selecting, clipping and encoding are PostGIS' own (`ST_AsMVTGeom`, `ST_AsMVT`).

Neither keeps a result. Compared tiles have the same features with the same values, at places at most pixels apart.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import httpx
import mapbox_vector_tile
import numpy as np
import psycopg
import shapely

from benchmarks import systems, tiles
from benchmarks.processes import MARK, ROOT, Server, environ, free_port, python, running
from benchmarks.report import Report

TIPG = ("tipg==1.6.1", "uvicorn[standard]")
COUNT = 100_000
AREA = (13.36, 52.27, 13.70, 52.48)  # degrees; about one tile of zoom 10
ZOOMS = (12, 13, 14, 15)
EACH = 16
LIMIT = COUNT  # features of a tile that tipg gives; as it comes, 10,000
FOLDER = ROOT / ".cache" / "benchmarks"

TABLE = """
import pyogrio


@fused.udf
def udf(bounds: fused.types.Bounds):
    _, table = pyogrio.read_arrow("{file}", bbox=tuple(bounds))
    return table
"""

FRAME = """
import pyogrio


@fused.udf
def udf(bounds: fused.types.Bounds):
    return pyogrio.read_dataframe("{file}", bbox=tuple(bounds), use_arrow=True)
"""


def measure(report: Report) -> None:
    """Both in turn, each time over the same tiles."""
    paths = tiles.within(AREA, ZOOMS, EACH)
    with tempfile.TemporaryDirectory(prefix="headrace-bench-") as folder, postgis(Path(folder)) as (database, dsn):
        file = polygons()
        _load(file, dsn)

        def ours() -> tiles.Served:
            return headrace(file, TABLE)

        def ours_by_frames() -> tiles.Served:
            return headrace(file, FRAME)

        def theirs() -> tiles.Served:
            return tipg(dsn, database)

        counts: dict[str, dict[tiles.Path, tuple[int, int]]] = {}
        loads = tiles.loads(
            {"headrace": ours, "headrace, frame": ours_by_frames, "tipg": theirs}, paths, _check(paths, counts)
        )
    tiles.table(
        report,
        "B7: vector tiles",
        f"{len(paths)} tiles of zoom {ZOOMS[0]} to {ZOOMS[-1]} of 100,000 polygons (1.3 M vertices, three attributes): "
        "a udf that reads the tile's part of a FlatGeobuf file as an Arrow table (or, in the second row, as a "
        "GeoDataFrame), and PostGIS 3.3 with a GiST index behind tipg. No "
        f"result kept. {_said(counts, paths)} PostgreSQL's processes count among tipg's for CPU.",
        loads,
    )
    for way in tiles.WAYS:
        times = tiles.ratio(loads, "headrace", "tipg", way)
        report.bar(f"vector tiles against tipg, {way}", ">= 2 x", f"{times:.2f} x", met=times >= 2)
    cpu = tiles.cpu_ratio(loads, "headrace", "tipg")
    report.bar("vector tiles against tipg, CPU of a tile", ">= 2 x", f"{cpu:.2f} x", met=cpu >= 2)


def polygons() -> Path:
    """Twelve-cornered polygons of 5 to 20 m, evenly spread, in a file with a spatial index."""
    file = FOLDER / f"polygons-{COUNT}.fgb"
    if not file.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(0)
        west, south, east, north = AREA
        centres = np.stack([rng.uniform(west, east, COUNT), rng.uniform(south, north, COUNT)], axis=1)
        frame = gpd.GeoDataFrame(
            {
                "id": np.arange(COUNT),
                "height": rng.uniform(0, 100, COUNT).round(1),
                "kind": rng.choice(["house", "shop", "barn"], COUNT),
            },
            geometry=shapely.buffer(shapely.points(centres), rng.uniform(5e-5, 2e-4, COUNT), quad_segs=3),
            crs=4326,
        )
        frame.to_file(file.with_suffix(".part.fgb"), driver="FlatGeobuf", engine="pyogrio")
        file.with_suffix(".part.fgb").rename(file)
    return file.resolve()


@contextmanager
def headrace(file: Path, code: str) -> Iterator[tiles.Tiles]:
    code = code.format(file=file)
    with systems.serving_udf("polygons", code, data_folders=file.parent) as (server, address):
        yield tiles.Tiles(server, address + "/run/tiles/{z}/{x}/{y}?format=mvt&cache_max_age=0")


@contextmanager
def tipg(dsn: str, database: Server) -> Iterator[tiles.Tiles]:
    """As its documentation starts it, with two worker processes."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    options = ["--port", port, "--workers", "2", "--no-access-log", "--log-level", "warning"]
    command = [python("tipg", *TIPG), "-m", "uvicorn", "tipg.main:app", *options]
    env = {"DATABASE_URL": dsn, "TIPG_DB_SCHEMAS": '["public"]', "TIPG_MAX_FEATURES_PER_TILE": str(LIMIT)}
    with running(command, f"{url}/healthz", env=env) as server:
        address = f"{url}/collections/public.polygons/tiles/WebMercatorQuad/{{z}}/{{x}}/{{y}}"
        yield tiles.Tiles(server, f"{address}?limit={LIMIT}", besides=database)


@contextmanager
def postgis(folder: Path) -> Iterator[tuple[Server, str]]:
    """A cluster of its own with PostGIS, on a free port; ended by its process id."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parts[-2]))
    if not programs:
        raise RuntimeError("B7 wants PostGIS: apt-get install postgresql-15-postgis-3.")
    as_user: list[str] = []
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
        as_user = ["setpriv", "--reuid=postgres", f"--regid={pwd.getpwnam('postgres').pw_gid}", "--clear-groups"]
    data, port, mark = folder / "data", free_port(), f"postgis-{os.getpid()}"
    made = [*as_user, programs[-1] / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"]
    subprocess.run(made, check=True, stdout=subprocess.DEVNULL, cwd="/")
    options = {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": folder,
        "shared_buffers": "1GB",
    }
    arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    server = subprocess.Popen(
        [*as_user, programs[-1] / "postgres", "-D", data, *arguments],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", env=environ() | {MARK: mark},
    )  # fmt: skip
    dsn = f"postgresql://postgres@127.0.0.1:{port}/postgres"
    try:
        while True:
            try:
                psycopg.connect(dsn).close()
                break
            except psycopg.OperationalError:
                assert server.poll() is None, "PostgreSQL did not start"
        yield Server(server.pid, mark), dsn
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)


def _load(file: Path, dsn: str) -> None:
    """The same polygons as a table with an index, analysed."""
    frame = gpd.read_file(file)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
        connection.execute("DROP TABLE IF EXISTS polygons")
        connection.execute(
            "CREATE TABLE polygons (id bigint PRIMARY KEY, height float8, kind text, geom geometry(Polygon, 4326))"
        )
        with connection.cursor().copy("COPY polygons FROM STDIN") as copy:
            shapes = shapely.to_wkb(shapely.set_srid(frame.geometry.array, 4326), hex=True, include_srid=True)
            for row in zip(frame["id"].tolist(), frame["height"].tolist(), frame["kind"], shapes, strict=True):
                copy.write_row(row)
        connection.execute("CREATE INDEX ON polygons USING gist (geom)")
        connection.execute("VACUUM ANALYZE polygons")


def _check(paths: list[tiles.Path], counts: dict[str, dict[tiles.Path, tuple[int, int]]]) -> tiles.Check:
    """Every system's tiles hold the same features with the same values, at places that are at most pixels apart."""
    known: dict[tiles.Path, dict[int, tuple]] = {}

    def check(name: str, system: tiles.Tiles) -> None:
        for path in paths[:: max(1, len(paths) // 12)]:
            answer = httpx.get(system.url(path), timeout=60)
            assert answer.status_code == 200, answer.text
            layer = next(iter(mapbox_vector_tile.decode(answer.content).values()))
            rows = {f["properties"]["id"]: _seen(f, layer["extent"]) for f in layer["features"]}
            counts.setdefault(name, {})[path] = (len(rows), len(answer.content))
            first = known.setdefault(path, rows)
            # Systems differ in how much they show around a tile.
            inside = [id_ for id_, row in first.items() if min(row[2:]) > 0 and max(row[2:]) < 1]
            for id_ in inside:
                assert rows[id_][:2] == first[id_][:2], f"{name}: other values of {id_} in {path}"
                apart = max(abs(a - b) for a, b in zip(rows[id_][2:], first[id_][2:], strict=True))
                assert apart < 4 / 4096, f"{name}: {id_} is elsewhere in {path}"

    return check


def _seen(feature: dict, extent: int) -> tuple:
    bounds = shapely.geometry.shape(feature["geometry"]).bounds
    values = feature["properties"]
    return values["height"], values["kind"], *(edge / extent for edge in bounds)


def _said(counts: dict[str, dict[tiles.Path, tuple[int, int]]], paths: list[tiles.Path]) -> str:
    """How many features and bytes the checked tiles have."""
    told = [
        f"{name}: {sum(n for n, _ in found.values()):,} features in {sum(b for _, b in found.values()) / 1000:,.0f} kB"
        for name, found in counts.items()
    ]
    return f"The {len(next(iter(counts.values())))} tiles that were compared hold, {'; '.join(told)}."
