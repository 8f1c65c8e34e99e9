"""What a use-case works on, and for whom."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING

from headrace.db.uses import Uses
from headrace.errors import Forbidden, Unauthenticated
from headrace.model.access import admits
from headrace.services.doors import Doors
from headrace.services.outward import Outward

if TYPE_CHECKING:
    from headrace.db.engine import Database
    from headrace.model.access import Principal, User
    from headrace.settings import Settings
    from headrace.store.blobs import Blobs
    from headrace.store.cipher import Cipher


@dataclass(slots=True)
class Revision:
    """Counts the changes this process made to what calls are answered by: udfs, tokens, accounts.

    What remembers any of these compares the number it saw; services bump it after their transaction.
    """

    value: int = 0

    def bump(self) -> None:
        """Say that something changed."""
        self.value += 1


async def _nothing_runs(uid: str, reason: str) -> None:
    pass


@dataclass(slots=True)
class Stops:
    """How what runs here is ended: by its uid, with a sentence for whoever waits. Only a server runs anything."""

    cancel: Callable[[str, str], Awaitable[None]] = _nothing_runs


@dataclass(frozen=True, slots=True)
class Platform:
    """The parts that every use-case may need; assembled once, in `server.py` or by a command."""

    settings: "Settings"
    db: "Database"
    blobs: "Blobs"
    cipher: "Cipher"
    revision: Revision = field(default_factory=Revision)
    uses: Uses = field(default_factory=Uses)
    outward: Outward = field(default_factory=Outward)
    stops: Stops = field(default_factory=Stops)
    builds: Event = field(default_factory=Event)  # set when there is an environment to build, or one fewer to keep
    doors: Doors = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "doors", Doors(self.settings, self.db, self.blobs, self.cipher))


@dataclass(frozen=True, slots=True)
class Call:
    """One use-case being carried out: the platform, and who asked (None: nobody who is known)."""

    platform: Platform
    who: "Principal | None"
    address: str | None = None  # of the network, where the request came over one

    @property
    def user(self) -> "User":
        """The user who asked. Raises Unauthenticated where nobody is known."""
        if self.who is None:
            raise Unauthenticated
        return self.who.user

    @property
    def whole(self) -> bool:
        """Whether the key of who asks opens all that they may."""
        return self.who is None or self.who.scopes is None

    def opens(self, scope: str) -> bool:
        """Whether the key of who asks opens that much, such as `array:read-write`."""
        return self.who is None or admits(self.who.scopes, scope)

    def require_admin(self) -> "User":
        """The user who asked, if they administer this server. Raises Forbidden else."""
        if not self.user.admin:
            raise Forbidden("Only an administrator of this server may do that.")
        return self.user
