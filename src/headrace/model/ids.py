"""Identifiers and secrets: how they look and how they are made."""

import os
import secrets
import time
import uuid
from hashlib import sha256


def new_run_uid() -> str:
    """A UUID of version 7 (RFC 9562): its order is the order of time, so an index over it grows at one end."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | int.from_bytes(os.urandom(10), "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return str(uuid.UUID(int=value))


def new_uid() -> str:
    """A random UUID (version 4), for objects that clients name by UUID."""
    return str(uuid.uuid4())


def new_api_key() -> str:
    """An API key: `hr_` and 43 characters, 256 random bits."""
    return "hr_" + secrets.token_urlsafe(32)


def new_udf_token() -> str:
    """A token for one udf: `fsh_` (the form that published clients recognise) and 32 characters, 192 random bits."""
    return "fsh_" + secrets.token_urlsafe(24).replace("-", "a").replace("_", "b")


def digest(secret: str) -> str:
    """What is stored of a secret with 128 random bits or more: SHA-256, in hex.

    A slow hash (argon2) guards secrets people choose; nothing can be guessed against these.
    """
    return sha256(secret.encode(errors="surrogatepass")).hexdigest()
