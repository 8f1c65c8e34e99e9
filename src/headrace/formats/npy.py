"""NumPy's own file: the array as it was returned, without pickles. Published clients ask for it first."""

from typing import Any

from headrace.formats import Format, Tile


def write(value: Any, sink: Any, tile: Tile | None) -> None:
    """Write a raster's array."""
    import numpy as np

    array = np.asarray(value.original, order="C")
    np.lib.format.write_array_header_2_0(sink, np.lib.format.header_data_from_array_1_0(array))
    sink.write(array.reshape(-1).view("uint8").data)


def is_bare(value: Any, tile: Tile | None) -> bool:
    """Whether it is an array alone: places on Earth would be lost, and objects would be pickled."""
    return (
        value.tags.get("orig_type") == "numpy.ndarray" and value.crs is None and value.original.dtype.kind not in "OV"
    )


format = Format(
    media_type="application/x-numpy-data",
    suffix=".npy",
    kinds=frozenset({"raster", "array"}),
    write=write,
    fits=is_bare,
    wants="an array without a place on Earth",
)
