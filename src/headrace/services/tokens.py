"""Share tokens: the right to call one udf under its owner's environment, and nothing else."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from headrace.db import jobs as queries
from headrace.db.jobs import TokenRow
from headrace.db.tables import access_tokens, jobs, users
from headrace.errors import Forbidden, Invalid, NotFound, TooLarge
from headrace.model import ids, tilejson
from headrace.model.job import Token, Udf
from headrace.model.page import Slice
from headrace.services import changes, collections, udfs
from headrace.services.call import Call, Platform
from headrace.store.cipher import Unreadable

PURPOSE = "access token"
LARGEST_METADATA = 64 << 10  # bytes as JSON
OPEN_SCOPES = (None, "", "public", "world")
GONE = "You have no such token."
LOST = "(its text cannot be read: the server's secret key has changed)"


def create(
    call: Call,
    udf_uid: str,
    *,
    client_id: str | None = None,
    cache: bool = True,
    enabled: bool = True,
    public_read: bool | None = None,
    access_scope: str | None = None,
    metadata_json: dict[str, Any] | None = None,
    expires_in: timedelta | None = None,
) -> Token:
    """A new token for a udf of the caller's."""
    if expires_in is not None and not timedelta(0) < expires_in < timedelta(days=36_500):
        raise Invalid("A token expires after some time from now, at most a hundred years.")
    _check_metadata(metadata_json)
    udf, now, text = udfs.get_own(call, udf_uid), datetime.now(UTC), ids.new_udf_token()
    with call.platform.db.begin() as connection:
        token_id = queries.insert_token(
            connection,
            digest=ids.digest(text),
            secret=call.platform.cipher.encrypt(text, PURPOSE),
            udf_id=udf.id,
            owner_id=call.user.id,
            client_id=client_id,
            cache=cache,
            enabled=enabled,
            public_read=public_read,
            access_scope=access_scope,
            metadata_json=metadata_json,
            created_at=now,
            updated_at=now,
            expires_at=now + expires_in if expires_in else None,
        )
        row = queries.find_token(connection, access_tokens.c.id == token_id)
        told = {"udf_uid": udf.uid, "client_id": client_id, "enabled": enabled, "access_scope": access_scope}
        changes.record(connection, call, "create", "token", token_id, None, told, name=udf.slug)
    return _shown(call.platform, row)


def list_own(call: Call, offset: int, limit: int, udf_uid: str | None = None) -> Slice[Token]:
    """The caller's tokens, the newest first; those of one udf where it is named."""
    matches = access_tokens.c.owner_id == call.user.id
    if udf_uid is not None:
        matches &= access_tokens.c.udf_id == udfs.get_own(call, udf_uid).id
    with call.platform.db.read() as connection:
        rows = queries.list_tokens(connection, matches, offset, limit)
    return Slice([_shown(call.platform, row) for row in rows.items], rows.total)


def get(call: Call, text: str) -> Token:
    """One token of the caller's by its text. Raises NotFound."""
    return _shown(call.platform, _find_own(call, access_tokens.c.digest == ids.digest(text)))


def get_by_id(call: Call, udf_uid: str, token_id: int) -> Token:
    """One token of the caller's by its number. Raises NotFound."""
    return _shown(call.platform, _find_own(call, access_tokens.c.id == token_id, jobs.c.uid == udf_uid))


def update(call: Call, token: Token, **given: Any) -> Token:  # noqa: ANN401 - columns of a token
    """Change a token: client_id, cache, enabled, public_read, access_scope, metadata_json. None is no change."""
    values = {name: value for name, value in given.items() if value is not None}
    _check_metadata(values.get("metadata_json"))
    with call.platform.db.begin() as connection:
        queries.update_token(connection, token.id, **values, updated_at=datetime.now(UTC))
        row = queries.find_token(connection, access_tokens.c.id == token.id)
        told = [{name: getattr(one, name) for name in values} for one in (token, row) if one is not None]
        changes.record(connection, call, "update", "token", token.id, *told, name=token.udf_slug)
    if row is None:
        raise NotFound(GONE)
    call.platform.revision.bump()
    return _shown(call.platform, row)


def delete(call: Call, token: Token) -> Token:
    """Have a token open nothing from now on, and forget it."""
    with call.platform.db.begin() as connection:
        queries.delete_token(connection, token.id)
        changes.record(connection, call, "delete", "token", token.id, {"udf_uid": token.udf_uid}, name=token.udf_slug)
    call.platform.revision.bump()
    return token


def resolve(platform: Platform, text: str) -> tuple[Token, Udf]:
    """What a token opens, whoever holds it. Raises NotFound for one not known, Forbidden for one not to be used."""
    with platform.db.read() as connection:
        row = queries.find_token(connection, access_tokens.c.digest == ids.digest(text), users.c.active)
        udf = queries.find_udf(connection, jobs.c.id == row.udf_id) if row else None
    if row is None or udf is None:
        raise NotFound("This token opens nothing here; it may have been revoked.")
    token = _with_text(row, text)
    if not token.enabled:
        raise Forbidden("This token has been switched off by its owner.")
    if token.expires_at is not None and token.expires_at <= datetime.now(UTC):
        raise Forbidden(f"This token expired on {token.expires_at:%Y-%m-%d}.")
    platform.uses.token(token.id)
    return token, udf


def is_open(token: Token) -> bool:
    """Whether the token alone is enough to call. One whose scope names anybody else wants a key of this server too."""
    return token.access_scope in OPEN_SCOPES


def shared(call: Call, text: str, name: str | None = None) -> Udf:
    """The udf behind a token, for those who may read its code: its owner, or everyone where it is public.

    Of a collection's token, the udf of that name. Raises NotFound, Forbidden.
    """
    public = False
    if text.startswith(collections.PREFIX):
        share, joined = collections.parted(text)
        collection, udf = collections.resolve(call.platform, share, name or joined or "")
        public = collection.public_read
    else:
        _, udf = resolve(call.platform, text)
        if name is not None and name != udf.slug:
            raise NotFound("This token opens no udf of that name.")
    if not public and not udf.public_read and (call.who is None or call.who.user.id != udf.owner_id):
        raise Forbidden("This token lets you call the udf, not read its code.")
    return udf


def _find_own(call: Call, *matches: Any) -> TokenRow:  # noqa: ANN401 - column expressions
    with call.platform.db.read() as connection:
        row = queries.find_token(connection, access_tokens.c.owner_id == call.user.id, *matches)
    if row is None:
        raise NotFound(GONE)
    return row


def _shown(platform: Platform, row: TokenRow | None) -> Token:
    assert row is not None
    try:
        text = platform.cipher.decrypt(row.secret, PURPOSE)
    except Unreadable:
        text = LOST
    return _with_text(row, text)


def _check_metadata(metadata: dict[str, Any] | None) -> None:
    if metadata is not None and len(msgspec.json.encode(metadata)) > LARGEST_METADATA:
        raise TooLarge(f"The metadata of a token has at most {LARGEST_METADATA >> 10} KB.")
    tilejson.read(metadata)


def _with_text(row: TokenRow, text: str) -> Token:
    values = msgspec.structs.asdict(row)
    del values["secret"]
    return Token(token=text, **values)
