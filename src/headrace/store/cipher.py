"""Encrypting what must be read back: AES-256-GCM, each text bound to the purpose it was encrypted for."""

import base64
import binascii
import os
import secrets
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from headrace.errors import HeadraceError, Invalid

KEY_BYTES = 32
NONCE_BYTES = 12


class Unreadable(HeadraceError):
    """What was encrypted cannot be read: the secret key is another one, or the bytes were changed."""


class Cipher:
    """Encrypts with one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._aead = AESGCM(key)

    def derive(self, purpose: str) -> bytes:
        """A key of 32 bytes for another use, from which this one cannot be found (HKDF-SHA256, RFC 5869)."""
        return HKDF(SHA256(), KEY_BYTES, None, purpose.encode()).derive(self._key)

    def encrypt(self, text: str, purpose: str) -> bytes:
        """A nonce and the ciphertext."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, text.encode(), purpose.encode())

    def decrypt(self, secret: bytes, purpose: str) -> str:
        """The text. Raises Unreadable."""
        try:
            return self._aead.decrypt(secret[:NONCE_BYTES], secret[NONCE_BYTES:], purpose.encode()).decode()
        except (InvalidTag, ValueError) as wrong:
            raise Unreadable from wrong


def open_cipher(secret_key: str, home: Path) -> Cipher:
    """The cipher of a server: the key of its settings, else of <home>/secret.key, made at the first start (0600)."""
    if secret_key:
        return Cipher(_key(secret_key, "HEADRACE_SECRET_KEY"))
    path = home / "secret.key"
    if not path.exists():
        _make_key(path)
    return Cipher(_key(path.read_text(), str(path)))


def _make_key(path: Path) -> None:
    # Written whole beside its name and linked to it: of two processes that start at once, one key wins.
    fresh = path.with_name(f".secret.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).decode() + "\n")
        with suppress(FileExistsError):
            os.link(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)


def _key(text: str, place: str) -> bytes:
    try:
        key = base64.urlsafe_b64decode(text.strip())
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != KEY_BYTES:
        raise Invalid(f"{place} wants 32 bytes in URL-safe base64, as `openssl rand -base64 32 | tr +/ -_` makes them.")
    return key
