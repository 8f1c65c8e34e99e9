"""The log of changes: who changed what, when, from where, and how it was before."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta

from headrace.api.resource import Resource
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import ById, Id
from headrace.model.page import Slice
from headrace.services import changes
from headrace.services.call import Call

Moment = Annotated[datetime, Meta(tz=True)]
Word = Annotated[str, Meta(max_length=32)]


class Change(Wire, frozen=True, kw_only=True):
    """One change. Secrets are not in it."""

    id: int
    at: datetime
    user_id: Annotated[int | None, Meta(description="Who made it.")]
    username: str | None
    key_id: Annotated[int | None, Meta(description="The API key that they used; 0 is code of theirs.")]
    address: Annotated[str | None, Meta(description="The network address that the request came from.")]
    action: Annotated[str, Meta(description="What was done, such as `create`, `update`, `share` or `transfer`.")]
    kind: Annotated[str, Meta(description="The kind of object, such as `job`, `file` or `project`.")]
    object_id: int
    name: str | None
    before: Annotated[dict[str, Any] | None, Meta(description="The fields that changed, as they were.")]
    after: Annotated[dict[str, Any] | None, Meta(description="The same fields, as they are since.")]


resource = Resource("/changes", Change)


@resource.get()
def list_changes(
    call: Call,
    page: ById,
    kind: Annotated[Word | None, Meta(description="Only changes of objects of this kind.")] = None,
    object_id: Annotated[Id | None, Meta(description="Only changes of the object with this ID.")] = None,
    action: Annotated[Word | None, Meta(description="Only changes of this sort.")] = None,
    user_id: Annotated[Id | None, Meta(description="Only changes that this user made.")] = None,
    since: Annotated[
        Annotated[datetime, Meta(tz=True)] | None, Meta(description="Only changes from this moment on.")
    ] = None,
) -> Slice[Change]:
    """List changes that you made and changes of what you manage; administrators see all of them."""
    found = changes.list_changes(
        call, page, kind=kind, object_id=object_id, action=action, user_id=user_id, since=since
    )
    items = [Change(**{name: getattr(one, name) for name in Change.__struct_fields__}) for one in found.items]
    return Slice(items, found.total)
