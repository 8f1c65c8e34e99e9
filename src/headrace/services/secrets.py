"""Secrets: values that an owner keeps for their own code, and nobody else can read.

An `environment` secret is for what runs in the owner's environment, a `user` secret for the person. Both are the
caller's own here, where everyone has one environment.
"""

import re
from datetime import UTC, datetime
from typing import Literal

from headrace.db import secrets as queries
from headrace.errors import Invalid, NotFound, TooLarge
from headrace.services import changes
from headrace.services.call import Call

Scope = Literal["environment", "user"]
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,127}")
LONGEST = 64 << 10  # bytes of a value
MOST = 1_000  # secrets of one owner in one scope


def put(call: Call, scope: Scope, name: str, value: str) -> None:
    """Keep a value under a name, in place of the one before. Raises Invalid, TooLarge."""
    owner = call.user.id
    _check(name)
    if "\0" in value or len(value.encode(errors="surrogatepass")) > LONGEST:
        raise TooLarge(f"The value of a secret has at most {LONGEST >> 10} KB, and no NUL character.")
    secret = call.platform.cipher.encrypt(value, _purpose(owner, scope, name))
    with call.platform.db.begin() as connection:
        queries.put_secret(connection, owner, scope, name, secret, datetime.now(UTC))
        if len(queries.list_names(connection, owner, scope)) > MOST:
            raise TooLarge(f"You keep {MOST} secrets already; delete some.")
        changes.record(connection, call, "put", "secret", owner, None, {"scope": scope}, name=name)


def get(call: Call, scope: Scope, name: str) -> str:
    """The caller's own value under a name. Raises NotFound; Unreadable where the server's secret key has changed."""
    owner = call.user.id
    with call.platform.db.read() as connection:
        secret = queries.find_secret(connection, owner, scope, name)
    if secret is None:
        raise _missing(name)
    return call.platform.cipher.decrypt(secret, _purpose(owner, scope, name))


def delete(call: Call, scope: Scope, name: str) -> None:
    """Forget a value. Raises NotFound."""
    with call.platform.db.begin() as connection:
        if not queries.delete_secret(connection, call.user.id, scope, name):
            raise _missing(name)
        changes.record(connection, call, "delete", "secret", call.user.id, {"scope": scope}, name=name)


def list_names(call: Call, scope: Scope) -> list[str]:
    """The names of the caller's secrets; no values."""
    with call.platform.db.read() as connection:
        return queries.list_names(connection, call.user.id, scope)


def _check(name: str) -> None:
    if not NAME.fullmatch(name):
        raise Invalid(
            f"{name[:60]!r} is no name of a secret: 1 to 128 letters, digits and _ . -, the first a letter or _."
        )


def _purpose(owner: int, scope: Scope, name: str) -> str:
    # What one row holds cannot be read as another's: of another owner, or under another name.
    return f"secret/{owner}/{scope}/{name}"


def _missing(name: str) -> NotFound:
    return NotFound(f"You have no secret called {name[:60]!r}.")
