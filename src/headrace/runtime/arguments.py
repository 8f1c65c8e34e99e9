"""From text and JSON to what a function's annotations ask for (Fused protocol notes 5.3, 5.4).

    annotation            from text                              from JSON
    none                  the text                               unchanged
    str int float bool    parsed; bool: only `false` and '' are  converted
    list dict Iterable    JSON                                   unchanged
    tuple                 JSON list                              list
    datetime date time    ISO 8601, or seconds since 1970 (UTC)  seconds
    UUID Decimal Enum     their text                             same
    Literal               one of its values                      same
    GeoDataFrame          GeoJSON, four numbers (EPSG:4326), or  same
                          GeoParquet in base64
    DataFrame             JSON records, or Parquet in base64     records
    shapely geometry      WKT                                    GeoJSON
    Bounds Bbox Tile ...  see runtime/fused/types.py             same

None passes unchanged. `X | None` is X; other unions are left alone, as is any annotation not listed. A name that a URL
gives several times arrives as a list of texts: a list parameter gets them all, those that JSON reads as a number, true,
false or null as that; any other gets the last.

The value of the empty name goes to the first parameter, unless that is given: bodies carry their frame so (4.2).

A tile (z, x, y) goes to the parameter `bounds`, else to `bbox` where the caller gave none, else to the first one, if
that is of a kind that can be a place, and a warning to stderr.
"""

import inspect
import sys
import types
from collections.abc import Callable
from typing import Any, NoReturn

from headrace.runtime import geography
from headrace.runtime._annotations import Wanted, is_of_the_module, resolved, wanted

SHOWN = 60  # characters of a value in an error
FIRST = ""  # the name of the value that is for the first parameter, whatever its name
KEPT = 1000  # functions whose parameters are remembered

Tile = tuple[int, int, int]  # z, x, y


class ArgumentError(Exception):
    """An argument that does not fit its parameter; the text is the sentence for the caller."""

    def __init__(self, parameter: str, message: str, kind: str = "ValueError") -> None:
        self.parameter, self.kind = parameter, kind
        super().__init__(message)


def bind(
    function: Callable[..., Any], arguments: dict[str, Any], tile: Tile | None
) -> tuple[list[Any], dict[str, Any]]:
    """Positional and named arguments for a call of the function. Raises ArgumentError.

    Names it does not take are dropped, unless it has `**kwargs`, which gets them as text.
    """
    parameters = _parameters(function)
    named: dict[str, Any] = {}
    if FIRST in arguments:
        arguments = _with_first(parameters, arguments)
    place = None if tile is None else _place_of_tile(parameters, arguments)
    for name, value in arguments.items():
        if name in parameters.wanted:
            if name != place:
                named[name] = coerce(name, value, parameters.wanted[name])
        elif parameters.takes_any:
            named[name] = None if value is None else str(value)
    if tile is not None and place is not None:
        named[place] = _tile(place, tile, parameters.wanted[place])
    for name in parameters.required:
        if name not in named:
            _refuse_missing(name, parameters)
    return _positional(parameters, named) if parameters.positional_only else [], named


class _Parameters:
    """The parameters of a function."""

    def __init__(self, function: Callable[..., Any]) -> None:
        inner = inspect.unwrap(function)
        self.code: types.CodeType | None = getattr(inner, "__code__", None)
        self.annotations: dict[str, Any] = dict(getattr(inner, "__annotations__", {}))
        self.defaults = _defaults(inner)
        namespace = getattr(inner, "__globals__", {})
        hints = {name: resolved(annotation, namespace) for name, annotation in self.annotations.items()}
        kinds = inspect.Parameter
        parameters = inspect.signature(function).parameters.values()
        self.takes_any = any(p.kind is kinds.VAR_KEYWORD for p in parameters)
        named = [p for p in parameters if p.kind not in (kinds.VAR_KEYWORD, kinds.VAR_POSITIONAL)]
        self.first = next((p.name for p in named if p.kind is not kinds.KEYWORD_ONLY), None)
        self.required = tuple(p.name for p in named if p.default is kinds.empty)
        self.positional_only = tuple((p.name, p.default) for p in named if p.kind is kinds.POSITIONAL_ONLY)
        self.wanted = {p.name: wanted(hints.get(p.name)) for p in named}
        self.shape = inspect.Signature(named)
        # Text that names a class of the udf's own module means another class each time the module is executed.
        own = getattr(inner, "__module__", None)
        self.stable = not any(
            isinstance(a, str) and is_of_the_module(hints[n], own) for n, a in self.annotations.items()
        )


