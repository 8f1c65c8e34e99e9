"""`@fused.cache`: what a function gave, kept for the later calls of the same worker.

A result is pickled into the worker's own scratch folder, under a digest of the arguments and of the code and
constants that the function reaches in its own module. It is gone with the worker and never leaves its fence, unless it
is to be kept on the disk that the owner's calls share. Other options that say where the published package would keep it
are accepted and decide nothing. What cannot be pickled, or finds
no room, is not kept, and the function runs every time.
"""

import inspect
import marshal
import os
import pickle
import shutil
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import wraps
from hashlib import sha256
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from headrace.model import duration

DEFAULT_SECONDS = 12 * 3600
ABSENT = object()
CONSTANTS = (str, bytes, int, float, complex, tuple, frozenset, list, dict, set)

Function = Callable[..., Any]


def cache(
    function: Function | None = None,
    cache_max_age: str | int | None = None,
    *_elsewhere: Any,  # noqa: ANN401 - where the published package would keep it
    cache_reset: bool | None = None,
    cache_verbose: bool | None = None,
    cache_key_exclude: Iterable[str] | None = None,
    cache_storage: str | None = None,
    storage: str | None = None,
    **_of_other_generations: Any,  # noqa: ANN401
) -> Function:
    """Keep what the function gives for `cache_max_age` (12 hours); `cache_key_exclude` names what does not matter.

    `cache_reset` computes anew and keeps that. With `storage="mount"` (or `cache_storage`) it is kept on the disk that
    all calls of the owner share, where there is one. Works on coroutine functions too.
    """
    shared = "mount" in (cache_storage, storage)
    lifetime = DEFAULT_SECONDS if cache_max_age is None else duration.seconds(cache_max_age)
    excluded = frozenset(cache_key_exclude or ())

    def mark(function: Function) -> Function:
        signature = inspect.signature(function)

        def kept(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Path | None, Any]:
            """Where the result of these arguments is kept, and the result, or ABSENT."""
            given = signature.bind(*args, **kwargs)
            given.apply_defaults()
            matter = {name: value for name, value in given.arguments.items() if name not in excluded}
            try:
                cells = [cell.cell_contents for cell in function.__closure__ or ()]
                file = _folder(shared=shared) / sha256(pickle.dumps((_reached(function), cells, matter))).hexdigest()
            except (pickle.PicklingError, TypeError, AttributeError, ValueError, RecursionError, OSError):
                return None, ABSENT
            value = ABSENT if cache_reset else _read(file, lifetime)
            if cache_verbose and value is not ABSENT:
                print(f"{function.__name__}: kept result")  # noqa: T201 - what was asked for
            return file, value

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever the function takes and gives
            file, value = kept(args, kwargs)
            if value is ABSENT:
                value = function(*args, **kwargs)
                _write(file, value)
            return value

        @wraps(function)
        async def call_async(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            file, value = kept(args, kwargs)
            if value is ABSENT:
                value = await function(*args, **kwargs)
                _write(file, value)
            return value

        return call_async if inspect.iscoroutinefunction(function) else call

    return mark if function is None else mark(function)


def _reached(function: Function) -> dict[str, Any]:
    """The function's code and, by name, that of the functions and the constants of its module that it names."""
    module = function.__globals__
    reached: dict[str, Any] = {function.__qualname__: marshal.dumps(function.__code__)}
    codes = [function.__code__]
    while codes:
        code = codes.pop()
        codes += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
        for name in code.co_names:
            if name in reached:
                continue
            value = inspect.unwrap(found) if callable(found := module.get(name)) else found
            if isinstance(value, FunctionType) and value.__globals__ is module:
                reached[name] = marshal.dumps(value.__code__)
                codes.append(value.__code__)
            elif isinstance(value, CONSTANTS):
                reached[name] = value
    return reached


def _folder(*, shared: bool = False) -> Path:
    folder = Path("/mount" if shared and os.access("/mount", os.W_OK) else os.environ["TMPDIR"]) / ".cache" / "fused"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _read(file: Path, lifetime: int) -> Any:  # noqa: ANN401
    """The value kept there, or ABSENT where there is none of that age, or none that can be read."""
    try:
        if time.time() - file.stat().st_mtime < lifetime:
            return pickle.loads(file.read_bytes())  # noqa: S301 - this worker wrote it, inside its fence
    except Exception:  # noqa: BLE001 - what a torn file raises depends on its bytes; the function runs instead
        return ABSENT
    return ABSENT


def _write(file: Path | None, value: Any) -> None:  # noqa: ANN401
    """Keep the value. Where there is no room, what was kept before makes some."""
    if file is None:
        return
    try:
        content = pickle.dumps(value)
    except (pickle.PicklingError, TypeError, AttributeError, RecursionError):
        return
    if not _store(file, content):
        shutil.rmtree(file.parent, ignore_errors=True)
        _store(file, content)


def _store(file: Path, content: bytes) -> bool:
    fresh = file.with_suffix(f".{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(content)
        fresh.replace(file)
    except OSError:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        return False
    return True
