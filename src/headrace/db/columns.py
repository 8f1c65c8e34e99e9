"""Columns that tables have in common: their types, ids, and what every object has."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey
from sqlalchemy.exc import DontWrapMixin

from headrace.errors import Invalid


class Moment(sa.types.TypeDecorator[datetime]):
    """A moment in UTC, to the microsecond. SQLite knows no time zones: it is kept without one, and read with it."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Into the database."""
        return value.astimezone(UTC).replace(tzinfo=None) if value and dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Out of the database."""
        return value.replace(tzinfo=UTC) if value and dialect.name == "sqlite" else value


class Unstorable(Invalid, DontWrapMixin):
    """A text contains a NUL character or half a surrogate pair, which no text here may have."""


class Text(sa.types.TypeDecorator[str]):
    """Text that both databases keep and search for. Raises Unstorable for what only one of them would take."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """Into the database."""
        if value is None:
            return None
        if "\0" in value:
            raise Unstorable
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError as half:
                raise Unstorable from half
        return value


class Line(Text):
    """Text of at most `length` characters."""

    impl = sa.String
    cache_ok = True


# A rowid of SQLite is an INTEGER; only that makes it count up by itself.
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


# An id that was given to one object is never another's: shares, projects, runs and the log refer to it without a
# foreign key. PostgreSQL counts up anyhow.
NEVER_TWICE: dict[str, Any] = {"sqlite_autoincrement": True}


def key() -> Column[int]:
    """The column `id`."""
    return Column("id", Id, primary_key=True, autoincrement=True)


def shelf() -> list[Column[bool]]:
    """The columns by which lists leave things out."""
    return [Column(name, sa.Boolean, nullable=False, server_default=sa.false()) for name in ("archived", "hidden")]


def owned() -> list[Column[Any]]:
    """What every object has: an owner, a name, its place on the shelf, when it came to be and last changed."""
    return [
        key(),
        Column("owner_id", Id, ForeignKey("users.id"), nullable=False, index=True),
        Column("name", Text, nullable=False),
        *shelf(),
        Column("created_at", Moment, nullable=False),
        Column("updated_at", Moment, nullable=False, index=True),
    ]
