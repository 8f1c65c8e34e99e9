"""What machines ask of any server: is it up, is it ready, how does it fare."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from headrace.api.operation import Operation, describe

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


def machine_operations(check: Callable[[], None], exposition: Callable[[], bytes]) -> list[Operation]:
    """`check` raises Unavailable where the server is not ready; `exposition` gives the figures for Prometheus."""

    async def healthz(call: object, request: Request) -> Response:
        """Whether the server answers requests at all."""
        return Response(b"ok\n", media_type="text/plain")

    def readyz(call: object, request: Request) -> Response:
        """Whether the server answers requests at once: database reached, workers prepared, not stopping."""
        check()
        return Response(b"ready\n", media_type="text/plain")

    def metrics(call: object, request: Request) -> Response:
        """Figures in Prometheus' exposition format."""
        response = Response(exposition())
        response.headers["Content-Type"] = PROMETHEUS
        return response

    plain = ("text/plain",)
    return [
        describe("GET", "/healthz", healthz, raw=True, public=True, tags=("machines",), media_types=plain),
        describe(
            "GET", "/readyz", readyz, raw=True, public=True, tags=("machines",), media_types=plain, statuses=(503,)
        ),
        describe("GET", "/metrics", metrics, raw=True, public=True, tags=("machines",), media_types=plain),
    ]
