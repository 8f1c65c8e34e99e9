"""Groups: users under one name."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from headrace.api.resource import Resource
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import Id, Name, Query, initials
from headrace.model import access
from headrace.model.page import Page, Slice
from headrace.services import accounts
from headrace.services.call import Call

Description = Annotated[str, Meta(max_length=10_000, description="The description of the group.")]


class ByName(Page, frozen=True, kw_only=True):
    """A page of groups."""

    limit: Annotated[int, Meta(ge=1, le=1000, description="Number of results to return.")] = 50
    order: Annotated[Literal["name", "created_at"], Meta(description="The field to order by.")] = "name"  # type: ignore[assignment]
    order_dir: Annotated[Literal["asc", "desc"], Meta(description="Direction in which to sort.")] = "asc"


class Member(Wire, frozen=True, kw_only=True):
    """A user in a group."""

    id: int
    name: str
    username: str
    initials: str
    email: str
    active: bool


class Group(Wire, frozen=True, kw_only=True):
    """A group."""

    id: int
    name: str
    slug: str
    description: str | None
    member_count: int
    created_at: datetime
    updated_at: datetime


class GroupDetail(Group, frozen=True, kw_only=True):
    """A group with its members."""

    members: list[Member]


class GroupCreate(Wire, frozen=True, kw_only=True):
    """A group to make."""

    name: Annotated[Name, Meta(description="This group's name.")]
    description: Description | None = None


class GroupChange(Wire, frozen=True, kw_only=True):
    """What to change of a group; null is no change."""

    name: Annotated[Name | None, Meta(description="This group's name.")] = None
    description: Description | None = None


resource = Resource("/groups", Group)


@resource.get()
def list_groups(call: Call, page: ByName, query: Query = None) -> Slice[Group]:
    """List groups."""
    found = accounts.list_groups(call, page, query)
    counts = accounts.count_members(call, [group.id for group in found.items])
    return Slice([Group(**_shown(group), member_count=counts.get(group.id, 0)) for group in found.items], found.total)


@resource.post(status=201)
def create_group(call: Call, body: GroupCreate) -> GroupDetail:
    """Create a group; administrators may."""
    return _detail(call, accounts.create_group(call, name=body.name, description=body.description))


@resource.get("/{id}")
def get_group(call: Call, id: Id) -> GroupDetail:
    """Get a group."""
    return _detail(call, accounts.get_group(call, id))


@resource.patch("/{id}")
def update_group(call: Call, id: Id, body: GroupChange) -> GroupDetail:
    """Update some attributes of a group; administrators may."""
    return _detail(call, accounts.update_group(call, id, name=body.name, description=body.description))


@resource.put("/{id}/members/{user_id}")
def add_member(call: Call, id: Id, user_id: Id) -> GroupDetail:
    """Add a user to a group; administrators may."""
    accounts.add_member(call, id, user_id)
    return _detail(call, accounts.get_group(call, id))


@resource.delete("/{id}/members/{user_id}")
def remove_member(call: Call, id: Id, user_id: Id) -> None:
    """Remove a user from a group; administrators may."""
    accounts.remove_member(call, id, user_id)


def _detail(call: Call, group: access.Group) -> GroupDetail:
    members = [
        Member(id=u.id, name=u.name, username=u.username, initials=initials(u.name), email=u.email, active=u.active)
        for u in accounts.list_members(call, group.id)
    ]
    return GroupDetail(**_shown(group), member_count=len(members), members=members)


def _shown(group: access.Group) -> dict[str, Any]:
    return {
        "id": group.id,
        "name": group.name,
        "slug": group.slug,
        "description": group.description,
        "created_at": group.created_at,
        "updated_at": group.updated_at,
    }
