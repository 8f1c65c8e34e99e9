"""Users, who is asking, and API keys. Fields as the protocol has them today, as far as they exist here."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from msgspec import Meta

from headrace.api.resource import Resource
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import BLANK, ById, Id, Name, initials
from headrace.model import access
from headrace.model.page import Page, Slice
from headrace.services import accounts
from headrace.services.call import Call

Email = Annotated[
    str,
    Meta(
        description="The email of this user.",
        pattern=rf"^[^@{BLANK}]{{1,128}}@[^@{BLANK}]{{1,128}}$",
        examples=["ada@example.org"],
    ),
]
Me = Annotated[str, Meta(pattern=r"^(me|[1-9][0-9]{0,8})$", examples=["me"], description="The ID of the user or 'me'.")]
Seconds = Annotated[int, Meta(ge=1, le=3_153_599_999, description="The number of seconds the key should last for.")]


class ByName(Page, frozen=True, kw_only=True):
    """A page of users."""

    limit: Annotated[int, Meta(ge=1, le=10_000, description="Number of results to return.")] = 20
    order: Annotated[Literal["name", "user", "id"], Meta(description="The field to order by.")] = "name"  # type: ignore[assignment]
    order_dir: Annotated[Literal["asc", "desc"], Meta(description="Direction in which to sort.")] = "asc"


class UserGroup(Wire, frozen=True, kw_only=True):
    """A group that a user is in."""

    id: int
    name: str
    slug: str


class User(Wire, frozen=True, kw_only=True):
    """A user."""

    id: int
    user: Annotated[str, Meta(description="The username of this user.")]
    name: str
    email: str
    active: bool
    admin: Annotated[bool, Meta(description="Whether this user administers the server.")]
    initials: str
    suspended: bool
    created_at: datetime
    updated_at: datetime


class UserDetail(User, frozen=True, kw_only=True):
    """A user, with the groups they are in."""

    groups: list[UserGroup]


class UserMe(Wire, frozen=True, kw_only=True):
    """The user who asks."""

    id: int
    name: str
    email: str
    username: str
    initials: str
    admin: bool
    feature_flags: dict[str, bool]
    roles: list[str]
    preferences: dict[str, Any]
    primary_group_id: int | None
    groups: list[UserGroup]
    organization_name: str | None
    created_at: datetime


class UserCreate(Wire, frozen=True, kw_only=True):
    """A user to make."""

    name: Annotated[Name, Meta(description="The name of this user.")]
    email: Email
    user: Annotated[Name | None, Meta(description="The username of this user; the email, where it is not given.")] = (
        None
    )
    primary_group_id: Annotated[Id | None, Meta(description="The ID of a group that the user will be in.")] = None
    group_ids: Annotated[list[Id], Meta(description="The IDs of further groups that the user will be in.")] = []
    admin: Annotated[bool, Meta(description="Whether this user administers the server.")] = False


class UserChange(Wire, frozen=True, kw_only=True):
    """What to change of a user; null is no change."""

    name: Annotated[Name | None, Meta(description="The name of this user.")] = None
    email: Email | None = None
    active: Annotated[bool | None, Meta(description="Whether this account is active or deactivated.")] = None
    admin: Annotated[bool | None, Meta(description="Whether this user administers the server.")] = None


class ApiKey(Wire, frozen=True, kw_only=True):
    """An API key. Its text is shown once, when it is made."""

    id: int
    name: str
    hint: Annotated[str, Meta(description="The last characters of the key.")]
    expires_at: datetime | None
    created_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None
    expired: bool
    active: bool
    scopes: list[str]
    constraint_count: int


class ApiKeyNew(ApiKey, frozen=True, kw_only=True):
    """An API key that was just made."""

    token: Annotated[str, Meta(description="The key itself; it is not shown again.")]


class ApiKeyCreate(Wire, frozen=True, kw_only=True):
    """An API key to make."""

    name: Annotated[Name, Meta(description="The name of the API key.")]
    expires_in: Seconds | None = None
    constraints: Annotated[list[dict[str, Any]], Meta(max_length=0, description="Limits of the key; none yet.")] = []


resource = Resource("/users", User)


@resource.get()
def list_users(
    call: Call,
    page: ByName,
    query: Annotated[str | None, Meta(description="Return users whose name, username or email contains this.")] = None,
    account_status: Annotated[
        Literal["active", "inactive", "all"], Meta(description="The account status by which to filter users.")
    ] = "active",
) -> Slice[User]:
    """List users."""
    columns = {"name": "name", "user": "username", "id": "id"}
    wanted = Page(
        limit=page.limit, page_num=page.page_num, order=columns[page.order or "name"], order_dir=page.order_dir
    )
    active = {"active": True, "inactive": False, "all": None}[account_status]
    found = accounts.list_users(call, wanted, query, active=active)
    return Slice([User(**_shown(user)) for user in found.items], found.total)


@resource.post(status=200)
def create_user(call: Call, body: UserCreate) -> UserDetail:
    """Create a new user; administrators may."""
    call.require_admin()
    groups = [*([body.primary_group_id] if body.primary_group_id else []), *body.group_ids]
    for group_id in groups:
        accounts.get_group(call, group_id)
    user = accounts.create_user(call, name=body.name, email=body.email, username=body.user, admin=body.admin)
    for group_id in groups:
        accounts.add_member(call, group_id, user.id)
    return _detail(call, user)


@resource.get("/me")
def get_me(call: Call) -> UserMe:
    """Show info about the logged-in user."""
    user, groups = call.user, _groups(call, call.user.id)
    return UserMe(
        id=user.id,
        name=user.name,
        email=user.email,
        username=user.username,
        initials=initials(user.name),
        admin=user.admin,
        feature_flags={},
        roles=["admin"] if user.admin else [],
        preferences={},
        primary_group_id=groups[0].id if groups else None,
        groups=groups,
        organization_name=None,
        created_at=user.created_at,
    )


@resource.get("/{id}")
def get_user(call: Call, id: Id) -> UserDetail:
    """Show info about a user."""
    return _detail(call, accounts.get_user(call, id))


@resource.patch("/{id}")
def update_user(call: Call, id: Id, body: UserChange) -> UserDetail:
    """Update info about a user.

    Users change their own name and email; administrators change anyone's, and who is active.
    """
    user = accounts.update_user(call, id, name=body.name, email=body.email, active=body.active, admin=body.admin)
    return _detail(call, user)


@resource.get("/{id}/api_keys")
def list_api_keys(call: Call, id: Me, page: ById) -> Slice[ApiKey]:
    """Show API keys belonging to the specified user, the newest first."""
    keys = accounts.list_keys(call, _user_id(call, id))
    if page.order_dir == "asc":
        keys = keys[::-1]
    return Slice([ApiKey(**_shown_key(key)) for key in keys[page.offset :][: page.limit]], len(keys))


@resource.post("/{id}/api_keys", status=200)
def create_api_key(call: Call, id: Me, body: ApiKeyCreate) -> ApiKeyNew:
    """Create a new API key, for oneself or as an administrator for anyone."""
    expires_in = None if body.expires_in is None else timedelta(seconds=body.expires_in)
    key, text = accounts.create_key(call, _user_id(call, id), body.name, expires_in)
    return ApiKeyNew(**_shown_key(key), token=text)


@resource.get("/{id}/api_keys/{key_id}")
def get_api_key(call: Call, id: Me, key_id: Id) -> ApiKey:
    """Show the specified API key."""
    return ApiKey(**_shown_key(accounts.get_key(call, _user_id(call, id), key_id)))


@resource.delete("/{id}/api_keys/{key_id}")
def revoke_api_key(call: Call, id: Me, key_id: Id) -> ApiKey:
    """Revoke the specified API key."""
    return ApiKey(**_shown_key(accounts.revoke_key(call, _user_id(call, id), key_id)))


def _user_id(call: Call, id_: str) -> int:
    return call.user.id if id_ == "me" else int(id_)


def _detail(call: Call, user: access.User) -> UserDetail:
    return UserDetail(**_shown(user), groups=_groups(call, user.id))


def _groups(call: Call, user_id: int) -> list[UserGroup]:
    return [UserGroup(id=g.id, name=g.name, slug=g.slug) for g in accounts.groups_of(call, user_id)]


def _shown(user: access.User) -> dict[str, Any]:
    return {
        "id": user.id,
        "user": user.username,
        "name": user.name,
        "email": user.email,
        "active": user.active,
        "admin": user.admin,
        "initials": initials(user.name),
        "suspended": not user.active,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
    }


def _shown_key(key: access.ApiKey) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "id": key.id,
        "name": key.name,
        "hint": key.hint,
        "expires_at": key.expires_at,
        "created_at": key.created_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
        "expired": key.expires_at is not None and key.expires_at <= now,
        "active": key.active(now),
        "scopes": [],
        "constraint_count": 0,
    }
