"""Pages of lists, and the order that they come in."""

from typing import Annotated

from msgspec import Meta

from headrace.dialects.tiledb.codec import Wire
from headrace.errors import Invalid
from headrace.model.page import Page

PageNumber = Annotated[int, Meta(ge=1, le=1_000_000)]
PerPage = Annotated[int, Meta(ge=1, le=1000)]
ALL = Page(limit=1000, order="name", order_dir="asc")  # of a list that has no pages


class PaginationMetadata(Wire, frozen=True, kw_only=True):
    """Where a page is among all."""

    page: int
    per_page: int
    total_pages: int
    total_items: int


def paged(page: int, per_page: int, total: int) -> PaginationMetadata:
    """Where a page is among that many."""
    return PaginationMetadata(page=page, per_page=per_page, total_pages=-(-total // per_page), total_items=total)


def ordered(page: int, per_page: int, asked: str | None, fields: dict[str, str], parameter: str = "orderby") -> Page:
    """A page in the order of a word, such as `name` or `created_at desc`. Raises Invalid.

    `fields` are the words with the columns that they stand for; the first is the one where nothing is asked for. Names
    begin with the first and moments with the newest, where the word does not say otherwise.
    """
    word, _, direction = (asked or next(iter(fields))).strip().partition(" ")
    direction = direction.strip().lower()
    if word not in fields or direction not in {"", "asc", "desc"}:
        raise Invalid(f"`{parameter}` wants one of {', '.join(fields)}, with asc or desc after it.")
    falling = direction == "desc" if direction else fields[word].endswith("_at")
    return Page(page_num=page, limit=per_page, order=fields[word], order_dir="desc" if falling else "asc")
