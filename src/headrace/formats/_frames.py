"""A frame as an Arrow table, or column by column, for the formats that write tables."""

# Libraries make many of their functions at import, where no checker sees them.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Callable, Iterator
from typing import Any

WHOLE_SECONDS = "%Y-%m-%dT%H:%M:%S"
LARGE = 20_000  # rows from which importing polars (0.3 s, once a worker) is paid back


def to_table(frame: Any) -> Any:
    """An Arrow table with what its readers need to build the same frame again: `pandas` or `geo` metadata.

    Column names that are no text become text. A column of mixed Python objects becomes JSON text.
    """
    import pyarrow as pa

    if isinstance(frame, pa.Table):
        return frame
    frame = with_text_names(frame)
    keep = index_to_keep(frame)
    if is_geographic(frame):
        return pa.table(arrow_made(frame, lambda frame: frame.to_arrow(index=keep)))
    return arrow_made(frame, lambda frame: pa.Table.from_pandas(frame, preserve_index=keep, nthreads=1))


def arrow_made(frame: Any, make: Callable[[Any], Any]) -> Any:
    """What `make` makes of the frame, or where Arrow has no type for a column, of one with that column as text."""
    import pyarrow as pa

    try:
        return make(frame)
    except (pa.ArrowException, TypeError, OverflowError):
        return make(_with_arrow_types(frame))


def flat(frame: Any, keep: Callable[[Any], bool] | None = None) -> Any:
    """An Arrow table of numbers, truth values and text alone, for text formats.

    Categories are decoded, times are ISO 8601, nested values JSON, bytes base64, geometries WKT; of the index only
    named levels stay, as columns. Columns for which `keep` is true stay of the type they are.
    """
    import pyarrow as pa

    table = as_rows(frame)
    columns = [column if keep and keep(column) else flat_column(column) for column in table.columns]
    return pa.table(columns, names=table.column_names)


def as_rows(frame: Any) -> Any:
    """An Arrow table whose rows text formats write; `flat` makes text of a part of it as it does of the whole."""
    import pyarrow as pa

    table = frame if isinstance(frame, pa.Table) else to_table(_without_extensions(with_named_index(frame)))
    return pa.table([_decoded(column) for column in table.columns], names=table.column_names)


def parts_of(table: Any, rows: int) -> Iterator[Any]:
    """The table in parts of at most so many rows, as its writer wants to hold them."""
    return (table.slice(start, rows) for start in range(0, table.num_rows, rows))


def in_one_piece(column: Any) -> Any:
    """An Arrow column as one array, which copies it where it is not one already."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _decoded(column: Any) -> Any:
    import pyarrow as pa

    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


# What a frame is, its type says: a column may have any name, and pandas gives columns out as attributes.


def is_frame(value: Any) -> bool:
    """Whether it is a frame, of those that `_values.py` makes of values."""
    return hasattr(type(value), "columns") and hasattr(type(value), "shape")


def is_arrow(frame: Any) -> bool:
    """Whether it is an Arrow table."""
    return hasattr(type(frame), "column_names")


def is_geographic(frame: Any) -> bool:
    """Whether it is a GeoDataFrame."""
    return hasattr(type(frame), "active_geometry_name")


def has_geometry(frame: Any) -> bool:
    """Whether it is a GeoDataFrame with an active geometry."""
    return is_geographic(frame) and frame.active_geometry_name is not None


def rows_from(frame: Any, start: int, count: int) -> Any:
    """A part of the frame."""
    return frame.slice(start, count) if is_arrow(frame) else frame.iloc[start : start + count]


def is_geometry(column: Any) -> bool:
    """Whether the column of a frame holds geometries."""
    return str(column.dtype) == "geometry"


def is_in_degrees(geometry: Any) -> bool:
    """Whether the geometries are in longitude and latitude (WGS 84), which those without a CRS are taken for."""
    return geometry.crs is None or geometry.crs.to_epsg() == 4326 or geometry.crs == "OGC:CRS84"


def is_default_index(frame: Any) -> bool:
    """Whether the index only counts the rows."""
    import pandas as pd

    return isinstance(frame.index, pd.RangeIndex) and frame.index.name is None


def index_to_keep(frame: Any) -> bool | None:
    """What writers call `index`: one that says something is kept, a default one is metadata alone."""
    return None if is_default_index(frame) else True


def with_text_names(frame: Any) -> Any:
    """The frame with names that are text and unique: levels are joined by `_`, a repeated name gets `.1`, `.2` ..."""
    if all(type(name) is str for name in frame.columns) and frame.columns.is_unique:
        return frame
    texts = ["_".join(map(str, name)) if isinstance(name, tuple) else str(name) for name in frame.columns]
    taken = set(texts)
    names: list[str] = []
    for text in texts:
        name, copy = text, 0
        while name in names or (copy and name in taken):
            copy += 1
            name = f"{text}.{copy}"
        names.append(name)
    geometry = frame.active_geometry_name if is_geographic(frame) else None
    place = list(frame.columns).index(geometry) if geometry is not None else None
    frame = frame.set_axis(names, axis="columns")
    return frame if place is None else frame.set_geometry(names[place])


def without_geometry(frame: Any) -> Any:
    """A GeoDataFrame's other columns, with text names; its index as it was."""
    import pandas as pd

    place = list(frame.columns).index(frame.active_geometry_name)
    named = with_text_names(frame)
    return pd.DataFrame(named).drop(columns=named.columns[place])


