"""TileDB JSON: plain JSON in which objects with a tag stand for what JSON has no word for (protocol notes 3.3).

    {"__tdbudf__": "immediate", "format": ..., "base64_data": ...}    a value of that format
    {"__tdbudf__": "raw_json", "raw_json": ...}                       JSON in which nothing is a tag
    {"__tdbudf__": "__escape__", "__escape__": {...}}                 a dict that itself has the key of a tag

What the other tags stand for - stored results, arrays - is known to whoever reads the arguments of a call.
"""

# Values of any type are its subject.
# ruff: noqa: ANN401
from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping
from typing import Any

from . import values
from .failure import Failed

TAG = "__tdbudf__"
ESCAPE = "__escape__"
RAW = "raw_json"
IMMEDIATE = "immediate"
PLAIN = (str, int, float, type(None))  # bool is an int


def decode(value: Any, tags: Mapping[str, Callable[[dict[str, Any]], Any]] | None = None) -> Any:
    """The value that parsed TileDB JSON stands for; `tags` reads the tags that are not said above.

    Raises Failed for a tag that nobody reads, or that lacks what it needs.
    """
    if isinstance(value, list):
        return [decode(one, tags) for one in value]
    if not isinstance(value, dict):
        return value
    kind = value.get(TAG)
    if TAG not in value:
        return {name: decode(one, tags) for name, one in value.items()}
    try:
        if kind == ESCAPE:
            return {name: decode(one, tags) for name, one in value[ESCAPE].items()}
        if kind == RAW:
            return value[RAW]
        if kind == IMMEDIATE:
            return values.read(value["format"], base64.b64decode(value["base64_data"]))
    except (KeyError, TypeError, AttributeError, ValueError) as wrong:
        raise Failed("ValueError", f"An argument tagged {kind!r} is not complete: {wrong}") from None
    if tags is None or not isinstance(kind, str) or kind not in tags:
        there = ", ".join([IMMEDIATE, RAW, ESCAPE, *(tags or ())])
        raise Failed("ValueError", f"An argument has the tag {kind!r}; there are {there}.")
    return tags[kind](value)


def encode(value: Any) -> Any:
    """The value as TileDB JSON, to be written by `json`. What refers to itself is pickled as a whole."""
    try:
        return _encode(value, set())
    except _Cyclic:
        return _immediate("python_pickle", values.write_pickle, value)


class _Cyclic(Exception):
    """JSON has no word for what contains itself."""


def _encode(value: Any, within: set[int]) -> Any:
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, (list, tuple)) or (isinstance(value, dict) and all(isinstance(name, str) for name in value)):
        if id(value) in within:
            raise _Cyclic
        within.add(id(value))
        if isinstance(value, dict):
            items = {name: _encode(one, within) for name, one in value.items()}
            encoded: Any = {TAG: ESCAPE, ESCAPE: items} if TAG in items else items
        else:
            encoded = [_encode(one, within) for one in value]
        within.discard(id(value))
        return encoded
    if isinstance(value, bytes):
        return {TAG: IMMEDIATE, "format": "bytes", "base64_data": base64.b64encode(value).decode()}
    if values.is_table(value):
        return _immediate("arrow", values.write_arrow, value)
    if values.is_frame(value):
        try:
            return _immediate("arrow_dataframe", values.write_frame, value)
        except (TypeError, ValueError, LookupError, NotImplementedError):
            pass  # Arrow has no type for a column of any objects
    return _immediate("python_pickle", values.write_pickle, value)


def _immediate(name: str, write: Callable[[Any, Any], None], value: Any) -> dict[str, str]:
    out = io.BytesIO()
    write(value, out)
    return {TAG: IMMEDIATE, "format": name, "base64_data": base64.b64encode(out.getbuffer()).decode()}
