"""The log of changes: written in the transaction of the change itself, readable by who manages what was changed."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from headrace.db import changes as queries
from headrace.db import tables as t
from headrace.db.changes import Change
from headrace.model.page import Page, Slice
from headrace.services.call import Call


def record(
    connection: Connection,
    call: Call,
    action: str,
    kind: str,
    object_id: int,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    *,
    name: str | None = None,
) -> None:
    """Write down that the caller did `action` (create, update, share, ...) to an object.

    `before` and `after` are fields as JSON knows them, with secrets left out; of those that are in both and equal,
    nothing is kept.
    """
    if before is not None and after is not None:
        same = {field for field, value in before.items() if field in after and after[field] == value}
        before = {field: value for field, value in before.items() if field not in same}
        after = {field: value for field, value in after.items() if field not in same}
    who = call.who
    queries.insert(
        connection,
        at=datetime.now(UTC),
        user_id=who.user.id if who else None,
        key_id=who.key_id if who else None,
        address=call.address,
        action=action,
        kind=kind,
        object_id=object_id,
        name=name,
        before=before,
        after=after,
    )


def told(value: msgspec.Struct, *names: str) -> dict[str, Any]:
    """These fields of a value, as the log keeps them."""
    return {name: msgspec.to_builtins(getattr(value, name)) for name in names}


def list_changes(
    call: Call,
    page: Page,
    *,
    kind: str | None = None,
    object_id: int | None = None,
    action: str | None = None,
    user_id: int | None = None,
    since: datetime | None = None,
) -> Slice[Change]:
    """The changes that the caller made, and those of what they manage; an administrator sees all of them."""
    given = {"kind": kind, "object_id": object_id, "action": action, "user_id": user_id}
    matches = [t.changes.c[column] == value for column, value in given.items() if value is not None]
    if since is not None:
        matches.append(t.changes.c.at >= since)
    with call.platform.db.read() as connection:
        return queries.list_changes(connection, None if call.user.admin else call.user.id, matches, page)
