"""`@fused.cache`: what a function gave, kept for the later calls of the same worker.

A result is pickled into the worker's own scratch folder, under a digest of the function's code and arguments. It is
gone with the worker and never leaves its fence. Options that say where the published package would keep it are
accepted and decide nothing.
"""

import os
import pickle
import time
from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from pathlib import Path
from typing import Any

from headrace.model import duration

DEFAULT_SECONDS = 12 * 3600


def cache(
    function: Callable[..., Any] | None = None,
    *,
    cache_max_age: str | int = DEFAULT_SECONDS,
    cache_reset: bool = False,
    cache_verbose: bool = False,
    cache_key_exclude: tuple[str, ...] | list[str] = (),
    **_elsewhere: Any,  # noqa: ANN401 - options of every client generation
) -> Callable[..., Any]:
    """Keep what the function gives for `cache_max_age`; `cache_key_exclude` names arguments that do not matter."""

    def mark(function: Callable[..., Any]) -> Callable[..., Any]:
        code = function.__code__
        identity = repr((function.__name__, code.co_code, code.co_consts, code.co_names)).encode()
        lifetime = duration.seconds(cache_max_age)

        @wraps(function)
        def kept(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever the function takes and gives
            counted = {name: value for name, value in kwargs.items() if name not in cache_key_exclude}
            key = sha256(identity + pickle.dumps((args, sorted(counted.items())))).hexdigest()
            file = _folder() / key
            if not cache_reset and file.exists() and time.time() - file.stat().st_mtime < lifetime:
                if cache_verbose:
                    print(f"{function.__name__}: kept result")
                return pickle.loads(file.read_bytes())
            value = function(*args, **kwargs)
            fresh = file.with_suffix(f".{os.getpid()}")
            fresh.write_bytes(pickle.dumps(value))
            fresh.replace(file)
            return value

        return kept

    return mark if function is None else mark(function)


def _folder() -> Path:
    folder = Path(os.environ["TMPDIR"]) / ".cache" / "fused"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
