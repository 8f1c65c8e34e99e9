"""Animated PNG: frames of full colour and opacity, exactly as they were; one picture alone is a PNG."""

import io
from typing import Any

from headrace.formats import Format, Tile, _animations

MOST = 2**31 - 1  # pixels a side


def write(value: Any, sink: Any, tile: Tile | None) -> None:
    """Write a raster, or the frames of an animation, which runs for ever."""
    first, *others = _animations.images(value, tile)
    options: dict[str, Any] = {"compress_level": 1}
    if others:
        options |= {"save_all": True, "append_images": others, "duration": _animations.DURATION, "loop": 0}
    file = io.BytesIO()
    first.save(file, "PNG", **options)
    sink.write(file.getbuffer())


def fits(value: Any, tile: Tile | None) -> bool:
    """Whether it is a picture, or several of one size."""
    return _animations.takes(value, tile, MOST)


format = Format(
    media_type="image/apng",
    suffix=".apng",
    kinds=frozenset({"raster", "array", "plain"}),
    write=write,
    fits=fits,
    wants=_animations.WANTS.format(MOST),
)
