"""Calls: a udf by its code, by its saved name or by a token, as a file or as a map tile (Fused protocol notes 4)."""

import asyncio
from functools import partial
from typing import Annotated, Any

import anyio
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from headrace.api.operation import Operation, describe
from headrace.api.presence import ClientGone, while_connected
from headrace.api.streams import read_body
from headrace.dialects.fused import request as wire
from headrace.dialects.fused.answer import JSON, respond
from headrace.errors import Invalid, NotFound
from headrace.services import calls as service
from headrace.services.call import Call
from headrace.services.calls import Answered, Calls, Started, Target
from headrace.services.targets import Targets, of_function

START_SECONDS = 1.5  # how long a start waits for the answer before it says "accepted"; clients give up after 5
POLL_SECONDS = 2.0
UNWANTED_SECONDS = 2.0  # how long the call of a tile goes on whose client has gone

Tile = tuple[int, int, int]


class Asked(Struct):
    """What a query says of the answer it wants. Every other name in it is an argument of the function."""

    format: Annotated[str | None, Meta(description="Formats in order of preference, separated by commas.")] = None
    cache_max_age: Annotated[str | None, Meta(description="How old a kept result may be: 90, 15m, 2h, 1d.")] = None
    cache: Annotated[bool, Meta(description="False neither reads nor keeps results.")] = True


class CallRoutes:
    """The routes that answer calls, over the services that a server composes."""

    def __init__(self, calls: Calls, targets: Targets, body_bytes: int, body_seconds: float) -> None:
        self._calls, self._targets = calls, targets
        self._body_bytes, self._body_seconds = body_bytes, body_seconds
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
        by_token = partial(by_name, public=True)
        return [
            by_code(run, self.run_code),
            by_code(run + tiles, self.run_code_tile),
            by_code(run + "/start", self.start_code, statuses=(202,)),
            by_code(run + "/start" + tiles, self.start_code_tile, statuses=(202,)),
            known("GET", run + "/get/{run_id}", self.get_started, statuses=(202,)),
            by_name(run + "/saved/{email}/{name}", self.run_saved),
            by_name(run + "/saved/{email}/{name}" + tiles, self.run_saved_tile),
            *(by_token(shared + path, self.run_token) for path in ("/run", "/run/file")),
            by_token(shared + "/run" + tiles, self.run_token_tile),
            *(by_token(shared + "/{name}" + path, self.run_token_named) for path in ("/run", "/run/file")),
            by_token(shared + "/{name}/run" + tiles, self.run_token_named_tile),
        ]

    def close(self) -> None:
        """End the calls that were started and are still polled for, and those of tiles that nobody waits for."""
        self._started.close()
        for task in self._unwanted:
            task.cancel()

    async def run_code(self, call: Call, request: Request, client_id: str) -> Response:
        """Call a udf whose code comes in the body."""
        return await self._finish(request, await self._by_code(call, request, None))

    async def run_code_tile(self, call: Call, request: Request, client_id: str, z: int, x: int, y: int) -> Response:
        """Call a udf whose code comes in the body, for one map tile."""
        return await self._finish(request, await self._by_code(call, request, tile(z, x, y)))

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
        """Call the udf that a token opens."""
        return await self._by_token(call, request, token, None)

    async def run_token_tile(self, call: Call, request: Request, token: str, z: int, x: int, y: int) -> Response:
        """Call the udf that a token opens, for one map tile."""
        return await self._by_token(call, request, token, tile(z, x, y))

    async def run_token_named(self, call: Call, request: Request, token: str, name: str) -> Response:
        """Call the udf of that name that a token opens."""
        return await self._by_token(call, request, token, None, name)

    async def run_token_named_tile(
        self, call: Call, request: Request, token: str, name: str, z: int, x: int, y: int
    ) -> Response:
        """Call the udf of that name that a token opens, for one map tile."""
        return await self._by_token(call, request, token, tile(z, x, y), name)

    async def _by_code(self, call: Call, request: Request, tile: Tile | None) -> service.Request:
        user = call.user
        function, wanted = wire.from_body(
            await read_body(request, self._body_bytes, self._body_seconds), dict(request.query_params)
        )
        return service.Request(
            uid=wire.uid_of(request.headers.get("fused-run-id")),
            target=of_function(user, function),
            arguments=wanted.arguments,
            formats=wanted.formats,
            tile=tile,
            max_age=wanted.max_age,
            door="tile" if tile else "body",
            caller_id=user.id,
            context=_context(request, user.email),
        )

    async def _by_name(self, call: Call, request: Request, email: str, name: str, tile: Tile | None) -> Response:
        user = call.user
        target = self._targets.warm(("name", user.id, email, name))
        if target is None:
            target = await anyio.to_thread.run_sync(self._targets.by_name, call, email, name)
        return await self._by_target(call, request, target, tile, "saved")

    async def _by_token(
        self, call: Call, request: Request, token: str, tile: Tile | None, name: str | None = None
    ) -> Response:
        target = self._targets.warm(("token", token))
        if target is None:
            target = await anyio.to_thread.run_sync(self._targets.by_token, token)
        if name is not None and name != target.name:
            raise NotFound("This token opens no udf of that name.")
        return await self._by_target(call, request, target, tile, "token", share_token=token)

    async def _by_target(
        self, call: Call, request: Request, target: Target, tile: Tile | None, door: str, **more: str
    ) -> Response:
        wanted = wire.from_query(
            request.query_params.multi_items(), request.headers.get("accept", ""), tile=tile is not None
        )
        made = service.Request(
            uid=wire.uid_of(request.headers.get("fused-run-id")),
            target=target,
            arguments={**target.function.parameters, **wanted.arguments},
            formats=wanted.formats,
            tile=tile,
            max_age=wanted.max_age,
            door="tile" if tile else door,
            caller_id=call.who.user.id if call.who else None,
            context=_context(request, target.owner_email) | more,
        )
        return await self._finish(request, made)

    async def _finish(self, request: Request, made: service.Request) -> Response:
        answered = self._calls.at_once(made)
        if answered is None:
            work = self._calls.answer(made) if made.tile is None else self._finished(made)
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
        made = await self._by_code(call, request, tile)
        task = self._started.start(call.user.id, made.uid, lambda: self._calls.answer(made))
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


def _context(request: Request, email: str) -> dict[str, Any]:
    """What user code may know of its call. The key that opened the door is not among it; a token's text may be."""
    recursion = request.headers.get("fused-recursion", "1")
    return {
        "user_email": email,
        "recursion_factor": int(recursion) if recursion.isdecimal() and len(recursion) < 4 else 1,
        "headers": {
            name: value
            for name, value in request.headers.items()
            if name not in {"authorization", "cookie", "proxy-authorization", "x-tiledb-rest-api-key"}
        },
    }
