"""What an annotation asks for: in words, and as a conversion from text or JSON (the table of runtime/arguments.py)."""

import collections.abc
import datetime as dt
import decimal
import enum
import inspect
import json
import types
import typing
import uuid
from collections.abc import Callable
from typing import Annotated, Any, ForwardRef, Literal, NamedTuple, Union, get_args, get_origin

from headrace.runtime import geography
from headrace.runtime.fused import types as fused_types

Convert = Callable[[Any], Any]


class Wanted(NamedTuple):
    """What a parameter wants.

    `single` is false where several texts make one value; `tile(z, x, y)` is what a tile is for it, if it can be one.
    """

    words: str
    convert: Convert
    single: bool = True
    tile: Callable[[int, int, int], Any] | None = None


def resolved(annotation: Any, namespace: dict[str, Any]) -> Any:
    """What text means there, or by the names that everyone gives the standard library's types.

    Text that means nothing yet, as its import is inside the function, stays text.
    """
    if isinstance(annotation, ForwardRef):
        annotation = annotation.__forward_arg__
    if not isinstance(annotation, str):
        return annotation
    for known in (namespace, _USUAL | namespace):
        try:
            return eval(annotation, known)  # noqa: S307 - the udf's own text, where its own code runs
        except Exception:  # noqa: BLE001, S112 - the text is user code and may raise anything
            continue
    return annotation


def is_of_the_module(annotation: Any, module: str | None) -> bool:
    """Whether a class of that module is part of the annotation."""
    if any(is_of_the_module(part, module) for part in get_args(annotation)):
        return True
    return isinstance(annotation, type) and annotation.__module__ == module


def wanted(annotation: Any) -> Wanted | None:
    """What the annotation asks for; None leaves values alone."""
    if annotation is None or annotation is inspect.Parameter.empty:
        return None
    origin, options = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return wanted(options[0])
    if origin in (Union, types.UnionType):
        some = [option for option in options if option is not type(None)]
        return wanted(some[0]) if len(some) == 1 else None
    if origin is Literal:
        return Wanted(f"one of {', '.join(map(repr, options))}", lambda value: _one_of(value, options))
    plain = origin or getattr(annotation, "__supertype__", annotation)
    if isinstance(plain, ForwardRef):
        plain = plain.__forward_arg__
    if isinstance(plain, str):
        return _of_text(plain)
    if not isinstance(plain, type):
        return None
    if plain in _PLAIN:
        return _PLAIN[plain]
    if issubclass(plain, enum.Enum):
        return Wanted(f"one of {', '.join(str(m.value) for m in plain)}", lambda value: _member(plain, value))
    return _GEOGRAPHIC.get(f"{plain.__module__.partition('.')[0]}.{plain.__name__}") or _geometry(plain)


def _of_text(annotation: str) -> Wanted | None:
    """Annotations that could not be resolved, because what they name is imported inside the function."""
    if "GeoDataFrame" in annotation:
        return _GEOGRAPHIC["geopandas.GeoDataFrame"]
    if "DataFrame" in annotation:
        return _GEOGRAPHIC["pandas.DataFrame"]
    text = annotation.replace(" ", "").removesuffix("|None").removeprefix("None|")
    name = text.removeprefix("typing.").removeprefix("Optional[").removesuffix("]").rpartition(".")[2]
    return next((_PLAIN[kind] for kind in _PLAIN if kind.__name__ == name), None)


def _geometry(kind: type) -> Wanted | None:
    if kind.__module__.partition(".")[0] != "shapely":
        return None
    box = geography.tile_box if kind.__name__ in ("Polygon", "Geometry", "BaseGeometry") else None
    return Wanted(f"a {kind.__name__} as WKT or GeoJSON", lambda value: geography.geometry(value, kind), tile=box)


def _int(value: Any) -> int:
    return int(value, 10) if isinstance(value, str) else int(value)


def _bool(value: Any) -> bool:
    return value.lower() not in ("false", "") if isinstance(value, str) else bool(value)


def _list(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(v, str) for v in value):
        return [_scalar(v) for v in value]  # a name given several times in a URL
    return _json(value, list | tuple)


def _dict(value: Any) -> Any:
    return _json(value, dict)


def _json(value: Any, kind: Any = object) -> Any:
    read = json.loads(value) if isinstance(value, str) else value
    if not isinstance(read, kind):
        raise TypeError("another kind of JSON")
    return read


def _scalar(text: str) -> Any:
    """A number, true, false or null as JSON reads it, any other text as it is."""
    try:
        read = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(read, str | list | dict) else read


