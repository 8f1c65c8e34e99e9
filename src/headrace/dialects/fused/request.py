"""What a call asks for, read from a query string or a body (Fused protocol notes 4.2, 4.3)."""

import uuid
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct

from headrace.api.parameters import pairs
from headrace.errors import Invalid, Malformed
from headrace.formats import FORMATS
from headrace.model import duration
from headrace.model.ids import new_run_uid
from headrace.model.job import Function
from headrace.runtime.arguments import FIRST
from headrace.runtime.geography import PARQUET

RESERVED = frozenset(
    {
        "dtype_out_vector",
        "dtype_out_raster",
        "dtype_in",
        "format",
        "cache_max_age",
        "cache",
        "profile",
        "fused_cache_disable_stream",
        "fused_session_token",
    }
)

AT_ONCE = 256  # elements of an input

# Where nothing was asked for: what a program, a person's browser and a map most likely want.
FOR_PROGRAMS = ("geojson", "json", "png")
FOR_PEOPLE = ("html", "png")
FOR_MAPS = ("png", "mvt")


class Wanted(Struct, frozen=True):
    """The answer a call wants."""

    formats: tuple[str, ...]
    max_age: int | None  # None: as the udf or the token says
    arguments: dict[str, Any]
    input: list[Any] | None = None  # elements, for each of which it is called
    at_once: int = 1  # of them
    legacy: bool = False  # asked by dtype_out_*: a client that reads nothing but Parquet and pictures


class Step(Struct):
    """The job step that a body carries (protocol notes 3.2); only udf steps are called."""

    udf: Function | None = None
    type: str = "udf"
    input: list[Any] | None = None
    n_processes: int | None = None


class Body(Struct):
    """The body of a call by code (protocol notes 4.2); keys it does not know are ignored."""

    step_config: str | Step
    format: str | list[str] | None = None
    dtype_out_vector: str | None = None
    dtype_out_raster: str | None = None
    cache: bool | None = None
    cache_max_age: str | int | None = None
    dtype_in: str | None = None
    data_left: str | dict[str, Any] | None = None


_decode_body = msgspec.json.Decoder(Body).decode
_decode_step = msgspec.json.Decoder(Step).decode


class Arguments(Struct):
    """The body of a call by name or by token: arguments as JSON values. What else is asked stands in the query."""

    parameters: dict[str, Any] = {}


_decode_arguments = msgspec.json.Decoder(Arguments).decode


def arguments_of(body: bytes) -> dict[str, Any]:
    """The arguments in the body of a call by name or by token; none in an empty one. Raises Malformed, Invalid."""
    if not body.strip():
        return {}
    try:
        return _decode_arguments(body).parameters
    except msgspec.ValidationError as wrong:
        raise Invalid(f'Send the arguments as JSON: {{"parameters": {{"n": 1}}}}; {wrong}.') from wrong
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
        raise Malformed(f"The body is not JSON: {wrong}.") from wrong


LONGEST_REMEMBERED = 2_000  # bytes of a query string


def from_query(query: bytes, accept: str, *, tile: bool) -> Wanted:
    """Read a query string. A name that is repeated becomes a list of texts.

    Raises Malformed for what is not percent-encoded UTF-8, Invalid naming the parameter.
    """
    for_people = "text/html" in accept
    read = _read_once if len(query) <= LONGEST_REMEMBERED else _read_query
    return read(query, for_people, tile)


def _read_query(query: bytes, for_people: bool, tile: bool) -> Wanted:
    own: dict[str, str] = {}
    arguments: dict[str, Any] = {}
    for name, value in pairs(query):
        if name in RESERVED:
            own[name] = value
        elif name.startswith("_"):
            continue
        elif name in arguments:
            known = arguments[name]
            arguments[name] = [*known, value] if isinstance(known, list) else [known, value]
        else:
            arguments[name] = value
    legacy = "dtype_out_vector" in own or "dtype_out_raster" in own
    if "format" in own:
        formats = formats_of(own["format"])
    elif legacy:
        formats = formats_of(",".join([own.get("dtype_out_raster", ""), own.get("dtype_out_vector", ""), "json"]))
    else:
        formats = FOR_MAPS if tile else FOR_PEOPLE if for_people else FOR_PROGRAMS
    return Wanted(formats, _max_age(own.get("cache_max_age"), own.get("cache")), arguments, legacy=legacy)


