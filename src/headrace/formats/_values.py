"""What a udf may return, brought into one form per kind.

    frame    a pandas DataFrame or geopandas GeoDataFrame, or a pyarrow Table
    features a pyarrow Table with geometries, which is also a GeoDataFrame
    raster   a Raster
    array    a Raster without `data`: an array that is no picture, of one dimension or of more than three
    plain    the value itself
    drawing  a figure of matplotlib, or an object that shows itself as SVG
    page     an object that shows itself as HTML
    bytes    bytes
    pieces   a generator of text or bytes

A value may be seen in another way too: a figure as a raster, a list of geometries as a frame.

Types are told by the module they come from, so that nothing is imported that user code did not import.
"""

# Libraries make many of their functions at import, where no checker sees them.
# pyright: reportAttributeAccessIssue=false

import asyncio
import datetime as dt
import decimal
import enum
import math
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import GeneratorType
from typing import Any

import msgspec
from msgspec import Struct

from headrace.formats import Unserializable, _geoarrow

PLAIN = (str, int, float, bool, dt.datetime, dt.date, dt.time, dt.timedelta, decimal.Decimal, uuid.UUID, enum.Enum)


ONCE = frozenset({"RecordBatchReader", "LazyFrame", "DuckDBPyRelation"})  # tables that are made while they are read
COLLECTED = frozenset(
    {"features", "frame", "raster", "array", "drawing", "page", "bytes"}
)  # kinds that JSON does no justice


class Seen(Struct, frozen=True):
    """A classified value."""

    kind: str
    value: Any
    description: str
    media_type: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    also: "Callable[[], Seen] | None" = None  # another way to see it, for formats that do not take this one

    def ways(self) -> "Iterator[Seen]":
        """All ways to see it, the best one first."""
        yield self
        if self.also:
            yield from self.also().ways()


class Raster(Struct, frozen=True, kw_only=True):
    """Bands of pixels and where on Earth they lie, if anywhere.

    `data` is (bands, rows, columns). `transform` are the six affine coefficients a, b, c, d, e, f from pixel to CRS.
    """

    data: Any
    crs: str | None = None
    transform: tuple[float, ...] | None = None
    nodata: float | None = None
    names: tuple[str, ...] = ()  # of the bands, if they have any
    tags: dict[str, str] = {}
    original: Any = None  # the array as it was returned, for formats that keep its shape
    shown: Any = None  # what pictures show instead of `data`, where that had to become floats to hold what is missing
    hidden: Any = None  # (rows, columns): true where there is nothing, besides NaN and `nodata`
    tile_size: int | None = None  # as a map tile, pixels a side; None: the usual
    resampling: str | None = None  # as a map tile, how pixels between pixels are found; None: by the kind of value

    def missing(self) -> Any:
        """Where there is nothing to see, (rows, columns), or None where there is something everywhere."""
        import numpy as np

        holes = None
        if self.data.dtype.kind == "f":
            holes = ~np.isfinite(self.data)
        if self.nodata is not None:
            holes = self.data == self.nodata if holes is None else holes | (self.data == self.nodata)
        holes = None if holes is None else holes.any(axis=0)
        if self.hidden is not None:
            holes = self.hidden if holes is None else holes | self.hidden
        return holes if holes is not None and holes.any() else None


def classify(value: Any) -> Seen:
    """The kind of a value. A value of no kind is of the kind `unknown`, which no format takes."""
    if value is None:
        return Seen("nothing", None, "nothing")
    description = f"a value of type {type(value).__module__}.{type(value).__qualname__}"
    if isinstance(value, PLAIN):
        return Seen("plain", value, description)
    if isinstance(value, bytes | bytearray | memoryview):
        return Seen("bytes", bytes(value), description)
    if isinstance(value, GeneratorType):
        return Seen("pieces", value, description)
    library = type(value).__module__.partition(".")[0]
    if found := _FROM.get(library):
        seen = found(value, description)
        if seen is not None:
            return seen
    if isinstance(value, tuple) and len(value) == 2 and is_array(value[0]):
        bounds = _bounds(value[1])
        return _array(value[0], description, bounds) if bounds else Seen("plain", value, description)
    if isinstance(value, list | tuple) and value and all(map(_is_geometry, value)):
        return Seen("plain", value, description, also=lambda: Seen("frame", _placed(list(value)), description))
    if isinstance(value, list | tuple | set | frozenset | Mapping) or msgspec_like(value):
        return Seen("plain", value, description)
    if hasattr(value, "getvalue"):
        shown = value.getvalue()
        return Seen("plain", shown, description) if isinstance(shown, str) else Seen("bytes", bytes(shown), description)
    if hasattr(value, "headers") and hasattr(value, "status_code"):
        return _response(value, description)
    return _shown(value, description) or Seen("unknown", value, description)


