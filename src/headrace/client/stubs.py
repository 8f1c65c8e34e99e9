"""The methods of a document as a stub, from which editors complete and type checkers check `client.users.list(...)`.

What is typed is what a client gives by default: with another `return_type`, annotate what you take.
"""

import json
import keyword
import re
from collections.abc import Iterable, Iterator
from typing import Any

from headrace.client.casing import snake
from headrace.client.methods import Argument, Method, Methods, Schema, resolve
from headrace.client.response import FREE, Response
from headrace.client.specification import Specification

HEAD = '''# ruff: noqa: A001, ANN401, E501, N801, PYI021, RUF100 - what is declared, in its own words
# fmt: off
"""The resources of a client, for editors and type checkers.

Made of the declaration by `make stubs`: do not edit. With a `return_type` other than "snake", methods give other
types than are said here.
"""

import builtins
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, overload

from headrace.client.resource import Resource
from headrace.client.response import ListResponse, Response
from headrace.client.specification import Specification

'''
TAIL = """
    def __getattr__(self, name: str) -> Any: ...
    @property
    def specification(self) -> Specification: ...
    def resource(self, name: str) -> Any: ...
"""
# Resources that have methods of ours besides: the client has them as properties of its own.
JOINED = frozenset({"environments", "files", "runs"})
TAKEN = frozenset(re.findall(r"\b[A-Z]\w+", HEAD))
OWN = frozenset(dir(Response))
GIVEN = {"integer": "int", "number": "float", "boolean": "bool", "string": "str"}


def text(specification: Specification) -> str:
    """The stub of the module `headrace.client.resources`. Raises Invalid."""
    resources = {name: specification.resources[name] for name in sorted(specification.resources)}
    shapes = _Shapes(specification)
    classes = [block for name, found in resources.items() for block in _resource(name, found, shapes)]
    shown = [line for name in resources for line in _property(name)]
    resources_class = ["class Resources:", '    """The resources of a client as its attributes."""', "", *shown]
    return HEAD + "\n".join([*shapes.classes(), *classes, *resources_class]) + TAIL


class _Shapes:
    """The types of what is given, and a class for each named one that is."""

    def __init__(self, specification: Specification) -> None:
        self._definitions = specification.definitions
        self._used: dict[str, Schema] = {}

    def given(self, schema: Schema | None) -> str:
        """The type of a value that a client gives."""
        found = resolve(schema, self._definitions)
        if options := found.get("enum"):
            type_ = _literal(options)
        elif found.get("type") == "array":
            type_ = f"builtins.list[{self.given(found.get('items'))}]"
        elif "properties" in found or found.get("type") == "object":
            type_ = self._named(found)
        else:
            type_ = GIVEN.get(found.get("type", ""), "Any")
        return f"{type_} | None" if found.get("x-nullable") else type_

    def taken(self, schema: Schema) -> str:
        """The type of an argument."""
        found = resolve(schema, self._definitions)
        if options := found.get("enum"):
            type_ = _literal(options)
        elif found.get("type") == "array":
            type_ = f"Sequence[{self.taken(found.get('items', {}))}]"
        elif found.get("type") == "object":
            type_ = "Mapping[str, Any]"
        elif found.get("format") in {"date", "date-time"}:
            type_ = "str | dt.date"
        else:
            type_ = GIVEN.get(found.get("type", ""), "Any")
        return f"{type_} | None" if found.get("x-nullable") else type_

    def classes(self) -> Iterator[str]:
        """The classes of all that is given, those within others too."""
        done: dict[str, list[str]] = {}
        while waiting := [name for name in self._used if name not in done]:
            for name in waiting:
                done[name] = [*self._class(name, self._used[name])]
        for name in sorted(done):
            yield from done[name]

    def _named(self, found: Schema) -> str:
        name = found.get("x-definition", "")
        if "properties" not in found or not name.isidentifier():
            return "Response"
        name = f"{name}_" if name in TAKEN or keyword.iskeyword(name) else name
        self._used[name] = found
        return name

    def _class(self, name: str, schema: Schema) -> Iterator[str]:
        yield f"class {name}(Response):"
        if told := schema.get("description"):
            yield f"    {_quoted(told)}"
        fields = {
            snake(wire): "Response" if wire in FREE else self.given(v) for wire, v in schema["properties"].items()
        }
        # What a method of a response hides is read as an item.
        shown = [name for name in fields if name.isidentifier() and not (keyword.iskeyword(name) or name in OWN)]
        yield from (f"    {field}: {fields[field]}" for field in shown)
        if not shown:
            yield "    ..."
        yield ""


def _property(name: str) -> Iterator[str]:
    if name not in JOINED:
        yield "    @property"
        yield f"    def {name}(self) -> {_title(name)}: ..."


def _resource(name: str, found: Methods, shapes: _Shapes) -> Iterator[str]:
    yield f"class {_title(name)}(Resource):"
    yield f'    """The operations of {name.replace("_", " ")}."""'
    yield ""
    for key, method in sorted(found.items()):
        yield from _method(key, method, shapes)
    yield ""


def _method(name: str, method: Method, shapes: _Shapes) -> Iterator[str]:
    item = (method.returns or {}).get("items")
    gives = shapes.given(method.returns) if method.returns else "Response"
    if method.many:
        item = shapes.given(item)
        gives = f"ListResponse[{item}]"
    if not method.pageable:
        yield from _def(name, method, shapes, gives, ())
        return
    yield "    @overload"
    yield from _def(name, method, shapes, gives, ("iterator: Literal[False] = ...",))
    yield "    @overload"
    yield from _def(name, method, shapes, f"Iterator[{item or 'Response'}]", ("iterator: Literal[True]",))


def _def(name: str, method: Method, shapes: _Shapes, gives: str, more: Iterable[str]) -> Iterator[str]:
    required = [f"{a.name}: {shapes.taken(a.schema)}" for a in method.required]
    optional = [*(_optional(a, shapes) for a in method.optional), *more]
    arguments = ["self", *required, *(["*", *optional] if optional else [])]
    yield f"    def {name}("
    yield from (f"        {argument}," for argument in arguments)
    yield f"    ) -> {gives}:"
    yield f"        {_quoted(method.summary)}"


def _optional(argument: Argument, shapes: _Shapes) -> str:
    return f"{argument.name}: {shapes.taken(argument.schema)} = ..."


def _title(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_")) + "Methods"


def _literal(options: Iterable[Any]) -> str:
    return f"Literal[{', '.join(map(json.dumps, options))}]"


def _quoted(text: str) -> str:
    """A docstring of one line."""
    line = " ".join(text.split()).replace("\\", "\\\\").replace('"', "'")
    return f'"""{line.rstrip(".")}."""'
