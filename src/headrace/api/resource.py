"""A noun of the API: its path, its model, what it has in common with other nouns, and what it alone has.

    resource = Resource("/users", User, traits=[archivable])

    @resource.get("/{id}")
    def get_user(call: Call, id: Id) -> User: ...

A trait is a function of a resource that yields operations: a capability which many nouns have, written once.

`Resource(..., later="...")` declares a noun that is not served yet: whatever is asked of it is read, checked and
answered with 501 and that sentence. No function of it or of its traits runs, for there are no such objects.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, TypedDict, TypeVar, Unpack

import msgspec

from headrace.api.operation import Operation, describe

F = TypeVar("F", bound=Callable[..., Any])
Trait = Callable[["Resource"], Iterable[Operation]]


class Options(TypedDict, total=False):
    """What `describe` takes besides the function."""

    status: int | None
    name: str | None
    tags: tuple[str, ...]
    public: bool
    raw: bool
    query: type[msgspec.Struct] | None
    body: Any
    media_types: tuple[str, ...]
    statuses: tuple[int, ...]
    later: str | None


class Resource:
    """Operations under one path; iterating gives them, its own first and then those of its traits, in order."""

    def __init__(
        self,
        path: str,
        model: type[msgspec.Struct],
        *,
        traits: Iterable[Trait] = (),
        tag: str | None = None,
        later: str | None = None,
    ) -> None:
        self.path, self.model, self.traits, self.later = path.rstrip("/"), model, tuple(traits), later
        self.tag = tag or path.strip("/").partition("/")[0]
        self._own: list[Operation] = []

    def get(self, path: str = "", **options: Unpack[Options]) -> Callable[[F], F]:
        """Declare the function below as GET of this path under the resource; options as in `describe`."""
        return self._declare("GET", path, options)

    def post(self, path: str = "", **options: Unpack[Options]) -> Callable[[F], F]:
        """The same for POST."""
        return self._declare("POST", path, options)

    def put(self, path: str = "", **options: Unpack[Options]) -> Callable[[F], F]:
        """The same for PUT."""
        return self._declare("PUT", path, options)

    def patch(self, path: str = "", **options: Unpack[Options]) -> Callable[[F], F]:
        """The same for PATCH."""
        return self._declare("PATCH", path, options)

    def delete(self, path: str = "", **options: Unpack[Options]) -> Callable[[F], F]:
        """The same for DELETE."""
        return self._declare("DELETE", path, options)

    def operation(self, method: str, path: str, function: Callable[..., Any], **options: Unpack[Options]) -> Operation:
        """One operation under this resource's path and tag, for a trait to yield."""
        options.setdefault("tags", (self.tag,))
        if self.later is None:
            return describe(method, self.path + path, function, **options)
        options["later"] = self.later  # also of what a trait says to come later by itself
        return replace(describe(method, self.path + path, function, **options), function=_do_nothing)

    def __iter__(self) -> Iterator[Operation]:
        yield from self._own
        for trait in self.traits:
            yield from trait(self)

    def _declare(self, method: str, path: str, options: Options) -> Callable[[F], F]:
        def declare(function: F) -> F:
            self._own.append(self.operation(method, path, function, **options))
            return function

        return declare


async def _do_nothing(call: Any, *_: Any, **arguments: Any) -> None:  # noqa: ANN401 - stands for every operation
    pass
