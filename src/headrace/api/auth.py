"""Who is asking: the API key in a request's headers, and the account that it opens.

Published clients send the key under their own scheme words, so any word is taken: `Bearer`, `Fused-Service-Token`,
`Fused-Env-Bearer`, `Fused-Rtenv-Bearer`, `Basic` with the key as user name or as password, `X-TILEDB-REST-API-KEY`.
"""

import asyncio
import binascii
import time
from base64 import b64decode
from collections.abc import Callable, Iterable
from hashlib import sha256

import anyio
import anyio.to_thread

from headrace.errors import Unauthenticated
from headrace.model.access import Principal

NO_KEY = frozenset({b"fused-canvas-passcode"})  # what follows these words is another secret, and no key
LONGEST = 512  # characters of a key
UNKNOWN = "This API key opens nothing here: it is unknown, revoked or expired. `headrace keys create` makes one."


def key_of(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The API key in ASGI headers, or None. Raises Unauthenticated for a header that cannot be read."""
    other = None
    for name, value in headers:
        if name == b"authorization":
            return _from_authorization(value.strip())
        if name == b"x-tiledb-rest-api-key":
            other = value.strip()
    return _text(other) if other else None


class Keys:
    """Accounts by API key, remembered for a moment; it lives on the server's event loop.

    What `authenticate` finds is served again for `seconds`, as long as `stamp` gives what it gave before: it changes
    when this process changes accounts. Why a key opens nothing is remembered likewise. Misses run in few threads, so
    that guessing keys cannot take those that answer requests.
    """

    THREADS = 4
    MOST = 10_000

    def __init__(
        self, authenticate: Callable[[str], Principal], stamp: Callable[[], object] = lambda: None, seconds: float = 1.0
    ) -> None:
        self._authenticate, self._stamp, self._seconds = authenticate, stamp, seconds
        self._seen = stamp()
        self._known: dict[bytes, tuple[float, Principal | str]] = {}
        self._asked: dict[bytes, asyncio.Task[Principal | str]] = {}
        self._threads: anyio.CapacityLimiter | None = None

    async def principal(self, key: str) -> Principal:
        """The account that a key opens. Raises Unauthenticated."""
        digest = sha256(key.encode()).digest()
        if (stamp := self._stamp()) != self._seen:
            self.forget()
            self._seen = stamp
        found = self._known.get(digest)
        if found and found[0] > time.monotonic():
            principal = found[1]
        else:
            # Equal keys ask once; a caller that goes away does not take the answer from the others.
            asked = self._asked.get(digest) or self._ask(digest, key, stamp)
            principal = await asyncio.shield(asked)
        if isinstance(principal, str):
            raise Unauthenticated(principal)
        return principal

    def forget(self) -> None:
        """Ask anew for every key from now on: one was revoked, or an account changed."""
        self._known.clear()
        self._asked.clear()

    def _ask(self, digest: bytes, key: str, stamp: object) -> "asyncio.Task[Principal | str]":
        task = self._asked[digest] = asyncio.create_task(self._look_up(digest, key, stamp))

        def ended(_: object) -> None:
            if self._asked.get(digest) is task:
                del self._asked[digest]

        task.add_done_callback(ended)
        return task

    async def _look_up(self, digest: bytes, key: str, stamp: object) -> Principal | str:
        if self._threads is None:
            self._threads = anyio.CapacityLimiter(self.THREADS)
        try:
            principal = await anyio.to_thread.run_sync(self._authenticate, key, limiter=self._threads)
        except Unauthenticated as refused:
            principal = refused.message
        if self._stamp() == stamp == self._seen:
            if len(self._known) >= self.MOST:
                self._known.clear()
            self._known[digest] = (time.monotonic() + self._seconds, principal)
        return principal


def _from_authorization(value: bytes) -> str | None:
    scheme, _, rest = value.partition(b" ")
    if scheme.lower() in NO_KEY:
        return None
    if scheme.lower() != b"basic":
        return _text(rest.strip() or scheme) if value else None
    try:
        user, _, password = b64decode(rest.strip(), validate=True).partition(b":")
    except binascii.Error as wrong:
        raise Unauthenticated(
            "The Authorization header says Basic and holds no Base64 text. " + Unauthenticated().message
        ) from wrong
    # Civis clients send the key as the user name; people with curl and a password manager as the password.
    return _text(user if not password or user.startswith(b"hr_") else password)


def _text(key: bytes) -> str:
    if len(key) > LONGEST or not key.isascii() or not key.decode().isprintable():
        raise Unauthenticated(UNKNOWN)
    return key.decode()
