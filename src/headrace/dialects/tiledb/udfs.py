"""Functions that clients send as pickles, and registered ones (TileDB protocol notes 3.3 and 3.4)."""

import base64
import json
import math
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Literal

import anyio
import anyio.to_thread
import msgspec
from msgspec import Meta, Struct, field
from starlette.requests import Request
from starlette.responses import Response

from headrace.api.operation import Operation, describe
from headrace.api.presence import while_connected
from headrace.api.streams import read_body
from headrace.dialects.tiledb.answer import TYPES, respond
from headrace.dialects.tiledb.codec import Wire
from headrace.errors import Invalid, Malformed
from headrace.model import function as model
from headrace.model.environment import DEFAULT
from headrace.model.object import Level
from headrace.services import functions, registered
from headrace.services.call import Call
from headrace.services.functions import FUNCTIONS
from headrace.services.pickled import Asked, Functions, Slice
from headrace.services.tasks import Done, Tasks, Wanted

Language = Literal["python", "r"]
Kind = Literal["generic", "single_array", "multi_array"]
Action = Literal["fetch_udf", "share_udf"]

THREADS = 16
LONGEST = 1 << 31  # seconds that a time limit may be
DEEPEST = "The body is nested too deeply to be read."


class Ranges(Struct, frozen=True, kw_only=True):
    """The part of an array: for each dimension, pairs of a start and an end."""

    layout: str | None = None
    ranges: list[list[int | float | str]] | None = None


class ArrayDetails(Struct, frozen=True, kw_only=True):
    """An array of which a function gets a part."""

    uri: str
    parameter_id: str | None = None
    ranges: Ranges | None = None
    buffers: list[str] | None = None


class Argument(Struct, frozen=True, kw_only=True):
    """An argument of a function, as TileDB JSON; without a name, one by its place."""

    value: Any
    name: str | None = None


class Udf(Struct, frozen=True, kw_only=True):
    """A function to call, and what with."""

    code: Annotated[str | None, Meta(description="The function, pickled by cloudpickle, in base64.")] = field(
        default=None, name="exec"
    )
    exec_raw: Annotated[str | None, Meta(description="Its source, for tracebacks.")] = None
    udf_info_name: Annotated[str | None, Meta(description="In its place: namespace/name of a registered one.")] = None
    language: str | None = None
    version: Annotated[str | None, Meta(description="Of the Python that pickled it.")] = None
    image_name: Annotated[str | None, Meta(description="An environment of the caller's.")] = None
    argument: Annotated[str | None, Meta(description="Arguments, pickled, in base64.")] = None
    arguments_json: list[Argument] | None = None
    arrays: list[ArrayDetails] | None = None
    stored_param_uuids: list[str] | None = None
    result_format: str | None = None
    task_name: str | None = None
    timeout: Annotated[float, Meta(ge=0, le=LONGEST)] | None = None
    resource_class: str | None = None
    store_results: bool | None = None
    dont_download_results: bool | None = None
    task_graph_uuid: str | None = None
    client_node_uuid: str | None = None


class UDFInfoUpdate(Struct, frozen=True, kw_only=True):
    """A function to register, or what to change of one."""

    name: str | None = None
    language: Language | None = None
    version: str | None = None
    image_name: str | None = None
    type: Kind | None = None
    code: str | None = field(default=None, name="exec")
    exec_raw: str | None = None
    readme: str | None = None
    license_id: str | None = None
    license_text: str | None = None
    tags: list[str] | None = None


class UDFInfo(Wire, frozen=True, kw_only=True):
    """A registered function."""

    id: str
    name: str
    language: Language
    type: Kind
    readme: str | None = None
    license_id: str | None = None
    license_text: str | None = None
    tags: list[str]


class UDFSharing(Wire, frozen=True, kw_only=True):
    """What a namespace may do with a function. No actions take back what it might."""

    namespace: str
    namespace_type: str | None = None
    actions: list[Action] | None = None


class UdfRoutes:
    """The routes of functions, over the services that a server composes."""

    def __init__(self, tasks: Tasks, functions: Functions) -> None:
        self._tasks, self._functions = tasks, functions
        self._limiter: anyio.CapacityLimiter | None = None

    def operations(self) -> list[Operation]:
        """Every route."""
        tags, one = ("functions",), "/v1/udf/{namespace}/{name}"
        types = tuple(TYPES.values())
        runs = partial(describe, "POST", raw=True, body=Udf, tags=tags, media_types=types, statuses=(206,))
        return [
            runs("/v1/udfs/generic/{namespace}", self.submit_generic_udf),
            runs("/v1/udfs/arrays/{namespace}", self.submit_multi_array_udf),
            describe("POST", one, register_udf_info, status=204, tags=tags),
            describe("GET", one, get_udf_info, tags=tags),
            describe("PATCH", one, update_udf_info, tags=tags),
            describe("DELETE", one, delete_udf_info, tags=tags),
            describe("GET", f"{one}/share", get_udf_info_sharing_policies, tags=tags),
            describe("PATCH", f"{one}/share", share_udf_info, tags=tags),
        ]

    async def submit_generic_udf(self, call: Call, request: Request, namespace: str) -> Response:
        """Call a function and answer with what it returns, in the format that was asked for."""
        return await self._submit(call, request, namespace)

    async def submit_multi_array_udf(self, call: Call, request: Request, namespace: str) -> Response:
        """Call a function on parts of arrays, or of none, and answer with what it returns."""
        return await self._submit(call, request, namespace)

    async def _submit(self, call: Call, request: Request, namespace: str) -> Response:
        settings = call.platform.settings
        body = await read_body(request, settings.body_mb << 20, settings.body_seconds)
        udf, arguments_json = await anyio.to_thread.run_sync(_read, body)
        prepare = partial(
            self._functions.prepare,
            call,
            _asked(udf, arguments_json),
            namespace=namespace,
            name=udf.task_name,
            keeps=bool(udf.store_results),
            graph_uid=udf.task_graph_uuid or None,
            node_uid=udf.client_node_uuid or None,
            waits=False,
        )
        done = await while_connected(request, self._run(call, prepare))
        return await respond(request, done, download=not udf.dont_download_results)

    async def _run(self, call: Call, prepare: Callable[[], Wanted]) -> Done:
        if self._limiter is None:  # threads of its own, for one of them may wait until packages are installed
            self._limiter = anyio.CapacityLimiter(THREADS)
        return await self._tasks.run(call, await anyio.to_thread.run_sync(prepare, limiter=self._limiter))


