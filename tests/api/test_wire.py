"""The same API over real connections, where a client may send anything, slowly, or go away."""

import http.client
import json
import socket
import threading
import time
from contextlib import closing

import pytest
import uvicorn

KEY = "Authorization: Bearer hr_key-of-ann\r\n"


@pytest.fixture
def address(app):
    """Where the tests' own API listens."""
    config = uvicorn.Config(app, http="httptools", loop="uvloop", log_config=None, lifespan="on", ws="none")
    server = uvicorn.Server(config)
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        deadline = time.monotonic() + 10
        while not server.started:
            assert time.monotonic() < deadline
            thread.join(0.01)
        yield listener.getsockname()
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture
def connection(address):
    with closing(http.client.HTTPConnection(*address, timeout=60)) as one:
        yield one


def ask(connection, method, path, body=None, **headers):
    connection.request(method, path, body, {"Authorization": "Bearer hr_key-of-ann", **headers})
    response = connection.getresponse()
    return response, response.read()


def test_one_connection_serves_head_options_errors_and_bodies_one_after_the_other(connection):
    for _ in range(3):
        response, body = ask(connection, "HEAD", "/api/things")
        assert (response.status, body) == (200, b"")
        assert int(response.headers["content-length"]) > 100
        assert ask(connection, "OPTIONS", "/api/things")[0].status == 204
        assert ask(connection, "GET", "/nothing")[0].status == 404
        assert ask(connection, "DELETE", "/api/things/1", b"{}")[0].status == 204
        response, body = ask(connection, "POST", "/api/things", json.dumps({"name": "a"}))
        assert json.loads(body)["name"] == "a"


def test_an_encoded_slash_arrives_inside_its_segment(connection):
    _, body = ask(connection, "GET", "/api/things/named/a%2Fb/shout")
    assert json.loads(body) == {"name": "A/B"}


def test_a_body_in_chunks_that_grows_over_the_limit_is_refused(connection):
    connection.putrequest("POST", "/api/things")
    connection.putheader("Authorization", "Bearer hr_key-of-ann")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    connection.send(b"1adb0\r\n" + b"x" * 110_000 + b"\r\n")
    response = connection.getresponse()
    assert response.status == 413
    assert response.headers["connection"] == "close"


def test_a_body_that_is_announced_too_large_is_refused_unread(connection):
    connection.putrequest("POST", "/api/things")
    connection.putheader("Authorization", "Bearer hr_key-of-ann")
    connection.putheader("Content-Length", str(1 << 40))
    connection.endheaders()
    assert connection.getresponse().status == 413


def test_a_slow_body_is_refused_and_others_are_served_meanwhile(address, connection):
    with closing(socket.create_connection(address, timeout=60)) as slow:
        slow.sendall(f"POST /api/things HTTP/1.1\r\nHost: x\r\n{KEY}Content-Length: 50\r\n\r\n{{".encode())
        assert ask(connection, "GET", "/api/things/1")[0].status == 200
        assert slow.recv(1000).startswith(b"HTTP/1.1 408 ")
        assert slow.recv(1000) == b""


def test_a_client_that_goes_away_in_the_middle_leaves_no_trace(address, connection, caplog):
    for _ in range(5):
        with closing(socket.create_connection(address, timeout=60)) as gone:
            gone.sendall(f"POST /api/things HTTP/1.1\r\nHost: x\r\n{KEY}Content-Length: 50\r\n\r\n{{".encode())
    assert ask(connection, "GET", "/api/things/1")[0].status == 200
    assert not [r for r in caplog.records if r.levelname in {"ERROR", "CRITICAL"}]


@pytest.mark.parametrize(
    "request_",
    [
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET /api/things HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
        b"GET /api/things HTTP/9.9\r\n\r\n",
    ],
)
def test_what_is_no_http_ends_its_own_connection_only(address, connection, request_):
    with closing(socket.create_connection(address, timeout=60)) as odd:
        odd.sendall(request_ + b"\r\n\r\n")
        assert odd.recv(1000)[:12] in {b"HTTP/1.1 400", b""}
    assert ask(connection, "GET", "/api/things/1")[0].status == 200


def test_bytes_that_are_no_text_in_the_path_query_or_headers_are_a_4xx(address):
    for line, header in (
        (b"/api/things/\xff", b""),
        (b"/api/things?q=\xff", b""),
        (b"/api/things", b"X-A: \xff\xfe\r\n"),
    ):
        with closing(socket.create_connection(address, timeout=60)) as odd:
            odd.sendall(b"GET " + line + b" HTTP/1.1\r\nHost: x\r\n" + KEY.encode() + header + b"\r\n")
            status = odd.recv(1000)[9:12]
            assert status == (b"200" if header else b"400"), (line, header)
