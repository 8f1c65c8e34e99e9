"""The wire of the resource API (Civis protocol notes 1.3 to 1.9).

Names are camelCase in answers. In requests both spellings are taken, at every level, since the published clients send
snake_case and their command line sends camelCase; the keys of free-form maps are left as they are. A field or query
parameter that nobody declared is refused, so that a typing mistake does not go unnoticed. Moments go out in UTC, to
the millisecond (6.1).
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from operator import attrgetter
from typing import Any, cast

import msgspec
from msgspec import inspect

from headrace.api.codec import PlainJson, Read, Write, decode_json, encode, examine
from headrace.errors import HeadraceError, Invalid
from headrace.model.page import Page

Normalise = Callable[[Any], Any]
Within = dict[type, list[Normalise]]  # by the class of a struct, what retells it, once that is made


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A value on this wire. Say `frozen=True, kw_only=True` on each that derives from it; `rename` is inherited."""


class Error(msgspec.Struct, frozen=True, rename="camel"):
    """An error: a word for programs, a sentence for people, and the status."""

    error: str
    error_description: str
    code: int


class Codec(PlainJson):
    """camelCase out; snake_case and camelCase in."""

    strict = True
    challenge = 'Bearer realm="headrace", error="invalid_token"'
    error_model: type[msgspec.Struct] = Error

    def argument(self, name: str) -> str:
        """`pageNum` is `page_num`; `ids[]` is `ids`."""
        name = name.removesuffix("[]")
        return name if name.islower() else snake(name)

    def reader(self, type_: Any) -> Read:  # noqa: ANN401 - any annotation
        """Read JSON, give its keys the spelling that the type has, and convert."""
        return _reader(type_)

    def writer(self, type_: Any) -> Write:  # noqa: ANN401
        """Write JSON, every moment that the type declares to the millisecond."""
        return _writer(type_)

    def paging(self, page: Page, total: int) -> dict[str, str]:
        """Where this page is among all."""
        return {
            "X-Pagination-Current-Page": str(page.page_num),
            "X-Pagination-Per-Page": str(page.limit),
            "X-Pagination-Total-Pages": str(-(-total // page.limit)),
            "X-Pagination-Total-Entries": str(total),
        }

    def error(self, error: HeadraceError) -> msgspec.Struct:
        """The three keys that clients read of every error."""
        return Error(error.code, error.message, error.status)


@cache  # of one body, which many nouns have: whom to share with, where to give it
def _reader(type_: Any) -> Read:  # noqa: ANN401
    normalise = normaliser(inspect.type_info(type_))
    decode = msgspec.json.Decoder().decode

    def read(body: bytes) -> Any:  # noqa: ANN401
        value = decode(body)
        examine(body, value)
        return msgspec.convert(value if normalise is None else normalise(value), type_)

    return lambda body: decode_json(body, read, type_)


@cache
def _writer(type_: Any) -> Write:  # noqa: ANN401
    writer: Write | None = None

    def write(value: Any) -> bytes:  # noqa: ANN401
        nonlocal writer
        if writer is None:  # with the first answer: looking through every type would hold up the start
            retell = teller(inspect.type_info(type_))
            writer = encode if retell is None else lambda value: encode(retell(value))
        return writer(value)

    return write


def snake(name: str) -> str:
    """`remoteHostId` as `remote_host_id`."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).removeprefix("_")


def normaliser(type_: inspect.Type) -> Normalise | None:
    """A function that gives the keys of structs inside a value of the type their wire spelling; None: nothing to do.

    Raises Invalid where one field comes under both spellings.
    """
    match type_:
        case inspect.Metadata(type=inner):
            return normaliser(inner)
        case inspect.UnionType(types=types):
            found = [n for n in map(normaliser, types) if n is not None]
            return found[0] if found else None
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item) | inspect.SetType(item_type=item):
            return _each(normaliser(item))
        case inspect.DictType(value_type=item):
            return _values(normaliser(item))
        case inspect.StructType():
            return _struct(type_)
        case inspect.IntType():
            return _whole
        case _:
            return None


def _whole(value: Any) -> Any:  # noqa: ANN401
    # JSON has one kind of number: 3.0 is an integer (JSON Schema 2020-12, 6.1.1).
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _each(normalise: Normalise | None) -> Normalise | None:
    if normalise is None:
        return None
    return lambda value: [normalise(item) for item in value] if isinstance(value, list) else value


def _values(normalise: Normalise | None) -> Normalise | None:
    if normalise is None:
        return None

    def each(value: Any) -> Any:  # noqa: ANN401
        return {key: normalise(item) for key, item in value.items()} if isinstance(value, dict) else value

    return each


def _struct(type_: inspect.StructType) -> Normalise:
    known: dict[str, tuple[str, Normalise | None]] = {}
    for f in type_.fields:
        known[f.name] = known[f.encode_name] = f.encode_name, normaliser(f.type)

    def normalise(value: Any) -> Any:  # noqa: ANN401
        if not isinstance(value, dict):
            return value
        renamed: dict[str, Any] = {}
        given = cast("dict[str, Any]", value)
        for key, item in given.items():
            name, inner = known.get(key) or (key, None)
            renamed[name] = item if inner is None else inner(item)
        if len(renamed) != len(given):
            names = [known[key][0] for key in given if key in known]
            twice = next(name for name in names if names.count(name) > 1)
            raise Invalid(f"The field `{twice}` is given twice, in two spellings.")
        return renamed

    return normalise


def teller(type_: inspect.Type, within: Within | None = None) -> Normalise | None:
    """A function that puts texts in place of the moments inside a value of the type; None: there are none.

    The library writes microseconds, and those only where there are any. What holds no moment is left to it as it is.
    `within` are the structs that the type is part of, for some hold others of themselves.
    """
    within = within or {}
    match type_:
        case inspect.Metadata(type=inner):
            return teller(inner, within)
        case inspect.DateTimeType():
            return _told
        case inspect.UnionType(types=types):
            return _one_of(types, within)
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item) | inspect.SetType(item_type=item):
            retell = teller(item, within)
            return None if retell is None else lambda value: [retell(inner) for inner in value]
        case inspect.DictType(value_type=item):
            retell = teller(item, within)
            return None if retell is None else lambda value: {key: retell(inner) for key, inner in value.items()}
        case inspect.StructType():
            return _retold(type_, within)
        case _:
            return None


def _told(value: datetime) -> str:
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.isoformat(timespec="milliseconds")[:-6] + "Z"


def _one_of(types: tuple[inspect.Type, ...], within: Within) -> Normalise | None:
    """By the class of the value, since of several shapes each has its own moments."""
    tellers = {_class(inner): retell for inner in types if (retell := teller(inner, within)) is not None}
    if not tellers:
        return None

    def one(value: Any) -> Any:  # noqa: ANN401
        retell = tellers.get(type(value))
        return value if retell is None else retell(value)

    return one


def _class(type_: inspect.Type) -> type:
    match type_:
        case inspect.Metadata(type=inner):
            return _class(inner)
        case inspect.DateTimeType():
            return datetime
        case inspect.StructType(cls=cls):
            return cls
        case inspect.DictType():
            return dict
        case _:
            return list


def _retold(type_: inspect.StructType, within: Within) -> Normalise | None:
    around = within.get(type_.cls)
    if around is not None:
        return lambda value: around[0](value)  # noqa: PLW0108 - it is not made yet
    whole: list[Normalise] = []
    inside = {**within, type_.cls: whole}
    tellers = [(f.encode_name, retell) for f in type_.fields if (retell := teller(f.type, inside)) is not None]
    if not tellers:
        return None
    names = [f.encode_name for f in type_.fields]
    first, *others = (f.name for f in type_.fields)
    values = attrgetter(first, *others) if others else lambda value: (getattr(value, first),)

    def retold(value: Any) -> Any:  # noqa: ANN401
        fields = dict(zip(names, values(value), strict=True))
        for name, retell in tellers:
            fields[name] = retell(fields[name])
        return fields

    whole.append(retold)
    return retold
