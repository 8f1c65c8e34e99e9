"""What a server's worker makes of a raster before it becomes an array: a row for each of its cells, as Parquet.

This module is sent there as it stands; on the machine of a client nothing of it runs.
"""

from typing import Any

import headrace


@headrace.udf(cache_max_age=0)
def rows_of(source: str, target: str, cells: int = 1 << 21) -> Any:  # noqa: ANN401 - JSON
    """Write the cells of a raster, of at most so many at a time, and give what the array is to be made with."""
    if source.lower().endswith((".nc", ".nc3", ".netcdf")):
        return _of_variables(source, target, cells)
    return _of_bands(source, target, cells)


def _of_bands(source: str, target: str, cells: int) -> Any:  # noqa: ANN401
    import numpy as np
    import rasterio
    from rasterio.windows import Window

    with rasterio.open(source) as raster:
        bands = [_name(text or f"band_{number}") for number, text in enumerate(raster.descriptions, 1)]
        if len(set(bands)) < len(bands):
            bands = [f"band_{number}" for number in range(1, raster.count + 1)]
        lines = max(1, cells // (raster.width * raster.count))
        types = dict(zip(bands, map(str, raster.dtypes), strict=True))
        with _writer(target, ["y", "x"], types) as write:
            for top in range(0, raster.height, lines):
                # The stub of the library knows no parameters of a class that it makes at run time.
                window: Any = Window(0, top, raster.width, min(lines, raster.height - top))  # pyright: ignore[reportCallIssue]
                read = raster.read(window=window)
                y, x = np.indices(read.shape[1:])
                write([y.ravel() + top, x.ravel(), *(band.ravel() for band in read)])
        properties = {
            "crs": raster.crs.to_string() if raster.crs else "",
            "transform": ", ".join(map(repr, tuple(raster.transform)[:6])),
            "nodata": "" if raster.nodata is None else repr(raster.nodata),
        }
        sizes = {"y": raster.height, "x": raster.width}
    return {"sizes": sizes, "types": types, "properties": {k: v for k, v in properties.items() if v}, "left_out": []}


def _of_variables(source: str, target: str, cells: int) -> Any:  # noqa: ANN401
    import numpy as np
    import xarray as xr

    try:
        opened = xr.open_dataset(source, mask_and_scale=False, decode_times=False)
    except ValueError as wrong:  # no library that is installed knows it
        said = "The file cannot be read as NetCDF. Of version 4 it is HDF5, for which the server needs h5netcdf."
        raise ValueError(said) from wrong
    with opened as data:
        numbers = {str(name): one for name, one in data.data_vars.items() if one.dtype.kind in "iuf" and one.ndim}
        if not numbers:
            raise ValueError("The file has no variable of numbers along a dimension.")
        shape = max(numbers.values(), key=lambda one: one.size).dims
        chosen = {_name(name): one for name, one in numbers.items() if one.dims == shape}
        dimensions = [_name(str(name)) for name in shape]
        sizes = {name: data.sizes[one] for name, one in zip(dimensions, shape, strict=True)}
        types = {name: one.dtype.newbyteorder("=").name for name, one in chosen.items()}
        rest = list(sizes.values())[1:]
        lines = max(1, cells // (int(np.prod(rest)) * len(chosen)))
        first = dimensions[0]
        with _writer(target, dimensions, types) as write:
            for top in range(0, sizes[first], lines):
                parts = [np.asarray(one[top : top + lines].values) for one in chosen.values()]
                places = np.indices(parts[0].shape)
                places[0] += top
                write([*(place.ravel() for place in places), *(part.ravel() for part in parts)])
        properties = {
            str(name): f"{one.values[0]} to {one.values[-1]} {one.attrs.get('units', '')}".strip()
            for name, one in data.coords.items()
            if one.ndim == 1 and one.size
        }
        left_out = [str(name) for name in data.data_vars if _name(str(name)) not in chosen]
    return {"sizes": sizes, "types": types, "properties": properties, "left_out": left_out}


def _writer(target: str, dimensions: list[str], types: dict[str, str]) -> Any:  # noqa: ANN401
    from contextlib import contextmanager

    import pyarrow as pa
    import pyarrow.parquet as pq

    fields = [(name, pa.int64()) for name in dimensions] + [(name, pa.type_for_alias(t)) for name, t in types.items()]
    schema = pa.schema(fields)

    @contextmanager
    def writing() -> Any:  # noqa: ANN401
        with pq.ParquetWriter(target, schema, compression="zstd") as writer:

            def write(columns: Any) -> None:  # noqa: ANN401
                arrays = [
                    pa.array(column.astype(column.dtype.newbyteorder("="), copy=False), field.type)
                    for column, field in zip(columns, schema, strict=True)
                ]
                writer.write_table(pa.Table.from_arrays(arrays, schema=schema))

            yield write

    return writing()


def _name(text: str) -> str:
    """A name that a column may have."""
    import re

    return re.sub(r"\W+", "_", text).strip("_")[:60] or "value"
