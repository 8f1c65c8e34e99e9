"""What the nouns of this dialect have in common on the wire: ids, pages, references to users."""

from typing import Annotated, Literal

from msgspec import Meta

from headrace.dialects.civis.codec import Wire
from headrace.model.page import Page

Id = Annotated[int, Meta(ge=1, le=(1 << 31) - 1)]
Uid = Annotated[str, Meta(min_length=1, max_length=64)]

Limit = Annotated[int, Meta(ge=1, le=1000, description="Number of results to return.")]
Descending = Annotated[Literal["asc", "desc"], Meta(description="Direction in which to sort; descending by default.")]
Ascending = Annotated[Literal["asc", "desc"], Meta(description="Direction in which to sort; ascending by default.")]


class Newest(Page, frozen=True, kw_only=True):
    """A list in the order in which things came to be, the newest first."""

    order: Annotated[Literal["id"], Meta(description="The field on which to order the result set.")] = "id"  # type: ignore[assignment]


class Person(Wire, frozen=True, kw_only=True):
    """A user, where something else is shown."""

    id: int
    name: str
    username: str
    initials: str


def initials(name: str) -> str:
    """The first letters of a name: `Ada Lovelace` is AL."""
    return "".join(word[0] for word in name.split()[:3]).upper()
