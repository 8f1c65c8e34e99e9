"""Putting objects out of the lists (Civis protocol notes 6.5)."""

from collections.abc import Callable, Iterator
from typing import Annotated, Any

from msgspec import Meta

from headrace.api.operation import Operation
from headrace.api.resource import Resource, Trait
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import Id
from headrace.model.object import Noun
from headrace.services import objects
from headrace.services.call import Call


class ArchiveStatus(Wire, frozen=True, kw_only=True):
    """On which shelf an object is to be."""

    status: Annotated[bool, Meta(description="The desired archived status of the object.")]


def archivable(noun: Noun, read: Callable[[Call, int], Any], shape: type[Wire]) -> Trait:
    """Archiving; the answer is the object as `read` gives it, in that shape."""

    def archive(call: Call, id: Id, body: ArchiveStatus):  # noqa: ANN202 - said below, as it differs by noun
        """Update the archive status of this object."""
        objects.archive(call, noun, id, archived=body.status)
        return read(call, id)

    archive.__annotations__["return"] = shape

    def trait(resource: Resource) -> Iterator[Operation]:
        yield resource.operation("PUT", "/{id}/archive", archive)

    return trait
