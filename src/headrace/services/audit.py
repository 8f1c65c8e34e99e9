"""The audit log: who called what, when, by which right, and how it went. A view of the run history, kept as long."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy as sa

from headrace.db import audit as queries
from headrace.db import collections, jobs
from headrace.db import tables as t
from headrace.db.audit import Entry
from headrace.errors import Invalid, NotFound
from headrace.model import ids
from headrace.services.call import Call
from headrace.services.collections import parted

MOST = 300
MOST_SCANNED = 5_000

Whose = Literal["self", "environment"]


def list_entries(
    call: Call,
    whose: Whose,
    *,
    start: str | None = None,
    end: str | None = None,
    most: int = 100,
    forward: bool = True,
    page_token: str | None = None,
    udf_uid: str | None = None,
    udf_name: str | None = None,
    shared_token: str | None = None,
) -> tuple[list[Entry], str | None]:
    """Calls in the order of their start, and where the next page begins, if there is one.

    `self` is what the caller called and what ran in their environment, `environment` the latter alone. A token is one
    of the caller's: its text, or a collection's. Raises Invalid, and NotFound for a token that is not theirs.
    """
    if not 1 <= most <= MOST:
        raise Invalid(f"`limit` wants 1 to {MOST}, and got {most}.")
    matches = _between(start, end)
    if page_token is not None:
        moment, run_id = _place(page_token)
        matches.append(queries.after(moment, run_id, forward=forward))
    if udf_uid is not None:
        matches.append(t.runs.c.job_id == sa.select(t.jobs.c.id).where(t.jobs.c.uid == udf_uid).scalar_subquery())
    if udf_name is not None:
        matches.append(t.runs.c.job_name == udf_name)
    with call.platform.db.read() as connection:
        if shared_token is not None:
            matches.append(_called_by(connection, call, shared_token))
        found = queries.list_entries(connection, _whose(call, whose), matches, most + 1, forward=forward)
    more = len(found) > most
    return found[:most], _token(found[most - 1]) if more else None


def get(call: Call, uid: str) -> Entry:
    """One call of those that the caller may see. Raises NotFound."""
    with call.platform.db.read() as connection:
        found = queries.list_entries(connection, _whose(call, "self"), [t.runs.c.uid == uid], 1, forward=True)
    if not found:
        raise NotFound("There is no such entry that you may see; a call is written down a moment after its answer.")
    return found[0]


def list_latest(
    call: Call, whose: Whose, *, of: Literal["job_name", "udf_uid"], start: str | None, end: str | None, scan: int
) -> list[Entry]:
    """The latest call of each udf name, or id, among the last `scan` calls; the latest first."""
    if not 1 <= scan <= MOST_SCANNED:
        raise Invalid(f"`max_records_to_scan` wants 1 to {MOST_SCANNED}, and got {scan}.")
    with call.platform.db.read() as connection:
        found = queries.list_entries(connection, _whose(call, whose), _between(start, end), scan, forward=False)
    latest: dict[str, Entry] = {}
    for entry in found:
        if (key := getattr(entry, of)) is not None:
            latest.setdefault(key, entry)
    return list(latest.values())


def _whose(call: Call, whose: Whose) -> list[sa.ColumnElement[bool]]:
    mine = t.runs.c.owner_id == call.user.id
    return [mine] if whose == "environment" else [mine, t.runs.c.caller_id == call.user.id]


def _between(start: str | None, end: str | None) -> list[Any]:
    bounds: list[Any] = []
    if start:
        bounds.append(t.runs.c.started_at >= _moment("start_timestamp", start))
    if end:
        bounds.append(t.runs.c.started_at <= _moment("end_timestamp", end))
    return bounds


def _called_by(connection: sa.Connection, call: Call, text: str) -> sa.ColumnElement[bool]:
    digest = ids.digest(parted(text)[0].partition("/")[0])
    token = jobs.find_token(connection, t.access_tokens.c.digest == digest, t.access_tokens.c.owner_id == call.user.id)
    if token is not None:
        # The udf is said too: there is an index that begins with it.
        return sa.and_(t.runs.c.job_id == token.udf_id, t.runs.c.token_id == token.id)
    mine = (t.collections.c.share_digest == digest, t.collections.c.owner_id == call.user.id)
    found = collections.find_collection(connection, *mine)
    if found is None:
        raise NotFound("You have no such token.")
    return sa.and_(t.IN_COLLECTION, t.runs.c.collection_id == found.id)


def _moment(name: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        # A moment without a zone is one in UTC; one at the end of time has no place in it.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as wrong:
        raise Invalid(f"`{name}` wants a moment such as 2026-01-31T12:00:00Z, and got {text[:60]!r}.") from wrong


def _token(entry: Entry) -> str:
    return urlsafe_b64encode(f"{entry.started_at.isoformat()} {entry.id}".encode()).decode().rstrip("=")


def _place(token: str) -> tuple[datetime, int]:
    try:
        text = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4)).decode("ascii")
        moment, _, run_id = text.partition(" ")
        if not 0 <= int(run_id) < 1 << 62:
            raise ValueError(run_id)
        return _moment("page_token", moment), int(run_id)
    except (ValueError, Invalid) as wrong:
        raise Invalid("This `page_token` is none that a page of this log gave.") from wrong
