"""What a token opens to whoever asks: found, guarded against guessing, and let through its lock."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import anyio.to_thread
from starlette.requests import Request

from headrace.errors import NotFound
from headrace.services.admission import Admission
from headrace.services.call import Call
from headrace.services.calls import Target
from headrace.services.guesses import Guesses
from headrace.services.targets import Targets

T = TypeVar("T")
PASSCODE = "fused-canvas-passcode"  # the scheme word under which a passcode comes


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
        if target.lock is not None:
            session = request.query_params.get("fused_session_token")
            address = _address(request)
            if await self._admission.admit(target.lock, call, session, _passcode(request), address) and session:
                more["session_token"] = session
        return target, more

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


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _passcode(request: Request) -> str | None:
    scheme, _, passcode = request.headers.get("authorization", "").partition(" ")
    return passcode.strip() if scheme.lower() == PASSCODE else None
