"""Forgetting the stored results of a udf, all of them or those of some map tiles (Fused protocol notes 2.9)."""

from functools import partial

import anyio.to_thread
from msgspec import Struct

from headrace.api.operation import Operation, describe
from headrace.dialects.fused.calls import Tile, tile
from headrace.errors import Invalid
from headrace.services import udfs
from headrace.services.call import Call
from headrace.services.calls import Calls


class Forgotten(Struct):
    """How many results were forgotten."""

    deleted: int


class Tiles(Struct):
    """Map tiles, each as `[z, x, y]` or as an object with z, x and y."""

    tiles: list[list[int] | dict[str, int]]


class CacheRoutes:
    """The routes, over the calls whose results they forget."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def operations(self) -> list[Operation]:
        """Both routes."""
        known = partial(describe, status=200, tags=("calls",))
        base = "/realtime-shared/{client_id}/udf-cache/by-id/{udf_id}"
        return [
            known("DELETE", f"{base}/delete", self.delete, name="delete_cache"),
            known("POST", f"{base}/batch-delete", self.delete_tiles, name="delete_tiles"),
        ]

    async def delete(
        self, call: Call, client_id: str, udf_id: str, z: int | None = None, x: int | None = None, y: int | None = None
    ) -> Forgotten:
        """Forget the stored results of a udf of the caller's, or those of one map tile."""
        given = [number for number in (z, x, y) if number is not None]
        if len(given) not in {0, 3}:
            raise Invalid("Give z, x and y for one tile, or none of them for every result.")
        return await self._forget(call, udf_id, [tile(*given)] if given else None)

    async def delete_tiles(self, call: Call, client_id: str, udf_id: str, body: Tiles) -> Forgotten:
        """Forget the stored results of some map tiles of a udf of the caller's."""
        return await self._forget(call, udf_id, [_tile(one) for one in body.tiles])

    async def _forget(self, call: Call, udf_id: str, tiles: list[Tile] | None) -> Forgotten:
        owner_id, digests = await anyio.to_thread.run_sync(udfs.digests, call, udf_id)
        return Forgotten(await self._calls.forget(owner_id, digests, tiles))


def _tile(given: list[int] | dict[str, int]) -> Tile:
    numbers = [given[name] for name in "zxy" if name in given] if isinstance(given, dict) else given
    if len(numbers) != 3:
        raise Invalid("Each of `tiles` wants [z, x, y], or an object with z, x and y.")
    return tile(*numbers)