_known: dict[int, _Parameters] = {}


def _parameters(function: Callable[..., Any]) -> _Parameters:
    """Those of the function, remembered by its code object: equal code may still have other annotations."""
    inner = inspect.unwrap(function)
    code = getattr(inner, "__code__", None)
    known = _known.get(id(code))
    if (
        known
        and known.code is code
        and known.annotations == inner.__annotations__
        and known.defaults == _defaults(inner)
    ):
        return known
    parameters = _Parameters(function)
    if code is not None and parameters.stable:
        if len(_known) >= KEPT:
            _known.clear()
        _known[id(code)] = parameters
    return parameters


def _defaults(function: Any) -> tuple[int, int]:
    return len(getattr(function, "__defaults__", None) or ()), len(getattr(function, "__kwdefaults__", None) or ())


def coerce(name: str, value: Any, want: Wanted | None) -> Any:
    """The value as its parameter wants it. Raises ArgumentError."""
    if value is None or want is None:
        return value
    if want.single and type(value) is list and value and all(type(v) is str for v in value):
        value = value[-1]
    try:
        return want.convert(value)
    except (ValueError, TypeError, ArithmeticError, LookupError, AttributeError, OSError, RecursionError) as wrong:
        shown = repr(value)
        shown = shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}..."
        raise ArgumentError(name, f"The parameter {name} wants {want.words} and got {shown}.") from wrong


def _with_first(parameters: _Parameters, arguments: dict[str, Any]) -> dict[str, Any]:
    rest = {name: value for name, value in arguments.items() if name != FIRST}
    first = parameters.first
    if first is None or rest.get(first) is not None:
        return rest
    value = arguments[FIRST]
    return rest | {first: geography.any_frame(value) if parameters.wanted[first] is None else value}


def _place_of_tile(parameters: _Parameters, arguments: dict[str, Any]) -> str | None:
    if "bounds" in parameters.wanted:
        return "bounds"
    if "bbox" in parameters.wanted and arguments.get("bbox") is None:
        return "bbox"
    first = parameters.first
    if first is None or first in arguments:
        return None
    want = parameters.wanted[first]
    if want is not None and want.tile is None:
        return None
    sys.stderr.write(f"The tile went to the parameter {first}; call it bounds, so that it is no guess.\n")
    return first


def _tile(name: str, tile: Tile, want: Wanted | None) -> Any:
    if want is None:
        return geography.tile_frame(*tile)
    if want.tile is None:
        z, x, y = tile
        raise ArgumentError(name, f"The parameter {name} wants {want.words} and got the tile {z}/{x}/{y}.")
    return want.tile(*tile)


def _positional(parameters: _Parameters, named: dict[str, Any]) -> list[Any]:
    """Those that go by place alone, taken out of the named ones; the defaults of earlier ones fill the gaps."""
    given = [place for place, (name, _) in enumerate(parameters.positional_only) if name in named]
    count = given[-1] + 1 if given else 0
    return [named.pop(name, default) for name, default in parameters.positional_only[:count]]


def _refuse_missing(name: str, parameters: _Parameters) -> NoReturn:
    raise ArgumentError(
        name, f"The parameter {name} is missing; the function takes {parameters.shape}.", kind="TypeError"
    )
