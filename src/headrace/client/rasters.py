"""What a server's worker makes of a raster before it becomes an array: a row for each of its cells, as Parquet.

This module is sent there as it stands; on the machine of a client nothing of it runs.
"""

from typing import Any

import headrace

HDF5 = b"\x89HDF\r\n\x1a\n"  # how its files begin; so does NetCDF 4


@headrace.udf(cache_max_age=0)
def rows_of(source: str, target: str, group: str = "", cells: int = 1 << 21) -> Any:  # noqa: ANN401 - JSON
    """Write the cells of a raster, of at most so many at a time, and give what the array is to be made with."""
    if source.lower().endswith((".nc", ".nc3", ".nc4", ".netcdf")):
        return _of_variables(source, target, group.strip("/"), cells)
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


def _of_variables(source: str, target: str, group: str, cells: int) -> Any:  # noqa: ANN401
    """The variables of a NetCDF file that lie along the dimensions of its largest, unpacked (CF conventions 8.1)."""
    import numpy as np

    with _opened(source, group) as data:
        named = {str(name): data[name] for name in data.variables if name not in data.dims}
        found = {name: _Variable(one) for name, one in named.items() if one.ndim and one.size}
        found = {name: one for name, one in found.items() if one.type}
        if not found:
            raise ValueError("The file has no variable with cells along a dimension, of numbers, texts or moments.")
        # Of numbers, where there are any: a text is seldom what a file is about.
        shape = max(found.values(), key=lambda one: (one.type != "string", one.raw.size)).raw.dims
        chosen = {_name(name): one for name, one in found.items() if one.raw.dims == shape}
        dimensions = [_name(str(name)) for name in shape]
        sizes = {name: data.sizes[one] for name, one in zip(dimensions, shape, strict=True)}
        rest = list(sizes.values())[1:]
        lines = max(1, cells // (int(np.prod(rest)) * len(chosen)))
        with _writer(target, dimensions, {name: one.type for name, one in chosen.items()}) as write:
            for top in range(0, sizes[dimensions[0]], lines):
                parts = [one.read(slice(top, top + lines)) for one in chosen.values()]
                places = np.indices(parts[0].shape)
                places[0] += top
                write([*(place.ravel() for place in places), *(part.ravel() for part in parts)])
        left_out = [name for name in named if _name(name) not in chosen]
        return {
            "sizes": sizes,
            "types": {name: one.type for name, one in chosen.items()},
            "properties": _ranges(data) | {name: one.about for name, one in chosen.items() if one.about},
            "left_out": left_out + ([] if group else _groups(source)),
        }


def _opened(source: str, group: str) -> Any:  # noqa: ANN401 - a Dataset of xarray
    """The variables of a group of a NetCDF file, as they are kept; without a name, of the only one that has any."""
    import os

    os.environ["HDF5_USE_FILE_LOCKING"] = "FALSE"  # HDF5 reads it as it is loaded; the file is nobody else's
    import xarray as xr

    with open(source, "rb") as file:  # noqa: PTH123 - as the worker has it
        head = file.read(8)
    if head != HDF5 and head[:4] not in (b"CDF\x01", b"CDF\x02"):
        if head[:3] == b"CDF":
            said = "The file is NetCDF 3 of 64 bits (CDF-5), which is not read; `nccopy -k nc4` makes NetCDF 4 of it."
        else:
            said = "The file cannot be read as NetCDF: it starts as neither version 3 nor version 4 does."
        raise ValueError(said)
    options: Any = {"mask_and_scale": False, "decode_times": False, "engine": "scipy"}
    if head == HDF5:
        options |= {"engine": "h5netcdf", "phony_dims": "sort"}
        groups = _groups(source)
        if group and group not in groups:
            there = f"there are {', '.join(groups)}" if groups else "it has none"
            raise ValueError(f"The file has no group {group!r}; {there}.")
        if not group and not _holds(source, ""):
            groups = [one for one in groups if _holds(source, one)]
            if len(groups) > 1:
                raise ValueError(f"The variables of the file are in groups; say which: {', '.join(groups)}.")
            group = groups[0] if groups else ""
        options["group"] = group or None
    elif group:
        raise ValueError("A file of NetCDF 3 has no groups.")
    try:
        return xr.open_dataset(source, **options)
    except (ValueError, OSError, TypeError, KeyError) as wrong:
        raise ValueError(f"The file cannot be read as NetCDF: {wrong}") from wrong


def _hdf5(source: str) -> Any:  # noqa: ANN401 - a file of h5netcdf
    try:
        import h5netcdf
    except ImportError as missing:
        said = "The file is NetCDF 4, for which the server needs h5netcdf: pip install 'headrace[data]'."
        raise ValueError(said) from missing
    try:
        return h5netcdf.File(source, "r", phony_dims="sort")
    except OSError as wrong:
        raise ValueError(f"The file cannot be read as NetCDF 4: {wrong}") from wrong


def _groups(source: str) -> list[str]:
    """The paths of the groups of a NetCDF 4 file, each before those within it."""
    with open(source, "rb") as file:  # noqa: PTH123 - as the worker has it
        if file.read(8) != HDF5:
            return []

    def walk(group: Any, path: str) -> Any:  # noqa: ANN401
        for name, one in sorted(group.groups.items()):
            yield f"{path}{name}"
            yield from walk(one, f"{path}{name}/")

    with _hdf5(source) as file:
        return list(walk(file, ""))


def _holds(source: str, group: str) -> bool:
    """Whether a group has variables besides those of its dimensions."""
    with _hdf5(source) as file:
        one = file[group] if group else file
        return any(name not in one.dimensions for name in one.variables)


class _Variable:
    """A variable of a file: the type of its cells in an array, "" where an array holds none such, and its cells."""

    def __init__(self, raw: Any) -> None:  # noqa: ANN401 - of xarray
        import numpy as np

        self.raw, attributes = raw, raw.attrs
        self.kind = raw.dtype.kind
        self.about = ", ".join(str(attributes[name]) for name in ("long_name", "units") if attributes.get(name))
        fills = [np.atleast_1d(attributes[name]) for name in ("_FillValue", "missing_value") if name in attributes]
        self.fills = [one for one in fills if (one.dtype.kind in "iuf") == (self.kind in "iuf")]
        self.scale, self.offset = attributes.get("scale_factor"), attributes.get("add_offset")
        self.units, self.calendar = str(attributes.get("units", "")), str(attributes.get("calendar", "standard"))
        self.dtype = raw.dtype.newbyteorder("=")
        if self.kind == "i" and str(attributes.get("_Unsigned", "")).lower() == "true":
            self.dtype = np.dtype(f"u{self.dtype.itemsize}")
        self.packed = self.kind in "iuf" and (self.scale is not None or self.offset is not None)
        self.moments = self.kind in "iuf" and not self.packed and self._counts_time()
        self.type = self._type()

    def _type(self) -> str:
        import numpy as np

        if self.moments:
            return "timestamp[us]"
        if self.packed:
            given = [np.asarray(one).dtype for one in (self.scale, self.offset) if one is not None]
            floats = [one for one in given if one.kind == "f"]
            return "float32" if floats == given and max(one.itemsize for one in floats) <= 4 else "float64"
        if self.kind == "f":
            return "float64" if self.dtype.itemsize >= 8 else "float32"
        if self.kind in "iub":
            return self.dtype.name
        return "string" if self.kind in "SUT" or self._holds_text() else ""

    def _holds_text(self) -> bool:
        if self.kind != "O":
            return False
        first = self.raw[(0,) * self.raw.ndim].values.item()
        return isinstance(first, str | bytes)

    def _counts_time(self) -> bool:
        """Whether its units are `days since 2000-01-01` and the like, in a calendar that moments are told in."""
        words = self.units.split()
        calendars = {"standard", "gregorian", "proleptic_gregorian"}
        return len(words) > 2 and words[1] == "since" and self.calendar in calendars and self._decoded([0]) is not None

    def _decoded(self, values: Any) -> Any:  # noqa: ANN401
        """Numbers as moments; None where they are none."""
        import numpy as np
        from xarray.coding.times import decode_cf_datetime

        try:
            found = decode_cf_datetime(np.asarray(values), self.units, self.calendar, use_cftime=False)
            return np.asarray(found).astype("datetime64[us]")
        except (ValueError, OverflowError, TypeError):
            return None

    def read(self, rows: slice) -> Any:  # noqa: ANN401 - a masked array
        """Cells as the type has them; those that hold the value for nothing are masked."""
        import numpy as np

        values = np.asarray(self.raw[rows].values)
        if self.type == "string":
            texts = np.array([_text(one) for one in values.ravel()], object).reshape(values.shape)
            nothing = {_text(one) for fill in self.fills for one in fill.tolist()}
            return np.ma.masked_array(texts, np.isin(texts, list(nothing)) if nothing else False)
        if self.kind in "iuf":
            values = values.astype(self.raw.dtype.newbyteorder("="), copy=False).view(self.dtype)
        missing = np.zeros(values.shape, bool)
        for fill in self.fills:
            missing |= np.isin(values, self._as_kept(fill))
            if self.kind == "f" and np.isnan(fill.astype("float64")).any():
                missing |= np.isnan(values)
        if self.moments:
            decoded = self._decoded(np.where(missing, 0, values))
            if decoded is None:
                raise ValueError(f"The variable {self.raw.name} has moments that no year has: {self.units}.")
            return np.ma.masked_array(decoded, missing | np.isnat(decoded))
        if self.packed:
            scale = 1.0 if self.scale is None else self.scale
            values = (values * scale + (0.0 if self.offset is None else self.offset)).astype(self.type)
        return np.ma.masked_array(values.astype(self.type, copy=False), missing)

    def _as_kept(self, fill: Any) -> Any:  # noqa: ANN401
        """The value for nothing; of what is kept with a sign and meant without one, it has one too."""
        kept = fill.astype(self.raw.dtype.newbyteorder("=")) if self.kind != "b" else fill
        return kept.view(self.dtype) if self.kind in "iu" else kept


def _ranges(data: Any) -> dict[str, str]:  # noqa: ANN401
    """From where to where each dimension goes, by the values that it has in the file."""
    found: dict[str, str] = {}
    for name, raw in data.coords.items():
        if raw.ndim == 1 and raw.size and raw.dtype.kind in "iufSUO":
            one = _Variable(raw)
            first, last = (str(one.read(slice(at, at + 1))[0]) for at in (0, raw.size - 1))
            found[_name(str(name))] = f"{first} to {last} {'' if one.moments else one.units}".strip()
    return found


def _text(value: Any) -> str:  # noqa: ANN401
    return value.decode("utf-8", "replace").rstrip("\0") if isinstance(value, bytes) else str(value)


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
                arrays = [_arrow(column, field.type) for column, field in zip(columns, schema, strict=True)]
                writer.write_table(pa.Table.from_arrays(arrays, schema=schema))

            yield write

    return writing()


def _arrow(column: Any, kind: Any) -> Any:  # noqa: ANN401
    import numpy as np
    import pyarrow as pa

    values = np.ma.getdata(column)
    values = values.astype(values.dtype.newbyteorder("="), copy=False)
    mask = np.ma.getmaskarray(column) if isinstance(column, np.ma.MaskedArray) else None
    return pa.array(values, kind, mask=mask)


def _name(text: str) -> str:
    """A name that a column may have."""
    import re

    return re.sub(r"\W+", "_", text).strip("_")[:60] or "value"
