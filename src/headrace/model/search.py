"""What searches find."""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from headrace.model.run import Entry


class Wish(Struct, frozen=True, kw_only=True):
    """What to search for; None asks for nothing."""

    words: tuple[str, ...] = ()  # all of them are in the name
    types: frozenset[str] | None = None
    owner_ids: frozenset[int] | None = None
    archived: bool | None = False
    state: str | None = None  # of the last run

    def takes(self, hit: "Hit") -> bool:
        """Whether a hit is of a type, an owner and a shelf that is asked for."""
        return (
            (self.types is None or hit.type in self.types)
            and (self.owner_ids is None or hit.owner_id in self.owner_ids)
            and (self.archived is None or hit.archived == self.archived)
        )


class Hit(Struct, frozen=True, kw_only=True):
    """An object that was found."""

    type: str
    id: int
    name: str
    owner_id: int
    updated_at: datetime
    archived: bool
    public: bool
    auto_share: bool | None  # of projects alone
    score: float  # 1: it is called so, 0.75: its name begins so, 0.5: it has the words in it
    last_run: Entry | None = None


class Found(Struct, frozen=True, kw_only=True):
    """One piece of what was found, and how much there is in all."""

    hits: list[Hit]
    total: int
    counts: dict[str, dict[str, int]]  # by owner, archived and type, each as if nothing were asked of it


def counts_of(
    rows: Iterable[tuple[str, bool, int, int]], wish: Wish, user_id: int
) -> tuple[int, dict[str, dict[str, int]]]:
    """The total and the counts for a user, from numbers of objects by type, whether archived, and owner."""
    total, owner, archived, types = 0, {"mine": 0, "all": 0}, {"true": 0, "false": 0}, dict[str, int]()
    for type_, shelved, owner_id, number in rows:
        right_type = wish.types is None or type_ in wish.types
        right_shelf = wish.archived is None or shelved == wish.archived
        right_owner = wish.owner_ids is None or owner_id in wish.owner_ids
        if right_type and right_shelf:
            owner["all"] += number
            owner["mine"] += number if owner_id == user_id else 0
        if right_type and right_owner:
            archived["true" if shelved else "false"] += number
        if right_shelf and right_owner:
            types[type_] = types.get(type_, 0) + number
        total += number if right_type and right_shelf and right_owner else 0
    return total, {"owner": owner, "archived": archived, "type": dict(sorted(types.items()))}
