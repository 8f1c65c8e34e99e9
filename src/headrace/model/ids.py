"""Identifiers and secrets: how they look and how they are made."""

import random
import secrets
import time
import uuid
from hashlib import sha256

_random_bits = random.Random().getrandbits  # noqa: S311 - see where it is used


def new_run_uid() -> str:
    """A UUID of version 7 (RFC 9562): its order is the order of time, so an index over it grows at one end."""
    # Every call makes one. It has to be unique and not secret, so it need not ask the kernel for randomness.
    value = (time.time_ns() // 1_000_000 << 80) | _random_bits(80)
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def new_uid() -> str:
    """A random UUID (version 4), for objects that clients name by UUID."""
    return str(uuid.uuid4())


def new_api_key() -> str:
    """An API key: `hr_` and 43 characters, 256 random bits."""
    return "hr_" + secrets.token_urlsafe(32)


def new_udf_token() -> str:
    """A token for one udf: `fsh_` (the form that published clients recognise) and 32 characters, 192 random bits."""
    return "fsh_" + secrets.token_urlsafe(24).replace("-", "a").replace("_", "b")


def new_collection_token() -> str:
    """A token for a collection: `fc_` and 32 characters, 192 random bits; no hyphen, which may part it from a name."""
    return "fc_" + secrets.token_urlsafe(24).replace("-", "a").replace("_", "b")


def new_session_token(expires: int) -> str:
    """A session token: a number, when it expires (seconds since 1970, which clients read there), 256 random bits."""
    return f"{secrets.token_hex(8)}:{expires}:{secrets.token_urlsafe(32)}"


def new_code() -> str:
    """A code or a refresh token of a login: 256 random bits."""
    return secrets.token_urlsafe(32)


def new_map_token() -> str:
    """A token for one map page: `map_` and 32 characters, 192 random bits."""
    return "map_" + secrets.token_urlsafe(24)


def digest(secret: str) -> str:
    """What is stored of a secret with 128 random bits or more: SHA-256, in hex.

    A slow hash (argon2) guards secrets people choose; nothing can be guessed against these.
    """
    return sha256(secret.encode(errors="surrogatepass")).hexdigest()
