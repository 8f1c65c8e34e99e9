"""A udf by the address of its code on this protocol's wire (Fused protocol notes 6.2)."""

import msgspec
from msgspec import Struct

from headrace.api.operation import Operation, describe
from headrace.services import code
from headrace.services.call import Call


class Code(Struct):
    """A udf whose code was fetched; `udf_body` is the udf object as JSON text."""

    slug: str
    udf_body: str


def get(call: Call, url: str) -> Code:
    """The udf at an address, of those that whoever runs this server allows."""
    body = code.load(call, url)
    return Code(body["name"], msgspec.json.encode(body).decode())


def operations() -> list[Operation]:
    """The one route."""
    return [describe("GET", "/code-proxy/by-url", get, name="get_code", tags=("udfs",))]
