"""What code in a worker finds under the name `fused` (Fused protocol notes 6.2).

    udf                     marks the function to call
    run, run_async, submit  have the server run udfs, one or many
    load, load_async        udfs by name, token, address or source, as objects
    types                   annotations that say what an argument becomes, and the errors that udfs raise
    cache                   keeps what a function gave
    context                 who called, and how
    api                     files, udfs and the account
    secrets, user_secrets   values by their names
    file_path, download     paths on the shared disk
    get_chunks_metadata ..  tables in chunks
    core, models, options   small things under the names that published code uses

`install` puts it there when a worker starts, `connect` gives it the line to the server, `activate` sets the context of
a call. What the published package has and this server does not serve raises NotServed by its name.
"""

import sys
from types import SimpleNamespace
from typing import Any

from headrace.errors import NotServed
from headrace.model.udf import Udf, udf
from headrace.runtime.fused import _run, _server, api, context, core, models, types
from headrace.runtime.fused._cache import cache
from headrace.runtime.fused._files import download, file_path
from headrace.runtime.fused._load import load, load_async
from headrace.runtime.fused._run import run, run_async
from headrace.runtime.fused._secrets import secrets, user_secrets
from headrace.runtime.fused._submit import submit
from headrace.runtime.fused._tables import get_chunk_from_table, get_chunks_metadata
from headrace.runtime.line import Line

__all__ = [
    "activate",
    "api",
    "cache",
    "connect",
    "context",
    "core",
    "download",
    "file_path",
    "get_chunk_from_table",
    "get_chunks_metadata",
    "install",
    "load",
    "load_async",
    "models",
    "options",
    "run",
    "run_async",
    "secrets",
    "submit",
    "types",
    "udf",
    "user_secrets",
]

LATER = {
    "find_dataset": "",
    "h3": "",
    "ingest": "",
    "ingest_nongeospatial": "",
    "register_dataset": "",
    "utils": " Its modules live in a public repository; load one by its address with fused.load(url).utils.",
}

options = SimpleNamespace(base_url="", realtime_client_id="local", request_timeout=120, max_recursion_factor=5)


def install() -> None:
    """Make `import fused` find this package in the calling process."""
    this = sys.modules[__name__]
    parts = {"api": api, "context": context, "core": core, "models": models, "types": types}
    sys.modules.update({"fused": this, **{f"fused.{name}": module for name, module in parts.items()}})


def connect(line: Line) -> None:
    """Ask over this line from now on; calling a marked function then has the server run it."""
    _server.connect(line)
    Udf.elsewhere = _run.call


def activate(given: dict[str, Any], running: Any = None) -> None:  # noqa: ANN401 - the worker's own
    """Set what `context` answers during the next call, and the source that it runs."""
    context.current, context.running = given, running
    options.max_recursion_factor = context.max_recursion_factor()


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module attribute
    if name in LATER:
        raise NotServed(f"fused.{name} is not served by this version of Headrace.{LATER[name]}")
    raise AttributeError(f"module 'fused' has no attribute {name!r}")
