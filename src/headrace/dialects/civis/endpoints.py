"""`GET /endpoints`: the document from which clients of this dialect build their methods."""

from collections.abc import Sequence
from hashlib import blake2b
from importlib.metadata import version
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from headrace.api import content
from headrace.api.operation import Operation, describe
from headrace.api.spec import swagger2
from headrace.dialects.civis.codec import Error


def endpoints(operations: Sequence[Operation], url: str) -> Operation:
    """The operation that gives the document of the others, which are served under `url`."""
    document = swagger2.document(operations, title="Headrace", version=version("headrace"), url=url, error=Error)
    body = msgspec.json.encode(document)
    etag = f'"{blake2b(body, digest_size=12).hexdigest()}"'

    async def get_endpoints(call: Any, request: Request) -> Response:  # noqa: ANN401 - as every operation
        """List the operations of this API, as a Swagger 2.0 document."""
        return await content.deliver(request, body, "application/json", {}, etag)

    return describe("GET", "/endpoints", get_endpoints, raw=True, tags=("endpoints",), statuses=(304,))
