"""WebP, lossless: every byte as it was, in less room than PNG takes.

Lossy pictures are what `jpg` is for: who asks for a format by the name of pixels expects the pixels.
"""

import io
from typing import Any

from headrace.formats import Format, Tile, _animations

MOST = 16_383  # pixels a side

# Effort 1 of 6 and 100: the fastest that still is smaller than our PNG; `exact` keeps colours that cannot be seen.
OPTIONS: dict[str, Any] = {"lossless": True, "method": 1, "quality": 0, "exact": True}


def write(value: Any, sink: Any, tile: Tile | None) -> None:
    """Write a raster, or the frames of an animation, which runs for ever."""
    first, *others = _animations.images(value, tile)
    options = OPTIONS | (
        {"save_all": True, "append_images": others, "duration": _animations.DURATION, "loop": 0} if others else {}
    )
    file = io.BytesIO()
    first.save(file, "WEBP", **options)
    sink.write(file.getbuffer())


def fits(value: Any, tile: Tile | None) -> bool:
    """Whether it is a picture, or several of one size, of a size that the format holds."""
    return _animations.takes(value, tile, MOST)


format = Format(
    media_type="image/webp",
    suffix=".webp",
    kinds=frozenset({"raster", "array", "plain"}),
    write=write,
    fits=fits,
    wants=_animations.WANTS.format(MOST),
)
