"""Geometries in an Arrow table: where they are, and in which coordinates.

Three marks are known: GeoArrow's extension types, in the metadata of a field (GDAL, DuckDB) or as types; and what
GeoParquet says in the metadata of the schema.
"""

from typing import Any

import msgspec

GEO = b"geo"
TYPE, ABOUT = b"ARROW:extension:name", b"ARROW:extension:metadata"
PANDAS = b"pandas"
WKB = ("geoarrow.wkb", "ogc.wkb")


def has_geometry(table: Any) -> bool:
    """Whether the table says that it holds geometries."""
    columns = _columns(table.schema.metadata or {})
    return any(_is_marked(field) or field.name in columns for field in table.schema)


def geometry(table: Any) -> tuple[int, Any] | None:
    """The number of the one column of geometries, and its CRS as the table says it; None is WGS 84.

    None where there is none or more than one, it is not WKB, or the table has something else that a frame only shows.
    """
    import pyarrow as pa

    names = table.column_names
    if len(set(names)) < len(names) or _has_index((table.schema.metadata or {}).get(PANDAS)):
        return None
    marks = _marked(table)
    if len(marks) != 1:
        return None
    ((place, (type_, about)),) = marks.items()
    stored = table.schema.field(place).type
    if type_ not in WKB or not (pa.types.is_binary(stored) or pa.types.is_large_binary(stored)):
        return None
    return place, about.get("crs")


def to_frame(table: Any) -> Any:
    """A GeoDataFrame of the table."""
    import geopandas

    for place, (type_, about) in _marked(table).items():
        field = table.schema.field(place)
        if isinstance(field.type, _extension()):
            continue
        own = {TYPE: "geoarrow.wkb" if type_ in WKB else type_, ABOUT: msgspec.json.encode(about)}
        table = table.set_column(place, field.with_metadata({**(field.metadata or {}), **own}), table.column(place))
    return geopandas.GeoDataFrame.from_arrow(table)


def _marked(table: Any) -> dict[int, tuple[str, dict[str, Any]]]:
    """The columns of geometries: of each the type of GeoArrow, and what is said about it."""
    found: dict[int, tuple[str, dict[str, Any]]] = {}
    columns = _columns(table.schema.metadata or {})
    for place, field in enumerate(table.schema):
        own = field.metadata or {}
        if _is_marked(field):
            told = own.get(ABOUT) or (
                field.type.__arrow_ext_serialize__() if isinstance(field.type, _extension()) else b""
            )
            found[place] = _type(field), _object(told)
        elif field.name in columns and not isinstance(field.type, _extension()):
            about = columns[field.name]
            encoding = str(about.get("encoding", "WKB"))
            crs = about.get("crs", "OGC:CRS84")  # the rule of GeoParquet where nothing is said
            found[place] = f"geoarrow.{encoding.lower()}", {} if crs is None else {"crs": crs}
    return found


def _is_marked(field: Any) -> bool:
    """Whether a column holds geometries, as GDAL and DuckDB mark them (GeoArrow's extension types)."""
    return _type(field).startswith(("geoarrow.", *WKB))


def _type(field: Any) -> str:
    return (field.metadata or {}).get(TYPE, b"").decode() or getattr(field.type, "extension_name", "")


def _columns(metadata: dict[bytes, bytes]) -> dict[str, dict[str, Any]]:
    """What GeoParquet says of each column."""
    columns = _object(metadata.get(GEO, b"")).get("columns")
    return {k: v for k, v in columns.items() if isinstance(v, dict)} if isinstance(columns, dict) else {}


def _object(text: bytes) -> dict[str, Any]:
    """A JSON object; an empty one where it is none."""
    try:
        value = msgspec.json.decode(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _extension() -> type:
    import pyarrow as pa

    return pa.BaseExtensionType


def _has_index(pandas: bytes | None) -> bool:
    """Whether pandas would make columns the index, which then may be the ids."""
    if pandas is None:
        return False
    try:
        return any(type(level) is str for level in msgspec.json.decode(pandas)["index_columns"])
    except (ValueError, KeyError, TypeError):
        return True


_codes: dict[bytes, int | None] = {}


def code(crs: Any) -> int | None:
    """4326 for longitude and latitude, else the number that EPSG has for it, if any.

    Reading a CRS takes as long as writing a small tile.
    """
    if crs is None:
        return 4326
    key = msgspec.json.encode(crs)
    if key not in _codes:
        import pyproj

        if len(_codes) > 100:
            _codes.clear()
        read = pyproj.CRS.from_user_input(crs)
        _codes[key] = 4326 if read == "OGC:CRS84" else read.to_epsg()
    return _codes[key]
