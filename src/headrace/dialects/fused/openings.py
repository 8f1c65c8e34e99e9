"""What a token opens to whoever asks: found, guarded against guessing, and let through its lock."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar
from urllib.parse import quote

import anyio.to_thread
from starlette.requests import Request

from headrace.errors import NotFound
from headrace.model.collection import Collection
from headrace.services import collections
from headrace.services.admission import Admission, Lock, lock_of
from headrace.services.call import Call
from headrace.services.guesses import Guesses
from headrace.services.requests import Target
from headrace.services.targets import Targets

T = TypeVar("T")
SESSION = "fused_session_token"  # the parameter under which a session token comes
PASSCODE = "fused-canvas-passcode"  # the scheme word under which a passcode comes


def base_of(token: str, name: str | None = None) -> str:
    """The path under which is what a token opens, or of a collection's token the udf of that name."""
    named = "" if name is None else f"/{quote(name, safe='')}"
    return f"/server/v1/realtime-shared/{quote(token, safe='')}{named}"


class Openings:
    """Opens tokens for requests. It lives on the event loop."""

    def __init__(self, targets: Targets, admission: Admission, guesses: Guesses) -> None:
        self._targets, self._admission, self._guesses = targets, admission, guesses

    async def open(
        self, call: Call, request: Request, token: str, name: str | None = None
    ) -> tuple[Target, dict[str, str]]:
        """The target, and what user code may know of how it was reached.

        Raises NotFound for a token that opens nothing, Forbidden and Unauthenticated for one that is locked, Busy for
        an address that guesses.
        """
        target = self._targets.warm(("token", token, name))
        if target is None:
            target = await self.look_up(call, request, token, partial(self._targets.by_token, token, name))
        more = {"share_token": token if name is None else f"{token}/{name}"}
        if target.lock is not None and (session := await self._admit(call, request, target.lock)):
            more["session_token"] = session
        return target, more

    async def open_collection(self, call: Call, request: Request, token: str) -> Collection:
        """The collection that a token opens. Raises as `open` does."""
        found = await self._find_collection(call, request, token)
        if (lock := lock_of(found)) is not None:
            await self._admit(call, request, lock)
        return found

    async def unlock(self, call: Call, request: Request, token: str, passcode: str) -> str | None:
        """A session token for whoever gives the passcode of a collection; None where the token alone opens it.

        Raises as `open` does.
        """
        found = await self._find_collection(call, request, token)
        if (lock := lock_of(found)) is None:
            return None
        await self._admission.admit(lock, call, None, passcode, _address(request))
        return (await anyio.to_thread.run_sync(collections.open_session, call.platform, found.id)).token

    async def look_up(self, call: Call, request: Request, token: str, find: Callable[[], T]) -> T:
        """What `find` gives in a thread, which looks a token up; one that is not found is a wrong guess.

        Raises what `find` raises, and Busy for an address that guesses.
        """
        address = _address(request)
        if call.who is None:  # who has a key is known by name
            self._guesses.check("token", address, token)
        try:
            found = await anyio.to_thread.run_sync(find)
        except NotFound:
            self._guesses.wrong("token", address, token)
            raise
        self._guesses.right("token", token)
        return found

    async def _find_collection(self, call: Call, request: Request, token: str) -> Collection:
        share, _ = collections.parted(token)
        return await self.look_up(call, request, token, partial(collections.find_shared, call.platform, share))

    async def _admit(self, call: Call, request: Request, lock: Lock) -> str | None:
        """Let a request through a lock; the session token, if that did it."""
        session = request.query_params.get(SESSION)
        by_session = await self._admission.admit(lock, call, session, _passcode(request), _address(request))
        return session if by_session else None


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _passcode(request: Request) -> str | None:
    scheme, _, passcode = request.headers.get("authorization", "").partition(" ")
    return passcode.strip() if scheme.lower() == PASSCODE else None
