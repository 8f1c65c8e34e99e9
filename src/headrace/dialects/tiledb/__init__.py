"""The protocol of the published `tiledb-cloud` clients, generations 0.8.2 and 0.14.4, under /v1 and /v2.

`PARTS` are the modules whose routes need nothing that a server composes; those that do are objects, which `server.py`
gives to `mounts`. Each part has the whole path of its routes. What no part serves is answered from `later.TABLE`.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from headrace.api.operation import Operation
from headrace.api.router import Mount
from headrace.dialects.tiledb import (
    account,
    arrays,
    catalogue,
    favorites,
    graphs,
    later,
    organizations,
    registered,
    tokens,
)
from headrace.dialects.tiledb.codec import Codec
from headrace.dialects.tiledb.scopes import scoped

__all__ = ["CODEC", "PARTS", "PREFIXES", "Part", "mounts", "operations"]


class Part(Protocol):
    """A module or an object that has routes."""

    def operations(self) -> list[Operation]:
        """Its routes."""
        ...


CODEC = Codec()
PREFIXES = ("/v1", "/v2")
PARTS: tuple[Part, ...] = (account, tokens, organizations, arrays, catalogue, favorites, graphs, registered)


def operations(*composed: Part) -> list[Operation]:
    """Every operation of the dialect, those that are not served last."""
    served = [operation for part in (*PARTS, *composed) for operation in part.operations()]
    return [scoped(one) for one in (*served, *later.operations(served))]


def mounts(*composed: Part) -> Sequence[Mount]:
    """The dialect with these parts, as the router takes it: one mount for each version of the protocol."""
    known = operations(*composed)
    return [
        Mount(
            prefix,
            [replace(one, path=one.path.removeprefix(prefix)) for one in known if one.path.startswith(f"{prefix}/")],
            CODEC,
        )
        for prefix in PREFIXES
    ]