def is_collection(value: Any) -> bool:
    """Whether it is a dict that holds more than plain values, itself or in a dict inside."""
    if not isinstance(value, Mapping):
        return False
    return any(is_collection(v) or type(v).__name__ in ONCE or classify(v).kind in COLLECTED for v in value.values())


def shows_html(value: Any) -> bool:
    """Whether it makes a page of itself: by that protocol, or by the method that Altair and plotly have for it."""
    return hasattr(value, "_repr_html_") or callable(getattr(value, "to_html", None))


def _shown(value: Any, description: str) -> Seen | None:
    """What shows itself, by the display protocol of notebooks."""
    page = Seen("page", value, description) if shows_html(value) else None
    if hasattr(value, "_repr_svg_"):
        return Seen("drawing", value, description, also=None if page is None else lambda: page)
    return page


def _is_geometry(value: Any) -> bool:
    return hasattr(value, "geom_type") and type(value).__module__.partition(".")[0] == "shapely"


def _placed(shapes: list[Any]) -> Any:
    import geopandas

    return geopandas.GeoDataFrame(geometry=shapes, crs=4326)


def msgspec_like(value: Any) -> bool:
    """Whether it is a value class that JSON can hold: a dataclass, a Struct, a named tuple, an attrs class."""
    kind = type(value)
    return (
        hasattr(kind, "__dataclass_fields__") or hasattr(kind, "__struct_fields__") or hasattr(kind, "__attrs_attrs__")
    )


def as_cell(value: Any) -> Any:
    """A frame of one row and one column that holds a plain value; what is no scalar is held as JSON text."""
    import pandas as pd

    scalar = isinstance(value, str | int | float | bool | dt.datetime)
    return pd.DataFrame({"value": [value if scalar else msgspec.json.encode(value, enc_hook=str).decode()]})


def _pandas(value: Any, description: str) -> Seen | None:
    import pandas as pd

    if isinstance(value, pd.Series):
        value = value.to_frame(value.name if value.name is not None else "value")
    elif isinstance(value, pd.Index):
        value = value.to_frame(index=False, name=value.name if value.name is not None else "value")
    if isinstance(value, pd.DataFrame):
        return Seen("frame", _with_place(value), description)
    return (
        Seen("plain", value, description) if isinstance(value, pd.Timestamp | pd.Timedelta) or value is pd.NaT else None
    )


def _with_place(frame: Any) -> Any:
    """A plain frame with a column of geometries is a GeoDataFrame that lost its class on the way."""
    if "geopandas" not in sys.modules:
        return frame
    kinds = [type(dtype).__name__ for dtype in frame.dtypes.tolist()]
    if "GeometryDtype" not in kinds:
        return frame
    return sys.modules["geopandas"].GeoDataFrame(frame, geometry=frame.columns[kinds.index("GeometryDtype")])


def _geopandas(value: Any, description: str) -> Seen | None:
    import geopandas

    if isinstance(value, geopandas.GeoSeries):
        value = value.to_frame(value.name or "geometry").set_geometry(value.name or "geometry")
    if not isinstance(value, geopandas.GeoDataFrame):
        return None
    return Seen("frame", value, description)


def _shapely(value: Any, description: str) -> Seen | None:
    return Seen("frame", _placed([value]), description) if _is_geometry(value) else None


def _pyarrow(value: Any, description: str) -> Seen | None:
    import pyarrow as pa

    if isinstance(value, pa.RecordBatch):
        value = pa.Table.from_batches([value])
    elif isinstance(value, pa.RecordBatchReader):
        value = value.read_all()
    elif isinstance(value, pa.Array | pa.ChunkedArray):
        value = pa.table({"value": value})
    if not isinstance(value, pa.Table):
        return Seen("plain", value.as_py(), description) if isinstance(value, pa.Scalar) else None
    if _geoarrow.has_geometry(value):
        as_frame = cache(lambda: Seen("frame", _geoarrow.to_frame(value), description))
        return Seen("features", value, description, also=as_frame)
    return Seen("frame", value, description)


