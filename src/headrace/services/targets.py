"""From what a request names - a token, a saved udf, a body - to what is run for it.

A token or name that was looked up is remembered for FRESH seconds, and not past a change made by this server, so a
warm call reads no database. A change by another process (a command, a second server) is seen after FRESH seconds.
"""

import os.path
import time
from collections.abc import Callable
from typing import Any

import msgspec

from headrace.db import accounts
from headrace.errors import Forbidden, Invalid, NotFound
from headrace.model import statement
from headrace.model.access import Principal, User
from headrace.model.environment import DEFAULT
from headrace.model.job import Function, Udf
from headrace.services import collections, environments, queries, tokens, udfs
from headrace.services.admission import Lock, lock_of
from headrace.services.call import Call, Platform
from headrace.services.requests import Target

FRESH = 1.0
MOST = 10_000


class Targets:
    """Finds targets and remembers them for a moment. Its methods block: a thread calls all but `warm`."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._known: dict[Any, tuple[float, Target]] = {}
        self._revision = platform.revision.value

    def warm(self, key: tuple[Any, ...]) -> Target | None:
        """The target remembered under that key, if it is still fresh. Costs a dictionary look-up."""
        if self._revision != self._platform.revision.value:
            self._known.clear()
            self._revision = self._platform.revision.value
        found = self._known.get(key)
        if found is None:
            return None
        if any(map(os.path.exists, found[1].unheld)):
            return None
        if found[0] > (now := time.monotonic()):
            return found[1]
        # One caller looks it up anew; those that come meanwhile are not all sent after it.
        self._known[key] = (now + FRESH, found[1])
        return None

    def by_token(self, text: str, name: str | None) -> Target:
        """What a token opens, or of a collection's token the udf of that name.

        Raises NotFound for an unknown one, Forbidden for one that is disabled or expired, Invalid where the name of a
        udf is missing. What its lock asks for is not looked at.
        """

        def find() -> Target:
            if text.startswith(collections.PREFIX):
                return self._in_collection(text, name)
            token, udf = tokens.resolve(self._platform, text)
            if name is not None and name != udf.slug:
                raise NotFound("This token opens no udf of that name.")
            lock = None if tokens.is_open(token) else Lock()
            return self._placed(_saved(udf, token_id=token.id, keeps=token.cache, lock=lock))

        return self._remember(("token", text, name), find)

    def _in_collection(self, text: str, name: str | None) -> Target:
        share, joined = collections.parted(text)
        slug = name or joined
        if slug is None:
            raise Invalid("This token opens a collection; name a udf of it: .../realtime-shared/<token>/<udf>/run.")
        collection, udf = collections.resolve(self._platform, share, slug)
        return self._placed(_saved(udf, collection_id=collection.id, lock=lock_of(collection)))

    def by_name(self, call: Call, email: str, slug: str) -> Target:
        """A saved udf that the caller may read, under the caller's own environment. Raises NotFound.

        Reading somebody's public code gives no right to their environment; only their token does. What code of
        another author calls is theirs as well, even where its text is the user's.
        """
        user, asking = call.user, author_of(call)

        def find() -> Target:
            target = _saved(udfs.get_by_slug(call, email, slug))
            if is_query(target.function):  # it reads what its author may, and never what its caller may
                return self._placed(target)
            author = target.owner_id if target.owner_id != user.id else asking
            own = msgspec.structs.replace(target, owner_id=user.id, owner_email=user.email, author_id=author)
            return self._placed(own)

        return self._remember(name_key(call, email, slug), find)

    def in_environment(self, target: Target) -> Target:
        """A target whose environment is a name, placed in the one that its owner has under that name.

        One whose code is SQL is given what its owner may read. Raises Invalid where there is no such environment, or
        it could not be built; Unavailable while it is.
        """
        return self._placed(target)

    def _placed(self, target: Target) -> Target:
        if is_query(target.function):
            return self._with_tables(target)
        if target.environment == DEFAULT:
            return target
        folder = environments.resolve(self._platform, target.owner_id, target.environment)
        return msgspec.structs.replace(target, environment=folder)

    def _with_tables(self, target: Target) -> Target:
        """A saved query with the tables that its owner may read, and what of them is looked at for changes."""
        with self._platform.db.read() as connection:
            owner = accounts.find_user(connection, id=target.owner_id)
        saved = target.function.saved()
        if owner is None or saved is None:
            raise NotFound("Whose query this is is not known here any more.")
        if target.author_id is not None:
            raise Forbidden("Code of another author runs no SQL over your tables; save the query, and call it by name.")
        statement.check(target.function.code, saved)
        call = Call(self._platform, Principal(user=owner, key_id=0))
        ready = queries.prepare_saved(call, target.function.code, saved)
        return msgspec.structs.replace(
            target,
            program="query",
            job=ready.job,
            lent=ready.lent,
            reads=ready.reads,
            catalogues=ready.catalogues,
            unheld=ready.unheld,
            keeps=target.keeps and ready.keeps,
            environment=DEFAULT,
        )

    def _remember(self, key: tuple[Any, ...], find: Callable[[], Target]) -> Target:
        revision = self._platform.revision.value
        try:
            target = find()
        except (NotFound, Forbidden, Invalid):
            # What `warm` lent to those who came meanwhile: it is over, expired, or changed by another process.
            self._known.pop(key, None)
            raise
        if revision == self._platform.revision.value:
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[key] = (time.monotonic() + FRESH, target)
        return target


def is_query(function: Function) -> bool:
    """Whether the code is SQL."""
    return function.saved() is not None


def name_key(call: Call, email: str, slug: str) -> tuple[object, ...]:
    """What `by_name` remembers its target under."""
    return ("name", call.user.id, author_of(call), email, slug)


def author_of(call: Call) -> int | None:
    """Whose code calls, where it is code inside a worker that the user did not write."""
    return call.who.author_id if call.who else None


def of_function(user: User, function: Function, author_id: int | None = None) -> Target:
    """Code that came with the call; it runs under the caller's own environment, and is kept where the call says so."""
    return Target(
        author_id=author_id,
        function=function,
        digest=function.digest(),
        name=function.name or function.entrypoint,
        owner_id=user.id,
        owner_email=user.email,
        max_age=function.max_age(),
        environment=function.environment(),
        keeps=False,
    )


def _saved(udf: Udf, **how: Any) -> Target:  # noqa: ANN401 - fields of a target: by which right it is called
    function = udfs.check_body(udf.body)
    if not function.code.strip():
        raise NotFound(f"The udf {udf.slug} has no code yet; save it again.")
    return Target(
        function=function,
        digest=function.digest(),
        name=udf.slug,
        owner_id=udf.owner_id,
        owner_email=udf.owner_email,
        max_age=function.max_age(),
        environment=function.environment(),
        job_id=udf.id,
        version=udf.version,
        **how,
    )
