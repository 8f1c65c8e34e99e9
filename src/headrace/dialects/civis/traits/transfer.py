"""Giving an object to another user, and what it depends on."""

from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Protocol

from msgspec import Meta

from headrace.api.operation import Operation
from headrace.api.resource import Resource, Trait
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import Id
from headrace.model.object import Noun
from headrace.services import dependencies
from headrace.services.call import Call


class Dependency(Wire, frozen=True, kw_only=True):
    """An object without which another does not work."""

    object_type: str
    fco_type: Annotated[str, Meta(description="Human readable object type.")]
    id: int
    name: Annotated[str | None, Meta(description="Null where you may not see it.")]
    permission_level: Annotated[str | None, Meta(description="What the target user may do with it.")]
    description: str | None = None
    shareable: Annotated[bool, Meta(description="Whether you may share it.")]


class SharedDependency(Wire, frozen=True, kw_only=True):
    """A dependency, and whether it went along."""

    object_type: str
    fco_type: str
    id: int
    name: str | None
    permission_level: str | None
    description: str | None = None
    shared: Annotated[bool, Meta(description="Whether it was shared with the target user.")]


class Transfer(Wire, frozen=True, kw_only=True):
    """To whom, and what goes along."""

    user_id: Annotated[Id, Meta(description="ID of the user who is to own it.")]
    include_dependencies: Annotated[bool, Meta(description="Whether they are to manage what it depends on too.")]
    email_body: Annotated[str | None, Meta(description="Taken and not sent: this server sends no such e-mail.")] = None
    send_email: Annotated[bool, Meta(description="Taken and not heeded.")] = False


class Transferred(Wire, frozen=True, kw_only=True):
    """What the object depends on, and what of it went along."""

    dependencies: list[SharedDependency]


Needed = Callable[[Call, int, int | None], Sequence[dependencies.Dependency]]


class Give(Protocol):
    """A function that gives an object away, as `dependencies.transfer` does."""

    def __call__(self, call: Call, id: int, user_id: int, /, *, along: bool) -> Sequence[dependencies.Dependency]:
        """Give an object to the user of that id, and what it needs too where `along` says so."""
        ...


def transferable(noun: Noun) -> Trait:
    """Transfer and dependencies."""

    def needed(call: Call, id: int, user_id: int | None) -> Sequence[dependencies.Dependency]:
        return dependencies.list_dependencies(call, noun, id, user_id)

    def give(call: Call, id: int, user_id: int, *, along: bool) -> Sequence[dependencies.Dependency]:
        return dependencies.transfer(call, noun, id, user_id, along=along)

    return given_away(needed, give)


def given_away(needed: Needed, give: Give) -> Trait:
    """The same, by functions of the noun's own. `needed` tells what the user of that id may do with what it needs."""

    def list_dependencies(call: Call, id: Id, user_id: Id | None = None) -> list[Dependency]:
        """List dependent objects for this object."""
        return [
            Dependency(
                object_type=one.object_type,
                fco_type=one.word,
                id=one.id,
                name=one.name,
                permission_level=one.level.word if one.level else None,
                shareable=one.shareable,
            )
            for one in needed(call, id, user_id)
        ]

    def transfer(call: Call, id: Id, body: Transfer) -> Transferred:
        """Transfer ownership of this object to another user."""
        found = give(call, id, body.user_id, along=body.include_dependencies)
        return Transferred(
            dependencies=[
                SharedDependency(
                    object_type=one.object_type,
                    fco_type=one.word,
                    id=one.id,
                    name=one.name,
                    permission_level=one.level.word if one.level else None,
                    shared=body.include_dependencies and one.shareable,
                )
                for one in found
            ]
        )

    def trait(resource: Resource) -> Iterator[Operation]:
        yield resource.operation("GET", "/{id}/dependencies", list_dependencies)
        yield resource.operation("PUT", "/{id}/transfer", transfer)

    return trait
