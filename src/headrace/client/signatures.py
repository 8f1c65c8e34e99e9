"""What a notebook shows of a method: its signature, and a docstring in the numpy style."""

import textwrap
from collections.abc import Iterator, Mapping
from inspect import Parameter, Signature
from typing import Any

from headrace.client.casing import snake
from headrace.client.methods import Argument, Method, Schema, resolve

TYPES: dict[str, type] = {
    "integer": int,
    "number": float,
    "boolean": bool,
    "string": str,
    "array": list[Any],
    "object": dict[str, Any],
}


class Unsent:
    """What a signature shows as the value of an argument that is left out and has no default."""

    def __repr__(self) -> str:
        return "..."


UNSENT = Unsent()
WIDTH = 110
DEEPEST = 3  # levels of an answer that a docstring shows
ITERATOR = "Give the items of all pages, one after another, instead of one page."


def signature(method: Method) -> Signature:
    """Required arguments by their place, optional ones as keywords. A default is the server's own: it is not sent."""
    first = [Parameter("self", Parameter.POSITIONAL_OR_KEYWORD)]
    required = [
        Parameter(a.name, Parameter.POSITIONAL_OR_KEYWORD, annotation=type_of(a.schema)) for a in method.required
    ]
    optional = [
        Parameter(a.name, Parameter.KEYWORD_ONLY, annotation=type_of(a.schema), default=a.schema.get("default", UNSENT))
        for a in method.optional
    ]
    if method.pageable:
        optional.append(Parameter("iterator", Parameter.KEYWORD_ONLY, annotation=bool, default=False))
    return Signature([*first, *required, *optional])


def type_of(schema: Schema) -> Any:  # noqa: ANN401 - a type or a union of types
    """The Python type of a value."""
    type_ = TYPES.get(schema.get("type", ""), object)
    if schema.get("type") == "array":
        items = TYPES.get(schema.get("items", {}).get("type", ""))
        type_ = list[items] if items else type_
    return type_ | None if schema.get("x-nullable") else type_


def docstring(method: Method, definitions: Mapping[str, Schema]) -> str:
    """Summary, parameters, what is returned."""
    lines = [method.summary.rstrip(".") + ".", ""]
    if method.description:
        lines += [*textwrap.wrap(method.description, WIDTH), ""]
    shown = [*_parameters(method)]
    if shown:
        lines += ["Parameters", "----------", *shown, ""]
    lines += ["Returns", "-------", *_returned(method, definitions)]
    return "\n".join(lines).rstrip() + "\n"


def _parameters(method: Method) -> Iterator[str]:
    for argument in method.required:
        yield from _parameter(argument, "")
    for argument in method.optional:
        yield from _parameter(argument, ", optional")
    if method.pageable:
        yield from ("iterator : bool, optional", f"    {ITERATOR}")


def _parameter(argument: Argument, optional: str) -> Iterator[str]:
    yield f"{argument.name} : {_type_text(argument.schema)}{optional}"
    told = argument.description
    if "default" in argument.schema:
        told = f"{told} Default: {argument.schema['default']!r}.".strip()
    yield from _indented(told, 4)


def _returned(method: Method, definitions: Mapping[str, Schema]) -> Iterator[str]:
    if method.returns is None:
        yield "An empty response."
        return
    schema = method.returns
    if method.many:
        schema = resolve(schema.get("items"), definitions)
        yield "A list of responses, each with"
    else:
        yield "A response with"
    yield from _fields(schema, definitions, 1)


def _fields(schema: Schema, definitions: Mapping[str, Schema], level: int) -> Iterator[str]:
    for wire, value in schema.get("properties", {}).items():
        field = resolve(value, definitions)
        yield f"{'    ' * level}- {snake(wire)} : {_type_text(field)}"
        yield from _indented(field.get("description", ""), 4 * level + 4)
        inner = resolve(field.get("items"), definitions) if field.get("type") == "array" else field
        if level < DEEPEST:
            yield from _fields(inner, definitions, level + 1)


def _type_text(schema: Schema) -> str:
    if options := schema.get("enum"):
        text = f"{{{', '.join(map(repr, options))}}}"
    elif schema.get("type") == "array":
        text = f"list of {_type_text(schema.get('items', {}))}"
    else:
        text = {"integer": "int", "number": "float", "boolean": "bool", "string": "str", "object": "dict"}.get(
            schema.get("type", ""), "dict" if "$ref" in schema else "any value"
        )
    if form := schema.get("format"):
        text = f"{text} ({form})"
    return f"{text} or None" if schema.get("x-nullable") else text


def _indented(text: str, spaces: int) -> list[str]:
    indent = " " * spaces
    if len(text) + spaces <= WIDTH and "\n" not in text:
        return [indent + text] if text else []
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent)
