"""PNG: one band grey, two grey and alpha, three colour, four colour and alpha; 8 bits a band.

    uint8           as it is
    bool            0 and 255
    other integers  cut to 0..255
    floats          0..1 becomes 0..255, cut
    one band of other numbers than bytes, and no tile asked for: its smallest value black, its largest white

A tile is never stretched to its own values, because its neighbours would be stretched to theirs. Values that are not
finite, those equal to the raster's nodata, and what a raster does not cover of a tile (_tiles.py) are transparent.
"""

import struct
import zlib
from typing import Any

from headrace.formats import Format, Tile

COLOURS = {1: 0, 2: 4, 3: 2, 4: 6}  # bands: PNG's colour type


def write(value: Any, sink: Any, tile: Tile | None) -> None:
    """Write a raster."""
    pixels = pixels_of(value, tile)
    rows, columns, colours = pixels.shape
    sink.write(b"\x89PNG\r\n\x1a\n")
    sink.write(_chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, COLOURS[colours], 0, 0, 0)))
    sink.write(_chunk(b"IDAT", _compress(_filter(pixels.reshape(rows, -1)))))
    sink.write(_chunk(b"IEND", b""))


def pixels_of(raster: Any, tile: Tile | None) -> Any:
    """What a picture of the raster shows: bytes, (rows, columns, bands), the last of two or four bands opacity."""
    import numpy as np

    bands, holes = _visible(raster, stretch=tile is None)
    if holes is not None and len(bands) in (1, 3):
        bands = np.concatenate([bands, np.where(holes, 0, 255).astype(np.uint8)[None]])
    elif holes is not None:
        bands[-1][holes] = 0
    return np.ascontiguousarray(np.moveaxis(bands, 0, -1))


def is_picture(value: Any, tile: Tile | None) -> bool:
    """Whether it has one to four bands and at least one pixel."""
    return len(value.data) in COLOURS and value.data.size > 0


def _visible(raster: Any, *, stretch: bool) -> tuple[Any, Any]:
    """The bands as bytes, and where there is nothing to see (None: nowhere)."""
    import numpy as np

    data = raster.data
    missing = ~np.isfinite(data) if data.dtype.kind == "f" else np.zeros(data.shape, bool)
    if raster.nodata is not None:
        missing |= data == raster.nodata
    if raster.hidden is not None:
        missing |= raster.hidden
    holes = missing.any(axis=0) if missing.any() else None
    data = data if raster.shown is None else raster.shown
    kind = data.dtype.kind
    if kind == "b":
        return data.view(np.uint8) * np.uint8(255), holes
    if data.dtype == np.uint8:
        return data if holes is None else data.copy(), holes
    low, high = (0.0, 1.0) if kind == "f" else (0.0, 255.0)
    if stretch and len(data) == 1:
        seen = data if holes is None else data[~missing]
        low, high = (float(seen.min()), float(seen.max())) if seen.size else (0.0, 1.0)
        high = high if high > low else low + 1
    scaled = np.subtract(data, low, dtype=np.float64) * (255 / (high - low))
    if holes is not None:
        scaled[missing] = 0
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8), holes


def _filter(rows: Any) -> Any:
    """Each row as its difference from the row above (PNG's filter 2), which compresses well and costs one pass."""
    import numpy as np

    filtered = np.empty((len(rows), rows.shape[1] + 1), np.uint8)
    filtered[:, 0] = 2
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    return filtered


def _compress(filtered: Any) -> bytes:
    """The zlib stream; libdeflate takes a third of zlib's time."""
    try:
        from imagecodecs._deflate import deflate_encode
    except ImportError:
        return zlib.compress(filtered, 1)
    return deflate_encode(filtered, level=1)


def _chunk(name: bytes, data: bytes) -> bytes:
    return b"%b%b%b%b" % (
        struct.pack(">I", len(data)),
        name,
        data,
        struct.pack(">I", zlib.crc32(data, zlib.crc32(name))),
    )


format = Format(
    media_type="image/png",
    suffix=".png",
    kinds=frozenset({"raster"}),
    write=write,
    fits=is_picture,
    wants="one to four bands and a pixel",
)