def _polars(value: Any, description: str) -> Seen | None:
    import polars as pl

    if isinstance(value, pl.LazyFrame):
        value = value.collect()
    elif isinstance(value, pl.Series):
        value = value.to_frame()
    return Seen("frame", value.to_arrow(), description) if isinstance(value, pl.DataFrame) else None


def _duckdb(value: Any, description: str) -> Seen | None:
    return Seen("frame", value.to_arrow_table(), description) if hasattr(value, "to_arrow_table") else None


def _numpy(value: Any, description: str) -> Seen | None:
    import numpy as np

    if isinstance(value, np.generic):
        return Seen("plain", value, description)
    return _array(value, description) if isinstance(value, np.ndarray) else None


def _xarray(value: Any, description: str) -> Seen | None:
    import rioxarray  # pyright: ignore[reportUnusedImport]
    import xarray as xr

    attributes = dict(getattr(value, "attrs", {}))
    if isinstance(value, xr.Dataset):
        names = [name for name in value.data_vars if value[name].ndim]
        if not names:
            return None
        crs = value.rio.crs
        key = str(names[0]) if len(names) == 1 else "image"
        tags = {"orig_type": "xarray.Dataset", "key": key}
        bands = tuple(map(str, names)) if len(names) > 1 else ()
        value = value[names[0]] if len(names) == 1 else value[names].to_dataarray("band")
    elif isinstance(value, xr.DataArray):
        tags = {"orig_type": "xarray.DataArray"}
        bands = ()
        crs = value.rio.crs
    else:
        return None
    value = (
        value.squeeze([name for name, size in value.sizes.items() if size == 1], drop=True) if value.ndim > 3 else value
    )
    try:
        x, y = value.rio.x_dim, value.rio.y_dim
    except rioxarray.exceptions.MissingSpatialDimensionError:
        return _array(value.to_numpy(), description)
    if value.ndim not in (2, 3) or value.dtype.kind not in "buif":
        return Seen("array", Raster(data=None, tags=tags, original=value.to_numpy()), description)
    value = value.transpose(..., y, x)
    if crs:
        crs = crs.to_wkt()
    elif str(x).startswith("lon") and str(y).startswith("lat"):
        crs = "EPSG:4326"
    transform = None
    if x in value.coords and y in value.coords:
        transform = tuple(value.rio.transform(recalc=True))[:6]
        if transform[4] > 0 and not transform[1] and not transform[3]:  # rows that go north: pictures start there
            value = value.isel({y: slice(None, None, -1)})
            transform = tuple(value.rio.transform(recalc=True))[:6]
    array = value.to_numpy()
    size, resampling = (attributes.get(name) for name in ("tile_size", "resampling"))
    raster = Raster(
        tile_size=size,
        resampling=None if resampling is None else str(resampling),
        data=array[None] if array.ndim == 2 else array,
        crs=crs,
        transform=transform,
        nodata=value.rio.nodata,
        names=bands,
        tags=tags,
        original=array,
    )
    return Seen("raster", raster, description)


def _array(array: Any, description: str, bounds: tuple[float, ...] | None = None) -> Seen:
    """An array of two or three dimensions is a raster; one of (rows, columns, 3 or 4) too, if it cannot be bands."""
    import numpy as np

    if isinstance(array, np.ma.MaskedArray):
        return _masked(array, description, bounds)
    array = np.asarray(array)
    data = array
    while data.ndim > 3 and data.shape[0] == 1:
        data = data[0]
    if data.ndim == 2:
        data = data[None]
    if data.ndim != 3 or data.dtype.kind not in "buif":
        if array.dtype.kind == "O":
            return Seen("plain", array.tolist(), description)
        return Seen("array", Raster(data=None, tags={"orig_type": "numpy.ndarray"}, original=array), description)
    if data.shape[2] in (3, 4) and data.shape[0] > 4:
        data = np.moveaxis(data, -1, 0)
    tags = {"orig_type": "numpy.ndarray", "shape": msgspec.json.encode(list(array.shape)).decode()}
    transform, crs = None, None
    if bounds is not None:
        west, south, east, north = bounds
        tags["bounds"] = msgspec.json.encode([west, south, east, north]).decode()
        transform = ((east - west) / data.shape[2], 0.0, west, 0.0, (south - north) / data.shape[1], north)
        crs = "EPSG:4326"
    return Seen("raster", Raster(data=data, crs=crs, transform=transform, tags=tags, original=array), description)