def with_named_index(frame: Any) -> Any:
    """The frame with text names, the named levels of its index as its first columns, and no other index."""
    import pandas as pd

    frame = with_text_names(frame)
    if is_default_index(frame):
        return frame
    levels = [
        place for place, name in enumerate(frame.index.names) if name is not None and str(name) not in frame.columns
    ]
    if levels:
        frame = frame.reset_index(level=levels)
        frame = frame.set_axis([*map(str, frame.columns[: len(levels)]), *frame.columns[len(levels) :]], axis="columns")
    return frame if isinstance(frame.index, pd.RangeIndex) else frame.reset_index(drop=True)


def to_json(value: Any) -> str:
    """A nested value as JSON text."""
    from headrace.formats.json import encode_value

    return encode_value(value).decode()


def is_whole_seconds(column: Any) -> bool:
    """Whether an Arrow column holds times without a zone, none with a part of a second."""
    import pyarrow as pa

    if not pa.types.is_timestamp(column.type) or column.type.tz:
        return False
    ticks = {"s": 1, "ms": 1000, "us": 1_000_000, "ns": 1_000_000_000}[column.type.unit]
    return all(not (chunk.cast("int64").fill_null(0).to_numpy() % ticks).any() for chunk in column.chunks)


def iso_times(column: Any) -> Any:
    """An Arrow column of timestamps as text: `2024-01-31T12:30:00`, with 6 or 9 decimals and `+01:00` where due."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if len(column) == 0:
        return pa.chunked_array([], pa.string())
    wall = pc.local_timestamp(column) if column.type.tz else column
    times = wall.to_numpy()
    whole = times.astype("M8[s]")
    is_whole = bool(((times == whole) | np.isnat(times)).all())
    texts = pa.array(np.datetime_as_string(whole if is_whole else times).astype(object), pa.string())
    if not is_whole:
        texts = pc.replace_substring_regex(texts, r"\.0+$", "")
        texts = pc.replace_substring_regex(texts, r"\.(\d{3})$", r".\g<1>000".replace(r"\g<1>", r"\1"))
        texts = pc.replace_substring_regex(texts, r"\.(\d{6})000$", r".\1")
    if column.type.tz:
        utc = column.cast(pa.timestamp(column.type.unit)).to_numpy()
        minutes = np.where(np.isnat(utc), 0, (times - utc).astype("m8[m]").astype(int))
        kinds, which = np.unique(minutes, return_inverse=True)
        offsets = pa.array([f"{'-' if m < 0 else '+'}{abs(m) // 60:02}:{abs(m) % 60:02}" for m in kinds.tolist()])
        texts = pc.binary_join_element_wise(texts, offsets.take(pa.array(which)), "")
    return pa.chunked_array([pc.if_else(pa.array(np.isnat(times)), pa.scalar(None, pa.string()), texts)])


def iso_duration(value: Any) -> str:
    """A timedelta in ISO 8601."""
    import pandas as pd

    return pd.Timedelta(value).isoformat()


def flat_column(column: Any) -> Any:
    """A column of `as_rows`, or of a part of it, as numbers, truth values or text."""
    import base64

    import pyarrow as pa
    import pyarrow.compute as pc

    def by_value(text: Any) -> Any:
        return pa.chunked_array([pa.array([None if v is None else text(v) for v in column.to_pylist()], pa.string())])

    kind = column.type
    if isinstance(kind, pa.UuidType):
        return by_value(str)
    if isinstance(kind, pa.BaseExtensionType):
        return flat_column(column.cast(kind.storage_type))
    if pa.types.is_nested(kind):
        return by_value(to_json)
    if pa.types.is_timestamp(kind):
        return iso_times(column)
    if pa.types.is_duration(kind):
        return by_value(iso_duration)
    if pa.types.is_time(kind):
        return by_value(lambda value: value.isoformat())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return by_value(lambda value: base64.b64encode(value).decode())
    if pa.types.is_date(kind) or pa.types.is_decimal(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.string())
    if pa.types.is_floating(kind):
        column = column.cast(pa.float32()) if pa.types.is_float16(kind) else column
        nan = pc.is_nan(column)
        return pc.if_else(nan, pa.scalar(None, column.type), column) if pc.any(nan).as_py() else column
    return column.cast(pa.string()) if pa.types.is_null(kind) else column


def _without_extensions(frame: Any) -> Any:
    """The frame with geometries as WKT, and with periods and intervals as pandas shows them."""
    import pandas as pd

    def kind(dtype: Any) -> str:
        dtype = dtype.categories.dtype if isinstance(dtype, pd.CategoricalDtype) else dtype
        return str(dtype).partition("[")[0]

    if {"geometry", "period", "interval"}.isdisjoint(map(kind, frame.dtypes)):
        return frame
    named = with_text_names(frame)

    def plain(column: Any) -> Any:
        match kind(column.dtype):
            case "geometry":
                return column.to_wkt()
            case "period" | "interval":
                return column.astype("str").where(column.notna())
            case _:
                return column

    return pd.DataFrame({name: plain(named[name]) for name in named.columns}, index=frame.index)


def _with_arrow_types(frame: Any) -> Any:
    """The frame with columns that Arrow has no type for as numbers where they are some, else as JSON text."""
    import pandas as pd
    import pyarrow as pa

    def simple(column: Any) -> Any:
        if is_geometry(column):
            return column
        if isinstance(column.dtype, pd.SparseDtype):
            column = column.sparse.to_dense()
        if column.dtype.kind == "f" and column.dtype.itemsize > 8:
            return column.astype(float)
        try:
            pa.array(column, from_pandas=True)
        except (pa.ArrowException, TypeError, OverflowError):
            missing = column.isna()
            texts = [
                None if gap else v if isinstance(v, str) else to_json(v) for v, gap in zip(column, missing, strict=True)
            ]
            return pd.Series(texts, index=column.index, dtype="str")
        return column

    return frame.assign(**{name: simple(frame[name]) for name in frame.columns})
