"""A frame as an Arrow table, or column by column, for the formats that write tables."""

from typing import Any

LARGE = 20_000  # rows from which importing polars (0.3 s, once a worker) is paid back


def to_table(frame: Any) -> Any:  # noqa: ANN401 - a frame; a pyarrow Table
    """An Arrow table with what its readers need to build the same frame again: `pandas` or `geo` metadata.

    Column names that are no text become text. A column of mixed Python objects becomes JSON text.
    """
    import pyarrow as pa

    if isinstance(frame, pa.Table):
        return frame
    frame = _named(frame)
    if hasattr(frame, "active_geometry_name"):
        frame = frame if frame.active_geometry_name else frame.rename_geometry("geometry")
        return pa.table(frame.to_arrow(index=_index(frame)))
    try:
        return pa.Table.from_pandas(frame, preserve_index=_index(frame), nthreads=1)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        return pa.Table.from_pandas(_objects_as_text(frame), preserve_index=_index(frame), nthreads=1)


def flat(frame: Any) -> Any:  # noqa: ANN401 - a frame; a pyarrow Table
    """An Arrow table of simple columns for text formats: categories decoded, nested values as JSON text, no index
    but a named one, geometries as WKT."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if hasattr(frame, "active_geometry_name"):
        frame = with_text_geometry(frame)
    table = to_table(frame)
    columns = {}
    for place, name in enumerate(table.column_names):
        if name.startswith("__index_level_"):
            continue
        column = table.column(place)
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if pa.types.is_nested(column.type):
            column = pa.chunked_array([pa.array([None if v is None else to_json(v) for v in column.to_pylist()], pa.string())])
        elif pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
            import base64

            texts = [None if v is None else base64.b64encode(v).decode() for v in column.to_pylist()]
            column = pa.chunked_array([pa.array(texts, pa.string())])
        elif pa.types.is_decimal(column.type):
            column = pc.cast(column, pa.string())
        elif pa.types.is_duration(column.type):
            column = pa.chunked_array([pa.array([None if v is None else str(v) for v in column.to_pylist()], pa.string())])
        elif pa.types.is_float16(column.type):
            column = column.cast(pa.float32())
        columns.setdefault(name, []).append(column)
    names = [name for name, same in columns.items() for _ in same]
    return pa.table([column for same in columns.values() for column in same], names=names) if names else table.select([])


def with_text_geometry(frame: Any) -> Any:  # noqa: ANN401 - GeoDataFrame -> DataFrame
    """Geometries as WKT."""
    import pandas as pd

    return pd.DataFrame({name: frame[name].to_wkt() if _is_geometry(frame[name]) else frame[name] for name in frame.columns})


def to_json(value: Any) -> str:  # noqa: ANN401
    """A nested value as JSON text."""
    import msgspec

    from headrace.formats.json import plain

    return msgspec.json.encode(value, enc_hook=plain).decode()


def _is_geometry(column: Any) -> bool:  # noqa: ANN401
    return str(column.dtype) == "geometry"


def _index(frame: Any) -> bool | None:  # noqa: ANN401
    """Keep an index that says something; a default one is kept as metadata alone."""
    import pandas as pd

    if isinstance(frame.index, pd.RangeIndex) and frame.index.name is None:
        return None
    return True


def _named(frame: Any) -> Any:  # noqa: ANN401
    if all(isinstance(name, str) for name in frame.columns) and frame.columns.is_unique:
        return frame
    names: list[str] = []
    for name in frame.columns:
        text = "_".join(str(part) for part in name) if isinstance(name, tuple) else str(name)
        copies = sum(known == text or known.rpartition(".")[0] == text for known in names)
        names.append(f"{text}.{copies}" if copies else text)
    frame = frame.copy(deep=False)
    geometry = getattr(frame, "active_geometry_name", None)
    place = list(frame.columns).index(geometry) if geometry is not None else None
    frame.columns = names
    return frame if place is None else frame.set_geometry(names[place])


def _objects_as_text(frame: Any) -> Any:  # noqa: ANN401
    import pandas as pd
    import pyarrow as pa

    def simple(column: Any) -> Any:  # noqa: ANN401
        if column.dtype != object:
            return column
        try:
            pa.array(column, from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
            return column.map(lambda v: None if v is None or v is pd.NA else v if isinstance(v, str) else to_json(v))
        return column

    return frame.apply(simple)