def _masked(array: Any, description: str, bounds: tuple[float, ...] | None) -> Seen:
    """A masked array is floats with NaN; of whole numbers, pictures still show the numbers as they were."""
    import numpy as np

    seen = _array(np.ma.filled(array.astype(float), np.nan), description, bounds)
    if seen.kind != "raster" or array.dtype.kind not in "bui":
        return seen
    shown = _array(array.filled(0), description).value.data
    return msgspec.structs.replace(seen, value=msgspec.structs.replace(seen.value, shown=shown))


def _bounds(value: Any) -> tuple[float, ...] | None:
    """West, south, east, north, if the value is four numbers or a frame."""
    value = getattr(value, "total_bounds", value)
    try:
        numbers = tuple(float(v) for v in value)
    except (TypeError, ValueError):
        return None
    return numbers if len(numbers) == 4 and all(map(math.isfinite, numbers)) else None


def is_array(value: Any) -> bool:
    """Whether it is an array of numpy's."""
    return type(value).__module__.partition(".")[0] == "numpy" and hasattr(value, "ndim") and hasattr(value, "shape")


def is_image(value: Any) -> bool:
    """Whether it is an image of Pillow's."""
    return type(value).__module__.partition(".")[0] == "PIL" and hasattr(value, "getbands")


def _pillow(value: Any, description: str) -> Seen | None:
    """An image as the array of its pixels; one of several frames as the array of them all."""
    import numpy as np

    if not is_image(value):
        return None
    if getattr(value, "n_frames", 1) == 1:
        return _array(_pixels(value), description)
    frames: list[Any] = []
    for place in range(value.n_frames):
        value.seek(place)
        frames.append(np.asarray(value.convert("RGBA")))
    return Seen("array", Raster(data=None, tags={"orig_type": "numpy.ndarray"}, original=np.stack(frames)), description)


def _pixels(image: Any) -> Any:
    """(rows, columns) of one band, else (bands, rows, columns)."""
    import numpy as np

    if image.mode not in ("1", "L", "LA", "RGB", "RGBA", "F") and not image.mode.startswith("I"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    pixels = np.asarray(image)
    return np.moveaxis(pixels, -1, 0) if pixels.ndim == 3 else pixels


def _matplotlib(value: Any, description: str) -> Seen | None:
    """A figure, or what is in one."""
    figure = value if hasattr(value, "savefig") else getattr(value, "figure", None)
    if not hasattr(figure, "savefig"):
        return None
    return Seen("drawing", figure, description, also=lambda: _rendered(figure, description))


def _rendered(figure: Any, description: str) -> Seen:
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.moveaxis(np.asarray(canvas.buffer_rgba()), -1, 0)
    return Seen("raster", Raster(data=pixels, original=pixels), description)


def _response(value: Any, description: str) -> Seen:
    """A response of a web framework: its bytes and their type. Its status and other headers are not sent on."""
    media_type = str(value.headers.get("content-type") or getattr(value, "media_type", "") or "")
    return Seen("bytes", _body(value), description, media_type=media_type or "application/octet-stream")


def _body(response: Any) -> bytes:
    """The bytes of a response of Starlette's or FastAPI's, Flask's or Django's, requests' or httpx'."""
    if hasattr(response, "get_data"):
        return bytes(response.get_data())
    for name in ("body", "content"):
        body = getattr(response, name, None)
        if isinstance(body, bytes | bytearray | memoryview):
            return bytes(body)
    if path := getattr(response, "path", None):
        return Path(path).read_bytes()
    if hasattr(response, "body_iterator"):
        return asyncio.run(_collected(response.body_iterator))
    raise Unserializable(f"The udf returned a {type(response).__name__}, whose body cannot be read; return bytes.")


async def _collected(pieces: Any) -> bytes:
    return b"".join([piece.encode() if isinstance(piece, str) else bytes(piece) async for piece in pieces])


_FROM = {
    "pandas": _pandas,
    "geopandas": _geopandas,
    "shapely": _shapely,
    "pyarrow": _pyarrow,
    "polars": _polars,
    "duckdb": _duckdb,
    "_duckdb": _duckdb,
    "numpy": _numpy,
    "xarray": _xarray,
    "PIL": _pillow,
    "matplotlib": _matplotlib,
}
