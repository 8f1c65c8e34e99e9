"""Signed addresses: what a user asked for with a key, and may hand to anyone; they die with the key."""

import time
from datetime import UTC, datetime

import anyio.to_thread

from headrace.db import accounts
from headrace.errors import Forbidden
from headrace.model.access import User
from headrace.services.call import Call, Platform
from headrace.store.signing import Claims, Purpose, Signer


class Signatures:
    """Signatures of one kind of address; those of another kind open nothing here."""

    def __init__(self, platform: Platform, kind: str) -> None:
        self._platform, self._signer = platform, Signer(platform.cipher.derive(kind))

    def sign(
        self,
        call: Call,
        purpose: Purpose,
        method: str,
        path: str,
        *,
        expires: int | None = None,
        size: int | None = None,
    ) -> str:
        """A text by which anyone may do that, until `expires` (seconds since 1970) or for SIGNED_SECONDS."""
        assert call.who is not None
        claims = Claims(
            purpose=purpose,
            method=method,
            path=path,
            expires=expires or int(time.time()) + self._platform.settings.signed_seconds,
            owner_id=call.user.id,
            key_id=call.who.key_id,
            size=size,
        )
        return self._signer.sign(claims)

    async def check(self, text: str, purpose: Purpose, method: str) -> tuple[Claims, User]:
        """What was signed, and who asked for it. Raises Forbidden."""
        claims = self._signer.check(text, purpose, method, time.time())
        return claims, await anyio.to_thread.run_sync(self._who, claims)

    def _who(self, claims: Claims) -> User:
        with self._platform.db.read() as connection:
            found = accounts.find_key_by_id(connection, claims.key_id)
        if found is None or not found[0].active(datetime.now(UTC)) or not found[1].active:
            raise Forbidden("The key that signed this has been revoked; ask for a new signature.")
        return found[1]
