"""From a server's document of its operations (Swagger 2.0) to the methods that a client has.

The rules for names and for the order of arguments are those of the protocol (Civis notes 2.2 to 2.4):

    GET    /users                  users.list(*, limit, ...)      the last segment is a word
    GET    /users/{id}             users.get(id)
    GET    /users/me               users.get_me()                 it answers one object; `list_me` as well
    PUT    /groups/{id}/members/{user_id}   groups.put_members(id, user_id)

Arguments come in the order in which the document has them, a body as its properties. Required ones are positional,
optional ones are keywords.
"""

import keyword
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import msgspec
from msgspec import Struct

from headrace.client.casing import snake
from headrace.errors import Invalid

Schema = dict[str, Any]
VERBS = ("get", "post", "put", "patch", "delete")
PLACES = ("path", "query", "body")
NOT_A_WORD = re.compile(r"\W")
DEEPEST = 20  # references that lead to references


class Argument(Struct, frozen=True):
    """A value that a method takes."""

    name: str  # in Python
    wire: str  # in the path, the query or the body
    place: str
    required: bool
    schema: Schema

    @property
    def description(self) -> str:
        """What it is, where the document says so."""
        return self.schema.get("description") or ""


class Method(Struct, frozen=True):
    """One operation of a server, as a method of a client."""

    resource: str
    name: str
    verb: str
    path: str
    summary: str
    description: str
    arguments: tuple[Argument, ...]
    returns: Schema | None
    warning: str | None = None  # what is said whenever it is called
    later: str | None = None  # what the server says in place of an answer, where it does not serve it yet

    @property
    def required(self) -> tuple[Argument, ...]:
        """The arguments that come first, by their place. One name that goes to two places is one argument."""
        return tuple({a.name: a for a in reversed(self.arguments) if a.required}.values())[::-1]

    @property
    def optional(self) -> tuple[Argument, ...]:
        """The arguments that are keywords."""
        taken = {a.name for a in self.required}
        return tuple({a.name: a for a in self.arguments if a.name not in taken}.values())

    @property
    def pageable(self) -> bool:
        """Whether it gives one page of a list."""
        query = {a.wire for a in self.arguments if a.place == "query"}
        return self.verb == "GET" and {"limit", "page_num"} <= query

    @property
    def many(self) -> bool:
        """Whether it gives a list."""
        return (self.returns or {}).get("type") == "array"


Methods = dict[str, Method]


def methods(document: Mapping[str, Any]) -> dict[str, Methods]:
    """The methods of each resource by their names. One that has two names is there twice, under its own name first.

    Raises Invalid for what is not a document of operations.
    """
    try:
        found = list(_operations(document))
    except (KeyError, TypeError, AttributeError) as wrong:
        raise Invalid(f"This is not a document of operations (Swagger 2.0): {type(wrong).__name__} {wrong}.") from wrong
    resources: dict[str, Methods] = {}
    for method in found:
        resources.setdefault(method.resource, {})[method.name] = method
    for method in found:
        if method.name.startswith("list") and not method.many:
            _prefer(resources[method.resource], method)
    return resources


def resolve(schema: Schema | None, definitions: Mapping[str, Schema]) -> Schema:
    """A schema with what it refers to in its place, and the name of that; its own description wins."""
    found = schema or {}
    for _ in range(DEEPEST):
        if "$ref" not in found:
            break
        own = {key: value for key, value in found.items() if key != "$ref"}
        name = found["$ref"].rpartition("/")[2]
        found = {**definitions.get(name, {}), "x-definition": name, **own}
    return found


def _prefer(names: Methods, method: Method) -> None:
    """Give what answers one object its name with `get`, unless that is another's; the one with `list` stays."""
    preferred = "get" + method.name.removeprefix("list")
    if preferred in names:
        return
    names[preferred] = names[method.name] = msgspec.structs.replace(method, name=preferred)


def _operations(document: Mapping[str, Any]) -> Iterator[Method]:
    definitions: dict[str, Schema] = document.get("definitions", {})
    for path, verbs in document["paths"].items():
        for verb in VERBS:
            # Where a summary says that it is deprecated, no client has a method for it (notes 2.2).
            if verb in verbs and "deprecated" not in verbs[verb].get("summary", "").lower():
                yield _method(path, verb, verbs[verb], definitions)


def _method(path: str, verb: str, operation: Mapping[str, Any], definitions: Mapping[str, Schema]) -> Method:
    resource, name = _names(path, verb)
    answer = next(iter(operation.get("responses", {}).values()), {})
    schema: Schema | None = answer.get("schema")
    if schema is not None:
        schema = resolve(schema, definitions)
    summary = operation.get("summary") or f"{verb.upper()} {path}"
    description = operation.get("description") or ""
    return Method(
        resource=resource,
        name=name,
        verb=verb.upper(),
        path="/" + path.strip("/"),
        summary=summary.strip(),
        description="" if description.strip() == summary.strip() else description.strip(),
        arguments=tuple(_arguments(operation.get("parameters", ()), definitions)),
        returns=schema,
        warning=operation.get("x-deprecation-warning"),
        later=operation.get("x-headrace-later"),
    )


def _names(path: str, verb: str) -> tuple[str, str]:
    segments = path.strip("/").split("/")
    words = [verb]
    for segment, following in pairwise([*segments[1:], ""]):
        if not segment.startswith("{"):
            words.append(_word(segment))
        elif following.startswith("{"):
            words.append(_word(segment.strip("{}")))
    if verb == "get" and not segments[-1].startswith("{"):
        words[0] = "list"
    return _word(segments[0]), "_".join(words)


def _word(segment: str) -> str:
    return NOT_A_WORD.sub("_", segment.lower())


def _arguments(parameters: Any, definitions: Mapping[str, Schema]) -> Iterator[Argument]:  # noqa: ANN401 - of a document
    for parameter in parameters:
        place = parameter["in"]
        if place not in PLACES:
            continue
        if place != "body":
            yield _argument(parameter["name"], place, parameter, required=bool(parameter.get("required")))
            continue
        body = resolve(parameter.get("schema"), definitions)
        wanted = body.get("required", ())
        for name, schema in body.get("properties", {}).items():
            yield _argument(name, place, resolve(schema, definitions), required=name in wanted)


def _argument(wire: str, place: str, schema: Mapping[str, Any], *, required: bool) -> Argument:
    name = snake(NOT_A_WORD.sub("_", wire))
    if keyword.iskeyword(name) or name == "self":
        name = f"{name}_"
    return Argument(name if name.isidentifier() else f"_{name}", wire, place, required, dict(schema))
