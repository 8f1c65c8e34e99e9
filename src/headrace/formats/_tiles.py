"""A raster as the picture of one map tile: the tile's square of EPSG:3857 and nothing else, 256 or 512 pixels a side.

    where the raster lies             what is done
    no place, or the tile's own box   its pixels are the tile's; resized where they are not 256 or 512 a side
    anywhere else                     warped onto the tile, 256 pixels a side; what it does not cover is hidden

One band of whole numbers or of truth values is taken for classes, and the nearest pixel is shown; anything else is
interpolated (bilinear). An xarray object says otherwise by its `attrs`: `tile_size` (256 or 512) and `resampling` (a
name that rasterio has, such as `cubic`, `average` or `nearest`).
"""

from typing import Any

import msgspec

from headrace.formats import Tile
from headrace.formats._values import Raster
from headrace.runtime import geography

SIZES = (256, 512)
GRID = "EPSG:3857"
DEGREES = "EPSG:4326"
SLACK = 0.02  # share of a pixel by which a box may miss the tile's and still be the tile's


def on_tile(raster: Raster, tile: Tile) -> Raster:
    """The part of a raster that a tile shows. Raises ValueError for a `tile_size` or `resampling` that is none."""
    size = _asked_size(raster)
    if _is_of_the_tile(raster, tile):
        _, rows, columns = raster.data.shape
        size = size or (rows if rows == columns and rows in SIZES else SIZES[max(rows, columns) > SIZES[0]])
        raster = msgspec.structs.replace(raster, crs=GRID, transform=_grid(tile, columns, rows))
        if (rows, columns) == (size, size):
            return raster
    return _warped(raster, tile, size or SIZES[0])


def blank(tile: Tile) -> Raster:
    """A tile with nothing to see."""
    import numpy as np

    size = SIZES[0]
    return Raster(
        data=np.zeros((1, size, size), np.uint8),
        hidden=np.ones((size, size), bool),
        crs=GRID,
        transform=_grid(tile, size, size),
        tags={"orig_type": "numpy.ndarray", "shape": f"[{size},{size}]"},
    )


def _asked_size(raster: Raster) -> int | None:
    if raster.tile_size is not None and raster.tile_size not in SIZES:
        raise ValueError(f"attrs['tile_size'] wants 256 or 512 and is {raster.tile_size!r}.")
    return raster.tile_size


def _is_of_the_tile(raster: Raster, tile: Tile) -> bool:
    """Whether its pixels are the tile's own: it has no place, or the box of the tile.

    Bounds that came beside an array say where it is, not that its rows are evenly spaced in degrees.
    """
    if raster.crs is None or raster.transform is None:
        return True
    if "bounds" in raster.tags:
        box = geography.tile_bounds(*tile)
    elif _is(raster.crs, GRID):
        box = geography.tile_bounds_mercator(*tile)
    else:
        return False
    _, rows, columns = raster.data.shape
    a, b, c, d, e, f = raster.transform
    if b or d:
        return False
    own = (c, f + rows * e, c + columns * a, f)
    return all(abs(x - y) <= SLACK * step for x, y, step in zip(own, box, (a, -e, a, -e), strict=True))


def _warped(raster: Raster, tile: Tile, size: int) -> Raster:
    import numpy as np

    missing = raster.missing()
    data = raster.data if raster.shown is None else raster.shown
    how = raster.resampling or ("nearest" if len(data) == 1 and data.dtype.kind in "bui" else "bilinear")
    warp = _nearest if how == "nearest" else _interpolated
    found, hidden = None, np.ones((size, size), bool)
    for transform in _places(raster, tile):
        bands, holes = warp(data, missing, transform, raster.crs, tile, size, how)
        found = bands if found is None else np.where(hidden, bands, found)
        hidden &= holes
    if found is None:
        found = np.zeros((len(data), size, size), data.dtype)
    tags = dict(raster.tags)
    if "shape" in tags:
        shape = [size, size] if raster.original is not None and raster.original.ndim == 2 else [*found.shape]
        tags["shape"] = msgspec.json.encode(shape).decode()
    if "bounds" in tags:
        tags["bounds"] = msgspec.json.encode(geography.tile_bounds(*tile)).decode()
    return msgspec.structs.replace(
        raster,
        data=found,
        shown=None,
        hidden=hidden if hidden.any() else None,
        crs=GRID,
        transform=_grid(tile, size, size),
        tags=tags,
        original=found,
    )


