"""JPEG, quality 85: small, near enough for photographs and not for numbers; what is transparent is on white."""

import io
from typing import Any

from headrace.formats import Format, Tile, _animations, png

QUALITY = 85
MOST = 65_500  # pixels a side


def write(value: Any, sink: Any, tile: Tile | None) -> None:
    """Write a raster."""
    import PIL.Image

    image = _animations.image(png.pixels_of(value, tile))
    if "A" in image.mode:
        opaque = PIL.Image.new(image.mode[:-1], image.size, "white")
        opaque.paste(image.convert(image.mode[:-1]), mask=image.getchannel("A"))
        image = opaque
    file = io.BytesIO()
    image.save(file, "JPEG", quality=QUALITY)
    sink.write(file.getbuffer())


def fits(value: Any, tile: Tile | None) -> bool:
    """Whether it has one to four bands, a pixel, and a size that the format holds."""
    return png.is_picture(value, tile) and max(value.data.shape[1:]) <= MOST


format = Format(
    media_type="image/jpeg",
    suffix=".jpg",
    kinds=frozenset({"raster"}),
    write=write,
    fits=fits,
    wants=f"one to four bands, a pixel, and at most {MOST:,} a side",
)
