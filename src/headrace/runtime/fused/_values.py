"""Arguments as they are sent to a udf, and its result as it comes back (Fused protocol notes 4.2, 4.5)."""

# Libraries make many of their functions at import, where no checker sees them.
# pyright: reportAttributeAccessIssue=false

import datetime as dt
import io
import json
import math
import warnings
import zipfile
from enum import Enum
from importlib import import_module
from pathlib import PurePath
from typing import Any
from uuid import UUID

from headrace.runtime.line import Response

WANTED = ("npy", "tiff", "parquet", "json", "zip")  # in the order of published clients
PARQUET = b"PAR1"


def formats() -> str:
    """The formats that results are asked for in, those that there are."""
    known = import_module("headrace.formats").FORMATS.names  # a layer above this one; a worker has it
    return ",".join(name for name in WANTED if name in known)


def encode(name: str, value: Any) -> Any:  # noqa: ANN401 - any argument
    """An argument as JSON has it: tables as text of JSON, geometries as WKT, times as ISO 8601. Raises TypeError."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, UUID | PurePath):
        return str(value)
    if isinstance(value, Enum):
        return encode(name, value.value)
    if isinstance(value, dict):
        return {str(key): encode(name, part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [encode(name, part) for part in value]
    library = type(value).__module__.partition(".")[0]
    if library == "numpy":
        return encode(name, value.tolist())
    if library == "shapely":
        return value.wkt
    if library == "geopandas":
        frame = value.to_frame("geometry") if not hasattr(value, "columns") else value
        return (frame.to_crs(4326) if frame.crs is not None else frame).to_json()
    if library == "pandas":
        return value.isoformat() if hasattr(value, "isoformat") else value.to_json(orient="records", date_format="iso")
    raise TypeError(f"The argument {name} is a {type(value).__name__}, which cannot be sent to a udf.")


def decode(came: Response) -> Any:  # noqa: ANN401 - any result
    """A result by its content type: Parquet a frame, JSON a value, an array, a raster, a dict of those; else bytes."""
    return _decode(came.headers.get("content-type", ""), bytes(came.body))


def _decode(media_type: str, body: bytes) -> Any:  # noqa: ANN401
    if not body:
        return None
    if "type=bytes" in media_type:
        return body
    kind = media_type.partition(";")[0].strip()
    if kind in ("application/json", "application/geo+json"):
        return json.loads(body)
    if kind == "application/x-numpy-data":
        import numpy as np

        return np.load(io.BytesIO(body), allow_pickle=False)
    if kind == "image/tiff":
        return _raster(body)
    if kind == "application/zip":
        return _parts(body)
    if body[:4] == PARQUET:
        return _frame(body)
    return body.decode() if kind.startswith("text/") else body


def _frame(body: Any) -> Any:  # noqa: ANN401
    import pyarrow.parquet as pq

    file: Any = pq.ParquetFile(io.BytesIO(body))
    if b"geo" in (file.schema_arrow.metadata or {}):
        import geopandas as gpd

        opened: Any = io.BytesIO(body)
        return gpd.read_parquet(opened)
    return file.read().to_pandas()


def _raster(body: bytes) -> Any:  # noqa: ANN401
    """As it was before it was written: tags in the namespace `fused` tell (protocol notes 4.5)."""
    import rasterio
    from rasterio.io import MemoryFile

    with warnings.catch_warnings(), MemoryFile(body) as memory:
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with memory.open() as file:
            tags = file.tags(ns="fused")
            if tags.get("orig_type") == "numpy.ndarray":
                data = file.read()
                if "shape" in tags:
                    data = data.reshape(json.loads(tags["shape"]))
                return (data, tuple(json.loads(tags["bounds"]))) if "bounds" in tags else data
        import rioxarray

        opened: Any = rioxarray.open_rasterio(io.BytesIO(body), masked=True)
        loaded = opened.load()
        opened.close()
    if tags.get("orig_type") == "xarray.DataArray":
        return loaded
    return loaded.to_dataset(name=tags.get("key", "image"))


def _parts(body: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        described = json.loads(archive.read("meta.json"))["files"]
        return {of.get("key", name): _decode(of["content_type"], archive.read(name)) for name, of in described.items()}
