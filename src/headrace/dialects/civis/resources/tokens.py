"""Tokens of a udf: each gives the right to call it, and nothing else."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from msgspec import Meta

from headrace.api.resource import Resource
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import Id, Newest, Uid
from headrace.model import job
from headrace.model.page import Slice
from headrace.services import tokens
from headrace.services.call import Call

Cache = Annotated[bool, Meta(description="Whether results of calls by this token are kept and served again.")]
Enabled = Annotated[bool, Meta(description="Whether the token opens the udf.")]
Scope = Annotated[str, Meta(max_length=200, description="Kept for clients that have one.")]
Notes = Annotated[dict[str, Any], Meta(description="Whatever the owner wants to note with it.")]
Seconds = Annotated[int, Meta(ge=1, le=3_153_599_999, description="Seconds after which the token opens nothing.")]


class Token(Wire, frozen=True, kw_only=True):
    """The right to call one udf."""

    id: int
    token: Annotated[str, Meta(description="The secret itself, part of the URL that calls the udf.")]
    udf_uid: str
    udf_name: str
    owner_id: int
    owner_email: str
    cache: bool
    enabled: bool
    access_scope: str | None
    metadata: dict[str, Any] | None
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class TokenCreate(Wire, frozen=True, kw_only=True):
    """A token to make."""

    cache: Cache = True
    enabled: Enabled = True
    access_scope: Scope | None = None
    metadata: Notes | None = None
    expires_in: Seconds | None = None


class TokenChange(Wire, frozen=True, kw_only=True):
    """What to change of a token; null is no change."""

    cache: Cache | None = None
    enabled: Enabled | None = None
    access_scope: Scope | None = None
    metadata: Notes | None = None


resource = Resource("/udfs/{uid}/tokens", Token, tag="tokens")


@resource.get()
def list_tokens(call: Call, uid: Uid, page: Newest) -> Slice[Token]:
    """List the tokens of a udf, the newest first."""
    found = tokens.list_own(call, page.offset, page.limit, uid)
    return Slice([_shown(token) for token in found.items], found.total)


@resource.post(status=201)
def create_token(call: Call, uid: Uid, body: TokenCreate) -> Token:
    """Make a token for a udf."""
    token = tokens.create(
        call,
        uid,
        cache=body.cache,
        enabled=body.enabled,
        access_scope=body.access_scope,
        metadata_json=body.metadata,
        expires_in=None if body.expires_in is None else timedelta(seconds=body.expires_in),
    )
    return _shown(token)


@resource.get("/{id}")
def get_token(call: Call, uid: Uid, id: Id) -> Token:
    """Get a token."""
    return _shown(tokens.get_by_id(call, uid, id))


@resource.patch("/{id}")
def update_token(call: Call, uid: Uid, id: Id, body: TokenChange) -> Token:
    """Update some attributes of a token."""
    token = tokens.get_by_id(call, uid, id)
    changed = tokens.update(
        call,
        token,
        cache=body.cache,
        enabled=body.enabled,
        access_scope=body.access_scope,
        metadata_json=body.metadata,
    )
    return _shown(changed)


@resource.delete("/{id}")
def delete_token(call: Call, uid: Uid, id: Id) -> None:
    """Have a token open nothing from now on, and forget it."""
    tokens.delete(call, tokens.get_by_id(call, uid, id))


def _shown(token: job.Token) -> Token:
    return Token(
        id=token.id,
        token=token.token,
        udf_uid=token.udf_uid,
        udf_name=token.udf_slug,
        owner_id=token.owner_id,
        owner_email=token.owner_email,
        cache=token.cache,
        enabled=token.enabled,
        access_scope=token.access_scope,
        metadata=token.metadata_json,
        created_at=token.created_at,
        updated_at=token.updated_at,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
    )
