"""`fused.core`: small functions under the names that published code calls them by."""

from typing import Any

from headrace.errors import NotServed
from headrace.runtime.fused._cache import cache
from headrace.runtime.fused._files import download, file_path
from headrace.runtime.fused._load import Loaded, load
from headrace.runtime.fused._run import run, run_async
from headrace.runtime.fused._tables import get_chunk_from_table, get_chunks_metadata

__all__ = ["cache", "download", "file_path", "get_chunk_from_table", "get_chunks_metadata"]

create_path = file_path


def cache_call(function: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
    """What the function gives, kept as `fused.cache` keeps it."""
    return cache(function)(*args, **kwargs)


def run_shared_file(token: str, **arguments: Any) -> Any:  # noqa: ANN401
    """What the udf gives that a token opens."""
    return run(token=token, **arguments)


async def run_shared_file_async(token: str, **arguments: Any) -> Any:  # noqa: ANN401
    """What the udf gives that a token opens; the event loop runs on meanwhile."""
    return await run_async(token=token, **arguments)


def run_shared_tile(token: str, x: int, y: int, z: int, **arguments: Any) -> Any:  # noqa: ANN401
    """What the udf that a token opens gives for a map tile."""
    return run(token=token, x=x, y=y, z=z, **arguments)


async def run_shared_tile_async(token: str, x: int, y: int, z: int, **arguments: Any) -> Any:  # noqa: ANN401
    """What the udf that a token opens gives for a map tile; the event loop runs on meanwhile."""
    return await run_async(token=token, x=x, y=y, z=z, **arguments)


def load_udf_from_fused(email_or_id: str, id: str | None = None, **_options: Any) -> Loaded:  # noqa: ANN401
    """A saved udf: by the e-mail of its owner and its name, or by one text that `load` takes."""
    return load(f"{email_or_id}/{id}" if id else email_or_id)


def load_udf_from_github(url: str, **_options: Any) -> Loaded:  # noqa: ANN401
    """A udf by the address of its folder in a repository."""
    return load(url)


def load_udf_from_shared_token(token: str, **_options: Any) -> Loaded:  # noqa: ANN401
    """The udf that a token opens, where its code may be read."""
    return load(token)


def load_udf_from_code(code: str, **_options: Any) -> Loaded:  # noqa: ANN401
    """A udf by its source."""
    return load(code if "\n" in code else f"{code}\n")


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module attribute
    if name.startswith("__"):
        raise AttributeError(name)
    raise NotServed(f"fused.core.{name} is not served inside a worker.")
