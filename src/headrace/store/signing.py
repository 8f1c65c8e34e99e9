"""Signed claims: what a URL or form may do, for whom, until when, as text that nobody else can make.

A text is the claims in JSON and HMAC-SHA256 (RFC 2104) over them, in URL-safe base64. The key comes from the server's
secret key by HKDF (RFC 5869), so another secret key makes every text worthless.
"""

import base64
import binascii
import hmac
from enum import StrEnum
from hashlib import sha256

import msgspec
from msgspec import Struct

from headrace.errors import Forbidden

MAC = 32  # bytes
LONGEST = 8 << 10  # characters
WRONG = "This signature is not one of ours, or it was changed; ask for a new one."


class Purpose(StrEnum):
    """What may be done."""

    DOWNLOAD = "download"
    UPLOAD = "upload"


class Claims(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What was signed."""

    purpose: Purpose
    method: str
    path: str
    expires: int  # seconds since 1970
    owner_id: int
    key_id: int  # the API key that asked; what it signed dies with it
    size: int | None = None  # bytes, exactly, of an upload


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Claims).decode


class Signer:
    """Signs with one key of 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sign(self, claims: Claims) -> str:
        """The claims as a text that `check` takes."""
        known = _encode(claims)
        return base64.urlsafe_b64encode(self._mac(claims.purpose, known) + known).decode().rstrip("=")

    def check(self, text: str, purpose: Purpose, method: str, now: float) -> Claims:
        """The claims of a text that was signed for this. Raises Forbidden for any other, and for one past its time."""
        try:
            if len(text) > LONGEST:
                raise ValueError
            data = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (ValueError, binascii.Error) as wrong:
            raise Forbidden(WRONG) from wrong
        mac, known = data[:MAC], data[MAC:]
        if not hmac.compare_digest(mac, self._mac(purpose, known)):
            raise Forbidden(WRONG)
        try:
            claims = _decode(known)
        except msgspec.DecodeError as wrong:  # signed by another version
            raise Forbidden(WRONG) from wrong
        if (claims.purpose, claims.method) != (purpose, method):
            raise Forbidden(WRONG)
        if now >= claims.expires:
            raise Forbidden("This signature has expired; ask for a new one.")
        return claims

    def _mac(self, purpose: Purpose, known: bytes) -> bytes:
        return hmac.digest(self._key, f"{purpose.value}\n".encode() + known, sha256)
