"""The arguments of a call, in either of the two styles that clients send (protocol notes 3.3).

    argument        a pickle of the positional tuple, the dict of keywords, or both; what of arrays is read comes first
    arguments_json  a list of {"value": ...} and {"name": ..., "value": ...}, in which arrays stand where their tag is

Stored results of earlier tasks stand among them as objects or as tags. `arguments_json` goes before `argument`.
"""

# Values of any type are its subject.
# ruff: noqa: ANN401
from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from . import names, tagged, values
from .failure import Failed


def collect(request: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Positional arguments and those with a name. Raises Failed for what cannot be read."""
    sent = request.get("arguments_json")
    if sent is None:
        return _of_pickle(request)
    if isinstance(sent, (bytes, str)):
        sent = json.loads(sent)
    positional: list[Any] = []
    named: dict[str, Any] = {}
    tags = {
        "stored_param": lambda tag: _stored(request, tag.get("task_id"), tag.get("python_decoder")),
        "node_output": lambda tag: _output(request, tag),
        "udf_array_details": lambda tag: _array(request, tag.get("udf_array_details") or {}),
    }
    try:
        for one in sent:
            value = tagged.decode(one.get("value"), tags)
            if one.get("name") is None:
                positional.append(value)
            else:
                named[str(one["name"])] = value
    except RecursionError:
        raise Failed("ValueError", "The arguments are nested too deeply.") from None
    except AttributeError:
        raise Failed(
            "ValueError", "arguments_json must be a list of objects with a value, and a name or none."
        ) from None
    return positional, named


def _of_pickle(request: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    arrays = [one["data"] for one in request.get("arrays") or ()]
    positional: list[Any] = [arrays[0] if len(arrays) == 1 else arrays] if arrays else []
    named: dict[str, Any] = {}
    sent = request.get("argument")
    if not sent:
        return positional, named
    parts, stores = names.load(sent, "The pickle of the arguments")
    if stores:
        parts = _replaced(request, parts, set())
    if not isinstance(parts, tuple):
        kind = type(parts).__name__
        raise Failed("TypeError", f"The pickle of the arguments holds no tuple of a tuple and a dict, but one {kind}.")
    for part in parts:
        if isinstance(part, dict):
            named.update(part)
        elif isinstance(part, (tuple, list)):
            positional.extend(part)
        else:
            kind = type(part).__name__
            raise Failed(
                "TypeError", f"The arguments are a tuple of values, a dict of named ones, or both; not {kind}."
            )
    return positional, named


def _replaced(request: dict[str, Any], value: Any, seen: set[int]) -> Any:
    """The value with stored results in the place of what stands for them. Lists and dicts, just read, are changed."""
    if isinstance(value, names.StoredParam):
        return _stored(request, value.task_id, value.decoder)
    if isinstance(value, tuple):
        parts = [_replaced(request, one, seen) for one in value]
        if all(one is value[at] for at, one in enumerate(parts)):
            return value
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if id(value) in seen:
        return value
    if isinstance(value, list):
        seen.add(id(value))
        value[:] = [_replaced(request, one, seen) for one in value]
    elif isinstance(value, dict):
        seen.add(id(value))
        for name, one in value.items():
            value[name] = _replaced(request, one, seen)
    return value


def _stored(request: dict[str, Any], task: Any, decoder: Any) -> Any:
    """The stored result of a task, read by the decoder that came with it, or by what its format says."""
    try:
        uid = str(UUID(str(task)))
    except ValueError:
        raise Failed("ValueError", f"{task!r} is no id of a task.") from None
    found = (request.get("stored") or {}).get(uid)
    if found is None:
        # The word by which clients know to send the value itself.
        raise Failed("LookupError", f"The result of task {uid} is not kept any more: RETRY_WITH_PARAMS")
    if isinstance(decoder, dict):
        decoder = tagged.decode(decoder)
    if decoder is not None:
        return decoder.decode(found["body"])
    return values.read(values.format_of(found["format"]), found["body"])


def _output(request: dict[str, Any], tag: dict[str, Any]) -> Any:
    """The result of another node of a graph; the server says which task ran it."""
    node = str(tag.get("client_node_id"))
    task = (request.get("nodes") or {}).get(node)
    if task is None:
        raise Failed("LookupError", f"An argument is the output of node {node}, which has not run.")
    return _stored(request, task, None)


def _array(request: dict[str, Any], details: dict[str, Any]) -> Any:
    """What was read of an array. The same array may be read twice, so its parameter's id goes before its name."""
    arrays = request.get("arrays") or ()
    for name in ("parameter_id", "uri"):
        for one in arrays:
            if details.get(name) is not None and one.get(name) == details[name]:
                return one["data"]
    uri = details.get("uri")
    raise Failed("LookupError", f"An argument is read from {uri}, which is not among the arrays of the call.")
