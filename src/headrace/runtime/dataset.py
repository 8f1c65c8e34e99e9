"""The udf that reads data sets for map pages, in a worker: files and folders of the layout of Fused protocol notes 3.6.

    data set   a folder of tables, whose rows line up: `main` (the user's columns), `fused` (centroids and areas)
    table      a folder of `{file_id}.parquet`, and `_sample`, whose metadata has the bounding box of every chunk
    file       Parquet, or what GDAL reads (GeoJSON, GeoPackage, FlatGeobuf ...)

What it gives is a GeoDataFrame in longitude and latitude. A worker keeps what it read for a moment, as a map asks for
the same data set tile by tile.
"""

import base64
import io
import json
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

LARGEST = 1 << 30  # bytes of one file that comes over the network
MOST_FILES = 500
KEPT_SECONDS, MOST_KEPT = 60, 3
TABLES = ("main", "fused")
FORMAT_VERSIONS = (b"4", b"5")

_kept: dict[Any, tuple[float, Any]] = {}


def udf(
    urls: list[str],
    tables: list[str] | None = None,
    operation: str = "zip",
    part: str = "data",
    x: str = "",
    y: str = "",
) -> Any:
    """The rows of a data set, or the boxes of its chunks (`part="boxes"`), as a GeoDataFrame in EPSG:4326.

    Raises ValueError, with a sentence, for an address that holds nothing that can be shown.
    """
    urls = [url.removeprefix("file://") for url in urls]
    key = (tuple(urls), None if tables is None else tuple(tables), operation, part, x, y)
    found = _kept.get(key)
    if found is None or found[0] < time.monotonic():
        read = _boxes(urls, tables, x, y) if part == "boxes" else _rows(urls, tables, operation, x, y)
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[key] = found = (time.monotonic() + KEPT_SECONDS, read)
    return found[1]


def opened(url: str) -> Any:
    """A binary file, by its address. Every reading of user data for a map goes through here and `listed`."""
    if url.startswith("fd://"):
        return io.BytesIO(_owner("GET", "/files/get", url))
    if url.startswith("/"):
        try:
            return Path(url).open("rb")
        except OSError as refused:
            reason = "there is nothing" if isinstance(refused, FileNotFoundError) else "no udf may read what is"
            raise type(refused)(f"{reason} at {url}") from None
    import requests

    try:
        with requests.get(url, stream=True, timeout=30) as answer:
            if answer.status_code == 404:
                raise FileNotFoundError(f"there is nothing at {told(url)}")
            if not answer.ok:
                raise ValueError(f"{told(url)} was answered {answer.status_code}.")
            file = io.BytesIO()
            for piece in answer.iter_content(1 << 20):
                if file.tell() + len(piece) > LARGEST:
                    raise ValueError(f"{told(url)} has more than {LARGEST >> 20} MiB, which is too much for a map.")
                file.write(piece)
    except requests.RequestException as away:
        raise ValueError(f"{told(url)} does not answer ({type(away).__name__}).") from None
    file.seek(0)
    return file


def told(url: str) -> str:
    """The address without what may be secret in it: whoever sees the map need not be who may read the file."""
    scheme, mark, rest = url.partition("?")[0].rpartition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}" if mark else rest


def listed(folder: str) -> list[str] | None:
    """The addresses in a folder, in order; None where that cannot be known."""
    if folder.startswith("fd://"):
        names: list[str] = json.loads(_owner("GET", "/files/list", folder))
        return sorted(name.rstrip("/") for name in names)
    if not folder.startswith("/"):
        return None
    path = Path(folder)
    return sorted(str(entry) for entry in path.iterdir()) if path.is_dir() else None


def _owner(method: str, route: str, path: str) -> bytes:
    """What the server answers about a file to the owner of this worker's environment."""
    try:
        server = import_module("headrace.runtime.fused._server")
    except ModuleNotFoundError:
        raise ValueError(f"{path}: files under fd:// are not shown on maps by this version of Headrace.") from None
    return bytes(server.checked(server.ask(method, route, query={"path": path})).body)


def _rows(urls: list[str], tables: list[str] | None, operation: str, x: str, y: str) -> Any:
    import pandas as pd

    found = list(_tables(urls, tables))
    frames = [_table(url, found[0]) for url in found]
    if operation == "union" and len(frames) > 1:
        frame = pd.concat(frames, ignore_index=True)
    else:
        frame = frames[0]
        for url, more in zip(found[1:], frames[1:], strict=True):
            if len(more) != len(frame):
                rows = f"{len(more):,} rows and {told(found[0])} has {len(frame):,}"
                raise ValueError(f"{told(url)} has {rows}: they do not line up.")
            new = [name for name in more.columns if name not in frame.columns]
            frame = frame.join(more[new].set_axis(frame.index))
    return _located(frame, x, y)


