"""Calls: a udf by its code, by its saved name or by a token, as a file or as a map tile (Fused protocol notes 4)."""

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Annotated, Any

import anyio
import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from headrace.api.content import headers_of
from headrace.api.operation import Operation, describe
from headrace.api.presence import ClientGone, while_connected
from headrace.api.streams import read_body
from headrace.api.visit import visit_of
from headrace.dialects.fused import request as wire
from headrace.dialects.fused.answer import JSON, respond
from headrace.dialects.fused.batch import answer as answer_each
from headrace.dialects.fused.openings import Openings
from headrace.dialects.fused.share import Share
from headrace.errors import Invalid, NotFound
from headrace.formats import FORMATS
from headrace.model.environment import DEFAULT
from headrace.services import requests as service
from headrace.services.call import Call
from headrace.services.calls import Answered, Calls
from headrace.services.requests import Target
from headrace.services.started import Started
from headrace.services.targets import Targets, author_of, is_query, name_key, of_function
from headrace.settings import Settings

START_SECONDS = 1.5  # how long a start waits for the answer before it says "accepted"; clients give up after 5
POLL_SECONDS = 2.0
BY_ACCEPT = (b"vary", b"Accept")  # where no format was named, caches on the way keep an answer for each kind of reader
UNWANTED_SECONDS = 2.0  # how long the call of a tile goes on whose client has gone

Tile = tuple[int, int, int]
Batch = tuple[list[Any], int]  # elements to call for, and how many at once

SECRET = frozenset({"authorization", "cookie", "proxy-authorization", "x-tiledb-rest-api-key"})


class Asked(Struct):
    """What a query says of the answer it wants. Every other name in it is an argument of the function."""

    format: Annotated[str | None, Meta(description="Formats in order of preference, separated by commas.")] = None
    cache_max_age: Annotated[str | None, Meta(description="How old a kept result may be: 90, 15m, 2h, 1d.")] = None
    cache: Annotated[bool, Meta(description="False neither reads nor keeps results.")] = True


