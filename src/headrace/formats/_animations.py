"""Pictures that move: an array (frames, rows, columns, bands), or a list of pictures of one size, as Pillow's images.

All frames are stretched together, as one picture would be, so that what does not change does not flicker.
"""

# Libraries make many of their functions at import, where no checker sees them.
# pyright: reportAttributeAccessIssue=false

from typing import Any

from headrace.formats import Tile, png

DURATION = 100  # ms a frame is shown
WANTS = "one to four bands, a pixel and at most {:,} a side, or frames of those of one size"
MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def takes(value: Any, tile: Tile | None, most: int) -> bool:
    """Whether it is a picture, an array of them, or a list of them, and no side is of more pixels than `most`."""
    if isinstance(value, list | tuple):
        stack: Any = _stacked(value) if value else None
        return stack is not None and max(stack.shape[1:3]) <= most
    if not hasattr(value, "original"):
        return False
    if value.data is not None:
        return png.is_picture(value, tile) and max(value.data.shape[1:]) <= most
    array = value.original
    pictures = array.ndim == 4 and array.shape[3] in png.COLOURS and array.dtype.kind in "buif" and array.size > 0
    return pictures and max(array.shape[1:3]) <= most


def images(value: Any, tile: Tile | None) -> list[Any]:
    """Its frames, at least one, as images of the modes L, LA, RGB or RGBA."""
    return [image(pixels) for pixels in _frames_of(value, tile)]


def image(pixels: Any) -> Any:
    """Pixels (rows, columns, bands) of bytes as an image."""
    import PIL.Image

    rows, columns, bands = pixels.shape
    return PIL.Image.frombytes(MODES[bands], (columns, rows), pixels.tobytes())


def _frames_of(value: Any, tile: Tile | None) -> Any:
    import numpy as np

    from headrace.formats._values import Raster

    stack: Any = _stacked(value) if isinstance(value, list | tuple) else None
    if stack is None and value.data is not None:
        return [png.pixels_of(value, tile)]
    if stack is None:
        stack = value.original
    frames, rows, columns, bands = stack.shape
    tall = np.moveaxis(stack.reshape(frames * rows, columns, bands), -1, 0)
    pixels = png.pixels_of(Raster(data=tall), tile)
    return pixels.reshape(frames, rows, columns, pixels.shape[2])


def _stacked(pictures: Any) -> Any:
    """The pictures as one array (frames, rows, columns, bands), or None where they are none, or not of one shape."""
    import numpy as np

    from headrace.formats import _values

    if not all(_values.is_array(picture) or _values.is_image(picture) for picture in pictures):
        return None
    shapes = {getattr(picture, "shape", ()) for picture in pictures}
    if len(shapes) == 1 and (shape := shapes.pop()) and len(shape) == 3 and shape[2] in png.COLOURS:
        stack = np.stack(pictures)
        return stack if stack.size and stack.dtype.kind in "buif" else None
    seen = [_values.classify(picture) for picture in pictures]
    if any(one.kind != "raster" or not png.is_picture(one.value, None) for one in seen):
        return None
    bands = [one.value.data for one in seen]
    if any(data.shape != bands[0].shape for data in bands):
        return None
    return np.moveaxis(np.stack(bands), 1, -1)
