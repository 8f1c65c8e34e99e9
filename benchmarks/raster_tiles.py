"""B6: raster tiles of an elevation model, cut by a udf and by TiTiler out of the same file."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import numpy as np
import PIL.Image

from benchmarks import systems, tiles
from benchmarks.processes import ROOT, free_port, python, running
from benchmarks.report import Report

TITILER = ("titiler-application==2.4.0", "uvicorn[standard]")
FILE = ROOT / ".data" / "localtileserver" / "tiler" / "data" / "srtm90.tif"
AREA = (-120.7, 36.7, -117.4, 38.6)  # degrees; within the file
ZOOMS = (8, 9, 10, 11, 12, 13)
EACH = 12  # tiles of a zoom at most
LOW, HIGH = 0, 4000  # metres that are black and white

CODE = f"""
import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.transform import from_bounds
from rasterio.vrt import WarpedVRT

HALF = 20037508.342789244


@fused.udf
def udf(bounds: fused.types.TileXYZ, low: float = 0, high: float = 4000):
    x, y, z = bounds
    side = 2 * HALF / 2**z
    west, north = x * side - HALF, HALF - y * side
    grid = from_bounds(west, north - side, west + side, north, 256, 256)
    with (
        rasterio.open("{FILE.resolve()}") as file,
        WarpedVRT(file, crs="EPSG:3857", transform=grid, width=256, height=256, resampling=Resampling.bilinear,
                  add_alpha=True) as tile,
    ):
        heights, alpha = tile.read()
    grey = np.clip((heights - low) * (255 / (high - low)), 0, 255).astype("uint8")
    return grey if alpha.all() else np.stack([grey, (alpha > 0) * np.uint8(255)])
"""

SIMPLE = f"""
import numpy as np
import rasterio


@fused.udf
def udf(bounds: fused.types.Bounds, low: float = 0, high: float = 4000):
    west, south, east, north = bounds
    margin = (east - west) / 32
    with rasterio.open("{FILE.resolve()}") as file:
        window = file.window(west - margin, south - margin, east + margin, north + margin)
        window = window.round_lengths(op="ceil").round_offsets(op="floor")
        window = window.intersection(rasterio.windows.Window(0, 0, file.width, file.height))
        side = max(window.width, window.height)
        shape = (window.height, window.width) if side <= 512 else (
            round(window.height * 512 / side), round(window.width * 512 / side))
        heights = file.read(1, window=window, out_shape=shape)
        box = file.window_bounds(window)
    return np.clip((heights - low) / (high - low), 0, 1).astype("float32"), box
"""


def measure(report: Report) -> None:
    """Both in turn, each time over the same tiles."""
    paths = tiles.within(AREA, ZOOMS, EACH)
    loads = tiles.loads({"headrace": headrace, "headrace, by bounds": simple, "titiler": titiler}, paths, _check(paths))
    tiles.table(
        report,
        "B6: raster tiles",
        f"{len(paths)} tiles of zoom {ZOOMS[0]} to {ZOOMS[-1]} out of a 4269 x 2465 int16 COG (SRTM), 256 x 256 PNG, "
        "rescaled to 0-4000 m, bilinear; no result kept; every system opens the file for each tile. `by bounds` is the "
        "udf that reads the window and returns `(array, bounds)`; the server warps it onto the tile.",
        loads,
    )
    one = tiles.ratio(loads, "headrace", "titiler", "c=1")
    many = tiles.ratio(loads, "headrace", "titiler", "c=8")
    report.bar("raster tiles against TiTiler, c=1", ">= 1 x", f"{one:.2f} x", met=one >= 1)
    report.bar("raster tiles against TiTiler, c=8", ">= 2 x", f"{many:.2f} x", met=many >= 2)
    cpu = tiles.cpu_ratio(loads, "headrace", "titiler")
    report.bar("raster tiles against TiTiler, CPU of a tile", ">= 2 x", f"{cpu:.2f} x", met=cpu >= 2)


@contextmanager
def headrace() -> Iterator[tiles.Tiles]:
    with systems.serving_udf("raster", CODE, data_folders=FILE.parent) as (server, address):
        yield tiles.Tiles(server, address + "/run/tiles/{z}/{x}/{y}?format=png&cache_max_age=0")


@contextmanager
def simple() -> Iterator[tiles.Tiles]:
    with systems.serving_udf("raster", SIMPLE, data_folders=FILE.parent) as (server, address):
        yield tiles.Tiles(server, address + "/run/tiles/{z}/{x}/{y}?format=png&cache_max_age=0")


@contextmanager
def titiler() -> Iterator[tiles.Tiles]:
    """As its documentation starts it, with two worker processes."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    options = ["--port", port, "--workers", "2", "--no-access-log", "--log-level", "warning"]
    command = [python("titiler", *TITILER), "-m", "uvicorn", "titiler.application.main:app", *options]
    env = {
        "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
        "GDAL_CACHEMAX": "200",
        "VSI_CACHE": "TRUE",
        "TITILER_API_DEBUG": "FALSE",
    }
    query = f"url={FILE.resolve()}&rescale={LOW},{HIGH}&reproject=bilinear&resampling=bilinear"
    with running(command, f"{url}/healthz", env=env) as server:
        yield tiles.Tiles(server, f"{url}/cog/tiles/WebMercatorQuad/{{z}}/{{x}}/{{y}}.png?tilesize=256&{query}")


def _check(paths: list[tiles.Path]):
    """Every system's tiles are the same picture, but for rounding and the very last pixels at the file's edge."""
    known: dict[tiles.Path, np.ndarray] = {}

    def check(name: str, system: tiles.Tiles) -> None:
        for path in paths[:: max(1, len(paths) // 12)]:
            answer = httpx.get(system.url(path), timeout=60)
            assert answer.status_code == 200, answer.text
            image = PIL.Image.open(io.BytesIO(answer.content))
            assert image.size == (256, 256), f"{name} gave {image.size} for {path}"
            pixels = np.asarray(image.convert("LA")).astype(int)
            first = known.setdefault(path, pixels)
            both = (first[..., 1] == 255) & (pixels[..., 1] == 255)
            apart = np.abs(first[..., 0] - pixels[..., 0])[both]
            assert both.mean() > 0.97 * (first[..., 1] == 255).mean(), f"{name} hides other pixels of {path}"
            assert not len(apart) or np.mean(apart) < 3, f"{name}: {np.mean(apart):.1f} apart at {path}"

    return check
