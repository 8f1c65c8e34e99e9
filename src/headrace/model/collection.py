"""Collections: udfs of one owner under one name, shared together or one by one."""

from datetime import datetime
from typing import Literal, get_args

from msgspec import Struct

Scope = Literal["team", "public"]
SCOPES: tuple[str, ...] = get_args(Scope)
DEFAULT = "default"  # the collection that everyone has, and that what names none is in


class Collection(Struct, frozen=True, kw_only=True):
    """A collection. Its share token, where it has one, opens every udf in it by its name."""

    id: int
    uid: str
    name: str
    owner_id: int
    owner_email: str
    owner_username: str
    access_scope: str  # who may call by the share token: `team` is everyone with a key of this server, `public` all
    public_read: bool = False
    dashboard_body: str | None = None
    preview_image_url: str | None = None
    passcode: str | None = None  # its hash
    share_digest: str | None = None
    share_secret: bytes | None = None
    share_client_id: str | None = None
    created_at: datetime
    updated_at: datetime

    @property
    def open(self) -> bool:
        """Whether the share token alone is enough to call."""
        return self.access_scope == "public" and self.passcode is None


class Member(Struct, frozen=True, kw_only=True):
    """A udf of a collection, as its list names it."""

    slug: str
    version: int
    udf_type: str | None = None
    updated_at: datetime


class SessionToken(Struct, frozen=True, kw_only=True):
    """The right to call by a collection's share token for some time, for those who have no key."""

    token: str
    expires_at: datetime
