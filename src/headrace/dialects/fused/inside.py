"""What code inside a worker may ask of the server, and as whom (Fused protocol notes 6).

It asks over its worker's line, and the routes of this dialect answer as they answer anybody. Who asks is the owner of
the environment that the call runs in, and never what the code says. Code of another author, which runs in that
environment as well, asks for what is open to all, and for what tokens open.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from re import sub
from urllib.parse import urlsplit

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response

from headrace.api.codec import PlainJson
from headrace.api.endpoint import Rim
from headrace.api.operation import Operation
from headrace.api.router import Mount, Router
from headrace.api.visit import Body, Tell, Visit, ask
from headrace.errors import Forbidden
from headrace.model.access import Principal
from headrace.runtime.wire import Ask
from headrace.services import accounts
from headrace.services.call import Call, Platform
from headrace.services.requests import Request as Running

PREFIX = "/server/v1"
PASSED = frozenset(("accept", "content-type", "range", "if-none-match"))  # headers that the code may set
FRESH = 1.0  # seconds that an account is remembered

# Methods and address; `{}` is any segment, and `...` whatever follows.
OPEN = """
    GET /user/self
    GET /health
    GET /realtime-instance/available
    GET /execution-env/self
    GET /internal/dependency-whitelist
    GET /udf/public/...
    GET /udf/by-id/{}
    GET /udf/by-user-email/...
    GET /udf/by-user-handle/...
    GET /udf/exec-env/self/by-collection/...
    GET /udf/shared/by-token/{}
    POST /realtime/{}/api/v1/run/udf
    POST /realtime/{}/api/v1/run/udf/tiles/...
    GET,POST /realtime/{}/api/v1/run/udf/saved/...
    GET,POST /realtime-shared/{}/run/...
    GET,POST /realtime-shared/{}/{}/run/...
"""
OWN = """
    GET /udf/self
    GET /udf/exec-env/self
    GET /collection/...
    GET /code-proxy/by-url
    GET,PUT,POST,DELETE /files/...
    GET,POST,DELETE /efs/...
    GET,PUT,DELETE /realtime/{}/api/v1/secrets/...
    GET,PUT,DELETE /secrets/self/user/...
"""


class Inside:
    """Answers what the code of calls asks."""

    def __init__(self, platform: Platform, rim: Rim, operations: Sequence[Operation]) -> None:
        self._platform = platform
        self._host = urlsplit(platform.settings.url).netloc  # in addresses that an answer may name
        self._own, self._others = (
            Router([Mount(PREFIX, _fenced(operations, rules.split("\n")), PlainJson())], rim)
            for rules in (OPEN + OWN, OPEN)
        )
        self._known: dict[tuple[int, int | None], tuple[float, object, Principal]] = {}

    async def answer(self, running: Running, asked: Ask, body: Body, tell: Tell) -> None:
        """Answer what the code of a call asks, as the owner of the environment that the call runs in."""
        target = running.target
        principal = await self._principal(target.owner_id, target.author_id)
        recursion = int(running.context.get("recursion_factor", 1)) + 1
        visit = Visit(principal, running.uid, running.depth + 1, recursion)
        app = self._own if target.author_id is None else self._others
        headers = {name: value for name, value in asked.headers.items() if name.lower() in PASSED}
        headers |= {"fused-recursion": str(recursion), "host": self._host}
        await ask(app, visit, asked.method, PREFIX + asked.path, asked.query, headers, body, tell)

    async def _principal(self, owner_id: int, author_id: int | None) -> Principal:
        key, stamp, now = (owner_id, author_id), self._platform.revision.value, time.monotonic()
        if (known := self._known.get(key)) and known[0] > now and known[1] == stamp:
            return known[2]
        if len(self._known) > 10_000:
            self._known.clear()
        principal = await anyio.to_thread.run_sync(accounts.principal_of, self._platform, owner_id, author_id)
        self._known[key] = (now + FRESH, stamp, principal)
        return principal


def _fenced(operations: Sequence[Operation], rules: Sequence[str]) -> list[Operation]:
    """The operations, those that no rule names replaced by a refusal."""
    allowed = [(methods.split(","), pattern) for methods, pattern in (rule.split() for rule in rules if rule.strip())]

    def may(operation: Operation) -> bool:
        path = sub(r"{\w+}", "{}", operation.path)
        return any(operation.method in methods and _fits(path, pattern) for methods, pattern in allowed)

    return [
        operation if may(operation) else replace(operation, function=_refuse, raw=True, public=False)
        for operation in operations
    ]


def _fits(path: str, pattern: str) -> bool:
    beneath, dots, _ = pattern.partition("/...")
    return path == pattern if not dots else path == beneath or path.startswith(beneath + "/")


async def _refuse(call: Call, request: Request, **_: str) -> Response:
    foreign = call.who is not None and call.who.author_id is not None
    whose = " that another author wrote" if foreign else ""
    raise Forbidden(f"Code{whose} may not ask this from inside a worker: {request.method} {request.url.path}.")
