"""Lists come in pages."""

from collections.abc import Sequence
from typing import Annotated, Generic, Literal, TypeVar

from msgspec import Meta, Struct

T = TypeVar("T")


class Page(Struct, frozen=True, kw_only=True):
    """Which part of a list, and in which order."""

    limit: Annotated[int, Meta(ge=1, le=1000, description="Number of results to return.")] = 20
    page_num: Annotated[int, Meta(ge=1, le=1_000_000, description="Page number of the results to return.")] = 1
    order: Annotated[str | None, Meta(description="The field on which to order the result set.")] = None
    order_dir: Annotated[Literal["asc", "desc"], Meta(description="Direction in which to sort.")] = "desc"

    @property
    def offset(self) -> int:
        """Rows before this page."""
        return (self.page_num - 1) * self.limit


class Slice(Struct, Generic[T], frozen=True):
    """The items of one page, and how many there are in all."""

    items: Sequence[T]
    total: int