def _places(raster: Raster, tile: Tile) -> list[tuple[float, ...]]:
    """Where the raster lies near the tile: degrees may count from 0 to 360, or go on past the antimeridian."""
    assert raster.transform is not None
    if not _is(raster.crs, DEGREES):
        return [raster.transform]
    a, b, c, d, e, f = raster.transform
    _, rows, columns = raster.data.shape
    xs = [c, c + columns * a, c + rows * b, c + columns * a + rows * b]
    west, _, east, _ = geography.tile_bounds(*tile)
    return [
        (a, b, c + turn, d, e, f)
        for turn in (0.0, -360.0, 360.0)
        if min(xs) + turn < east and max(xs) + turn > west
    ]  # fmt: skip


def _nearest(
    data: Any, missing: Any, transform: Any, crs: Any, tile: Tile, size: int, how: str
) -> tuple[Any, Any]:  # fmt: skip
    """Pixels as they are, and where there are none."""
    import numpy as np

    there = np.ones(data.shape[1:], np.uint8) if missing is None else (~missing).astype(np.uint8)
    kind = data.dtype
    bands = data.astype(np.uint8) if kind.kind == "b" else data.astype(np.float32) if kind == np.float16 else data
    found = _reproject(bands, 0, None, transform, crs, tile, size, how)
    seen = _reproject(there[None], 0, None, transform, crs, tile, size, how)[0]
    return found.astype(kind), seen == 0


def _interpolated(
    data: Any, missing: Any, transform: Any, crs: Any, tile: Tile, size: int, how: str
) -> tuple[Any, Any]:  # fmt: skip
    """Pixels between pixels, and where there are none; what is missing takes no part."""
    import numpy as np

    kind = data.dtype
    bands = data.astype(np.float64 if kind.itemsize > 4 or (kind.itemsize == 4 and kind.kind != "f") else np.float32)
    if missing is not None:
        bands[:, missing] = np.nan
    found = _reproject(bands, np.nan, np.nan, transform, crs, tile, size, how)
    holes = np.isnan(found).any(axis=0)
    if kind.kind == "f":
        return found.astype(kind), holes
    limits = np.iinfo(np.uint8 if kind.kind == "b" else kind)
    whole = np.clip(np.rint(np.where(np.isnan(found), 0, found)), limits.min, limits.max)
    return whole.astype(kind), holes


def _reproject(
    bands: Any, fill: float, nodata: float | None, transform: Any, crs: Any, tile: Tile, size: int, how: str
) -> Any:
    import numpy as np
    import rasterio
    from rasterio.warp import Resampling, reproject

    try:
        resampling = Resampling[how]
    except KeyError:
        raise ValueError(f"attrs['resampling'] wants one of {', '.join(r.name for r in Resampling)}.") from None
    found = np.full((len(bands), size, size), fill, bands.dtype)
    reproject(
        np.ascontiguousarray(bands),
        found,
        src_transform=rasterio.Affine(*transform),
        src_crs=_crs(crs),
        src_nodata=nodata,
        dst_transform=rasterio.Affine(*_grid(tile, size, size)),
        dst_crs=_crs(GRID),
        dst_nodata=nodata,
        init_dest_nodata=nodata is not None,
        resampling=resampling,
        tolerance=0,  # each pixel's place to the last digit, so that neighbouring tiles match
    )
    return found


def _grid(tile: Tile, columns: int, rows: int) -> tuple[float, ...]:
    """From pixels of the tile to metres."""
    west, south, east, north = geography.tile_bounds_mercator(*tile)
    return ((east - west) / columns, 0.0, west, 0.0, (south - north) / rows, north)


def _is(crs: str | None, other: str) -> bool:
    return crs is not None and (crs == other or _crs(crs) == _crs(other))


_known: dict[str, Any] = {}


def _crs(text: str) -> Any:
    """The CRS of a text; reading one takes as long as warping a tile."""
    from rasterio.crs import CRS

    if text not in _known:
        if len(_known) > 100:
            _known.clear()
        _known[text] = CRS.from_string(text)
    return _known[text]
