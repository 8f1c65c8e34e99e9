"""Access tokens on this protocol's wire (Fused protocol notes 2.4)."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from headrace.api.operation import Operation, describe
from headrace.errors import Invalid
from headrace.model.job import Token
from headrace.services import tokens, udfs
from headrace.services.call import Call


class New(Struct):
    """A token to make: for a udf by its id, or by its owner's e-mail and its name."""

    udf_id: str | None = None
    udf_email: str | None = None
    udf_slug: str | None = None
    client_id: str | None = None
    cache: bool | None = None
    enabled: bool | None = None
    public_read: bool | None = None
    access_scope: str | None = None
    metadata_json: dict[str, Any] | None = None


class Change(Struct):
    """What to change of a token; null is no change."""

    client_id: str | None = None
    cache: bool | None = None
    enabled: bool | None = None
    public_read: bool | None = None
    access_scope: str | None = None
    metadata_json: dict[str, Any] | None = None


class UdfAccessToken(Struct):
    """A token."""

    token: str
    udf_email: str
    udf_slug: str
    udf_id: str
    enabled: bool
    owning_user_id: str
    owning_execution_environment_id: str
    client_id: str | None
    public_read: bool | None
    access_scope: str | None
    cache: bool
    metadata_json: dict[str, Any] | None
    last_updated: datetime


Skip = Annotated[int, Meta(ge=0, le=10_000_000, description="Tokens to pass over.")]
Most = Annotated[int, Meta(ge=1, le=1000, description="Tokens to return.")]


def create(call: Call, body: New) -> UdfAccessToken:
    """Make a token for a udf of the caller's."""
    if body.udf_id is not None:
        udf_id = body.udf_id
    elif body.udf_slug is not None:
        udf_id = udfs.get_by_slug(call, body.udf_email or call.user.email, body.udf_slug).uid
    else:
        raise Invalid("Name the udf: `udf_id`, or `udf_email` and `udf_slug`.")
    token = tokens.create(
        call,
        udf_id,
        client_id=body.client_id,
        cache=body.cache is not False,
        enabled=body.enabled is not False,
        public_read=body.public_read,
        access_scope=body.access_scope,
        metadata_json=body.metadata_json,
    )
    return shown(token)


def list_own(call: Call, skip: Skip = 0, limit: Most = 25) -> list[UdfAccessToken]:
    """The caller's tokens, the newest first; an empty list past the end."""
    return [shown(token) for token in tokens.list_own(call, skip, limit).items]


def get(call: Call, token: str) -> UdfAccessToken:
    """One token of the caller's."""
    return shown(tokens.get(call, token))


def update(call: Call, token: str, body: Change) -> UdfAccessToken:
    """Change a token of the caller's."""
    changes = {name: getattr(body, name) for name in Change.__struct_fields__}
    return shown(tokens.update(call, tokens.get(call, token), **changes))


def delete(call: Call, token: str) -> UdfAccessToken:
    """Have a token of the caller's open nothing from now on."""
    return shown(tokens.delete(call, tokens.get(call, token)))


def shown(token: Token) -> UdfAccessToken:
    """A token as this wire has it."""
    return UdfAccessToken(
        token=token.token,
        udf_email=token.owner_email,
        udf_slug=token.udf_slug,
        udf_id=token.udf_uid,
        enabled=token.enabled,
        owning_user_id=str(token.owner_id),
        owning_execution_environment_id="default",
        client_id=token.client_id,
        public_read=token.public_read,
        access_scope=token.access_scope,
        cache=token.cache,
        metadata_json=token.metadata_json,
        last_updated=token.updated_at,
    )


def operations() -> list[Operation]:
    """The routes of tokens."""
    routes: list[tuple[str, str, Any]] = [
        ("POST", "/udf-access-token/new", create),
        ("GET", "/udf-access-token/self", list_own),
        ("GET", "/udf-access-token/all", list_own),
        ("GET", "/udf-access-token/by-token/{token}", get),
        ("POST", "/udf-access-token/by-token/{token}", update),
        ("DELETE", "/udf-access-token/by-token/{token}", delete),
    ]
    return [describe(method, path, function, status=200, tags=("tokens",)) for method, path, function in routes]
