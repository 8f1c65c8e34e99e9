"""Searching everything that the caller may see."""

import msgspec
from sqlalchemy import Connection

from headrace.db import search as queries
from headrace.db.objects import ids_of_users
from headrace.errors import Invalid
from headrace.model.object import TYPES, Kind
from headrace.model.search import Found, Wish
from headrace.services.call import Call

MOST_WORDS = 20


def search(
    call: Call,
    text: str,
    *,
    types: str | None = None,
    owner: str | None = None,
    archived: bool | None = False,
    state: str | None = None,
    order: str = "score",
    offset: int = 0,
    limit: int = 10,
) -> Found:
    """What the caller may see with all words of the text in its name, and how much of each sort there is.

    `types` are words of `model.object.TYPES`, `owner` is `mine`, `all`, or ids, usernames and e-mails, each with commas
    between. What is hidden is not found. Raises Invalid.
    """
    words = tuple(text.split())
    if len(words) > MOST_WORDS:
        raise Invalid(f"Search for up to {MOST_WORDS} words at once; these are {len(words)}.")
    with call.platform.db.read() as connection:
        owners = _owners(connection, call, owner)
        wish = Wish(words=words, types=_types(types), owner_ids=owners, archived=archived, state=state)
        found = queries.search(connection, call.user.id, wish, order=order, offset=offset, limit=limit)
        jobs = [hit.id for hit in found.hits if TYPES[hit.type].kind is Kind.JOB]
        runs = queries.last_runs(connection, jobs, call.user.id) if jobs else {}
    hits = [
        msgspec.structs.replace(hit, last_run=runs.get(hit.id)) if TYPES[hit.type].kind is Kind.JOB else hit
        for hit in found.hits
    ]
    return msgspec.structs.replace(found, hits=hits)


def _types(words: str | None) -> frozenset[str] | None:
    if words is None:
        return None
    found = frozenset(word.strip() for word in words.split(",") if word.strip())
    if unknown := sorted(found - TYPES.keys()):
        raise Invalid(f"There is no type {unknown[0][:60]!r} of objects here; there are {', '.join(TYPES)}.")
    return found


def _owners(connection: Connection, call: Call, owner: str | None) -> frozenset[int] | None:
    match owner:
        case None | "" | "all":
            return None
        case "mine":
            return frozenset({call.user.id})
        case _:
            return frozenset(connection.execute(ids_of_users(owner)).scalars())
