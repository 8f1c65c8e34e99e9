"""What the nouns of this dialect have in common on the wire: ids, names and pages."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Literal

from msgspec import Meta

from headrace.errors import Invalid
from headrace.model.page import Page

Id = Annotated[int, Meta(ge=1, le=(1 << 31) - 1, description="The ID.")]
Uid = Annotated[str, Meta(min_length=1, max_length=36, description="The UUID.")]
# Spelled out, since `\s` is not the same set in Python and in the regular expressions of JSON Schema.
BLANK = r"\x00-\x20\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f\u3000\ufeff"
Name = Annotated[
    str,
    Meta(min_length=1, max_length=200, pattern=rf"^[^\x00-\x1f]*[^{BLANK}][^\x00-\x1f]*$", examples=["Ada Lovelace"]),
]
Query = Annotated[str | None, Meta(description="Return only what contains this text in its name.")]


class ById(Page, frozen=True, kw_only=True):
    """A page of a list whose order is that in which its items came to be."""

    order: Annotated[Literal["id"], Meta(description="The field on which to order.")] = "id"  # type: ignore[assignment]


class Newest(ById, frozen=True, kw_only=True):
    """A page of a list that comes in one order, the newest first."""

    order_dir: Annotated[Literal["desc"], Meta(description="The newest come first.")] = "desc"  # type: ignore[assignment]


def initials(name: str) -> str:
    """The first letters of a name: `Ada Lovelace` is AL."""
    return "".join(word[0] for word in name.split()[:3]).upper()


class Listed(Page, frozen=True, kw_only=True):
    """A page of a list of objects, the latest change first."""

    order: Annotated[Literal["updated_at", "name", "created_at"], Meta(description="The field on which to order.")] = (  # type: ignore[assignment]
        "updated_at"
    )


class Fifty(Listed, frozen=True, kw_only=True):
    """A page of a list of jobs: up to 50, and in the order of their last runs too."""

    limit: Annotated[int, Meta(ge=1, le=50, description="Number of results to return.")] = 20
    order: Annotated[  # type: ignore[assignment]
        Literal["updated_at", "name", "created_at", "last_run.updated_at"],
        Meta(description="The field on which to order."),
    ] = "updated_at"


JobState = Literal["idle", "pending", "scheduled", "queued", "running", "succeeded", "failed", "cancelled"]
Archived = Annotated[
    Literal["true", "false", "all", ""],
    Meta(description="Whether to list what is archived: `true`, `false` or `all`; without it, what is not."),
]
Hidden = Annotated[bool, Meta(description="Whether to list what is hidden, and nothing else.")]
AuthorFilter = Annotated[
    str | None,
    Meta(description="Only what belongs to these users: ids, usernames or e-mails, with commas between."),
]
LevelWord = Annotated[Literal["read", "write", "manage"], Meta(description="Options are: `read`, `write` or `manage`.")]


Moment = Annotated[
    str,
    Meta(
        max_length=40,
        description="A date, or a date and time, in ISO 8601; UTC unless it says otherwise.",
        extra_json_schema={"format": "date-time"},
    ),
]


def moment(field: str, text: str) -> datetime:
    """The moment that a text names, such as `2026-12-31` or `2026-12-31 23:59:59+02:00`. Raises Invalid."""
    try:
        found = datetime.fromisoformat(text.strip().upper())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as wrong:
        raise Invalid(f"The field `{field}` wants a date or a date and time such as 2026-12-31T23:59:59Z.") from wrong


def several(words: Iterable[str], description: str) -> Meta:
    """What a text is that holds one or more of these words, with commas between."""
    known = list(words)
    one = "|".join(map(re.escape, known))
    return Meta(pattern=rf"^ *({one}) *(, *({one}) *)*$", examples=[", ".join(known[:2])], description=description)


def is_archived(archived: str) -> bool | None:
    """The filter as a value: what is archived, what is not, or both (None)."""
    return {"true": True, "all": None}.get(archived, False)
