"""From text and JSON to what a function's annotations ask for (Fused protocol notes 5.3, 5.4).

    annotation            from text                              from JSON
    none                  the text                               unchanged
    str int float bool    parsed; bool: only `false` and '' are  converted
    list dict Iterable    JSON                                   unchanged
    tuple                 JSON list                              list
    datetime date time    ISO 8601, or seconds since 1970 (UTC)  seconds
    UUID Decimal Enum     their text                             same
    Literal               one of its values                      same
    GeoDataFrame          GeoJSON, or four numbers (EPSG:4326)   same
    DataFrame             JSON records                           records
    shapely geometry      WKT                                    GeoJSON
    Bounds Bbox Tile ...  see runtime/fused/types.py             same

None passes unchanged. `X | None` is X; other unions are left alone, as is any annotation not listed.
"""

import collections.abc
import datetime as dt
import decimal
import enum
import inspect
import json
import types
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Literal, NoReturn, Union, get_args, get_origin, get_type_hints

from headrace.runtime import geography
from headrace.runtime.fused import types as fused_types

SHOWN = 60  # characters of a value in an error


class ArgumentError(Exception):
    """An argument that does not fit its parameter; the text is the sentence for the caller."""

    def __init__(self, parameter: str, message: str, kind: str = "ValueError") -> None:
        self.parameter, self.kind = parameter, kind
        super().__init__(message)


class _Parameters:
    """The parameters of a function, read once per code object."""

    def __init__(self, function: Callable[..., Any]) -> None:
        try:
            hints = get_type_hints(function)
        except Exception:  # noqa: BLE001 - resolving text annotations evaluates user code
            hints = dict(getattr(function, "__annotations__", {}))
        kinds = inspect.Parameter
        parameters = inspect.signature(function).parameters.values()
        self.takes_any = any(p.kind is kinds.VAR_KEYWORD for p in parameters)
        named = [p for p in parameters if p.kind not in (kinds.VAR_KEYWORD, kinds.VAR_POSITIONAL)]
        self.names = tuple(p.name for p in named)
        self.required = tuple(p.name for p in named if p.default is kinds.empty)
        self.positional_only = tuple(p.name for p in named if p.kind is kinds.POSITIONAL_ONLY)
        self.wanted = {p.name: _wanted(hints.get(p.name)) for p in named}
        self.shape = inspect.Signature(named)


_known: dict[types.CodeType, _Parameters] = {}


def bind(
    function: Callable[..., Any], arguments: dict[str, Any], tile: tuple[int, int, int] | None
) -> tuple[list[Any], dict[str, Any]]:
    """Positional and named arguments for a call of the function. Raises ArgumentError.

    Names it does not take are dropped, unless it has `**kwargs`, which gets them as text. A tile (z, x, y) is handed
    to `bounds`, else `bbox` where the caller gave none, else the first parameter.
    """
    code = getattr(function, "__code__", None)
    parameters = _known.get(code) if code else None
    if parameters is None:
        parameters = _Parameters(function)
        if code:
            if len(_known) > 1000:
                _known.clear()
            _known[code] = parameters
    named: dict[str, Any] = {}
    for name, value in arguments.items():
        if name in parameters.wanted:
            named[name] = _coerce(name, value, parameters.wanted[name])
        elif parameters.takes_any:
            named[name] = str(value)
    if tile is not None and (name := _place_of_tile(parameters, named)):
        named[name] = _coerce(name, geography.tile_frame(*tile), parameters.wanted[name])
    for name in parameters.required:
        if name not in named:
            _refuse_missing(name, parameters)
    positional = [named.pop(name) for name in parameters.positional_only if name in named]
    return positional, named


def _place_of_tile(parameters: _Parameters, named: dict[str, Any]) -> str | None:
    if "bounds" in parameters.wanted:
        return "bounds"
    if "bbox" in parameters.wanted and "bbox" not in named:
        return "bbox"
    return parameters.names[0] if parameters.names and parameters.names[0] not in named else None


def _refuse_missing(name: str, parameters: _Parameters) -> NoReturn:
    raise ArgumentError(
        name, f"The parameter {name} is missing; the function takes {parameters.shape}.", kind="TypeError"
    )


Coerce = Callable[[Any], Any]


def _wanted(annotation: Any) -> tuple[str, Coerce] | None:
    """What the annotation asks for, in words, and the conversion; None leaves the value alone."""
    if annotation is None or annotation is inspect.Parameter.empty:
        return None
    origin, options = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        some = [option for option in options if option is not type(None)]
        return _wanted(some[0]) if len(some) == 1 else None
    if origin is Literal:
        return f"one of {', '.join(map(repr, options))}", lambda value: _one_of(value, options)
    plain = origin or annotation
    if isinstance(plain, str):
        return _of_text(plain)
    if not isinstance(plain, type):
        return None
    if plain in _PLAIN:
        return _PLAIN[plain]
    if issubclass(plain, enum.Enum):
        return f"one of {', '.join(str(m.value) for m in plain)}", lambda value: _member(plain, value)
    return _GEOGRAPHIC.get(f"{plain.__module__.split('.')[0]}.{plain.__name__}") or _geometry(plain)


