"""The resource API, asked in process over a real platform on SQLite and by both generations of the published client."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from civis_wire import application, asking, opened
from published import Person, Published, environment, interpreter

NEW = "civis==2.10.1"
# The cryptography that this version asks for without a bound has no wheels for its Pythons any more.
OLD = "civis==1.6.2", "pandas", "pycryptodomex<3.20"


@pytest.fixture
def platform(tmp_path):
    platform = opened(tmp_path)
    yield platform
    platform.db.close()


@pytest.fixture
def app(platform):
    return application(platform)


@pytest.fixture(scope="module")
def one_app(tmp_path_factory):
    """One for all tests of a module, for those that change nothing."""
    platform = opened(tmp_path_factory.mktemp("one"))
    yield application(platform)
    platform.db.close()


@pytest.fixture
def ask(app):
    """Ask the API; `key=None` asks as nobody."""
    with asking(app) as ask:
        yield ask


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
    person = Person(server, "client", seconds=86_400)
    environ = {"CIVIS_API_ENDPOINT": f"{server.url}/api", "CIVIS_API_KEY": person.key}
    client = Published(
        python, home, environ, f"import civis\nOPTIONS = {options!r}\nclient = civis.APIClient(**OPTIONS)"
    )
    client.email, client.key, client.python, client.environ = person.email, person.key, python, environ
    yield client
    client.close()
