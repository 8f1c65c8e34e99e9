"""Aliases: names by which objects are found, whatever their ids are on this server."""

import re
from datetime import datetime

from msgspec import Struct

from headrace.errors import Invalid
from headrace.model.object import TYPES, Noun

# What stands below `/aliases/{id}` in addresses, where a name would not be found.
RESERVED = frozenset({"shares", "dependencies", "transfer"})
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}", re.ASCII)


class Alias(Struct, frozen=True, kw_only=True):
    """A name of an object. Of one type, no two objects have the same."""

    id: int
    owner_id: int
    object_type: str
    object_id: int
    alias: str
    display_name: str
    created_at: datetime
    updated_at: datetime


def noun_of(object_type: str) -> Noun:
    """What objects of that type are. Raises Invalid for a type that this server does not know."""
    if (noun := TYPES.get(object_type)) is None:
        raise Invalid(f"There is no type {object_type[:60]!r} of objects here; there are {', '.join(TYPES)}.")
    return noun


def check_name(alias: str) -> str:
    """The name itself. Raises Invalid where it could not be found by its address."""
    if not NAME.fullmatch(alias) or alias in RESERVED:
        raise Invalid(
            "An alias is up to 200 letters, digits, dots, hyphens and underscores, the first a letter or a digit, and "
            f"none of {', '.join(sorted(RESERVED))}."
        )
    return alias
