"""Values of statements, and the queries that are kept under a name."""

import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

import msgspec

from headrace.errors import Invalid
from headrace.model import statement
from headrace.model.statement import Dialect, Saved

Record = dict[str, Any]
KINDS: dict[Any, statement.Kind] = {
    str: "text",
    int: "integer",
    float: "number",
    bool: "boolean",
    dt.date: "date",
    dt.datetime: "datetime",
    dt.time: "time",
    list: "json",
    tuple: "json",
    dict: "json",
}


def object_of(
    name: str, query: str, parameters: Mapping[str, Any], dialect: Dialect, cache_max_age: str | int | None
) -> Record:
    """What is sent to keep a query. Raises Invalid with what is wrong with it."""
    inputs, defaults = declared(parameters)
    said = Saved(dialect=dialect, inputs=inputs)
    statement.check(query, said, defaults)
    body: Record = {
        "type": "geopandas_v2",
        "name": name,
        "code": query,
        "entrypoint": statement.ENTRYPOINT,
        "headers": [],
        "parameters": defaults,
        "metadata": {statement.SQL: msgspec.to_builtins(said)},
    }
    if cache_max_age is not None:
        from headrace.model import duration

        body["cache_max_age"] = duration.seconds(cache_max_age)
    return body


def declared(parameters: Mapping[str, Any]) -> tuple[list[statement.Input], Record]:
    """What a saved query takes, and its defaults, of types and values by name. Raises Invalid."""
    inputs: list[statement.Input] = []
    defaults: Record = {}
    for name, said in parameters.items():
        options: list[Any] = list(get_args(said)) if get_origin(said) is Literal else []
        if isinstance(said, type) and issubclass(said, enum.Enum):
            options = [member.value for member in list(said)]
        if options:
            inputs.append(statement.Input(name=name, kind="choice", choices=options))
            continue
        kind = KINDS.get(get_origin(said) or said) if _is_type(said) else KINDS.get(type(said))
        if kind is None:
            known = ", ".join(one.__name__ for one in KINDS)
            raise Invalid(f"{name} is declared as {said!r}; it wants {known}, a Literal, an Enum or a default value.")
        inputs.append(statement.Input(name=name, kind=kind))
        if not _is_type(said):
            defaults[name] = plain(said)
    return inputs, defaults


def _is_type(said: Any) -> bool:  # noqa: ANN401
    return isinstance(said, type) or get_origin(said) is not None


def bound(query: str, dialect: Dialect, parameters: Mapping[str, Any] | Sequence[Any] | None) -> tuple[str, list[Any]]:
    """A statement with a `?` for each of its names, and their values in that order. Raises Invalid."""
    if parameters is None or not isinstance(parameters, Mapping):
        return query, [plain(value) for value in parameters or ()]
    missing = [name for name in statement.names_in(query, dialect) if name not in parameters]
    if missing:
        raise Invalid(
            f"The statement takes {', '.join(f':{name}' for name in missing)}; `parameters` has no such name."
        )
    text, order = statement.bound(query, dialect, parameters.keys())
    if unused := [name for name in parameters if name not in order]:
        raise Invalid(f"The statement has no {', '.join(f':{name}' for name in unused)}.")
    return text, [plain(parameters[name]) for name in order]


def plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """A value as it is sent. Raises Invalid for what is none of SQL."""
    try:
        return msgspec.to_builtins(value, enc_hook=_foreign, str_keys=True)
    except TypeError as wrong:
        raise Invalid(f"A {type(value).__name__} cannot be sent as a value of SQL; send numbers or text.") from wrong


def _foreign(value: Any) -> Any:  # noqa: ANN401
    if hasattr(value, "tolist"):  # of numpy
        return value.tolist()
    if hasattr(value, "isoformat"):  # of pandas
        return value.isoformat()
    raise TypeError
