"""Headrace: Python functions, SQL and scripts, kept, run as tracked jobs and shared as HTTPS APIs, tiles and tables.

@headrace.udf           marks a function as a udf
headrace.Client         saves, runs and shares udfs on a server
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headrace.client import Client
    from headrace.model.udf import udf

__all__ = ["Client", "udf"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module attribute
    """What the package offers, imported when it is asked for: a worker and a server import only what they use."""
    if name == "udf":
        from headrace.model.udf import udf

        return udf
    if name == "Client":
        from headrace.client import Client

        return Client
    raise AttributeError(f"module 'headrace' has no attribute {name!r}")
