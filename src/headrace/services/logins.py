"""Logins of programs by their person's browser: OAuth 2.1's authorization code with PKCE (RFC 6749, 7636, 8252).

The person proves who they are by an API key. The program gets a key of its own, which ends after LOGIN_SECONDS and is
in the person's list of keys, and a refresh token, which is good once. A login ends with the key that proved it.
"""

import re
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import compare_digest

from msgspec import Struct

from headrace.db import accounts as keys
from headrace.db import logins as queries
from headrace.db.logins import Login
from headrace.errors import Forbidden, Invalid, Unauthenticated
from headrace.model import ids
from headrace.services import accounts
from headrace.services.call import Platform

CODE_SECONDS = 300
REFRESH_DAYS = 90
# The program listens on this machine; any other address would send the code, and so the person, elsewhere.
LOOPBACK = re.compile(r"http://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?(/[A-Za-z0-9._~/-]{0,200})?")
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
CLIENT = re.compile(r"[A-Za-z0-9._-]{1,100}")
OVER = "This login is over; log in again."


class Asked(Struct, frozen=True, kw_only=True):
    """What a program asks for; made by `asked`."""

    client_id: str
    redirect_uri: str
    challenge: str


class Grant(Struct, frozen=True, kw_only=True):
    """What a program is given."""

    access_token: str
    refresh_token: str
    expires_in: int
    email: str


def asked(*, client_id: str, redirect_uri: str, challenge: str, method: str, kind: str) -> Asked:
    """What a program asks for, checked. Raises Invalid with what is wrong; nobody is sent anywhere before that."""
    if kind != "code":
        raise Invalid("`response_type` wants code.")
    if not CLIENT.fullmatch(client_id):
        raise Invalid("`client_id` wants 1 to 100 letters, digits and . _ -.")
    if not LOOPBACK.fullmatch(redirect_uri):
        raise Invalid("`redirect_uri` wants an address of this machine, such as http://localhost:3000.")
    if method != "S256" or not CHALLENGE.fullmatch(challenge):
        raise Invalid("`code_challenge` wants the SHA-256 of the verifier in URL-safe base64, with method S256.")
    return Asked(client_id=client_id, redirect_uri=redirect_uri, challenge=challenge)


def begin(platform: Platform, wanted: Asked, api_key: str) -> str:
    """A code for the program, good once and for five minutes. Raises Unauthenticated for a key that opens nothing."""
    principal = accounts.authenticate(platform, api_key)
    if principal.scopes is not None:
        raise Unauthenticated("This token opens less than a login would; log in with an API key of yours.")
    now, code = datetime.now(UTC), ids.new_code()
    with platform.db.begin() as connection:
        queries.insert_login(
            connection,
            user_id=principal.user.id,
            key_id=principal.key_id,
            client_id=wanted.client_id,
            redirect_uri=wanted.redirect_uri,
            challenge=wanted.challenge,
            code_digest=ids.digest(code),
            created_at=now,
            expires_at=now + timedelta(seconds=CODE_SECONDS),
        )
    return code


def exchange(platform: Platform, code: str, *, client_id: str, redirect_uri: str, verifier: str) -> Grant:
    """A key for a code. A wrong verifier or address ends the login. Raises Forbidden."""
    before = ids.digest(code)
    with platform.db.read() as connection:
        login = queries.find_by_code(connection, before)
    if login is None:
        raise Forbidden(OVER)
    proof = urlsafe_b64encode(sha256(verifier.encode(errors="replace")).digest()).rstrip(b"=").decode()
    same = (client_id, redirect_uri) == (login.client_id, login.redirect_uri)
    if not compare_digest(proof, login.challenge) or not same:
        _end(platform, login)
        raise Forbidden("This code was given to another program.")
    return _grant(platform, login, before)


def refresh(platform: Platform, token: str, *, client_id: str) -> Grant:
    """Another key in place of the one before, and another refresh token in place of this one. Raises Forbidden."""
    before = ids.digest(token)
    with platform.db.read() as connection:
        login = queries.find_by_refresh(connection, before)
    if login is None or login.client_id != client_id:
        raise Forbidden(OVER)
    return _grant(platform, login, before)


def _grant(platform: Platform, login: Login, before: str) -> Grant:
    now = datetime.now(UTC)
    if login.revoked or login.expires_at <= now or (login.key_expires_at is not None and login.key_expires_at <= now):
        _end(platform, login)
        raise Forbidden(OVER)
    expires_at = now + timedelta(seconds=platform.settings.login_seconds)
    if login.key_expires_at is not None:
        expires_at = min(expires_at, login.key_expires_at)
    access, again = ids.new_api_key(), ids.new_code()
    with platform.db.begin() as connection:
        key = keys.insert_key(
            connection,
            user_id=login.user_id,
            name=f"login of {login.client_id}",
            digest=ids.digest(access),
            hint=access[-4:],
            created_at=now,
            expires_at=expires_at,
        )
        renewed = queries.renew(
            connection,
            login.id,
            before,
            code_digest=None,
            refresh_digest=ids.digest(again),
            access_key_id=key.id,
            expires_at=now + timedelta(days=REFRESH_DAYS),
        )
        if not renewed:  # two at once with one code: one of them is a thief, or a client that tries again
            raise Forbidden(OVER)
        if login.access_key_id is not None:
            keys.update_key(connection, login.access_key_id, revoked_at=now)
    platform.revision.bump()
    seconds = max(1, int((expires_at - now).total_seconds()))
    return Grant(access_token=access, refresh_token=again, expires_in=seconds, email=login.email)


def _end(platform: Platform, login: Login) -> None:
    with platform.db.begin() as connection:
        queries.delete_login(connection, login.id)
        if login.access_key_id is not None:
            keys.update_key(connection, login.access_key_id, revoked_at=datetime.now(UTC))
    platform.revision.bump()
