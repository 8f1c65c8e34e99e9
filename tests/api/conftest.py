"""A small API of the tests' own: things with owners, over a dictionary."""

import asyncio
import datetime as dt
from typing import Annotated, Any, Literal

import httpx
import msgspec
import pytest
from starlette.requests import Request
from starlette.responses import Response

from headrace.api.auth import Keys
from headrace.api.codec import PlainJson
from headrace.api.endpoint import Rim
from headrace.api.operation import Later
from headrace.api.resource import Resource
from headrace.api.router import Mount, Router
from headrace.errors import Busy, NotFound, Unauthenticated
from headrace.model.access import Principal, User
from headrace.model.page import Page, Slice

KEY = "hr_key-of-ann"
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
ANN = User(id=1, name="Ann", username="ann", email="ann@example.org", created_at=NOW, updated_at=NOW)

Call = Any


class ThingCreate(msgspec.Struct, kw_only=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
    size: int = 0
    tags: list[str] = []
    colour: Literal["red", "green"] | None = None
    extra: dict[str, Any] = {}


class Thing(ThingCreate, kw_only=True):
    id: int


things = Resource("/things", Thing)


@things.get()
def list_things(
    call: Call, page: Page, *, q: str | None = None, big: bool = False, ids: list[int] | None = None
) -> Slice[Thing]:
    """List things."""
    rows = [Thing(id=i, name=q or "thing", size=10 if big else 1) for i in ids or range(1, 46)]
    return Slice(rows[page.offset :][: page.limit], len(rows))


@things.post(status=201)
def create_thing(call: Call, body: ThingCreate) -> Thing:
    """Create a thing."""
    return Thing(id=1, **msgspec.structs.asdict(body))


@things.get("/{id}")
def get_thing(call: Call, id: int) -> Thing:
    """Get a thing."""
    if id > 100:
        raise NotFound
    return Thing(id=id, name="thing")


@things.delete("/{id}")
async def delete_thing(call: Call, id: int) -> None:
    """Delete a thing."""


@things.get("/me")
def get_mine(call: Call) -> dict[str, Any]:
    """Say who asks."""
    return {"id": call and call.user.id}


@things.get("/named/{name}/shout")
def shout(call: Call, name: str) -> dict[str, str]:
    """Give a name back."""
    return {"name": name.upper()}


@things.get("/open", public=True)
def get_open(call: Call) -> dict[str, Any]:
    """Say who asks, if it is known."""
    return {"id": call and call.user.id}


@things.get("/raw/{name}", raw=True, media_types=("text/plain",))
async def get_raw(call: Call, request: Request, name: str) -> Response:
    """Give the query back."""
    return Response(f"{name} {request.url.query}", media_type="text/plain")


@things.get("/broken")
def break_down(call: Call) -> dict[str, str]:
    """Break down."""
    raise ZeroDivisionError("a secret of the house")


@things.get("/busy")
def be_busy(call: Call) -> dict[str, str]:
    """Have no time."""
    raise Busy(retry_after=7)


@things.post("/{id}/spin", status=201, later="Things spin once there are wheels.")
def spin_thing(call: Call, id: int, body: ThingCreate) -> Later[Thing]:
    """Spin a thing."""
    get_thing(call, id)


def measured(resource):
    def measure(call: Call, id: int) -> list[Thing]:
        """Measure a wheel."""
        raise AssertionError("nothing runs of what is not served")

    yield resource.operation("GET", "/{id}/measures", measure)


wheels = Resource("/wheels", Thing, traits=[measured], later="Wheels come later.")


@wheels.get()
def list_wheels(call: Call, page: Page) -> Later[Slice[Thing]]:
    """List wheels."""


def authenticate(key: str) -> Principal:
    if key != KEY:
        raise Unauthenticated
    return Principal(user=ANN, key_id=1)


@pytest.fixture
def rim():
    return Rim(keys=Keys(authenticate), make_call=lambda who, address: who, body_bytes=100_000, body_seconds=0.2)


@pytest.fixture
def operations():
    return [*things, *wheels]


@pytest.fixture
def app(rim, operations):
    return Router([Mount("/api", operations, PlainJson())], rim)


@pytest.fixture
def ask(app):
    """Ask the API as Ann; `key=None` asks as nobody."""

    def send(method, path, *, key=KEY, headers=(), **rest):
        async def go():
            transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                given = {"Authorization": f"Bearer {key}"} if key else {}
                return await client.request(method, path, headers={**given, **dict(headers)}, **rest)

        return asyncio.run(go())

    return send