def _coerce(name: str, value: Any, wanted: tuple[str, Coerce] | None) -> Any:
    if value is None or wanted is None:
        return value
    words, convert = wanted
    if isinstance(value, list) and convert in _SINGLE and value and all(isinstance(v, str) for v in value):
        value = value[-1]  # a name given twice in a URL: the last one counts, as in most frameworks
    try:
        return convert(value)
    except (ValueError, TypeError, ArithmeticError, LookupError, RecursionError) as wrong:
        shown = repr(value)
        shown = shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}..."
        raise ArgumentError(name, f"The parameter {name} wants {words} and got {shown}.") from wrong


def _int(value: Any) -> int:
    return int(value, 10) if isinstance(value, str) else int(value)


def _bool(value: Any) -> bool:
    return value.lower() not in ("false", "") if isinstance(value, str) else bool(value)


def _json(kind: type) -> Coerce:
    def convert(value: Any) -> Any:
        if isinstance(value, list) and value and kind is list and all(isinstance(v, str) for v in value):
            return [_scalar(v) for v in value]  # a name given several times in a URL
        read = json.loads(value) if isinstance(value, str) else value
        if (kind is list and not isinstance(read, list | tuple)) or (kind is dict and not isinstance(read, dict)):
            raise ValueError("another kind of JSON")
        return read

    return convert


def _scalar(text: str) -> Any:
    """A number, true, false or null as JSON reads it, any other text as it is."""
    try:
        read = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(read, str | list | dict) else read


def _tuple(value: Any) -> tuple[Any, ...]:
    read = json.loads(value) if isinstance(value, str) else value
    if not isinstance(read, list | tuple):
        raise TypeError("not a list")
    return tuple(read)


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


def _one_of(value: Any, options: tuple[Any, ...]) -> Any:
    for option in options:
        if value == option or (isinstance(value, str) and value == str(option)):
            return option
    raise ValueError("none of them")


def _member(kind: type[enum.Enum], value: Any) -> enum.Enum:
    for member in kind:
        if value in (member.value, member.name, str(member.value)):
            return member
    raise ValueError("none of them")


def _uuid(value: Any) -> uuid.UUID:
    return value if isinstance(value, uuid.UUID) else uuid.UUID(value)


_LIST = ("a JSON list", _json(list))
_DICT = ("a JSON object", _json(dict))
_DATETIME = ("a date and time (ISO 8601, or seconds since 1970)", _datetime)
_DATE = ("a date (YYYY-MM-DD, or seconds since 1970)", _date)
_TIME = ("a time (HH:MM:SS, or seconds since 1970)", _time)
_UUID = ("a UUID", _uuid)
_PLAIN: dict[Any, tuple[str, Coerce]] = {
    str: ("text", str),
    int: ("an integer", _int),
    float: ("a number", float),
    bool: ("true or false", _bool),
    list: _LIST,
    dict: _DICT,
    tuple: ("a JSON list", _tuple),
    collections.abc.Sequence: _LIST,
    collections.abc.Iterable: ("JSON", _json(object)),
    collections.abc.Mapping: _DICT,
    dt.datetime: _DATETIME,
    dt.date: _DATE,
    dt.time: _TIME,
    uuid.UUID: _UUID,
    decimal.Decimal: ("a decimal number", lambda value: decimal.Decimal(str(value))),
    fused_types.Bounds: ("west, south, east and north in degrees, as a JSON list or GeoJSON", geography.bounds),
    fused_types.Bbox: ("west, south, east and north in degrees, as a JSON list or GeoJSON", geography.box),
    fused_types.Tile: ("a tile, as GeoJSON or a JSON list of bounds", geography.tile),
    fused_types.TileGDF: ("a tile, as GeoJSON or a JSON list of bounds", geography.tile),
    fused_types.ViewportGDF: ("an area, as GeoJSON or a JSON list of bounds", geography.viewport),
    fused_types.TileXYZ: ("x, y and z of a tile, as a JSON list", geography.tile_xyz),
}
_GEOGRAPHIC: dict[str, tuple[str, Coerce]] = {
    "geopandas.GeoDataFrame": ("GeoJSON, or a JSON list of bounds", geography.frame),
    "pandas.DataFrame": ("JSON records", geography.table),
}
_SINGLE = {_int, float, _bool, str, _datetime, _date, _time, _uuid}


def _geometry(kind: type) -> tuple[str, Coerce] | None:
    if kind.__module__.partition(".")[0] != "shapely":
        return None
    return f"a {kind.__name__} as WKT or GeoJSON", lambda value: geography.geometry(value, kind)


def _of_text(annotation: str) -> tuple[str, Coerce] | None:
    """Annotations that could not be resolved, because what they name is imported inside the function."""
    name = annotation.replace(" ", "").removesuffix("|None").rpartition(".")[2]
    if "GeoDataFrame" in annotation:
        return _GEOGRAPHIC["geopandas.GeoDataFrame"]
    if "DataFrame" in annotation:
        return _GEOGRAPHIC["pandas.DataFrame"]
    named: Sequence[Any] = [kind for kind in _PLAIN if kind.__name__ == name]
    return _PLAIN[named[0]] if named else None
