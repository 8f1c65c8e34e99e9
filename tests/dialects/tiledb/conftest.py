"""The two generations of the published `tiledb-cloud` client, and plain HTTP whose every answer is checked."""

import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from published import Person, Published, environment, interpreter
from tiledb_wire import NEW, OLD, strict
from tiledb_wire import person as new_person


@pytest.fixture
def person(server) -> Person:
    """A user of this test alone."""
    return new_person(server)


@pytest.fixture
def web(server, person) -> Iterator[httpx.Client]:
    """A client with the key of a person of its own."""
    with strict(server, person.key) as http:
        yield http


@pytest.fixture
def stranger(server) -> Iterator[httpx.Client]:
    """A client with the key of somebody else."""
    with strict(server, new_person(server, "stranger").key) as http:
        yield http


@pytest.fixture
def nobody(server) -> Iterator[httpx.Client]:
    """A client without a key."""
    with strict(server, None) as http:
        yield http


@pytest.fixture(scope="session")
def new_python() -> Path:
    """The interpreter of an environment with tiledb-cloud 0.14.4."""
    return environment("tiledb-cloud-0.14.4", sys.executable, *NEW)


@pytest.fixture(scope="session")
def old_python() -> Path:
    """The interpreter of an environment with tiledb-cloud 0.8.2, whose pickles no later Python reads."""
    if found := interpreter("3.10"):
        return environment("tiledb-cloud-0.8.2", found, *OLD)
    pytest.skip("tiledb-cloud 0.8.2 wants Python 3.10, which was not found on the path or in ~/.pyenv/versions")


@pytest.fixture(scope="session")
def new(server, new_python, tmp_path_factory) -> Iterator[Published]:
    """tiledb-cloud 0.14.4, told where we are."""
    yield from told(server, new_python, tmp_path_factory.mktemp("new"))


@pytest.fixture(scope="session")
def old(server, old_python, tmp_path_factory) -> Iterator[Published]:
    """tiledb-cloud 0.8.2, told where we are."""
    yield from told(server, old_python, tmp_path_factory.mktemp("old"))


@pytest.fixture(params=["new", "old"])
def client(request) -> Published:
    """Either client."""
    return request.getfixturevalue(request.param)


@pytest.fixture(params=["new_python", "old_python"])
def python(request) -> Path:
    """The interpreter of either client's environment."""
    return request.getfixturevalue(request.param)


def told(server, python: Path, home: Path) -> Iterator[Published]:
    """A client that knows nothing but our address and a key, both from the environment."""
    person = new_person(server, "client", seconds=86_400)
    environ = {"TILEDB_REST_HOST": server.url, "TILEDB_REST_TOKEN": person.key}
    client = Published(python, home, environ, "import tiledb.cloud")
    client.person, client.python = person, python
    yield client
    client.close()
