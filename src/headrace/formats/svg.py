"""SVG: geometries as paths, north up, in the coordinates they have; a picture that is one already, as it is.

What a udf wrote itself - text that is SVG, a figure, an object that shows itself as SVG - may hold scripts, and is
to be served with an origin of its own. What is drawn here holds numbers alone.
"""

# Libraries make many of their functions at import, where no checker sees them.
# pyright: reportAttributeAccessIssue=false

import io
import re
from typing import Any

from headrace.formats import Format, Tile, Unserializable, _frames

SIDE, MARGIN = 1000, 10  # of the drawing: its longer side, and what is left free around it
ROWS = 10_000  # at a time
STYLE = (
    "path{stroke:#1f5fbf;fill:none}"
    ".area{fill:#3388ff;fill-opacity:.35;fill-rule:evenodd}"
    ".line{stroke-width:2}.point{stroke-width:7;stroke-linecap:round}"
)
CLASSES = {2: "area", 1: "line", 0: "point"}  # by dimension, in the order of drawing

_is_svg = re.compile(
    r"\ufeff?\s*(<\?xml[^>]*\?>\s*)?((<!--(?:(?!-->).)*-->|<!DOCTYPE svg[^>]*>)\s*)*<svg[\s/>]", re.DOTALL
).match


def write(value: Any, sink: Any, tile: Tile | None) -> None:
    """Write a frame's geometries, or what is SVG already."""
    if _frames.is_frame(value):
        _draw(value.geometry, sink)
    elif isinstance(value, str):
        sink.write(value.encode())
    elif hasattr(value, "savefig"):
        file = io.BytesIO()
        # Names that are drawn anew each time would make every answer another one.
        with _matplotlib().rc_context({"svg.hashsalt": "udf"}):
            value.savefig(file, format="svg", metadata={"Date": None})
        sink.write(file.getbuffer())
    else:
        shown = value._repr_svg_()  # the display protocol of notebooks
        if not shown:
            raise Unserializable(f"A {type(value).__name__} can show itself as SVG, but this one gives nothing.")
        sink.write(shown.encode())


def is_drawn(value: Any, tile: Tile | None) -> bool:
    """Whether it has an active geometry, or is SVG."""
    if isinstance(value, str):
        return _is_svg(value) is not None
    if _frames.is_frame(value):
        return _frames.has_geometry(value)
    return hasattr(value, "savefig") or hasattr(value, "_repr_svg_")


def _matplotlib() -> Any:
    import matplotlib as mpl

    return mpl


def _draw(geometry: Any, sink: Any) -> None:
    import numpy as np
    import shapely

    shapes = np.asarray(geometry.array)
    west, south, east, north = shapely.total_bounds(shapes) if len(shapes) else (np.nan,) * 4
    if not np.isfinite([west, south, east, north]).all():
        west, south, east, north = 0.0, 0.0, 1.0, 1.0
    scale = SIDE / (max(east - west, north - south) or 1.0)
    width, height = (round(side * scale, 2) + 2 * MARGIN for side in (east - west, north - south))
    sink.write(
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" width="%g" height="%g">\n<style>%b</style>\n'
        % (width, height, width, height, STYLE.encode())
    )

    def to_pixels(points: Any) -> Any:
        return (points - [west, north]) * [scale, -scale] + MARGIN

    for start in range(0, len(shapes), ROWS):
        part = shapely.transform(shapes[start : start + ROWS], to_pixels)
        parts, rows = _taken_apart(part)
        for dimension, name in CLASSES.items():
            these = shapely.get_dimensions(parts) == dimension
            if these.any():
                sink.write(_paths(parts[these], rows[these], dimension, name))
    sink.write(b"</svg>\n")


def _taken_apart(shapes: Any) -> tuple[Any, Any]:
    """The points, lines and polygons that the shapes are made of, and the row of each."""
    import numpy as np
    import shapely

    rows = np.arange(len(shapes))
    while len(shapes) and shapely.get_type_id(shapes).max() > shapely.GeometryType.POLYGON:
        shapes, owners = shapely.get_parts(shapes, return_index=True)
        rows = rows[owners]
    return shapes, rows


def _paths(parts: Any, rows: Any, dimension: int, name: str) -> memoryview:
    """A path for each row."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    import shapely

    from headrace.formats import _markup

    if dimension == 2:
        parts, owners = shapely.get_rings(parts, return_index=True)
        rows = rows[owners]
    points, lines = shapely.get_coordinates(parts, return_index=True)
    x, y = (pa.array(points[:, axis].round(2)).cast(pa.string()) for axis in (0, 1))
    pairs = pc.binary_join_element_wise(x, y, ",")
    kept, starts = np.unique(lines, return_index=True)
    close = {2: "Z", 1: "", 0: "h0"}[dimension]
    traced = pc.binary_join_element_wise("M", _gathered(pairs, starts, " "), close, "")
    _, starts = np.unique(rows[kept], return_index=True)
    whole = _gathered(traced, starts, "").cast(pa.large_string())
    return _markup.joined(f'<path class="{name}" d="', whole, '"/>\n')


def _gathered(texts: Any, starts: Any, between: str) -> Any:
    """The texts from each start to the next as one."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    ends = np.append(starts, len(texts)).astype(np.int32)
    return pc.binary_join(pa.ListArray.from_arrays(ends, texts), between)


format = Format(
    media_type="image/svg+xml",
    suffix=".svg",
    kinds=frozenset({"frame", "plain", "drawing"}),
    write=write,
    fits=is_drawn,
    wants="geometries, or what is SVG",
    scripted=True,
)
