"""The wire of the resource API (Civis protocol notes 1.3 to 1.9).

Names are camelCase in answers. In requests both spellings are taken, at every level, since the published clients send
snake_case and their command line sends camelCase; the keys of free-form maps are left as they are. A field or query
parameter that nobody declared is refused, so that a typing mistake does not go unnoticed.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, cast

import msgspec
from msgspec import inspect

from headrace.api.codec import PlainJson, Read, decode_json, examine
from headrace.errors import HeadraceError, Invalid
from headrace.model.page import Page

Normalise = Callable[[Any], Any]


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
