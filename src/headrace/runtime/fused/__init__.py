"""What code in a worker finds under the name `fused` (Fused protocol notes 6.2).

    udf                     marks the function to call
    types                   annotations that say what an argument becomes
    cache                   keeps what a function gave between the calls of one worker
    context                 who called, and how
    options                 a bag of attributes

`install` puts it there when a worker starts, `activate` sets the context of a call. What the published package has
and this server does not serve yet raises NotServed by its name.
"""

import sys
from types import SimpleNamespace
from typing import Any

from headrace.errors import NotServed
from headrace.model.udf import udf
from headrace.runtime.fused import context, types
from headrace.runtime.fused._cache import cache

__all__ = ["activate", "cache", "context", "install", "options", "types", "udf"]

LATER = frozenset(
    "api core download file_path find_dataset get_chunk_from_table get_chunks_metadata h3 ingest ingest_nongeospatial "
    "load load_async models register_dataset run run_async secrets submit user_secrets utils".split()
)

options = SimpleNamespace()


def install() -> None:
    """Make `import fused` find this package in the calling process."""
    this = sys.modules[__name__]
    sys.modules.update({"fused": this, "fused.types": types, "fused.context": context})


def activate(given: dict[str, Any]) -> None:
    """Set what `context` answers during the next call."""
    context.current = given


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module attribute
    if name in LATER:
        raise NotServed(f"fused.{name} is not served by this version of Headrace.")
    raise AttributeError(f"module 'fused' has no attribute {name!r}")
