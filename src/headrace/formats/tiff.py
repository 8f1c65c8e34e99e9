"""GeoTIFF: the values as they are, with CRS and transform where they are known, deflate.

Tags in GDAL's namespace `fused` tell published clients what was returned (Fused protocol notes 4.5).
"""

# Libraries make many of their functions at import, where no checker sees them.
# pyright: reportAttributeAccessIssue=false

import warnings
from typing import Any

from headrace.formats import Format, Tile

TILED = (
    4096  # pixels a side from which reading a part should not mean reading whole rows; tiles take half as long again
)


def write(value: Any, sink: Any, tile: Tile | None) -> None:
    """Write a raster."""
    import numpy as np
    import rasterio
    from rasterio.io import MemoryFile

    data = _storable(value.data)
    bands, rows, columns = data.shape
    profile: dict[str, Any] = {"count": bands, "height": rows, "width": columns, "dtype": data.dtype.name}
    profile |= {"compress": "deflate", "zlevel": 1, "predictor": 3 if data.dtype.kind == "f" else 2}
    if min(rows, columns) >= TILED:
        profile |= {"tiled": True, "blockxsize": 256, "blockysize": 256}
    if value.nodata is not None and (
        data.dtype.kind == "f" or np.can_cast(np.min_scalar_type(value.nodata), data.dtype)
    ):
        profile["nodata"] = value.nodata
    hidden, mask = value.hidden, None
    if hidden is not None and data.dtype.kind == "f":
        profile["nodata"] = np.nan
        data = np.where(hidden, np.nan, data).astype(data.dtype)
    elif hidden is not None and "nodata" in profile:
        data = np.where(hidden, np.asarray(value.nodata, data.dtype), data)
    elif hidden is not None:
        mask = ~hidden
    if value.crs:
        profile["crs"] = value.crs
    if value.transform:
        profile["transform"] = rasterio.Affine(*value.transform)
    inside = rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True)
    with inside, MemoryFile() as memory, warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)  # an array need not be on Earth
        with memory.open(driver="GTiff", **profile) as file:
            file.write(data)
            file.update_tags(ns="fused", **value.tags)
            if mask is not None:
                file.write_mask(mask)
            for place, name in enumerate(value.names, 1):
                file.set_band_description(place, name)
        sink.write(memory.getbuffer())


def has_pixels(value: Any, tile: Tile | None) -> bool:
    """Whether there is at least one: TIFF cannot hold none."""
    return value.data.size > 0


def _storable(data: Any) -> Any:
    """Of a type that GDAL writes: truth as bytes, half precision as single."""
    import numpy as np

    if data.dtype.kind == "b":
        return data.astype(np.uint8)
    if data.dtype == np.float16:
        return data.astype(np.float32)
    if data.dtype.kind == "f" and data.dtype.itemsize > 8:
        return data.astype(np.float64)
    return data


format = Format(
    media_type="image/tiff",
    suffix=".tif",
    kinds=frozenset({"raster"}),
    write=write,
    fits=has_pixels,
    wants="a pixel",
)