class CallRoutes:
    """The routes that answer calls, over the services that a server composes."""

    def __init__(self, calls: Calls, targets: Targets, openings: Openings, share: Share, settings: Settings) -> None:
        self._calls, self._targets, self._openings, self._share = calls, targets, openings, share
        self._body_bytes, self._body_seconds = settings.body_mb << 20, settings.body_seconds
        self._depth, self._most = settings.call_depth, settings.call_output_mb << 20
        self._started = Started()
        self._unwanted: set[asyncio.Task[Answered]] = set()

    def operations(self) -> list[Operation]:
        """Every route, R1 to R7 of the protocol notes, in the order of their numbers."""
        run = "/realtime/{client_id}/api/v1/run/udf"
        tiles = "/tiles/{z}/{x}/{y}"
        shared = "/realtime-shared/{token}"
        known = partial(describe, raw=True, tags=("calls",), media_types=("*/*",))
        by_code = partial(known, "POST", body=wire.Body, statuses=(206, 304))
        by_name = partial(known, "GET", query=Asked, statuses=(206, 304))
        with_body = partial(known, "POST", body=wire.Arguments, statuses=(206, 304))
        by_token = partial(by_name, public=True)
        return [
            by_code(run, self.run_code),
            by_code(run + tiles, self.run_code_tile),
            by_code(run + "/start", self.start_code, statuses=(202,)),
            by_code(run + "/start" + tiles, self.start_code_tile, statuses=(202,)),
            known("GET", run + "/get/{run_id}", self.get_started, statuses=(202,)),
            by_name(run + "/saved/{email}/{name}", self.run_saved),
            by_name(run + "/saved/{email}/{name}" + tiles, self.run_saved_tile),
            with_body(run + "/saved/{email}/{name}", self.run_saved, name="run_saved_with"),
            with_body(run + "/saved/{email}/{name}" + tiles, self.run_saved_tile, name="run_saved_tile_with"),
            *(by_token(shared + path, self.run_token) for path in ("/run", "/run/file")),
            by_token(shared + "/run" + tiles, self.run_token_tile),
            with_body(shared + "/run", self.run_token, name="run_token_with", public=True),
            with_body(shared + "/run" + tiles, self.run_token_tile, name="run_token_tile_with", public=True),
            *(by_token(shared + "/{name}" + path, self.run_token_named) for path in ("/run", "/run/file")),
            by_token(shared + "/{name}/run" + tiles, self.run_token_named_tile),
            with_body(shared + "/{name}/run", self.run_token_named, name="run_token_named_with", public=True),
            by_token(shared, self.run_token_as),
            by_token(shared + "/{name}", self.run_token_named_as),
        ]

    def close(self) -> None:
        """End the calls that were started and are still polled for, and those of tiles that nobody waits for."""
        self._started.close()
        for task in self._unwanted:
            task.cancel()

    async def run_code(self, call: Call, request: Request, client_id: str) -> Response:
        """Call a udf whose code comes in the body."""
        return await self._finish(request, *await self._by_code(call, request, None))

    async def run_code_tile(self, call: Call, request: Request, client_id: str, z: int, x: int, y: int) -> Response:
        """Call a udf whose code comes in the body, for one map tile."""
        return await self._finish(request, *await self._by_code(call, request, tile(z, x, y)))

    async def start_code(self, call: Call, request: Request, client_id: str) -> Response:
        """Start a udf whose code comes in the body; the answer, or 202 and the run is fetched later."""
        return await self._start(call, request, None)

    async def start_code_tile(self, call: Call, request: Request, client_id: str, z: int, x: int, y: int) -> Response:
        """Start a udf whose code comes in the body, for one map tile."""
        return await self._start(call, request, tile(z, x, y))

    async def get_started(self, call: Call, request: Request, client_id: str, run_id: str) -> Response:
        """The answer of a run that was started, or 202 while it is not there."""
        task = self._started.get(call.user.id, wire.uid_of(run_id))
        if task is None:
            raise NotFound("No run of that id was started by you in the last ten minutes.")
        return await self._poll(request, task, POLL_SECONDS)

    async def run_saved(self, call: Call, request: Request, client_id: str, email: str, name: str) -> Response:
        """Call a saved udf by its owner's e-mail and its name."""
        return await self._by_name(call, request, email, name, None)

    async def run_saved_tile(
        self, call: Call, request: Request, client_id: str, email: str, name: str, z: int, x: int, y: int
    ) -> Response:
        """Call a saved udf by its owner's e-mail and its name, for one map tile."""
        return await self._by_name(call, request, email, name, tile(z, x, y))

    async def run_token(self, call: Call, request: Request, token: str) -> Response:
        """Call the udf that a token opens. A browser that names no format gets a page that shows the result."""
        if self._share.is_for_people(request):
            return await self._share.show(call, request, token)
        return await self._by_token(call, request, token, None)

    async def run_token_tile(self, call: Call, request: Request, token: str, z: int, x: int, y: int) -> Response:
        """Call the udf that a token opens, for one map tile."""
        return await self._by_token(call, request, token, tile(z, x, y))

    async def run_token_named(self, call: Call, request: Request, token: str, name: str) -> Response:
        """Call the udf of that name that a token opens. A browser that names no format gets its page."""
        if self._share.is_for_people(request):
            return await self._share.show(call, request, token, name)
        return await self._by_token(call, request, token, None, name)

    async def run_token_named_tile(
        self, call: Call, request: Request, token: str, name: str, z: int, x: int, y: int
    ) -> Response:
        """Call the udf of that name that a token opens, for one map tile."""
        return await self._by_token(call, request, token, tile(z, x, y), name)

    async def run_token_as(self, call: Call, request: Request, token: str) -> Response:
        """Show what a token opens; with an ending that names a format, call it: `fsh_....csv`."""
        if "." not in token:
            return await self._share.show(call, request, token)
        token, ending = _ending(token)
        return await self._by_token(call, request, token, None, format=ending)

    async def run_token_named_as(self, call: Call, request: Request, token: str, name: str) -> Response:
        """Show the udf of that name that a token opens; with an ending that names a format, call it: `name.csv`."""
        if "." not in name:
            return await self._share.show(call, request, token, name)
        name, ending = _ending(name)
        return await self._by_token(call, request, token, None, name, ending)

    async def _by_code(
        self, call: Call, request: Request, tile: Tile | None, *, streams: bool = True
    ) -> tuple[service.Request, Batch | None]:
        """The call of a body; and the elements it is called for, and how many at once, where it has an input."""
        user = call.user
        function, wanted = wire.from_body(
            await read_body(request, self._body_bytes, self._body_seconds), dict(request.query_params)
        )
        target = of_function(user, function, author_of(call))
        if target.environment != DEFAULT or is_query(function):
            target = await anyio.to_thread.run_sync(self._targets.in_environment, target)
        came = headers_of(request)
        made = service.Request(
            uid=wire.uid_of(came.get("fused-run-id")),
            target=target,
            arguments=wanted.arguments,
            formats=wanted.formats,
            tile=tile,
            max_age=wanted.max_age,
            door="tile" if tile else "body",
            caller_id=user.id,
            streams=streams and _may_stream(request, came, tile),
            **self._place(request, came, user.email),
        )
        return made, None if wanted.input is None else (wanted.input, wanted.at_once)

    async def _by_name(self, call: Call, request: Request, email: str, name: str, tile: Tile | None) -> Response:
        target = self._targets.warm(name_key(call, email, name))
        if target is None:
            target = await anyio.to_thread.run_sync(self._targets.by_name, call, email, name)
        return await self._by_target(call, request, target, tile, "saved")

    async def _by_token(
        self,
        call: Call,
        request: Request,
        token: str,
        tile: Tile | None,
        name: str | None = None,
        format: str | None = None,
    ) -> Response:
        target, more = await self._openings.open(call, request, token, name)
        return await self._by_target(call, request, target, tile, "token", format, **more)

    async def _by_target(
        self,
        call: Call,
        request: Request,
        target: Target,
        tile: Tile | None,
        door: str,
        format: str | None = None,
        **more: str,
    ) -> Response:
        came = headers_of(request)
        query: bytes = request.scope["query_string"]
        if format is not None:
            query += b"&format=" + format.encode()  # of several the last one counts
        wanted = wire.from_query(query, came.get("accept", ""), tile=tile is not None)
        if request.method == "POST":
            body = await read_body(request, self._body_bytes, self._body_seconds)
            wanted = msgspec.structs.replace(wanted, arguments=wanted.arguments | wire.arguments_of(body))
        made = service.Request(
            uid=wire.uid_of(came.get("fused-run-id")),
            target=target,
            arguments={**target.function.parameters, **wanted.arguments},
            formats=wanted.formats,
            tile=tile,
            max_age=wanted.max_age,
            door="tile" if tile else door,
            caller_id=call.who.user.id if call.who else None,
            streams=request.method == "GET" and _may_stream(request, came, tile),
            **self._place(request, came, target.owner_email, **more),
        )
        response = await self._finish(request, made)
        if b"format" not in query and b"dtype_out" not in query:
            response.raw_headers.append(BY_ACCEPT)
        return response

    def _place(self, request: Request, came: dict[str, str], email: str, **more: str) -> dict[str, Any]:
        """How deep a call is, and what its code may know of it. Raises Invalid for one that is too deep."""
        visit = visit_of(request.scope)
        context = _context(came, email) | more | {"max_recursion_factor": self._depth}
        if visit is not None and visit.recursion > self._depth:
            raise Invalid(
                f"Udfs that call one another may do so {self._depth} deep (HEADRACE_CALL_DEPTH), and this call would "
                f"be at {visit.recursion}. Does one of them call itself?"
            )
        if visit is None:
            return {"context": context}
        return {"context": context, "depth": visit.depth, "parent_uid": visit.uid}

    def _answer(self, made: service.Request, batch: Batch | None) -> Coroutine[Any, Any, Answered]:
        return self._calls.answer(made) if batch is None else answer_each(self._calls, made, *batch, self._most)

    async def _finish(self, request: Request, made: service.Request, batch: Batch | None = None) -> Response:
        answered = self._calls.at_once(made) if batch is None else None
        if answered is None:
            work = self._answer(made, batch) if made.tile is None or batch else self._finished(made)
            try:
                answered = await while_connected(request, work)
            except ClientGone:
                return Response(status_code=499)
        return await respond(request, answered)

    async def _finished(self, made: service.Request) -> Answered:
        """The answer to a call for a tile, which may go on for a moment when its client has gone.

        Maps drop tiles whenever they are moved. Ending the call would cost its warm worker, which the tiles that are
        asked for next would miss more than what little is left of it.
        """
        task = asyncio.create_task(self._calls.answer(made))
        self._unwanted.add(task)
        task.add_done_callback(self._unwanted.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            end = asyncio.get_running_loop().call_later(UNWANTED_SECONDS, task.cancel)

            def forget(task: "asyncio.Task[Answered]") -> None:
                end.cancel()
                if not task.cancelled():
                    task.exception()  # nobody is left to be told

            task.add_done_callback(forget)
            raise

    async def _start(self, call: Call, request: Request, tile: Tile | None) -> Response:
        made, batch = await self._by_code(call, request, tile, streams=False)
        task = self._started.start(call.user.id, made.uid, lambda: self._answer(made, batch))
        return await self._poll(request, task, START_SECONDS)

    async def _poll(self, request: Request, task: "asyncio.Task[Answered]", seconds: float) -> Response:
        await asyncio.wait({task}, timeout=seconds)
        if not task.done():
            return Response(b"{}", 202, {"Content-Type": JSON})
        return await respond(request, task.result())


def tile(z: int, x: int, y: int) -> Tile:
    """The tile of these coordinates (Web Mercator XYZ). Raises Invalid for one that does not exist."""
    if not 0 <= z <= 30:
        raise Invalid(f"z wants a zoom level from 0 to 30, and got {z}.")
    most = (1 << z) - 1
    for name, value in (("x", x), ("y", y)):
        if not 0 <= value <= most:
            raise Invalid(f"{name} wants 0 to {most} at zoom level {z}, and got {value}.")
    return z, x, y


def _ending(name: str) -> tuple[str, str]:
    """A name without its ending, and the format that the ending is. Raises NotFound for one that is none."""
    stem, _, ending = name.rpartition(".")
    if not stem or ending.lower() not in FORMATS.names:
        raise NotFound("Nothing is served at this address. `/docs` lists what is.")
    return stem, ending.lower()


def _context(came: dict[str, str], email: str) -> dict[str, Any]:
    """What user code may know of its call. The key that opened the door is not among it; a token's text may be."""
    recursion = came.get("fused-recursion", "1")
    return {
        "user_email": email,
        "recursion_factor": int(recursion) if recursion.isdecimal() and len(recursion) < 4 else 1,
        "headers": {name: value for name, value in came.items() if name not in SECRET},
    }


def _may_stream(request: Request, came: dict[str, str], tile: Tile | None) -> bool:
    """Whether a large result may come while it is written: to whoever takes it from its start, over HTTP."""
    return tile is None and "range" not in came and visit_of(request.scope) is None
