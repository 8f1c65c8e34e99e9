"""The two generations of the published `fused` client, logged in by our own command, and plain HTTP."""

import itertools
import json
import sys
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser

from browser import chromium
from conftest import serving
from fused_wire import RUN, body_of
from published import Person, Published, environment, interpreter, login

NEW = "fused[raster,vector]==2.9.5"
OLD = "fused==1.5.3", "ipython<9", "numpy<2", "pandas<2.2", "pyarrow<16", "shapely<2.1"

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def new_python() -> Path:
    """The interpreter of an environment with fused 2.9.5."""
    return environment("fused-2.9.5", sys.executable, NEW)


@pytest.fixture(scope="session")
def old_python() -> Path:
    """The interpreter of an environment with fused 1.5.3."""
    for version in ("3.10", "3.11", "3.9", "3.8"):
        if found := interpreter(version):
            return environment("fused-1.5.3", found, *OLD)
    pytest.skip("fused 1.5.3 wants a Python from 3.8 to 3.11, and none was found")


@pytest.fixture(scope="session")
def new(server, new_python, tmp_path_factory) -> Iterator[Published]:
    """fused 2.9.5, logged in."""
    yield from logged_in(server, new_python, tmp_path_factory.mktemp("new"), "api = fused.api.FusedAPI()")


@pytest.fixture(scope="session")
def old(server, old_python, tmp_path_factory) -> Iterator[Published]:
    """fused 1.5.3, logged in."""
    yield from logged_in(server, old_python, tmp_path_factory.mktemp("old"), "api = fused.api.FusedAPI()")


@pytest.fixture
def person(server) -> Person:
    """A user of this test alone."""
    return Person(server, "person")


@pytest.fixture
def web(server, person):
    """A client with the key of a person of its own, `save` to keep a udf and `share` to make a token for it."""
    with server.client(person.key) as http:

        def save(code: str, slug: str = "kept", **more) -> dict:
            answer = http.post("/server/v1/udf/new", json={"slug": slug, "udf_body": json.dumps(body_of(code)), **more})
            assert answer.status_code == 200, answer.text
            return answer.json()

        def share(code: str, **more) -> str:
            asked = {"udf_id": save(code, str(uuid.uuid4()))["id"], "client_id": None, **more}
            return http.post("/server/v1/udf-access-token/new", json=asked).json()["token"]

        def run(code: str, parameters: dict | None = None, path: str = RUN, **more):
            step = {"type": "udf", "udf": body_of(code, parameters=parameters or {})}
            return http.post(path, json={"step_config": json.dumps(step), "format": "json", **more})

        http.save, http.share, http.run, http.email = save, share, run, person.email
        yield http


@pytest.fixture
def files(web):
    """The person's client, with `put_file`, `get_file`, `ls` and `rm`."""

    def put(path: str, data=b"", **more):
        return web.put("/server/v1/files/upload", params={"path": path}, content=data, **more)

    def get(path: str, **more):
        return web.get("/server/v1/files/get", params={"path": path}, **more)

    def list_(path: str = "fd://", details: str = ""):
        answer = web.get(f"/server/v1/files/list{details}", params={"path": path})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def delete(path: str, depth=None):
        params = {"path": path} | ({"max_deletion_depth": depth} if depth is not None else {})
        return web.request("DELETE", "/server/v1/files/delete", params=params, json="{}")

    web.put_file, web.get_file, web.ls, web.rm = put, get, list_, delete
    return web


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for a module of tests: its driver keeps an event loop running, beside which others start none."""
    with chromium() as one:
        yield one


@pytest.fixture(scope="session")
def guarded(tmp_path_factory):
    """A server that lets an address guess wrong three times a minute."""
    with serving(tmp_path_factory.mktemp("guarded") / "home", wrong_guesses=3, workers=1) as one:
        yield one


@pytest.fixture
def owner(guarded) -> Iterator[httpx.Client]:
    """A client of somebody on that server who is of this test alone."""
    with guarded.client(Person(guarded, "owner").key) as http:
        yield http


@pytest.fixture
def afar():
    """Make a client without a key whose address is that of this test alone; all of 127.0.0.0/8 is this machine's."""
    number = next(_numbers)
    address = f"127.7.{number >> 8}.{number & 255}"
    return partial(httpx.Client, transport=httpx.HTTPTransport(local_address=address))


@pytest.fixture
def open_web(server):
    """A client without a key."""
    with server.client() as http:
        del http.headers["authorization"]
        yield http


def logged_in(server, python: Path, home: Path, prelude: str) -> Iterator[Published]:
    """A client whose own files our `headrace login fused` has written, and nothing else told it."""
    person = Person(server, "client", seconds=86_400)
    login(server, person, home)
    client = Published(python, home, {}, f"import fused\n{prelude}\nEMAIL = {person.email!r}")
    client.email, client.key = person.email, person.key
    yield client
    client.close()
