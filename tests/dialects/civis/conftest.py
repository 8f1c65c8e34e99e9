"""The resource API over a real platform on SQLite, asked in process."""

import asyncio

import httpx
import msgspec
import pytest

from headrace.api.auth import Keys
from headrace.api.endpoint import Rim
from headrace.api.router import Mount, Router
from headrace.db.engine import Database
from headrace.dialects import civis
from headrace.services import accounts
from headrace.services.call import Call, Platform
from headrace.settings import Settings
from headrace.store.blobs import Blobs
from headrace.store.cipher import open_cipher


@pytest.fixture
def platform(tmp_path):
    settings = msgspec.structs.replace(Settings(), home=tmp_path, admin_key="hr_admin")
    db = Database(f"sqlite:///{tmp_path / 'headrace.db'}")
    db.migrate()
    platform = Platform(settings, db, Blobs(tmp_path / "store"), open_cipher("", tmp_path))
    accounts.ensure_admin(platform)
    yield platform
    db.close()


@pytest.fixture
def app(platform):
    keys = Keys(lambda text: accounts.authenticate(platform, text), lambda: platform.revision.value)
    rim = Rim(keys=keys, make_call=lambda who, address: Call(platform, who, address), body_bytes=1 << 20)
    return Router([Mount(civis.PREFIX, civis.operations("http://test"), civis.CODEC)], rim)


@pytest.fixture
def ask(app):
    """Ask the API; `key=None` asks as nobody."""

    def send(method, path, *, key="hr_admin", headers=(), **rest):
        async def go():
            transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
            async with httpx.AsyncClient(transport=transport, base_url="http://test/api") as client:
                given = {"Authorization": f"Bearer {key}"} if key else {}
                return await client.request(method, path, headers={**given, **dict(headers)}, **rest)

        return asyncio.run(go())

    return send


@pytest.fixture
def user(ask):
    """Make a user with a key of their own; gives their id and the key."""

    def make(name):
        made = ask("POST", "/users", json={"name": name, "email": f"{name.lower()}@example.org"}).json()
        key = ask("POST", f"/users/{made['id']}/api_keys", json={"name": "laptop"}).json()
        return made["id"], key["token"]

    return make
