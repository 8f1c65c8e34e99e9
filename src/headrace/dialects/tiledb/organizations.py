"""Organizations, which are groups here: users under one name, whose arrays and tasks they see together."""

from datetime import datetime

from headrace.api.operation import Operation, describe
from headrace.dialects.tiledb.account import ADMINISTRATOR, MEMBER, Action, OrganizationUser, Role, member
from headrace.dialects.tiledb.codec import Wire
from headrace.errors import Invalid, NotFound
from headrace.model import access
from headrace.services import accounts
from headrace.services.call import Call


class Organization(Wire, frozen=True, kw_only=True):
    """An organization; its name is the slug of the group."""

    id: str
    role: Role
    name: str
    created_at: datetime
    updated_at: datetime
    description: str | None = None
    users: list[OrganizationUser]
    allowed_actions: list[Action]
    enabled_features: list[str]
    unpaid_subscription: bool


class OrganizationGiven(Wire, frozen=True, kw_only=True):
    """What is given of an organization."""

    name: str | None = None
    description: str | None = None


class Member(Wire, frozen=True, kw_only=True):
    """Who is to be in an organization, by username or e-mail."""

    username: str | None = None
    user_email: str | None = None


def get_all_organizations(call: Call) -> list[Organization]:
    """The organizations that the caller is in."""
    return [_shown(call, group) for group in accounts.groups_of(call, call.user.id)]


def get_organization(call: Call, organization: str) -> Organization:
    """An organization that the caller is in."""
    return _shown(call, accounts.find_own_group(call, organization))


def create_organization(call: Call, body: OrganizationGiven) -> None:
    """Make an organization; administrators may, and are in it."""
    if body.name is None:
        raise Invalid("An organization wants a `name`.")
    group = accounts.create_group(call, name=body.name, description=body.description)
    accounts.add_member(call, group.id, call.user.id)


def update_organization(call: Call, organization: str, body: OrganizationGiven) -> None:
    """Change an organization; administrators may. Its slug, by which it is called, stays."""
    group = accounts.find_own_group(call, organization)
    accounts.update_group(call, group.id, name=body.name, description=body.description)


def add_user_to_organization(call: Call, organization: str, body: Member) -> None:
    """Put a user into an organization; administrators may."""
    if not (called := body.username or body.user_email):
        raise Invalid("Whom to add is said by `username` or `user_email`.")
    group = accounts.find_own_group(call, organization)
    accounts.add_member(call, group.id, accounts.find_user(call, called).id)


def get_organization_user(call: Call, organization: str, username: str) -> OrganizationUser:
    """A user in an organization that the caller is in."""
    group = accounts.find_own_group(call, organization)
    return member(group, _within(call, group, username))


def delete_user_from_organization(call: Call, organization: str, username: str) -> None:
    """Take a user out of an organization; administrators may."""
    group = accounts.find_own_group(call, organization)
    accounts.remove_member(call, group.id, _within(call, group, username).id)


def operations() -> list[Operation]:
    """The routes of organizations."""
    one, of_one = "/v1/organizations/{organization}", "/v1/organizations/{organization}/{username}"
    tags = ("organizations",)
    return [
        describe("GET", "/v1/organizations", get_all_organizations, tags=tags),
        describe("POST", "/v1/organization", create_organization, tags=tags),
        describe("GET", one, get_organization, tags=tags),
        describe("PATCH", one, update_organization, tags=tags),
        describe("POST", f"{one}/user", add_user_to_organization, tags=tags),
        describe("GET", of_one, get_organization_user, tags=tags),
        describe("DELETE", of_one, delete_user_from_organization, tags=tags),
    ]


def _within(call: Call, group: access.Group, called: str) -> access.User:
    for user in accounts.list_members(call, group.id):
        if called == user.username or called.lower() == user.email:
            return user
    raise NotFound(f"There is no user {called[:100]!r} in the organization {group.slug!r}.")


def _shown(call: Call, group: access.Group) -> Organization:
    admin = call.user.admin
    return Organization(
        id=str(group.id),
        role="admin" if admin else "read_write",
        name=group.slug,
        created_at=group.created_at,
        updated_at=group.updated_at,
        description=group.description,
        users=[member(group, user) for user in accounts.list_members(call, group.id)],
        allowed_actions=ADMINISTRATOR if admin else MEMBER,
        enabled_features=[],
        unpaid_subscription=False,
    )
