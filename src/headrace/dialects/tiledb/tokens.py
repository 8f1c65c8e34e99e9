"""Sessions and tokens, which are API keys here (TileDB protocol notes 1.3)."""

from base64 import b64decode
from datetime import UTC, datetime, timedelta

import anyio.to_thread
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from headrace.api.operation import Operation, Parameter, describe
from headrace.api.parameters import pairs, reader
from headrace.dialects.tiledb.codec import Wire
from headrace.errors import Unauthenticated
from headrace.model import access
from headrace.services import accounts
from headrace.services.call import Call

SESSION = "tiledb session"  # the name of the key that a login is given
SHORT, REMEMBERED = timedelta(minutes=30), timedelta(days=30)


class Token(Wire, frozen=True, kw_only=True):
    """A token. Its text is told once; in lists, `token` is the number that it is revoked by."""

    token: str
    name: str
    issued_at: datetime
    expires_at: datetime | None = None
    scope: list[str]


class TokenRequest(Wire, frozen=True, kw_only=True):
    """A token to make."""

    expires: datetime | None = None
    name: str | None = None
    scope: list[str] | str | None = None  # the older client sends one text, and `*` where it is told nothing


class SessionQuery(msgspec.Struct, frozen=True, kw_only=True):
    """How long a session is to last: until a moment, for 30 minutes, or for 30 days."""

    remember_me: bool | None = None
    expires: datetime | None = None


READ = {"remember_me": reader(Parameter("remember_me", bool)), "expires": reader(Parameter("expires", datetime))}


async def get_session(call: Call, request: Request) -> Response:
    """A token for whoever sends a username or e-mail and an API key as its password, or an API key alone."""
    given = dict(pairs(request.scope["query_string"]))
    asked = SessionQuery(**{name: read([given[name]]) for name, read in READ.items() if name in given})
    _check_name(request.headers.get("authorization", ""), call.user)
    made = await anyio.to_thread.run_sync(_session, call, asked)
    return Response(msgspec.json.encode(made), headers={"Cache-Control": "no-store"}, media_type="application/json")


def request_token(call: Call, body: TokenRequest) -> Token:
    """Make a token for the scopes that are asked for; without any, it opens what the caller's own key does.

    One that is for less than everything opens nothing in the other protocols.
    """
    asked = [body.scope] if isinstance(body.scope, str) else body.scope
    expires_in = None if body.expires is None else _aware(body.expires) - datetime.now(UTC)
    scopes = None if asked in (None, ["*"]) else asked
    return _shown(*accounts.create_key(call, call.user.id, body.name or "tiledb token", expires_in, scopes))


def tokens_get(call: Call) -> list[Token]:
    """The caller's tokens that open something, but those of sessions."""
    return [_shown(key, str(key.id)) for key in _active(call) if key.name != SESSION]


def tokens_session_get(call: Call) -> list[Token]:
    """The tokens of the caller's sessions."""
    return [_shown(key, str(key.id)) for key in _active(call) if key.name == SESSION]


def get_token_scopes(call: Call) -> list[str]:
    """What a token may be made for."""
    _ = call.user
    return [f"{noun}:{level}" for noun in access.NOUNS for level in access.LEVELS]


def revoke_token(call: Call, token: str) -> None:
    """Have one of the caller's tokens open nothing from now on; it is named by text, number or name."""
    accounts.revoke_key(call, call.user.id, accounts.find_key(call, token).id)


def operations() -> list[Operation]:
    """The routes of sessions and tokens."""
    tags = ("tokens",)
    return [
        describe("GET", "/v1/session", get_session, raw=True, query=SessionQuery, tags=tags),
        describe("POST", "/v1/token", request_token, tags=tags),
        describe("GET", "/v1/tokens", tokens_get, name="list_tokens", tags=tags),
        describe("GET", "/v1/tokens/scopes", get_token_scopes, tags=tags),
        describe("GET", "/v1/tokens/session", tokens_session_get, name="list_sessions", tags=tags),
        describe("DELETE", "/v1/tokens/{token}", revoke_token, tags=tags),
    ]


def _session(call: Call, asked: SessionQuery) -> Token:
    now = datetime.now(UTC)
    ends = now + (REMEMBERED if asked.remember_me else SHORT) if asked.expires is None else _aware(asked.expires)
    return _shown(*accounts.create_session(call, SESSION, ends))


def _check_name(header: str, user: access.User) -> None:
    """Raise Unauthenticated where a username came with the key of somebody else."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "basic":
        return
    try:
        name = b64decode(rest.strip(), validate=True).partition(b":")[0].decode()
    except ValueError:  # neither base64 nor UTF-8
        name = "\0"
    if name and not name.startswith("hr_") and name.lower() not in (user.username.lower(), user.email):
        raise Unauthenticated("The password is an API key, and this one belongs to another username.")


def _active(call: Call) -> list[access.ApiKey]:
    now = datetime.now(UTC)
    return [key for key in accounts.list_keys(call, call.user.id) if key.active(now)]


def _shown(key: access.ApiKey, token: str) -> Token:
    return Token(token=token, name=key.name, issued_at=key.created_at, expires_at=key.expires_at, scope=_scope(key))


def _scope(key: access.ApiKey) -> list[str]:
    return list(access.WHOLE if key.scopes is None else key.scopes)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
