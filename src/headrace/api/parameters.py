"""Values in the path and in the query: from text to what the function's annotations ask for."""

import re
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec
from msgspec import inspect

from headrace.api.operation import Operation, Parameter
from headrace.api.words import wanted
from headrace.errors import Invalid, Malformed

INTEGER = re.compile(r"[+-]?\d{1,19}", re.ASCII)
PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")
INT64 = 1 << 63

# Many operations take the same: an ID, a page. Describing a type costs a millisecond.
type_info = cache(inspect.type_info)

Reader = Callable[[list[str]], Any]
Arguments = dict[str, Any]


def query_reader(operation: Operation, argument: Callable[[str], str], *, strict: bool) -> Callable[[bytes], Arguments]:
    """A function from a query string to the arguments that an operation takes from it.

    `argument` gives the declared name of a parameter from the one it came under. It raises Malformed for text that is
    not percent-encoded UTF-8, and Invalid naming the parameter that is missing, unknown or of the wrong type.
    """
    readers = {p.name: reader(p) for p in operation.in_query}
    required = [p.name for p in operation.in_query if p.required]
    gathered = [(name, type_, type_.__struct_fields__) for name, type_ in operation.gathered]
    defaults = {name: type_() for name, type_, fields in gathered if not set(fields) & set(required)}
    own = set(readers) - {f for _, _, fields in gathered for f in fields}
    known = frozenset(readers)

    def read(query: bytes) -> Arguments:
        if not query and not required:
            return dict(defaults)
        came: dict[str, list[str]] = {}
        for name, value in pairs(query):
            came.setdefault(name if name in known else argument(name), []).append(value)
        if strict and not came.keys() <= known:
            raise Invalid(_unknown(came, known))
        values = {name: readers[name](texts) for name, texts in came.items() if name in known}
        for name in required:
            if name not in values:
                raise Invalid(f"The parameter `{name}` is missing.")
        arguments: Arguments = {name: value for name, value in values.items() if name in own}
        for name, type_, fields in gathered:
            arguments[name] = type_(**{f: values[f] for f in fields if f in values})
        return arguments

    return read


def path_reader(operation: Operation) -> Callable[[list[str]], Arguments]:
    """A function from the decoded segments that parameters matched to the arguments. It raises Invalid."""
    readers = [(p.name, reader(p)) for p in operation.in_path]

    def read(segments: list[str]) -> Arguments:
        return {name: read_one([text]) for (name, read_one), text in zip(readers, segments, strict=True)}

    return read


def reader(parameter: Parameter) -> Reader:
    """A function from the texts that came for a parameter to its value. It raises Invalid naming the parameter."""
    name, type_ = parameter.name, parameter.type
    info = type_info(type_)
    kinds = {type(kind) for kind in _kinds(info)}
    many = kinds & {inspect.ListType, inspect.SetType, inspect.VarTupleType}
    whole = inspect.IntType in kinds and not kinds & {inspect.StrType, inspect.FloatType}
    plain = type(info) is inspect.StrType and info == inspect.StrType()
    convert = converter(type_)

    def wrong(text: str) -> Invalid:
        return Invalid(f"The parameter `{name}` wants {wanted(info)}, and got {text[:60]!r}.")

    def read(texts: list[str]) -> Any:  # noqa: ANN401 - what the annotation says
        text = texts[-1]
        if "\0" in (text if len(texts) == 1 else "".join(texts)):
            raise Invalid(f"The parameter `{name}` holds the character NUL, which no text may hold here.")
        if many:
            return _convert(texts)
        if len(texts) > 1:
            raise Invalid(f"The parameter `{name}` is given {len(texts)} times; give it once.")
        if plain:
            return text
        if whole and (not INTEGER.fullmatch(text) or not -INT64 <= int(text) < INT64):
            raise wrong(text)
        return _convert(text)

    def _convert(value: Any) -> Any:  # noqa: ANN401
        try:
            found = convert(value)
        except msgspec.ValidationError as invalid:
            raise wrong(value if isinstance(value, str) else ", ".join(value)) from invalid
        if found is None:  # the text `null`: what is not given is left out of a query, and not said to be nothing
            raise wrong("null")
        return found

    return read


@cache
def converter(type_: Any) -> Callable[[Any], Any]:  # noqa: ANN401 - any annotation
    """A function from text, or a list of texts, to a value of the type. It raises ValidationError."""
    # Of a Struct, msgspec remembers how to read it; of any other type it finds out anew each time, which takes longer.
    held = msgspec.defstruct("Held", [("value", type_)])
    convert = msgspec.convert

    def read(value: Any) -> Any:  # noqa: ANN401
        return convert({"value": value}, held, strict=False).value  # type: ignore[attr-defined]

    return read


def pairs(query: bytes) -> list[tuple[str, str]]:
    """The names and values of a query string, in order. Raises Malformed for what is not percent-encoded UTF-8."""
    if b"%" not in query and b"+" not in query and query.isascii():
        parts = [piece.partition("=") for piece in query.decode().split("&") if piece]
        return [(name, value) for name, _, value in parts]
    found: list[tuple[str, str]] = []
    for piece in query.split(b"&"):
        if piece:
            name, _, value = piece.partition(b"=")
            found.append((_unquote(name.replace(b"+", b" ")), _unquote(value.replace(b"+", b" "))))
    return found


def _unquote(text: bytes, what: str = "The query string") -> str:
    if b"%" in text:
        if PERCENT.search(text):
            raise Malformed(f"{what} has a % that two hexadecimal digits do not follow; send %25 for a %.")
        text = unquote_to_bytes(text)
    try:
        return text.decode()
    except UnicodeDecodeError as wrong:
        raise Malformed(f"{what} is not UTF-8 (RFC 3986, percent-encoded).") from wrong


def unquote_segment(segment: bytes) -> str:
    """One segment of a path as text. Raises Malformed for what is not percent-encoded UTF-8."""
    return _unquote(segment, "The path")


def _kinds(info: inspect.Type) -> tuple[inspect.Type, ...]:
    if isinstance(info, inspect.Metadata):
        return _kinds(info.type)
    return tuple(k for t in info.types for k in _kinds(t)) if isinstance(info, inspect.UnionType) else (info,)


def _unknown(came: dict[str, list[str]], known: frozenset[str]) -> str:
    name = next(n for n in came if n not in known)
    there = f"there are {', '.join(sorted(known))}" if known else "there are none here"
    return f"There is no parameter `{name[:60]}`; {there}."
