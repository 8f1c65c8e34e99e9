"""The program `query` of workers: a kept statement, with the values that a call gives for its names."""

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from headrace.model import statement
from headrace.model.query import Job
from headrace.model.statement import Input, Saved
from headrace.runtime import arguments, statements
from headrace.runtime._annotations import Wanted, wanted
from headrace.runtime.arguments import FIRST, ArgumentError
from headrace.runtime.sink import Sink

TYPES: dict[str, Any] = {
    "text": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "date": dt.date,
    "datetime": dt.datetime,
    "time": dt.time,
}

Tile = tuple[int, int, int]  # z, x, y


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What the program is given."""

    job: Job
    saved: Saved
    given: dict[str, Any] = {}  # text from a URL, or JSON values
    tile: Tile | None = None


def run(given: dict[str, Any], sink: Sink, formats: Sequence[str]) -> Any:  # noqa: ANN401 - formats' Encoded
    """Run the statement and write its rows. Raises Invalid, ArgumentError."""
    kept = msgspec.convert(given, Kept)
    query = kept.job.query
    values = bind(kept)
    text, order = statement.bound(query.text, query.dialect, values.keys())
    bound = msgspec.structs.replace(query, text=text, parameters=[values[name] for name in order])
    return statements.answer(msgspec.structs.replace(kept.job, query=bound), sink, formats, kept.tile)


def bind(kept: Kept) -> dict[str, Any]:
    """A value for each name in the statement, as it was declared. Raises ArgumentError."""
    inputs = {one.name: one for one in kept.saved.inputs}
    given = kept.given
    if FIRST in given and inputs:
        given = {next(iter(inputs)): given[FIRST], **given}
    if kept.tile is not None:
        given = {**given, **dict(zip(statement.TILE, kept.tile, strict=True))}
    values: dict[str, Any] = {}
    for name in statement.names_in(kept.job.query.text, kept.job.query.dialect):
        declared = inputs.get(name) or Input(name=name, kind="integer")
        if name not in given:
            _refuse_missing(declared, kept)
        values[name] = arguments.coerce(name, given[name], _wanted(declared))
    return values


def _wanted(declared: Input) -> Wanted | None:
    if declared.kind == "choice":
        return wanted(Literal[tuple(declared.choices)])
    if declared.kind == "json":
        return Wanted(declared.words, _json, single=False)
    return wanted(TYPES[declared.kind])


def _json(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """JSON, or the texts of a name that a URL gives several times, each of them JSON or itself."""
    if isinstance(value, list):
        return [_scalar(one) if isinstance(one, str) else one for one in value]
    return json.loads(value) if isinstance(value, str) else value


def _scalar(text: str) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return json.loads(text)
    except ValueError:
        return text


def _refuse_missing(missing: Input, kept: Kept) -> None:
    if missing.name in statement.TILE and missing.name not in {one.name for one in kept.saved.inputs}:
        message = f"The statement takes {missing.name} of a map tile; ask for it at .../tiles/{{z}}/{{x}}/{{y}}."
    else:
        takes = ", ".join(f"{one.name} ({one.words})" for one in kept.saved.inputs)
        message = f"The parameter {missing.name} is missing; the query takes {takes}."
    raise ArgumentError(missing.name, message, kind="TypeError")
