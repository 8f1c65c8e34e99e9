"""What a method of a resource gives: a value whose fields are read in snake_case, as attributes or as items.

What the wire calls `createdAt` is `user.created_at` and `user["created_at"]`; the wire's own name is understood too.
The keys of free-form maps, such as the arguments of a job, are data of whoever wrote them and stay as they are.
"""

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NoReturn, TypeVar, cast

from headrace.client.casing import snake
from headrace.client.methods import Schema, resolve

# Maps of free form by name (Civis protocol notes 1.6), for documents that do not say what is in an object.
FREE = frozenset(
    "arguments crossValidationParameters appState columnOverrides ontologyMapping valueDistribution preferences "
    "featureFlags environmentVariables uploadFields".split()
)
T = TypeVar("T")
FIXED = "What a server answered does not change; `json()` gives a dictionary that may."


class Response(Mapping[str, Any]):
    """An object that a server answered with. It does not change; `json()` gives a dictionary that may.

    A field that is called as one of its methods, such as `items`, is read as an item: `one["items"]`.
    """

    __slots__ = ("_names", "_raw", "_values", "headers")

    headers: Mapping[str, str]

    def __init__(self, raw: dict[str, Any] | None, headers: Mapping[str, str] | None = None) -> None:
        _fill(self, raw, headers or {}, {}, {}, free=False)

    @property
    def json_data(self) -> dict[str, Any] | None:
        """The object as it came; None where nothing came."""
        return copy.deepcopy(self._raw)

    @property
    def rate_limit(self) -> int | None:
        """How many calls the server takes in a period, where it says so."""
        return _number(self.headers, "X-RateLimit-Limit")

    @property
    def calls_remaining(self) -> int | None:
        """How many of them are left."""
        return _number(self.headers, "X-RateLimit-Remaining")

    def json(self, *, snake_case: bool = True) -> dict[str, Any]:
        """A dictionary of its own, with the names as they are read here or as they came."""
        if not snake_case:
            return self.json_data or {}
        return {name: _plain(value) for name, value in self._values.items()}

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - any JSON value
        values = self._values
        return values[name] if name in values else values[self._names[name]]

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        if not name.startswith("__") and name not in Response.__slots__:
            try:
                return self[name]
            except KeyError:
                pass
        raise AttributeError(f"There is no field {name!r} here; there are {', '.join(self) or 'none'}.")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(FIXED)

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(FIXED)

    def __setitem__(self, name: str, value: object) -> NoReturn:
        raise TypeError(FIXED)

    def __delitem__(self, name: str) -> NoReturn:
        raise TypeError(FIXED)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *(name for name in self._values if name.isidentifier())})

    def __repr__(self) -> str:
        return f"Response({', '.join(f'{name}={value!r}' for name, value in self._values.items())})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self._raw, dict(self.headers), self._values, self._names)

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)


class ListResponse(list[T]):
    """A list that a server answered with: of objects, each a Response."""

    def __init__(self, items: Iterable[T] = (), headers: Mapping[str, str] | None = None) -> None:
        super().__init__(items)
        self.headers: Mapping[str, str] = headers or {}

    @property
    def total(self) -> int | None:
        """How many there are on all pages, where the server says so."""
        return _number(self.headers, "X-Pagination-Total-Entries")

    def json(self, *, snake_case: bool = True) -> list[Any]:
        """The same as plain lists and dictionaries."""
        return [one.json(snake_case=snake_case) if isinstance(one, Response) else one for one in self]


def read(
    value: Any,  # noqa: ANN401 - any JSON value
    schema: Schema | None = None,
    definitions: Mapping[str, Schema] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Any:  # noqa: ANN401
    """A JSON value as it is read here: of a schema where it is known; nothing at all is an empty Response."""
    definitions, headers = definitions or {}, headers or {}
    if isinstance(value, list):
        items = resolve(schema, definitions).get("items")
        return ListResponse([_value(one, items, definitions, headers) for one in cast("list[Any]", value)], headers)
    if value is None:
        return Response(None, headers)
    return _value(value, schema, definitions, headers)


def _value(
    value: Any,  # noqa: ANN401
    schema: Schema | None,
    definitions: Mapping[str, Schema],
    headers: Mapping[str, str],
    *,
    free: bool = False,
) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return _fill(object.__new__(Response), value, headers, resolve(schema, definitions), definitions, free=free)
    if isinstance(value, list):
        items = resolve(schema, definitions).get("items")
        return [_value(one, items, definitions, headers, free=free) for one in cast("list[Any]", value)]
    return value


def _fill(
    made: Response,
    raw: dict[str, Any] | None,
    headers: Mapping[str, str],
    schema: Schema,
    definitions: Mapping[str, Schema],
    *,
    free: bool,
) -> Response:
    values: dict[str, Any] = {}
    names: dict[str, str] = {}
    properties: Mapping[str, Schema] = schema.get("properties", {})
    for wire, value in (raw or {}).items():
        known = properties.get(wire)
        name = wire if free else snake(wire)
        if isinstance(value, (dict, list)):
            inside = free or wire in FREE or _is_free(wire, known, raw or {}, definitions)
            value = _value(value, known, definitions, headers, free=inside)  # noqa: PLW2901 - read in its place
        if name != wire:
            names[wire] = name
        values[name] = value
    return _set(made, raw, headers, values, names)


def _is_free(wire: str, schema: Schema | None, within: dict[str, Any], definitions: Mapping[str, Schema]) -> bool:
    """Whether a value is a map with keys of its writer's, as far as the document tells."""
    if wire == "value" and within.get("objectType") == "JSONValue":
        return True
    found = resolve(schema, definitions)
    return found.get("type") == "object" and "properties" not in found


def _set(
    made: Response,
    raw: dict[str, Any] | None,
    headers: Mapping[str, str],
    values: dict[str, Any],
    names: dict[str, str],
) -> Response:
    for slot, value in (("_raw", raw), ("headers", headers), ("_values", values), ("_names", names)):
        object.__setattr__(made, slot, value)
    return made


def _restored(
    raw: dict[str, Any] | None, headers: Mapping[str, str], values: dict[str, Any], names: dict[str, str]
) -> Response:
    return _set(object.__new__(Response), raw, headers, values, names)


def _plain(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, Response):
        return value.json()
    return [_plain(one) for one in cast("list[Any]", value)] if isinstance(value, list) else value


def _number(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name) or ""
    return int(text) if text.isdecimal() else None
