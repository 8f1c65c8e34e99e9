"""`/openapi.json` and `/docs`: what this server answers, for programs and for people."""

from collections.abc import Sequence
from hashlib import blake2b
from importlib.resources import files
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from headrace.api import content
from headrace.api.operation import Operation, describe
from headrace.api.router import Mount
from headrace.api.spec import openapi31

# The page asks this server and nobody else, and runs nothing but its own script.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def spec_operations(
    mounts: Sequence[Mount], *, title: str, version: str, url: str, description: str = ""
) -> list[Operation]:
    """The operations that show the operations of `mounts`, on a server that people reach at `url`."""
    document = msgspec.json.encode(
        openapi31.document(mounts, title=title, version=version, url=url, description=description)
    )
    page = files("headrace.api.spec").joinpath("docs.html").read_bytes()

    async def get_openapi(call: Any, request: Request) -> Response:  # noqa: ANN401 - as every operation
        """Give every operation of this server, as an OpenAPI 3.1 document."""
        return await content.deliver(request, document, "application/json", {}, _etag(document))

    async def get_docs(call: Any, request: Request) -> Response:  # noqa: ANN401
        """Show every operation of this server on a page where they can be tried."""
        headers = {"Content-Security-Policy": POLICY}
        return await content.deliver(request, page, "text/html; charset=utf-8", headers, _etag(page))

    options: dict[str, Any] = {"raw": True, "public": True, "tags": ("machines",), "statuses": (304,)}
    return [
        describe("GET", "/openapi.json", get_openapi, **options),
        describe("GET", "/docs", get_docs, **options, media_types=("text/html",)),
    ]


def _etag(body: bytes) -> str:
    return f'"{blake2b(body, digest_size=12).hexdigest()}"'
