"""Reading data sets that were laid out in chunks (Fused protocol notes 3.6): a folder of Parquet files a table."""

# Libraries make many of their functions at import, where no checker sees them.
# pyright: reportAttributeAccessIssue=false

import base64
import io
import json
from collections.abc import Iterable
from typing import Any

from headrace.errors import Invalid

VERSION = b"5"


def get_chunks_metadata(url: str) -> Any:  # noqa: ANN401 - a GeoDataFrame
    """A row for each chunk of a table: `file_id`, `chunk_id`, bounds and sums, its box as geometry (EPSG:4326).

    Raises Invalid for a folder that is no such table.
    """
    import geopandas as gpd
    import pyarrow.parquet as pq
    import shapely

    with _opened(f"{url.rstrip('/')}/_sample") as file:
        known = pq.ParquetFile(file).schema_arrow.metadata or {}
    if known.get(b"fused:format_version") != VERSION or b"fused:_metadata" not in known:
        raise Invalid(f"{url} is no table of chunks: its _sample does not say format version {VERSION.decode()}.")
    source: Any = io.BytesIO(base64.b64decode(known[b"fused:_metadata"]))
    frame = pq.read_table(source).to_pandas()
    boxes = shapely.box(*(frame[f"bbox_{name}"].to_numpy() for name in ("minx", "miny", "maxx", "maxy")))
    return gpd.GeoDataFrame(frame, geometry=boxes, crs=4326)


def get_chunk_from_table(
    url: str, file_id: str | int | None, chunk_id: int | None, *, columns: Iterable[str] | None = None
) -> Any:  # noqa: ANN401 - a frame
    """One chunk of a table: row group `chunk_id` of its file `file_id`; all of the file where that is None.

    Without a `file_id` the address is a Parquet file itself. A GeoDataFrame where a geometry is among the columns.
    """
    import geopandas as gpd
    import pyarrow.parquet as pq

    wanted = None if columns is None else list(columns)
    with _opened(url if file_id is None else f"{url.rstrip('/')}/{file_id}.parquet") as opened:
        file: Any = pq.ParquetFile(opened)
        table = file.read(columns=wanted) if chunk_id is None else file.read_row_group(chunk_id, columns=wanted)
    geometries = json.loads((table.schema.metadata or {}).get(b"geo", b"{}")).get("columns", {})
    if not geometries.keys() & set(table.column_names):
        return table.to_pandas()
    frame = gpd.GeoDataFrame.from_arrow(table)
    return frame if frame.crs is not None else frame.set_crs(4326)


def _opened(url: str) -> Any:  # noqa: ANN401 - a file that can be sought
    """A file by its path or address. Those on the server are read from it, s3 and gs by pyarrow."""
    from pathlib import Path

    from headrace.runtime.fused import api

    if url.startswith(("fd://", "file://")):
        return io.BytesIO(api.get(url))
    if url.startswith(("http://", "https://")):
        from urllib.request import urlopen

        with urlopen(url, timeout=100) as came:  # noqa: S310 - of these two schemes
            return io.BytesIO(came.read())
    if "://" in url:
        from pyarrow import fs

        system, path = fs.FileSystem.from_uri(url)
        return system.open_input_file(path)
    return Path(url).open("rb")
