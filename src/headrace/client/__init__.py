"""The SDK: a client of a Headrace server, light enough to import anywhere; nothing of the server is in it."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headrace.client.client import Client
    from headrace.client.response import ListResponse, Response
    from headrace.client.result import Failed, Result, SharedUdf
    from headrace.client.tasks import SQLParameters

__all__ = ["Client", "Failed", "ListResponse", "Response", "Result", "SQLParameters", "SharedUdf"]

PLACES = {"Client": "client", "ListResponse": "response", "Response": "response", "SQLParameters": "tasks"}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module attribute
    """What the package offers, imported when it is asked for: completing a command needs no HTTP."""
    if name in __all__:
        return getattr(import_module(f"{__name__}.{PLACES.get(name, 'result')}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