def _tuple(value: Any) -> tuple[Any, ...]:
    return tuple(_list(value))


def _datetime(value: Any) -> dt.datetime:
    if isinstance(value, dt.datetime):
        return value
    seconds = _seconds(value)
    return dt.datetime.fromisoformat(value) if seconds is None else dt.datetime.fromtimestamp(seconds, dt.UTC)


def _date(value: Any) -> dt.date:
    seconds = _seconds(value)
    if seconds is not None:
        return dt.datetime.fromtimestamp(seconds, dt.UTC).date()
    return dt.date.fromisoformat(value) if len(value) <= 10 else dt.datetime.fromisoformat(value).date()


def _time(value: Any) -> dt.time:
    seconds = _seconds(value)
    return dt.time.fromisoformat(value) if seconds is None else dt.datetime.fromtimestamp(seconds, dt.UTC).timetz()


def _seconds(value: Any) -> float | None:
    """Seconds since 1970 where the value is a number, or text of digits and dots alone."""
    if isinstance(value, int | float):
        return float(value)
    if not isinstance(value, str):
        raise TypeError("neither text nor a number")
    return float(value) if value and not value.strip("0123456789.") else None


def _decimal(value: Any) -> decimal.Decimal:
    return decimal.Decimal(str(value))


def _uuid(value: Any) -> uuid.UUID:
    return value if isinstance(value, uuid.UUID) else uuid.UUID(value)


def _one_of(value: Any, options: tuple[Any, ...]) -> Any:
    for option in options:
        if (type(value) is type(option) and value == option) or (isinstance(value, str) and value == str(option)):
            return option
    raise ValueError("none of them")


def _member(kind: type[enum.Enum], value: Any) -> enum.Enum:
    for member in kind:
        if value in (member.value, member.name, str(member.value)):
            return member
    raise ValueError("none of them")


# What annotations mean although these names are imported inside the function, or not at all.
_USUAL: dict[str, Any] = {name: getattr(typing, name) for name in typing.__all__} | {
    "typing": typing,
    "UUID": uuid.UUID,
    "uuid": uuid,
    "Decimal": decimal.Decimal,
    "decimal": decimal,
}
_LIST = Wanted("a JSON list", _list, single=False, tile=geography.tile_list)
_DICT = Wanted("a JSON object", _dict)
_AREA = "west, south, east and north in degrees, as a JSON list or GeoJSON"
_TILE = "a tile, as GeoJSON or a JSON list of bounds"
_PLAIN: dict[type, Wanted] = {
    str: Wanted("text", str),
    int: Wanted("an integer", _int),
    float: Wanted("a number", float),
    bool: Wanted("true or false", _bool),
    list: _LIST,
    dict: _DICT,
    tuple: Wanted("a JSON list", _tuple, single=False, tile=geography.tile_bounds),
    collections.abc.Sequence: _LIST,
    collections.abc.Iterable: Wanted("JSON", _json, single=False, tile=geography.tile_list),
    collections.abc.Mapping: _DICT,
    dt.datetime: Wanted("a date and time (ISO 8601, or seconds since 1970)", _datetime),
    dt.date: Wanted("a date (YYYY-MM-DD, or seconds since 1970)", _date),
    dt.time: Wanted("a time (HH:MM:SS, or seconds since 1970)", _time),
    uuid.UUID: Wanted("a UUID", _uuid),
    decimal.Decimal: Wanted("a decimal number", _decimal),
    fused_types.Bounds: Wanted(_AREA, geography.bounds, single=False, tile=geography.tile_list),
    fused_types.Bbox: Wanted(_AREA, geography.box, single=False, tile=geography.tile_box),
    fused_types.Tile: Wanted(_TILE, geography.tile, single=False, tile=geography.tile_frame),
    fused_types.TileGDF: Wanted(_TILE, geography.tile, single=False, tile=geography.tile_frame),
    fused_types.ViewportGDF: Wanted(
        "an area, as GeoJSON or a JSON list of bounds", geography.viewport, single=False, tile=geography.tile_viewport
    ),
    fused_types.TileXYZ: Wanted(
        "x, y and z of a tile, as a JSON list", geography.tile_xyz, single=False, tile=geography.tile_address
    ),
}
_GEOGRAPHIC: dict[str, Wanted] = {
    "geopandas.GeoDataFrame": Wanted(
        "GeoJSON, a JSON list of bounds, or GeoParquet in base64",
        geography.frame,
        single=False,
        tile=geography.tile_frame,
    ),
    "pandas.DataFrame": Wanted("JSON records, or Parquet in base64", geography.table, tile=geography.tile_frame),
}
