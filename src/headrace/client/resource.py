"""A resource of a client, such as `client.users`: a class with a method for each operation, made when asked for."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from headrace.client.caller import Caller
from headrace.client.methods import Method, Methods, Schema
from headrace.client.signatures import docstring, signature
from headrace.client.specification import Specification


class Owner(Protocol):
    """What a resource needs of the client it is part of."""

    url: str
    caller: Caller

    def resource(self, name: str) -> Any:  # noqa: ANN401 - a class made at run time
        """Another resource."""
        ...

    def ask(self, method: str, address: str, **options: Any) -> Any:  # noqa: ANN401 - any JSON value
        """What any route of the server answers."""
        ...


class Resource:
    """Operations of one noun. `dir` and `help` show them."""

    _methods: tuple[str, ...] = ()

    def __init__(self, client: Owner) -> None:
        self._client = client

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._client.url}: {', '.join(self._methods)}>"

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - there is none
        raise AttributeError(f"{type(self).__name__} has no method {name!r}; there are {', '.join(self._methods)}.")


class Joined:
    """A resource with methods of ours before those that the server declares."""

    _of: str

    def __init__(self, client: Owner) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a method
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._client.resource(self._of), name)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *dir(self._client.resource(self._of))})


def make(specification: Specification, name: str) -> type[Resource]:
    """The class of a resource. Raises KeyError where the document has none of that name."""
    if name not in specification.classes:
        found = specification.resources[name]
        specification.classes[name] = _class(name, found, specification.definitions)
    return specification.classes[name]


def _class(name: str, found: Methods, definitions: Mapping[str, Schema]) -> type[Resource]:
    title = "".join(word.capitalize() for word in name.split("_"))
    members: dict[str, Any] = {key: _function(title, key, method, definitions) for key, method in found.items()}
    own = tuple(key for key, method in found.items() if key == method.name)
    members |= {"_methods": own, "__doc__": f"The operations of {name.replace('_', ' ')}."}
    return type(title, (Resource,), members)


def _function(title: str, name: str, method: Method, definitions: Mapping[str, Schema]) -> Callable[..., Any]:
    shape = signature(method)

    def call(self: Resource, *given: Any, **named: Any) -> Any:  # noqa: ANN401 - as the signature says
        try:
            values = shape.bind(self, *given, **named).arguments
        except TypeError as wrong:
            raise TypeError(f"{method.resource}.{name}{_shown(shape)}: {wrong}") from None
        del values["self"]
        caller = self._client.caller  # pyright: ignore[reportPrivateUsage] - a method of that class
        if values.pop("iterator", False):
            return caller.each(method, values, definitions)
        return caller.call(method, values, definitions)

    call.__name__, call.__qualname__ = name, f"{title}.{name}"
    call.__doc__ = docstring(method, definitions)
    call.__signature__ = shape  # type: ignore[attr-defined]
    return call


def _shown(shape: inspect.Signature) -> str:
    """A signature without `self`, as a caller writes it."""
    return str(shape.replace(parameters=list(shape.parameters.values())[1:]))
