"""NumPy's own file format (NEP 1), never with pickled objects: the array exactly as it was returned."""

from typing import Any

from headrace.formats import Format, Tile


def write(value: Any, sink: Any, tile: Tile | None) -> None:  # noqa: ANN401, ARG001
    """Write an array."""
    import numpy as np

    np.lib.format.write_array(sink, value.original, allow_pickle=False)


format = Format(
    media_type="application/x-numpy-data",
    suffix=".npy",
    kinds=frozenset({"raster", "array"}),
    write=write,
    accepts=lambda raster: raster.transform is None and raster.tags.get("orig_type", "numpy.ndarray") == "numpy.ndarray",
)
