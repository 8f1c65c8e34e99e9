"""TileJSON of a token: what a map needs to know to show the udf's tiles (TileJSON 3.0.0)."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from headrace.api.operation import Operation, describe
from headrace.dialects.fused.answer import JSON
from headrace.services import tokens
from headrace.services.call import Call

VECTOR = frozenset({"mvt"})
LAYER = {"id": "udf", "fields": {}}  # the one layer of our vector tiles


def show(call: Call, request: Request, token: str) -> Response:
    """What a map needs to show the udf that a token opens.

    The query is passed on to the tiles: `?format=mvt&year=2020` shows vector tiles of that year. What the token holds
    as `metadata_json` (minzoom, maxzoom, bounds, center, attribution ...) goes before what is said here.
    """
    opened, udf = tokens.resolve(call.platform, token)
    query = request.url.query
    base = call.platform.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")
    known: dict[str, Any] = {
        "tilejson": "3.0.0",
        "name": udf.slug,
        "scheme": "xyz",
        "tiles": [f"{base}/server/v1/realtime-shared/{token}/run/tiles/{{z}}/{{x}}/{{y}}{'?' if query else ''}{query}"],
        "minzoom": 0,
        "maxzoom": 22,
        "bounds": [-180, -85.0511, 180, 85.0511],
    }
    if request.query_params.get("format") in VECTOR:
        known["vector_layers"] = [LAYER]
    return Response(msgspec.json.encode(known | (opened.metadata_json or {})), headers={"Content-Type": JSON})


def operations() -> list[Operation]:
    """The one route."""
    return [describe("GET", "/realtime-shared/{token}/tilejson.json", show, raw=True, public=True, tags=("tokens",))]
