"""Who is calling, as clients ask before their first call, and who else there is (TileDB protocol notes 1.4)."""

from typing import Literal

from headrace.api.operation import Operation, describe
from headrace.dialects.tiledb.codec import Wire
from headrace.model import access
from headrace.services import accounts
from headrace.services.call import Call

Action = Literal[
    "read",
    "write",
    "create",
    "delete",
    "edit",
    "read_array_logs",
    "read_job_logs",
    "read_object_logs",
    "run_job",
    "delete_organization",
    "edit_organization",
    "edit_billing",
]
Role = Literal["owner", "admin", "read_write_delete", "read_write", "read_only"]

MEMBER: list[Action] = [
    "read",
    "write",
    "create",
    "read_array_logs",
    "read_job_logs",
    "read_object_logs",
    "run_job",
]
OWN: list[Action] = [*MEMBER, "delete", "edit"]
ADMINISTRATOR: list[Action] = [*MEMBER, "edit_organization"]


class OrganizationUser(Wire, frozen=True, kw_only=True):
    """Somebody in an organization: a user in a group."""

    user_id: str | None = None
    organization_id: str | None = None
    username: str
    user_full_name: str | None = None
    user_email: str | None = None
    organization_name: str | None = None
    role: Role | None = None
    allowed_actions: list[Action] | None = None


class User(Wire, frozen=True, kw_only=True):
    """A user. Of others than the caller, only who they are."""

    id: str
    username: str
    name: str
    email: str
    is_valid_email: bool
    organizations: list[OrganizationUser]
    allowed_actions: list[Action]
    enabled_features: list[str]
    unpaid_subscription: bool
    default_namespace_charged: str | None = None


class UserChange(Wire, frozen=True, kw_only=True):
    """What to change of an account."""

    name: str | None = None
    email: str | None = None


def get_user(call: Call) -> User:
    """The user whose key it is."""
    user = call.user
    organizations = [member(group, user) for group in accounts.groups_of(call, user.id)]
    return _shown(user, organizations, OWN)


def get_user_with_username(call: Call, username: str) -> User:
    """A user by username or e-mail."""
    found = accounts.find_user(call, username)
    return get_user(call) if found.id == call.user.id else _shown(found, [], [])


def update_user(call: Call, username: str, body: UserChange) -> None:
    """Change one's own name or e-mail, or as an administrator anyone's."""
    accounts.update_user(call, accounts.find_user(call, username).id, name=body.name, email=body.email)


def member(group: access.Group, user: access.User) -> OrganizationUser:
    """A user as somebody in a group: an administrator of the server is one of every group they are in."""
    return OrganizationUser(
        user_id=str(user.id),
        organization_id=str(group.id),
        username=user.username,
        user_full_name=user.name,
        user_email=user.email,
        organization_name=group.slug,
        role="admin" if user.admin else "read_write",
        allowed_actions=ADMINISTRATOR if user.admin else MEMBER,
    )


def operations() -> list[Operation]:
    """The routes of users."""
    return [
        describe("GET", "/v1/user", get_user, tags=("users",)),
        describe("GET", "/v1/users/{username}", get_user_with_username, tags=("users",)),
        describe("PATCH", "/v1/users/{username}", update_user, tags=("users",)),
    ]


def _shown(user: access.User, organizations: list[OrganizationUser], actions: list[Action]) -> User:
    return User(
        id=str(user.id),
        username=user.username,
        name=user.name,
        email=user.email,
        is_valid_email=True,
        organizations=organizations,
        allowed_actions=actions,
        enabled_features=[],
        unpaid_subscription=False,
        # Without it, clients charge the first organization that they find.
        default_namespace_charged=user.username if actions else None,
    )
