"""The code behind a token, for those who may read it (Fused protocol notes 2.5)."""

from functools import partial

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from headrace.api.operation import Operation, describe
from headrace.dialects.fused import udfs
from headrace.dialects.fused.answer import JSON
from headrace.dialects.fused.openings import Openings
from headrace.services import tokens
from headrace.services.call import Call


class CodeByToken:
    """The routes, which look tokens up and so count wrong guesses."""

    def __init__(self, openings: Openings) -> None:
        self._openings = openings

    def operations(self) -> list[Operation]:
        """Of a token, and of a udf that a collection's token opens."""
        shared = "/udf/shared/by-token/{token}"
        told = partial(describe, "GET", raw=True, public=True, tags=("udfs",))
        return [told(shared, self.get_shared), told(f"{shared}/{{name}}", self.get_shared_named)]

    async def get_shared(self, call: Call, request: Request, token: str) -> Response:
        """The udf behind a token, for those who may read its code."""
        return await self._get(call, request, token, None)

    async def get_shared_named(self, call: Call, request: Request, token: str, name: str) -> Response:
        """The udf of that name behind a collection's token, for those who may read its code."""
        return await self._get(call, request, token, name)

    async def _get(self, call: Call, request: Request, token: str, name: str | None) -> Response:
        udf = await self._openings.look_up(call, request, token, partial(tokens.shared, call, token, name))
        return Response(msgspec.json.encode(udfs.shown(udf)), headers={"Content-Type": JSON})
