"""What code in a worker finds under the name `fused` (Fused protocol notes 6.2).

    udf                     marks the function to call
    run, run_async, submit  have the server run udfs, one or many
    load, load_async        udfs by name, token, address or source, as objects
    types                   annotations that say what an argument becomes, and the errors that udfs raise
    cache                   keeps what a function gave
    context                 who called, and how
    options                 a bag of attributes

`install` puts it there when a worker starts, `connect` gives it the line to the server, `activate` sets the context of
a call. What the published package has and this server does not serve yet raises NotServed by its name.
"""

import sys
from types import SimpleNamespace
from typing import Any

from headrace.errors import NotServed
from headrace.model.udf import Udf, udf
from headrace.runtime.fused import _run, _server, context, types
from headrace.runtime.fused._cache import cache
from headrace.runtime.fused._load import load, load_async
from headrace.runtime.fused._run import run, run_async
from headrace.runtime.fused._submit import submit
from headrace.runtime.line import Line

__all__ = [
    "activate",
    "cache",
    "connect",
    "context",
    "install",
    "load",
    "load_async",
    "options",
    "run",
    "run_async",
    "submit",
    "types",
    "udf",
]

LATER = frozenset(
    "api core download file_path find_dataset get_chunk_from_table get_chunks_metadata h3 ingest ingest_nongeospatial "
    "models register_dataset secrets user_secrets utils".split()
)

options = SimpleNamespace()


def install() -> None:
    """Make `import fused` find this package in the calling process."""
    this = sys.modules[__name__]
    sys.modules.update({"fused": this, "fused.types": types, "fused.context": context})


def connect(line: Line) -> None:
    """Ask over this line from now on; calling a marked function then has the server run it."""
    _server.connect(line)
    Udf.elsewhere = _run.call


def activate(given: dict[str, Any], running: Any = None) -> None:  # noqa: ANN401 - the worker's own
    """Set what `context` answers during the next call, and the source that it runs."""
    context.current, context.running = given, running


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module attribute
    if name in LATER:
        raise NotServed(f"fused.{name} is not served by this version of Headrace.")
    raise AttributeError(f"module 'fused' has no attribute {name!r}")
