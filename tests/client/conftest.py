"""The SDK as a person has it, and a server that plays what it is told, for what ours does rarely."""

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from headrace.client import Client
from published import Person, environment


@pytest.fixture(scope="session")
def civis():
    """The Python that has the published client of today."""
    return environment("civis-2.10.1", sys.executable, "civis==2.10.1")


@pytest.fixture(scope="session")
def large_document(civis):
    """The document of another server that comes with it."""
    (file,) = civis.parents[1].glob("lib/*/site-packages/civis/resources/civis_api_spec.json")
    return file


@pytest.fixture
def person(server):
    return Person(server, "sdk")


@pytest.fixture
def client(server, person):
    with Client(server.url, person.key) as one:
        yield one


@pytest.fixture
def root(server):
    """A client of the administrator."""
    with Client(server.url, server.admin_key) as one:
        yield one


class Played:
    """What a server was asked, and what it answers: in turn, or by a function of the path."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: list[tuple[int, dict[str, str], object]] = []
        self.routes: dict[str, object] = {}
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []

    def answer(self, status: int, body: object = None, **headers: str) -> None:
        """Answer so next, once."""
        self.answers.append((status, {name.replace("_", "-"): text for name, text in headers.items()}, body))

    def of(self, path: str) -> tuple[int, dict[str, str], object]:
        if self.answers:
            return self.answers.pop(0)
        if path.partition("?")[0] in self.routes:
            found = self.routes[path.partition("?")[0]]
            return 200, {}, found(path) if callable(found) else found
        return 404, {}, {"error": "not_found", "errorDescription": "There is nothing here.", "code": 404}


@pytest.fixture
def played() -> Iterator[Played]:
    with playing() as one:
        yield one


@contextmanager
def playing() -> Iterator[Played]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            plan.asked.append(
                (
                    self.command,
                    self.path,
                    {name.lower(): text for name, text in self.headers.items()},
                    self.rfile.read(length),
                )
            )
            status, headers, body = plan.of(self.path)
            sent = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, text in headers.items():
                self.send_header(name, text)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - the library's names

        def log_message(self, *given: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    plan = Played(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield plan
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
