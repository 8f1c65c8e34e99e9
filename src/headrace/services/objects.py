"""What holds for objects of every kind: who may do what, and the shelf that lists leave out."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from headrace.db import objects as queries
from headrace.errors import Forbidden, NotFound
from headrace.model.object import Level, Noun, Object
from headrace.model.page import Page, Slice
from headrace.services import changes
from headrace.services.call import Call

NEEDED = {
    Level.WRITE: "You may see this {word}, and not change it; a manager of it can give you the permission to write.",
    Level.MANAGE: "You may not share, archive or give away this {word}; only who manages it may.",
}


class Wanted(Struct, frozen=True, kw_only=True):
    """Which objects a list is to hold; None asks for nothing."""

    archived: bool | None = False
    hidden: bool | None = False
    author: str | None = None
    permission: Level = Level.READ
    text: str | None = None


def require(connection: Connection, call: Call, noun: Noun, object_id: int, level: Level = Level.READ) -> Level:
    """The most that the caller may do with an object, at least `level`.

    Raises NotFound where they may not see it, exactly as where it is not there, and Forbidden where they may see it
    and not do that.
    """
    found = queries.level_of(connection, noun, object_id, call.user.id)
    if found is None:
        raise NotFound(f"There is no {noun.word} {object_id} that you may see.")
    if found < level:
        raise Forbidden(NEEDED[level].format(word=noun.word))
    return found


def level(call: Call, noun: Noun, object_id: int) -> Level:
    """The most that the caller may do with an object. Raises NotFound where they may not see it."""
    with call.platform.db.read() as connection:
        return require(connection, call, noun, object_id)


def matches(call: Call, noun: Noun, wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    """What selects the objects that the caller may see and asks for."""
    found = [queries.permitted(noun.kind, call.user.id, wanted.permission)]
    found += queries.on_shelf(noun, archived=wanted.archived, hidden=wanted.hidden)
    if wanted.author is not None:
        found.append(queries.by_author(noun, wanted.author))
    if wanted.text is not None:
        found.append(queries.named_like(noun, wanted.text))
    return found


def list_ids(
    connection: Connection,
    call: Call,
    noun: Noun,
    wanted: Wanted,
    page: Page,
    *more: sa.ColumnElement[bool],
    by: sa.ColumnElement[Any] | None = None,
) -> Slice[int]:
    """The ids of a page of the objects that the caller may see and asks for, and how many there are in all.

    `by` is what they are ordered by, where that is no column.
    """
    chosen = [*matches(call, noun, wanted), *more]
    ids = queries.ids_of_page(connection, noun, chosen, page, by)
    # A first page that is not full is all there is.
    few = page.page_num == 1 and len(ids) < page.limit
    return Slice(ids, len(ids) if few else queries.count(connection, noun, chosen))


def archive(call: Call, noun: Noun, object_id: int, *, archived: bool) -> None:
    """Put an object out of the lists, or back into them."""
    with call.platform.db.begin() as connection:
        require(connection, call, noun, object_id, Level.MANAGE)
        before = _found(connection, noun, object_id)
        if before.archived == archived:
            return
        queries.update(connection, noun, object_id, archived=archived, updated_at=datetime.now(UTC))
        action = "archive" if archived else "unarchive"
        changes.record(connection, call, action, noun.kind, object_id, name=before.name)
    call.platform.revision.bump()


def delete(
    connection: Connection, call: Call, noun: Noun, object_id: int, before: dict[str, Any] | None = None
) -> None:
    """Remove an object that the caller manages, with its shares and its places in projects."""
    require(connection, call, noun, object_id, Level.MANAGE)
    found = _found(connection, noun, object_id)
    queries.delete(connection, noun, object_id)
    changes.record(connection, call, "delete", noun.kind, object_id, before, name=found.name)


def _found(connection: Connection, noun: Noun, object_id: int) -> Object:
    if (found := queries.find(connection, noun, object_id)) is None:
        raise NotFound(f"There is no {noun.word} {object_id} that you may see.")
    return found
