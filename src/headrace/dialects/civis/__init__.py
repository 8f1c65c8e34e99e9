"""The resource API, at /api: the protocol of the published `civis` clients.

Each module of `resources/` is one noun. `operations` gives them all, and with them `/endpoints`, the document from
which the clients build their methods at run time.
"""

from headrace.api.operation import Operation
from headrace.api.resource import Resource
from headrace.dialects.civis.codec import Codec
from headrace.dialects.civis.endpoints import endpoints
from headrace.registry import Registry

__all__ = ["CODEC", "PREFIX", "RESOURCES", "operations"]

CODEC = Codec()
PREFIX = "/api"
RESOURCES: Registry[Resource] = Registry("headrace.dialects.civis.resources", "resource")


def operations(url: str) -> list[Operation]:
    """Every operation of the dialect, on a server that people reach at `url`."""
    declared = [operation for name in RESOURCES.names for operation in RESOURCES[name]]
    return [*declared, endpoints(declared, url + PREFIX)]
