"""What a udf says of itself: its docstring and its parameters, read in a worker from the function that its code makes.

The server never parses user code. What comes back is plain values that are bounded in number and length.
"""

import datetime as dt
import enum
import inspect
import json
import types
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from headrace.runtime._annotations import resolved, wanted

MOST = 100  # parameters, and choices of one
DOC = 20_000  # characters
LINE = 2_000

KINDS: dict[Any, str] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    list: "json",
    dict: "json",
    tuple: "json",
    dt.datetime: "datetime",
    dt.date: "date",
    dt.time: "time",
}
PLACES = ("bounds", "bbox")  # the parameters that a tile goes to whatever they are annotated with


def describe(entrypoint: str, namespace: Mapping[str, Any]) -> dict[str, Any]:
    """The function of that name in a module's namespace. Raises NameError where it is none.

    `doc` is its docstring; `parameters` a list with `name`, `annotation` as written, `wants` in words, `kind` (text,
    integer, number, boolean, choice, date, datetime, time, json), `choices`, `required`, `default` as a URL would say
    it and `shown`, as Python would; `place` the parameter that a map tile goes to, or None; `open`, whether it takes
    any other name.
    """
    marked = namespace.get(entrypoint)
    function = getattr(marked, "function", marked)
    if not callable(function):
        raise NameError(f"name {entrypoint!r} is not defined as a function in the code")  # noqa: TRY004 - as a call says
    given = getattr(marked, "parameters", None)
    inner = inspect.unwrap(function)
    signature = inspect.signature(inner)
    hints = {
        name: resolved(p.annotation, getattr(inner, "__globals__", {})) for name, p in signature.parameters.items()
    }
    kinds = inspect.Parameter
    named = [p for p in signature.parameters.values() if p.kind not in (kinds.VAR_POSITIONAL, kinds.VAR_KEYWORD)]
    return {
        "doc": _text(inspect.getdoc(inner) or "", DOC),
        "parameters": [_parameter(p, hints[p.name], given if isinstance(given, dict) else {}) for p in named[:MOST]],
        "place": _place(named, hints),
        "open": any(p.kind is kinds.VAR_KEYWORD for p in signature.parameters.values()),
    }


def _parameter(parameter: inspect.Parameter, hint: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    default = given.get(parameter.name, parameter.default)
    want = None if hint is inspect.Parameter.empty else wanted(hint)
    kind, choices = _kind(hint)
    empty = default is inspect.Parameter.empty
    return {
        "name": _text(parameter.name),
        "annotation": "" if hint is inspect.Parameter.empty else _shown(_written, hint),
        "wants": _text(want.words) if want else "",
        "kind": kind,
        "choices": choices,
        "required": empty,
        "default": None if empty else _in_a_url(default),
        "shown": None if empty else _shown(repr, default),
    }


def _kind(hint: Any) -> tuple[str, list[str]]:
    """What to enter, and what to choose from."""
    origin, options = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _kind(options[0])
    if origin in (Union, types.UnionType):
        some = [option for option in options if option is not type(None)]
        return _kind(some[0]) if len(some) == 1 else ("text", [])
    if origin is Literal:
        return "choice", [_text(str(option)) for option in options[:MOST]]
    plain = origin or hint
    if isinstance(plain, type) and issubclass(plain, enum.Enum):
        return "choice", [_text(str(member.value)) for member in list(plain)[:MOST]]
    found: str | None = KINDS.get(plain) if isinstance(plain, type) else None
    if found is None and (want := wanted(hint)) is not None and not want.single:
        return "json", []
    return found or "text", []


def _place(named: list[inspect.Parameter], hints: Mapping[str, Any]) -> str | None:
    for name in PLACES:
        if name in hints:
            return name
    if not named or named[0].annotation is inspect.Parameter.empty:
        return None
    want = wanted(hints[named[0].name])
    return named[0].name if want and want.tile and _kind(hints[named[0].name])[0] != "text" else None


def _in_a_url(value: Any) -> str | None:
    """The value as text that means it again, or None where there is none."""
    match value:
        case bool():
            return "true" if value else "false"
        case enum.Enum():
            return _text(str(value.value))
        case str() | int() | float():
            return _text(str(value))
        case dt.date() | dt.time():  # a datetime is a date
            return value.isoformat()
        case list() | tuple() | dict():
            try:
                return _text(json.dumps(value))
            except (TypeError, ValueError, RecursionError):
                return None
        case _:
            return None


def _written(hint: Any) -> str:
    """The annotation as its author wrote it; `fused` is the name that code in a worker knows ours by."""
    return inspect.formatannotation(hint).replace("headrace.runtime.fused.", "fused.").replace("typing.", "")


def _shown(show: Callable[[Any], str], value: Any) -> str:
    try:
        return _text(show(value))
    except Exception:  # noqa: BLE001 - an object's own __repr__ is user code
        return f"<{type(value).__name__}>"


def _text(text: str, most: int = LINE) -> str:
    return str.encode(text, "utf-8", "backslashreplace").decode()[:most]
