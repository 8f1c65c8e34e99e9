"""From what a request names - a token, a saved udf, a body - to what is run for it.

A token or name that was looked up is remembered for FRESH seconds, and not past a change made by this server, so a
warm call reads no database. A change by another process (a command, a second server) is seen after FRESH seconds.
"""

import time
from collections.abc import Callable
from typing import Any

import msgspec

from headrace.errors import NotFound
from headrace.model.access import User
from headrace.model.job import Function, Token, Udf
from headrace.services import tokens, udfs
from headrace.services.call import Call, Platform
from headrace.services.calls import Target

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
        if found[0] > (now := time.monotonic()):
            return found[1]
        # One caller looks it up anew; those that come meanwhile are not all sent after it.
        self._known[key] = (now + FRESH, found[1])
        return None

    def by_token(self, text: str) -> Target:
        """What a token opens. Raises NotFound for an unknown one, Forbidden for one that is disabled or expired."""

        def find() -> Target:
            token, udf = tokens.resolve(self._platform, text)
            return _saved(udf, token)

        return self._remember(("token", text), find)

    def by_name(self, call: Call, email: str, slug: str) -> Target:
        """A saved udf that the caller may read, under the caller's own environment. Raises NotFound.

        Reading somebody's public code gives no right to their environment; only their token does. What code of
        another author calls is theirs as well, even where its text is the user's.
        """
        user, asking = call.user, author_of(call)

        def find() -> Target:
            target = _saved(udfs.get_by_slug(call, email, slug), None)
            author = target.owner_id if target.owner_id != user.id else asking
            return msgspec.structs.replace(target, owner_id=user.id, owner_email=user.email, author_id=author)

        return self._remember(name_key(call, email, slug), find)

    def _remember(self, key: tuple[Any, ...], find: Callable[[], Target]) -> Target:
        revision = self._platform.revision.value
        target = find()
        if revision == self._platform.revision.value:
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[key] = (time.monotonic() + FRESH, target)
        return target


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
        keeps=False,
    )


def _saved(udf: Udf, token: Token | None) -> Target:
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
        job_id=udf.id,
        version=udf.version,
        token_id=token.id if token else None,
        keeps=token.cache if token else True,
    )
