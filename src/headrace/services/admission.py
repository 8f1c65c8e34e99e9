"""Who may call by a token that is not open to all: those with a key, a session token, or the passcode."""

import os
import time
from datetime import UTC, datetime
from hashlib import blake2b

import anyio.to_thread
from msgspec import Struct

from headrace.errors import Forbidden, Unauthenticated
from headrace.model.collection import Collection
from headrace.services import collections, passcodes
from headrace.services.call import Call, Platform
from headrace.services.guesses import Guesses

FRESH = 1.0  # seconds a session token is taken without asking the database
KNOWN = 600.0  # seconds a passcode is taken without hashing it again
MOST = 10_000


class Lock(Struct, frozen=True):
    """What keeps a token from being open to all."""

    collection_id: int | None = None  # None: the token of one udf, which only a key goes with
    passcode: str | None = None  # its hash


class Locked(Unauthenticated):
    """This token is not open to all."""

    def __init__(self, message: str, lock: Lock) -> None:
        self.lock = lock
        super().__init__(message)


class Ended(Forbidden):
    """This session token opens nothing here: it has expired, or was revoked. Ask for another one."""

    def __init__(self, lock: Lock) -> None:
        self.lock = lock
        super().__init__()


class WrongPasscode(Forbidden):
    """This is not the passcode of the collection."""

    def __init__(self, lock: Lock) -> None:
        self.lock = lock
        super().__init__()


def lock_of(collection: Collection) -> Lock | None:
    """What the token of a collection needs beside itself."""
    return None if collection.open else Lock(collection_id=collection.id, passcode=collection.passcode)


class Admission:
    """Lets calls through locks, and remembers for a while what it let through. It lives on the event loop."""

    def __init__(self, platform: Platform, guesses: Guesses) -> None:
        self._platform, self._guesses = platform, guesses
        self._sessions: dict[tuple[int, str], float] = {}
        self._passcodes: dict[bytes, float] = {}
        self._key = os.urandom(32)
        self._revision = platform.revision.value

    async def admit(self, lock: Lock, call: Call, session: str | None, passcode: str | None, address: str) -> bool:
        """Let a call through, or raise Locked, Forbidden or Busy. Whether it was the session token's doing."""
        if call.who is not None:
            return False
        if lock.collection_id is not None and session:
            if not await self._is_session(lock.collection_id, session):
                raise Ended(lock)
            return True
        if lock.passcode is not None and passcode:
            if not await self._is_passcode(lock.passcode, passcode, f"{lock.collection_id} {address}"):
                raise WrongPasscode(lock)
            return False
        ways = ["an API key (`Authorization: Bearer <key>`)"]
        if lock.collection_id is not None:
            ways.append("a `fused_session_token`")
        if lock.passcode is not None:
            ways.append("its passcode (`Authorization: Fused-Canvas-Passcode <passcode>`)")
        raise Locked(f"This token is not open to all: send {' or '.join(ways)}.", lock)

    async def _is_session(self, collection_id: int, session: str) -> bool:
        if self._revision != self._platform.revision.value:
            self._sessions.clear()
            self._revision = self._platform.revision.value
        now = time.monotonic()
        if self._sessions.get((collection_id, session), 0) > now:
            return True
        revision = self._revision
        expires = await anyio.to_thread.run_sync(collections.session_expires, self._platform, collection_id, session)
        if expires is None:
            return False
        if revision == self._platform.revision.value:
            if len(self._sessions) >= MOST:
                self._sessions.clear()
            left = (expires - datetime.now(UTC)).total_seconds()
            self._sessions[collection_id, session] = now + min(FRESH, left)
        return True

    async def _is_passcode(self, kept: str, passcode: str, place: str) -> bool:
        known = blake2b(f"{kept}\0{passcode}".encode(errors="surrogatepass"), key=self._key).digest()
        now = time.monotonic()
        if self._passcodes.get(known, 0) > now:
            return True
        self._guesses.check("passcode", place, passcode)
        if not await anyio.to_thread.run_sync(passcodes.matches, passcode, kept):
            self._guesses.wrong("passcode", place, passcode)
            return False
        if len(self._passcodes) >= MOST:
            self._passcodes.clear()
        self._passcodes[known] = now + KNOWN
        return True