def register_udf_info(call: Call, namespace: str, name: str, body: UDFInfoUpdate) -> None:
    """Keep a function under a name."""
    functions.register(
        call,
        namespace,
        name,
        _decoded(body.code, "exec") or b"",
        body.version or "",
        type=model.Type(body.type or model.Type.GENERIC),
        language=body.language or "python",
        environment=body.image_name or DEFAULT,
        source=body.exec_raw,
        readme=body.readme,
        license_id=body.license_id,
        license_text=body.license_text,
        tags=body.tags or [],
    )


def get_udf_info(call: Call, namespace: str, name: str) -> UDFInfo:
    """What is known of a registered function."""
    known = registered.get(call, FUNCTIONS, namespace, name)
    return UDFInfo(
        id=known.uid,
        name=known.name,
        language="r" if known.language == "r" else "python",
        type=known.type.value,
        readme=known.readme,
        license_id=known.license_id,
        license_text=known.license_text,
        tags=known.tags,
    )


def update_udf_info(call: Call, namespace: str, name: str, body: UDFInfoUpdate) -> None:
    """Change what is given of a registered function."""
    functions.update(
        call,
        namespace,
        name,
        new_name=body.name,
        language=body.language,
        version=body.version,
        environment=body.image_name,
        type=body.type,
        code=_decoded(body.code, "exec"),
        source=body.exec_raw,
        readme=body.readme,
        license_id=body.license_id,
        license_text=body.license_text,
        tags=body.tags,
    )


def delete_udf_info(call: Call, namespace: str, name: str) -> None:
    """Forget a registered function."""
    registered.delete(call, FUNCTIONS, namespace, name)


def get_udf_info_sharing_policies(call: Call, namespace: str, name: str) -> list[UDFSharing]:
    """With whom a registered function is shared."""
    return [
        UDFSharing(
            namespace=grant.namespace,
            namespace_type="organization" if grant.is_group else "user",
            actions=["fetch_udf", "share_udf"] if grant.level is Level.MANAGE else ["fetch_udf"],
        )
        for grant in registered.list_grants(call, FUNCTIONS, namespace, name)
    ]


def share_udf_info(call: Call, namespace: str, name: str, body: UDFSharing) -> None:
    """Let a user or an organization call a registered function, or share it on; without actions neither any more."""
    level = Level.MANAGE if "share_udf" in (body.actions or ()) else Level.READ if body.actions else None
    registered.share(call, FUNCTIONS, namespace, name, body.namespace, level)


def _read(body: bytes) -> tuple[Udf, bytes | None]:
    """The request, and its arguments as the JSON that they are. Raises Malformed, Invalid."""
    try:
        try:
            sent = msgspec.json.decode(body)
        except msgspec.DecodeError:
            sent = json.loads(body)  # clients write NaN and Infinity as Python does, and text that is no Unicode
        arguments = sent.pop("arguments_json", None) if isinstance(sent, dict) else None
        json.dumps(sent, ensure_ascii=False).encode()
        if arguments is not None and not isinstance(arguments, list):
            raise Invalid("`arguments_json` must be an array of objects with a value, and a name or none.")
        return msgspec.convert(sent, Udf), None if arguments is None else json.dumps(arguments).encode()
    except RecursionError:
        raise Malformed(DEEPEST) from None
    except msgspec.ValidationError as wrong:
        raise Invalid(f"The body is no function to call: {wrong}") from wrong
    except ValueError as wrong:
        raise Malformed(f"The body is not valid JSON: {wrong}") from wrong


def _asked(udf: Udf, arguments_json: bytes | None) -> Asked:
    return Asked(
        code=_decoded(udf.code, "exec"),
        name=udf.udf_info_name,
        language=udf.language or "python",
        version=udf.version,
        source=udf.exec_raw,
        environment=udf.image_name or DEFAULT,
        argument=_decoded(udf.argument, "argument"),
        arguments_json=arguments_json,
        arrays=[
            Slice(
                uri=one.uri,
                parameter_id=one.parameter_id,
                ranges=(one.ranges.ranges or []) if one.ranges else [],
                layout=one.ranges.layout if one.ranges else None,
                buffers=one.buffers or [],
            )
            for one in udf.arrays or ()
        ],
        stored=udf.stored_param_uuids or (),
        result_format=udf.result_format or "native",
        seconds=math.ceil(udf.timeout) if udf.timeout else None,
        resource_class=udf.resource_class,
    )


def _decoded(text: str | None, name: str) -> bytes | None:
    """What was sent in base64. Raises Malformed."""
    if not text:
        return None
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as wrong:  # and not binascii.Error alone: letters that are not ASCII raise the other
        raise Malformed(f"`{name}` must be base64: {wrong}.") from wrong
