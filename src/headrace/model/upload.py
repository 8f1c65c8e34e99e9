"""Files that are uploaded under a number (Civis protocol notes 4.1, 6.11): their state, and where their bytes are.

    kept/192f0a3c-5be1.../00001   of a file that is whole; one that came in parts stays in parts, a key for each
    coming/7/12/00001             part 1 of file 12, which user 7 announced, until every part is there

Nothing writes twice under `kept`: other bytes get another prefix. What no row names there was left by a killed server.
"""

import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct

from headrace.model.object import Object

KEPT, COMING = "kept", "coming"
MOST_PARTS = 10_000
BLOB = re.compile(rf"{KEPT}/[0-9a-f]{{8}}-[0-9a-f]{{20}}")


class State(StrEnum):
    """How far an upload is."""

    EMPTY = "empty"  # announced, and its form has not come
    PARTIAL = "partial"  # announced in parts; some of them may be there
    WHOLE = "whole"
    EXPIRED = "expired"  # its bytes are gone


class Upload(Object, frozen=True, kw_only=True):
    """A file under a number."""

    description: str | None
    state: State
    size: int
    blob: str | None  # the prefix of its keys
    parts: int | None  # how many were announced
    sizes: Sequence[int] | None  # the bytes of each part, where it is whole
    expires_at: datetime | None
    detected: dict[str, Any] | None

    def readable(self, now: datetime) -> bool:
        """Whether its bytes are there for whoever may read them."""
        return self.state is State.WHOLE and not self.expired(now)

    def expired(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.state is State.EXPIRED or (self.expires_at is not None and self.expires_at <= now)


class Part(Struct, frozen=True, kw_only=True):
    """A part that is there."""

    number: int
    size: int
    etag: str


def fresh_blob(now: datetime) -> str:
    """A prefix that nothing was kept under, and that tells its age."""
    return f"{KEPT}/{int(now.timestamp()):08x}-{secrets.token_hex(10)}"


def is_blob(prefix: str) -> bool:
    """Whether a prefix is one that `fresh_blob` made."""
    return BLOB.fullmatch(prefix) is not None


def made_at(blob: str) -> datetime:
    """When such a prefix was made."""
    return datetime.fromtimestamp(int(blob.rpartition("/")[2].partition("-")[0], 16), UTC)


def coming_blob(owner_id: int, upload_id: int) -> str:
    """The prefix of the parts of an upload that is under way."""
    return f"{COMING}/{owner_id}/{upload_id}"


def key_of(blob: str, number: int) -> str:
    """The key of a part; a file in one piece is its part 1."""
    return f"{blob}/{number:05d}"


def number_of(key: str) -> int:
    """Which part a key is."""
    return int(key.rpartition("/")[2])


def spans(numbers: Sequence[int]) -> str:
    """Ascending numbers as people say them: 1 to 4, 7 and 9; no more than a few."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    words = [str(first) if first == last else f"{first} to {last}" for first, last in runs[:10]]
    if len(runs) > len(words):
        words.append(f"{sum(last - first + 1 for first, last in runs[10:]):,} more")
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
