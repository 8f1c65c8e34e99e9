"""The resource API, asked in process over a real platform on SQLite and by both generations of the published client."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

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
from published import Person, Published, environment, interpreter

NEW = "civis==2.10.1"
# The cryptography that this version asks for without a bound has no wheels for its Pythons any more.
OLD = "civis==1.6.2", "pandas", "pycryptodomex<3.20"


@pytest.fixture
def platform(tmp_path):
    yield from opened(tmp_path)


@pytest.fixture
def app(platform):
    return served(platform)


@pytest.fixture(scope="module")
def one_app(tmp_path_factory):
    """One for all tests of a module, for those that change nothing."""
    for platform in opened(tmp_path_factory.mktemp("one")):
        yield served(platform)


def opened(home: Path) -> Iterator[Platform]:
    settings = msgspec.structs.replace(Settings(), home=home, admin_key="hr_admin")
    db = Database(f"sqlite:///{home / 'headrace.db'}")
    db.migrate()
    platform = Platform(settings, db, Blobs(home / "store"), open_cipher("", home))
    accounts.ensure_admin(platform)
    yield platform
    db.close()


def served(platform: Platform) -> Router:
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


@pytest.fixture(scope="session")
def new_python() -> Path:
    """The interpreter of an environment with civis 2.10.1."""
    return environment("civis-2.10.1", sys.executable, NEW)


@pytest.fixture(scope="session")
def old_python() -> Path:
    """The interpreter of an environment with civis 1.6.2."""
    for version in ("3.7", "3.6"):
        if found := interpreter(version):
            return environment("civis-1.6.2", found, *OLD)
    pytest.skip("civis 1.6.2 wants Python 3.6 or 3.7, and neither was found on the path or in ~/.pyenv/versions")


@pytest.fixture(scope="session")
def new(server, new_python, tmp_path_factory) -> Iterator[Published]:
    """civis 2.10.1, built from `/api/endpoints`."""
    yield from built(server, new_python, tmp_path_factory.mktemp("new"))


@pytest.fixture(scope="session")
def old(server, old_python, tmp_path_factory) -> Iterator[Published]:
    """civis 1.6.2, built from `/api/endpoints`."""
    yield from built(server, old_python, tmp_path_factory.mktemp("old"), resources="all")


@pytest.fixture(params=["new", "old"])
def client(request) -> Published:
    """Either client."""
    return request.getfixturevalue(request.param)


def built(server, python: Path, home: Path, **options) -> Iterator[Published]:
    """A client that knows nothing but our address and a key, both as its documentation says, from the environment."""
    person = Person(server, "client")
    environ = {"CIVIS_API_ENDPOINT": f"{server.url}/api", "CIVIS_API_KEY": person.key}
    client = Published(python, home, environ, f"import civis\nclient = civis.APIClient(**{options!r})")
    client.email, client.key, client.python, client.environ = person.email, person.key, python, environ
    yield client
    client.close()
