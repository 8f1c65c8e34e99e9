"""GIF: up to 256 colours, exactly those of the picture where it has no more; a pixel is seen or it is not.

What is less than half opaque is transparent. Where a picture has more colours, Pillow chooses 256 and does not dither.
"""

import io
from typing import Any

from headrace.formats import Format, Tile, _animations

MOST = 65_535  # pixels a side


def write(value: Any, sink: Any, tile: Tile | None) -> None:
    """Write a raster, or the frames of an animation, which runs for ever."""
    first, *others = [_with_palette(image) for image in _animations.images(value, tile)]
    file = io.BytesIO()
    if others:
        first.save(file, "GIF", save_all=True, append_images=others, duration=_animations.DURATION, loop=0, disposal=2)
    else:
        first.save(file, "GIF")
    sink.write(file.getbuffer())


def _with_palette(image: Any) -> Any:
    """The image with a palette of 256 colours, of which one is transparent where there is something to hide."""
    import numpy as np
    import PIL.Image

    if image.mode == "L":
        return image
    pixels = np.asarray(image.convert("RGBA"))
    hidden = pixels[..., 3] < 128
    room = 255 if hidden.any() else 256
    packed = np.ascontiguousarray(pixels).view("<u4")[..., 0] & 0xFFFFFF
    colours, places = np.unique(packed[~hidden], return_inverse=True)
    if len(colours) <= room:
        indices = np.full(packed.shape, 255, np.uint8)
        indices[~hidden] = places
        palette = colours.astype("<u4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    else:
        quantized = image.convert("RGB").quantize(room, PIL.Image.Quantize.MEDIANCUT, dither=PIL.Image.Dither.NONE)
        indices = np.array(quantized)
        indices[hidden] = 255
        palette = bytes(quantized.getpalette() or [])
    made = PIL.Image.frombytes("P", image.size, indices.tobytes())
    made.putpalette(palette.ljust(768, b"\0"))
    if hidden.any():
        made.info["transparency"] = 255
    return made


def fits(value: Any, tile: Tile | None) -> bool:
    """Whether it is a picture, or several of one size, of a size that the format holds."""
    return _animations.takes(value, tile, MOST)


format = Format(
    media_type="image/gif",
    suffix=".gif",
    kinds=frozenset({"raster", "array", "plain"}),
    write=write,
    fits=fits,
    wants=_animations.WANTS.format(MOST),
)
