"""TileJSON of a token: what a map needs to know to show the udf's tiles (TileJSON 3.0.0)."""

import asyncio
from contextlib import suppress
from functools import partial
from typing import Any

import anyio
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from headrace.api.operation import Operation, describe
from headrace.dialects.fused import request as wire
from headrace.dialects.fused.answer import JSON
from headrace.dialects.fused.openings import Openings, base_of
from headrace.errors import HeadraceError, Invalid
from headrace.formats import FORMATS
from headrace.model import tilejson
from headrace.model.ids import new_run_uid
from headrace.model.result import Outcome
from headrace.model.tilejson import Described, Layer
from headrace.runtime import geography
from headrace.services import requests as service
from headrace.services import tokens
from headrace.services.call import Call
from headrace.services.calls import Answered, Calls
from headrace.services.requests import Target

VECTOR = "mvt"
FIELDS = "Headrace-Fields"  # in what a vector tile's format says of it
PATIENCE_SECONDS = 8.0
OURS = frozenset({"tilejson", "tiles", "scheme", "fields", "vector_layers", "tileSize"})


class TileJson:
    """The route that describes a token's tiles, over the services that a server composes."""

    def __init__(self, calls: Calls, openings: Openings) -> None:
        self._calls, self._openings = calls, openings
        self._looking: set[asyncio.Task[Answered]] = set()

    def operations(self) -> list[Operation]:
        """Of a token, and of a udf that a collection's token opens."""
        told = partial(describe, "GET", raw=True, public=True, tags=("tokens",))
        shared = "/realtime-shared/{token}"
        return [
            told(f"{shared}/tilejson.json", self.show, name="show_tilejson"),
            told(f"{shared}/{{name}}/tilejson.json", self.show_named, name="show_tilejson_named"),
        ]

    async def show_named(self, call: Call, request: Request, token: str, name: str) -> Response:
        """What a map needs to show the udf of that name that a token opens. A collection's token holds no metadata."""
        return await self._show(call, request, token, name)

    async def show(self, call: Call, request: Request, token: str) -> Response:
        """What a map needs to show the udf that a token opens.

        The query is passed on to the tiles: `?format=mvt&year=2020` shows vector tiles of that year. What the token
        holds as `metadata_json` (minzoom, maxzoom, bounds, center, attribution ...) goes before what is said here. The
        attributes of vector tiles are those that it names as `fields`; where it names none but says by `bounds` or
        `center` where to look, those of the tile there.
        """
        return await self._show(call, request, token, None)

    async def _show(self, call: Call, request: Request, token: str, name: str | None) -> Response:
        target, more = await self._openings.open(call, request, token, name)
        metadata: dict[str, Any] = {}
        if target.token_id is not None:
            opened, _ = await anyio.to_thread.run_sync(tokens.resolve, call.platform, token)
            metadata = opened.metadata_json or {}
        try:
            described = tilejson.read(metadata)
        except Invalid:  # kept before metadata was checked
            metadata, described = {}, Described()
        query = request.url.query
        base = call.platform.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")
        address = f"{base}{base_of(token, name)}/run/tiles/{{z}}/{{x}}/{{y}}"
        told: dict[str, Any] = {
            "tilejson": "3.0.0",
            "name": target.name,
            "scheme": "xyz",
            "tiles": [f"{address}{'?' if query else ''}{query}"],
            "minzoom": described.minzoom,
            "maxzoom": described.maxzoom,
            "bounds": described.bounds,
        }
        told |= {name: value for name, value in metadata.items() if name not in OURS and value is not None}
        wanted = wire.from_query(request.scope["query_string"], "", tile=True)
        first = wanted.formats[0]
        if first == VECTOR:
            layers = described.vector_layers
            if layers is None:
                fields = described.fields
                if fields is None and ("bounds" in metadata or "center" in metadata):
                    fields = await self._fields(target, more, wanted, described)
                layers = [Layer(fields=fields or {})]
            told["vector_layers"] = [{"id": layer.id, "fields": layer.fields} | _more(layer) for layer in layers]
        elif FORMATS[first].media_type.startswith("image/"):
            told["tileSize"] = described.tile_size or 256
        return Response(msgspec.json.encode(told), headers={"Content-Type": JSON})

    async def _fields(
        self, target: Target, more: dict[str, str], wanted: wire.Wanted, described: Described
    ) -> dict[str, str] | None:
        """The attributes of the tile where a look begins, if it is there in a moment; a map asks for it next."""
        longitude, latitude, zoom = described.middle()
        made = service.Request(
            uid=new_run_uid(),
            target=target,
            arguments={**target.function.parameters, **wanted.arguments},
            formats=wanted.formats,
            tile=geography.tile_at(longitude, latitude, zoom),
            max_age=wanted.max_age,
            door="tile",
            context={"user_email": target.owner_email, "headers": {}} | more,
        )
        looking = asyncio.create_task(self._calls.answer(made))
        self._looking.add(looking)
        looking.add_done_callback(self._looking.discard)
        await asyncio.wait({looking}, timeout=PATIENCE_SECONDS)
        if not looking.done():
            looking.add_done_callback(lambda task: task.cancelled() or task.exception())
            return None
        with suppress(HeadraceError, msgspec.DecodeError):
            answer = looking.result().answer
            said = dict(answer.headers).get(FIELDS)
            if answer.outcome is Outcome.OK and said:
                return msgspec.json.decode(said, type=dict[str, str])
        return None


def _more(layer: Layer) -> dict[str, Any]:
    given = {name: getattr(layer, name) for name in ("description", "minzoom", "maxzoom")}
    return {name: value for name, value in given.items() if value is not None}
