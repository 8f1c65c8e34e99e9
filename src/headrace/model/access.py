"""Who is calling, and what they hold."""

from collections.abc import Collection
from datetime import datetime

from msgspec import Struct

NOUNS = ("user", "array", "organization", "group")
LEVELS = ("read", "read-write", "admin")  # each opens what those before it do
WHOLE = tuple(f"{noun}:admin" for noun in NOUNS)  # what opens everything that its owner may open
ANY = "any"  # what every key opens, however narrow


class User(Struct, frozen=True, kw_only=True):
    """A person or a service with an account."""

    id: int
    name: str
    username: str
    email: str
    admin: bool = False
    active: bool = True
    created_at: datetime
    updated_at: datetime


class Group(Struct, frozen=True, kw_only=True):
    """Users under one name, so that things can be shared with all of them."""

    id: int
    name: str
    slug: str
    description: str | None = None
    created_at: datetime
    updated_at: datetime


class ApiKey(Struct, frozen=True, kw_only=True):
    """A key as it is kept: only a digest of it and its last characters, so nobody can read it again."""

    id: int
    user_id: int
    name: str
    hint: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    scopes: list[str] | None = None  # None: it opens what its owner may open

    def active(self, now: datetime) -> bool:
        """Whether the key opens anything at that moment."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class Principal(Struct, frozen=True, kw_only=True):
    """The user behind a request, and the key that proved it."""

    user: User
    key_id: int  # 0: no key, but code that runs in the user's environment
    author_id: int | None = None  # who wrote that code, where it is not the user: it sees what is open to all
    scopes: tuple[str, ...] | None = None  # of the key; None: it opens what the user may open


def admits(scopes: Collection[str] | None, needed: str) -> bool:
    """Whether a key of these scopes opens what needs that one: `array:read`, ANY; "" is for keys that are whole."""
    if scopes is None or needed == ANY:
        return True
    noun, _, level = needed.partition(":")
    return level in LEVELS and any(f"{noun}:{one}" in scopes for one in LEVELS[LEVELS.index(level) :])