# Maps and dashboards ask the same over and over. What is remembered is not changed by anyone: calls copy the arguments.
_read_once = lru_cache(4096)(_read_query)


def from_body(body: bytes, query: dict[str, str]) -> tuple[Function, Wanted]:
    """Read the body of a call by code. Raises Malformed for what is not JSON, Invalid for what is not a call."""
    try:
        read = _decode_body(body)
        step = _decode_step(read.step_config) if isinstance(read.step_config, str) else read.step_config
    except msgspec.ValidationError as wrong:
        raise Invalid(f"This is not a call: {wrong}.") from wrong
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
        raise Malformed(f"The body or its step_config is not JSON: {wrong}.") from wrong
    if step.type != "udf" or step.udf is None:
        raise Invalid(f"Only steps of type 'udf' with a udf are called here, and this one is of type {step.type!r}.")
    at_once = step.n_processes or 1
    if not 1 <= at_once <= AT_ONCE:
        raise Invalid(f"n_processes wants 1 to {AT_ONCE}, and got {at_once}.")
    legacy = read.format is None and (read.dtype_out_vector is not None or read.dtype_out_raster is not None)
    if read.format is not None:
        formats = formats_of(read.format)
    elif legacy:
        formats = formats_of(",".join([read.dtype_out_raster or "", read.dtype_out_vector or ""]))
    else:
        formats = FOR_PROGRAMS
    max_age = query.get("cache_max_age", read.cache_max_age)
    cache = None if read.cache is None else str(read.cache)
    arguments = dict(step.udf.parameters)
    if read.data_left is not None:
        arguments[FIRST] = _frame(read)
    return step.udf, Wanted(formats, _max_age(max_age, cache, asks=True), arguments, step.input, at_once, legacy)


def _frame(body: Body) -> str | dict[str, Any]:
    """The frame of a body, for the first parameter. Raises Invalid for one that is not as `dtype_in` says."""
    match body.dtype_in, body.data_left:
        case ("parquet", str(text)) if text.startswith(PARQUET):
            return text
        case ("geojson", dict(features)):
            return features
        case _:
            raise Invalid(
                "data_left wants Parquet in base64 with a dtype_in of 'parquet', or GeoJSON with one of 'geojson', and "
                f"came with {body.dtype_in!r}."
            )


def formats_of(names: str | list[str]) -> tuple[str, ...]:
    """Format names in order of preference. Raises Invalid for a name that is none, with those there are."""
    given = names.split(",") if isinstance(names, str) else names
    wanted = tuple(dict.fromkeys(name.strip().lower() for name in given if name.strip()))
    for name in wanted:
        if name not in FORMATS.names:
            raise Invalid(f"No format is called {name[:60]!r}; there are {', '.join(FORMATS.names)}.")
    if not wanted:
        raise Invalid(f"Name a format; there are {', '.join(FORMATS.names)}.")
    return wanted


def uid_of(header: str | None) -> str:
    """The run id that a client chose, or a fresh one. Raises Invalid for one that is not a UUID."""
    if header is None:
        return new_run_uid()
    try:
        return str(uuid.UUID(header))
    except ValueError as wrong:
        raise Invalid(f"Fused-Run-Id wants a UUID and got {header[:60]!r}.") from wrong


def _max_age(given: str | int | None, cache: str | None, *, asks: bool = False) -> int | None:
    """Seconds, 0 for neither reading nor storing, None for the default; `cache` true asks for the longest life."""
    if given is not None and given != "":
        return duration.seconds(given)
    if cache is None:
        return None
    if cache.lower() == "false":
        return 0
    return 7_776_000 if asks else None
