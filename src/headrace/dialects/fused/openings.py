"""What a token opens to whoever asks: found, guarded against guessing, and let through its lock."""

import anyio.to_thread
from starlette.requests import Request

from headrace.errors import NotFound
from headrace.services.admission import Admission
from headrace.services.call import Call
from headrace.services.calls import Target
from headrace.services.guesses import Guesses
from headrace.services.targets import Targets

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
            target = await self._look_up(call, request, token, name)
        more = {"share_token": token if name is None else f"{token}/{name}"}
        if target.lock is not None:
            session = request.query_params.get("fused_session_token")
            address = _address(request)
            if await self._admission.admit(target.lock, call, session, _passcode(request), address) and session:
                more["session_token"] = session
        return target, more

    async def _look_up(self, call: Call, request: Request, token: str, name: str | None) -> Target:
        address = _address(request)
        if call.who is None:  # who has a key is known by name
            self._guesses.check("token", address, token)
        try:
            target = await anyio.to_thread.run_sync(self._targets.by_token, token, name)
        except NotFound:
            self._guesses.wrong("token", address, token)
            raise
        self._guesses.right("token", token)
        return target


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _passcode(request: Request) -> str | None:
    scheme, _, passcode = request.headers.get("authorization", "").partition(" ")
    return passcode.strip() if scheme.lower() == PASSCODE else None
