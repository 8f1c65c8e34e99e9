"""Running a udf from inside another: the server runs it, in a worker of its own (Fused protocol notes 4.8)."""

import inspect
import re
import sys
from typing import Any

import msgspec

from headrace.errors import Invalid, NotServed
from headrace.model import duration
from headrace.model.udf import Udf
from headrace.runtime.fused import _server, _values, context
from headrace.runtime.fused._load import Loaded, load, source_of
from headrace.runtime.fused.types import (
    UdfRuntimeError,
    UdfSelfRecursionError,
    UdfSerializationError,
    UdfTimeoutError,
)
from headrace.runtime.line import Response

TOKEN = re.compile(r"(?:[0-9a-f]{64}|(?:UDF_|fsh_|fc_)[\w-]+)(?:/[^/]+)?")  # of a collection, with a udf's name
RUN = "/realtime/local/api/v1/run/udf"
HERE = ("local",)
REMOTE = (None, "remote", "realtime")

RAISED: dict[str, type[Exception]] = {"timeout_error": UdfTimeoutError, "serialization_error": UdfSerializationError}


def run(
    udf: Any = None,  # noqa: ANN401 - a udf, or what names one
    udf_name: str | None = None,
    *,
    x: int | None = None,
    y: int | None = None,
    z: int | None = None,
    sync: bool = True,
    engine: str | None = None,
    instance_type: str | None = None,
    max_retry: int = 0,
    cache_max_age: str | int | None = None,
    cache: bool = True,
    parameters: dict[str, Any] | None = None,
    token: str | None = None,
    disk_size_gb: int | None = None,
    _return_response: bool = False,
    **arguments: Any,  # noqa: ANN401 - of the udf
) -> Any:  # noqa: ANN401 - what the udf gives
    """What a udf gives that the server runs: by object, name, "email/name", "team/name", token or source text.

    With `x`, `y`, `z` it runs for that map tile. `sync=False` gives a coroutine. `engine="local"` runs it in this
    process. Raises UdfRuntimeError, UdfTimeoutError, UdfSerializationError with what the udf's own error says,
    UdfSelfRecursionError past the depth that the server allows, and the server's refusal as its sentence.
    """
    given = {**(parameters or {}), **arguments}
    tile = None if None in (x, y, z) else f"/tiles/{z}/{x}/{y}"
    if not sync:
        again: dict[str, Any] = {"x": x, "y": y, "z": z, "engine": engine, "instance_type": instance_type}
        again |= {"max_retry": max_retry, "cache_max_age": cache_max_age, "cache": cache, "token": token}
        return run_async(udf, udf_name, **again, parameters=given)
    if engine in HERE:
        return _here(udf, given)
    if engine not in REMOTE or instance_type not in REMOTE:
        raise NotServed(
            f"Runs on machines of their own (instance_type={instance_type or engine!r}) are jobs, which are not "
            "started from inside a udf; leave it out to run the udf here."
        )
    max_age = 0 if not cache else None if cache_max_age is None else duration.seconds(cache_max_age)
    wanted = token or (f"{udf}/{udf_name}" if udf_name else udf)
    came = _ask(wanted, given, tile or "", max_age)
    while max_retry > 0 and came.status in (429, 503):
        max_retry -= 1
        came = _ask(wanted, given, tile or "", max_age)
    _replay(came)
    return came if _return_response else _values.decode(came)


async def run_async(udf: Any = None, udf_name: str | None = None, **options: Any) -> Any:  # noqa: ANN401
    """What `run` gives; the event loop runs on meanwhile, and many may run at once."""
    options.pop("sync", None)
    return await _server.line().later(run, udf, udf_name, **options)


def call(udf: Udf[Any, Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
    """What calling a marked function does inside a worker: `run`; `udf.function(...)` calls it here."""
    names = [name for name, _ in zip(inspect.signature(udf.function).parameters, args, strict=False)]
    if len(names) < len(args):
        raise TypeError(f"{udf.name}() takes {len(names)} positional arguments and got {len(args)}")
    return run(udf, **dict(zip(names, args, strict=True)), **kwargs)


def _ask(udf: Any, given: dict[str, Any], tile: str, max_age: int | None) -> Response:  # noqa: ANN401
    if context.get_recursion_factor() >= context.max_recursion_factor():
        raise UdfSelfRecursionError(
            f"Udfs that call one another may do so {context.max_recursion_factor()} deep here, and this call would be "
            f"at {context.get_recursion_factor() + 1}. Does one of them call itself?"
        )
    arguments = {name: _values.encode(name, value) for name, value in given.items()}
    query = {"format": _values.formats(), "cache_max_age": max_age}
    token = getattr(udf, "token", None) or udf
    if isinstance(token, str) and TOKEN.fullmatch(token):
        path, _, name = token.partition("/")
        path = f"/realtime-shared/{path}{'/' + _server.segment(name) if name else ''}/run{tile}"
        return _server.ask("POST", path, query=query, json={"parameters": arguments})
    if isinstance(udf, str) and "\n" not in udf:
        udf = _named(udf)
    if isinstance(udf, tuple):
        owner, slug = udf
        path = f"{RUN}/saved/{_server.segment(owner)}/{_server.segment(slug)}{tile}"
        return _server.ask("POST", path, query=query, json={"parameters": arguments})
    if isinstance(udf, Loaded) and udf.address is not None:
        return _ask(udf.address, {**udf.parameters, **given}, tile, udf.cache_max_age if max_age is None else max_age)
    if isinstance(udf, str):
        udf = load(udf)
    step = {"type": "udf", "udf": source_of(udf, arguments)}
    body = {"step_config": step, "format": _values.formats()}
    return _server.ask("POST", f"{RUN}{tile}", query={"cache_max_age": max_age}, json=body)


def _named(text: str) -> Any:  # noqa: ANN401 - an address, or a udf
    """The owner and the name that a text names."""
    owner, slash, slug = text.rpartition("/")
    if not slash:
        return (context.get_user_email(), text)
    return load(text) if owner == "team" else (owner, slug)


def _here(udf: Any, given: dict[str, Any]) -> Any:  # noqa: ANN401
    loaded = load(udf) if isinstance(udf, str) else udf
    function = getattr(loaded, "function", loaded)
    if not callable(function):
        raise Invalid(f"A {type(udf).__name__} is no udf.")
    return function(**given)


def _replay(came: Response) -> None:
    """Say what the udf printed, and raise what it raised."""
    try:
        told = msgspec.json.decode(came.headers.get("x-fused-metadata", "{}"))
    except ValueError:
        told = {}
    sys.stdout.write(told.get("stdout") or "")
    if came.status < 400:
        sys.stderr.write(told.get("stderr") or "")
        return
    if "x-fused-metadata" not in came.headers:
        _server.checked(came)
    line, text = told.get("lineno"), told.get("errormsg") or told.get("exception") or "it gave no reason"
    where = f" in line {line}" if line else ""
    kind = RAISED.get(told.get("error_type") or "", UdfRuntimeError)
    error = kind(f"The UDF returned the following error{where}:\n{text}")
    error.child_exception_class = told.get("exception_class")  # type: ignore[attr-defined]
    raise error