def _tables(urls: list[str], tables: list[str] | None) -> Iterator[str]:
    """The addresses of the tables of a data set."""
    for url in (url.rstrip("/") for url in urls):
        entries = listed(url)
        if Path(url).suffix or (entries and any(Path(entry).suffix == ".parquet" for entry in entries)):
            yield url
        elif tables is not None:
            yield from (f"{url}/{name}" for name in tables)
        else:
            names = [Path(entry).name for entry in entries] if entries is not None else list(TABLES)
            yield from (f"{url}/{name}" for name in TABLES if name in names) if "main" in names else (url,)


def _table(url: str, first: str) -> Any:
    """A file, or the files of a folder one after the other; `first` is the first table of the same data set."""
    import pandas as pd

    if Path(url).suffix:
        return _file(url)
    frames = [_file(file) for file in _files(url, first)]
    return pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]


def _files(url: str, first: str) -> list[str]:
    """The files of a table. Where no one lists them `_sample` names them; tables of a data set name theirs alike."""
    entries = listed(url)
    if entries is not None:
        files = [entry for entry in entries if entry.endswith(".parquet")]
    else:
        files = [f"{url}/{name}.parquet" for name in dict.fromkeys(_chunks(first)["file_id"])]
    if not files:
        raise ValueError(f"There is no Parquet file in {told(url)}.")
    if len(files) > MOST_FILES:
        raise ValueError(f"{told(url)} has {len(files):,} files; a map shows at most {MOST_FILES}.")
    return files


def _file(url: str) -> Any:
    import geopandas as gpd
    import pyarrow.parquet as pq

    with opened(url) as file:
        if file.read(4) != b"PAR1":
            file.seek(0)
            return gpd.read_file(file)
        file.seek(0)
        table = pq.read_table(file)
    if b"geo" in (table.schema.metadata or {}):
        return gpd.GeoDataFrame.from_arrow(table)
    return table.to_pandas()


def _located(frame: Any, x: str, y: str) -> Any:
    """The frame with a geometry in longitude and latitude."""
    import geopandas as gpd
    import pandas as pd

    if getattr(frame, "active_geometry_name", None) is None:
        binary = next((n for n in ("geometry", "geom", "wkb_geometry") if n in frame.columns), None)
        if binary is not None:
            shapes = frame[binary]
            made = gpd.GeoSeries.from_wkt if shapes.map(type).eq(str).any() else gpd.GeoSeries.from_wkb
            frame = gpd.GeoDataFrame(frame.drop(columns=binary), geometry=made(shapes), crs=4326)
        else:
            pair = _coordinates(frame, x, y)
            if pair is None:
                raise ValueError(
                    f"The data set has no geometry, and no columns {x} and {y} or longitude and latitude; "
                    f"it has {', '.join(map(str, list(frame.columns)[:20]))}."
                )
            numbers: list[Any] = [pd.to_numeric(frame[name]) for name in pair]
            frame = gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(*numbers, crs=4326))
    if frame.crs is not None and frame.crs.to_epsg() != 4326:
        frame = frame.to_crs(4326)
    return frame.reset_index(drop=True)


def _coordinates(frame: Any, x: str, y: str) -> tuple[Any, Any] | None:
    """The columns of longitude and latitude: those that were named, else those of a usual name."""
    known = {str(name).lower(): name for name in frame.columns}
    for a, b in ((x, y), ("longitude", "latitude"), ("lon", "lat"), ("lng", "lat"), ("x", "y")):
        if a.lower() in known and b.lower() in known:
            return known[a.lower()], known[b.lower()]
    return None


def _boxes(urls: list[str], tables: list[str] | None, x: str, y: str) -> Any:
    """The bounding box of every chunk: as `_sample` tells, else of every file."""
    import geopandas as gpd
    import pandas as pd
    import shapely

    parts: list[Any] = []
    for url in _tables(urls, tables):
        if Path(url).suffix:
            parts.append(_box_of(url, x, y))
            continue
        try:
            chunks = _chunks(url)
        except FileNotFoundError:
            parts += [_box_of(file, x, y) for file in _files(url, url)]
            continue
        box = shapely.box(chunks["bbox_minx"], chunks["bbox_miny"], chunks["bbox_maxx"], chunks["bbox_maxy"])
        names = chunks[["file_id", "chunk_id"]].astype(str)
        parts.append(gpd.GeoDataFrame(names, geometry=box, crs=4326))
        break  # the tables of a data set line up, and so do their chunks
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs=4326)


def _box_of(url: str, x: str, y: str) -> Any:
    import geopandas as gpd
    import shapely

    box = shapely.box(*_located(_file(url), x, y).total_bounds)
    return gpd.GeoDataFrame({"file_id": [Path(url).stem], "chunk_id": ["0"]}, geometry=[box], crs=4326)


def _chunks(table: str) -> Any:
    """One row for each chunk of a table, from the metadata of its `_sample`. Raises FileNotFoundError."""
    import pyarrow.parquet as pq

    with opened(f"{table}/_sample") as file:
        metadata = pq.read_metadata(file).metadata or {}
    if metadata.get(b"fused:format_version") not in FORMAT_VERSIONS:
        raise ValueError(f"{told(table)}/_sample is of no version of the layout that is read here (4 and 5).")
    return pq.read_table(io.BytesIO(base64.b64decode(metadata[b"fused:_metadata"]))).to_pandas()
