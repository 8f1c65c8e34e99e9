"""Requests that are right, and the many that are not: what comes in, who asks, what is told."""

import asyncio
import json
import re

import pytest

KEY = b"Bearer hr_key-of-ann"


def test_a_declared_function_answers(ask):
    assert ask("GET", "/api/things/7").json() == {
        "name": "thing",
        "size": 0,
        "tags": [],
        "colour": None,
        "extra": {},
        "id": 7,
    }


def test_a_body_is_read_into_its_struct(ask):
    response = ask("POST", "/api/things", json={"name": "ball", "tags": ["a"], "colour": "red"})
    assert response.status_code == 201
    assert response.json() == {"name": "ball", "size": 0, "tags": ["a"], "colour": "red", "extra": {}, "id": 1}


def test_nothing_is_a_204_without_a_body(ask):
    response = ask("DELETE", "/api/things/7", content=b'{"ignored": ')
    assert (response.status_code, response.content) == (204, b"")
    assert "content-type" not in response.headers


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"{", 400, "not JSON"),
        (b'{"name": "a",}', 400, "byte 13"),
        (b"\xff\xfe{}", 400, "not JSON"),
        (b'{"name": "\xff"}', 400, "not UTF-8"),
        (b'{"name": "\\ud800"}', 400, "not JSON"),
        (b'{"name": "a", "extra": {"x": ' + b"[" * 99_000, 400, "nested too deeply"),
        (b'{"name": "a", "extra": {"x": ' + b"[" * 250 + b"]" * 250 + b"}}", 400, "nested too deeply"),
        (b'{"name": "a", "extra": {"x": ' + b'{"y": ' * 250 + b"1" + b"}" * 250 + b"}}", 400, "nested too deeply"),
        (b"[]", 422, "The body wants an object, and got a list."),
        (b"null", 422, "The body wants an object, and got null."),
        (b"", 422, "The field `name` is missing."),
        (b'{"name": 1}', 422, "The field `name` wants a string of 1 to 20 characters, and got an integer."),
        (b'{"name": ""}', 422, "The field `name` wants a string of 1 to 20 characters."),
        (b'{"name": "a", "size": "big"}', 422, "The field `size` wants an integer, and got a string."),
        (b'{"name": "a", "tags": ["x", 1]}', 422, r"The field `tags\[1\]` wants a string, and got an integer."),
        (b'{"name": "a", "colour": "blue"}', 422, "The field `colour` wants one of green, red, and got 'blue'."),
        (b'{"name": "a", "extra": {"x": ["\\u0000"]}}', 422, r"The field `extra.x\[0\]` holds the character NUL"),
        (b'{"name": "a", "extra": {"\\u0000": 1}}', 422, "The field `extra` holds the character NUL"),
        (b'{"name": "a\\u0000"}', 422, "The field `name` holds the character NUL"),
    ],
)
def test_a_body_that_is_wrong_is_told_as_a_sentence(ask, body, status, words):
    response = ask("POST", "/api/things", content=body)
    assert response.status_code == status, response.text
    assert re.search(words, response.json()["detail"]), response.text


def test_a_backslash_before_u0000_is_no_nul(ask):
    assert ask("POST", "/api/things", content=b'{"name": "a\\\\u0000"}').json()["name"] == "a\\u0000"


def test_a_long_body_that_is_not_deep_is_taken(ask):
    body = {"name": "a", "extra": {"rows": [[n] for n in range(1000)]}}
    assert ask("POST", "/api/things", json=body).json()["extra"] == body["extra"]


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("limit=5", 200, None),
        ("limit=0", 422, "`limit` wants an integer from 1 to 1000, and got '0'"),
        ("limit=x", 422, "`limit` wants an integer from 1 to 1000, and got 'x'"),
        ("limit=1.0", 422, "`limit` wants an integer"),
        ("limit=1&limit=2", 422, "`limit` is given 2 times"),
        ("order_dir=up", 422, "`order_dir` wants one of asc, desc, and got 'up'"),
        ("big=True", 200, None),
        ("big=0", 200, None),
        ("big=perhaps", 422, "`big` wants true or false, and got 'perhaps'"),
        ("ids[]=1&ids%5B%5D=2", 200, None),
        ("ids=1&ids=x", 422, "`ids` wants a list, and got '1, x'"),
        ("q=%ff", 400, "UTF-8"),
        ("q=%zz", 400, "two hexadecimal digits"),
        ("q=a%00b", 422, "NUL"),
        ("other=1", 200, None),
    ],
)
def test_query_parameters_are_read_by_their_types(ask, query, status, words):
    response = ask("GET", f"/api/things?{query}")
    assert response.status_code == status, response.text
    if words:
        assert words in response.json()["detail"]


def test_what_the_query_says_arrives(ask):
    rows = ask("GET", "/api/things?q=a+b%2B&big=TRUE&ids[]=3&ids[]=4").json()
    assert [(row["id"], row["name"], row["size"]) for row in rows] == [(3, "a b+", 10), (4, "a b+", 10)]
    assert len(ask("GET", "/api/things?limit=10&page_num=5").json()) == 5


@pytest.mark.parametrize("value", ["x", "1.5", "9223372036854775808", "-9223372036854775809", "1e3", "٣", " 1"])
def test_a_path_parameter_that_is_no_integer_of_64_bits_is_told(ask, value):
    response = ask("GET", f"/api/things/{value}")
    assert response.status_code == 422
    assert "`id` wants an integer" in response.json()["detail"]


def test_a_missing_row_is_a_404_with_a_sentence(ask):
    assert ask("GET", "/api/things/101").status_code == 404


def test_a_defect_is_a_500_that_tells_nothing_but_a_number_that_the_log_has_too(ask, caplog):
    response = ask("GET", "/api/things/broken")
    assert response.status_code == 500
    assert "secret" not in response.text
    incident = re.search(r"incident (\w+)", response.json()["detail"])[1]
    assert incident in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_busy_says_when_to_come_back(ask):
    response = ask("GET", "/api/things/busy")
    assert (response.status_code, response.headers["retry-after"]) == (429, "7")


def test_a_raw_operation_gets_the_request(ask):
    response = ask("GET", "/api/things/raw/x%2Fy?a=1&a=2")
    assert response.text == "x/y a=1&a=2"
    assert response.headers["access-control-allow-origin"] == "*"


def test_a_body_over_the_limit_is_refused_by_its_length(app):
    status, body = asyncio.run(send(app, [b"{}"], headers=[(b"content-length", b"200000")]))
    assert status == 413
    assert "HEADRACE_BODY_MB" in body["detail"]


def test_a_body_over_the_limit_is_refused_where_its_length_lies_or_is_missing(app):
    for headers in ([(b"content-length", b"2")], []):
        status, _ = asyncio.run(send(app, [b"x" * 60_000, b"x" * 60_000], headers=headers))
        assert status == 413


def test_a_length_that_is_no_number_is_a_400(app):
    status, _ = asyncio.run(send(app, [b"{}"], headers=[(b"content-length", b"many")]))
    assert status == 400


def test_a_client_that_stops_in_the_middle_is_answered_408(app):
    status, body = asyncio.run(send(app, [b"{", None]))
    assert status == 408
    assert "0.2 seconds" in body["detail"]


def test_a_client_that_is_gone_is_answered_nothing(app, caplog):
    assert asyncio.run(send(app, [b"{"], gone=True)) is None
    assert not caplog.records


async def send(app, pieces, headers=(), *, gone=False):
    """The status and body that a POST of these pieces is answered with; a piece None never comes."""
    waiting = [
        {"type": "http.request", "body": piece, "more_body": True} if piece is not None else None for piece in pieces
    ]
    if waiting[-1] and not gone:
        waiting[-1]["more_body"] = False
    if gone:
        waiting.append({"type": "http.disconnect"})
    sent = []

    async def receive():
        message = waiting.pop(0)
        if message is None:
            await asyncio.Event().wait()
        return message

    async def collect(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/things",
        "raw_path": b"/api/things",
        "query_string": b"",
        "headers": [(b"authorization", KEY), *headers],
    }
    await app(scope, receive, collect)
    return (sent[0]["status"], json.loads(sent[1]["body"])) if sent else None


@pytest.mark.parametrize(
    ("method", "path", "body", "sentence"),
    [
        ("POST", "/things/7/spin", {"name": "top"}, "Things spin once there are wheels."),
        ("GET", "/wheels?limit=3", None, "Wheels come later."),
        ("GET", "/wheels/7/measures", None, "Wheels come later."),
    ],
)
def test_what_is_declared_and_not_served_says_what_it_waits_for(ask, method, path, body, sentence):
    response = ask(method, f"/api{path}", json=body)
    assert (response.status_code, response.json()) == (501, {"detail": sentence})


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/things/7/spin", {}, 422),
        ("POST", "/things/101/spin", {"name": "top"}, 404),  # its function found that it is not there
        ("POST", "/things/x/spin", {"name": "top"}, 422),
        ("GET", "/wheels?limit=-1", None, 422),
        ("GET", "/wheels/x/measures", None, 422),
        ("PUT", "/wheels/7/measures", None, 405),
    ],
)
def test_what_is_not_served_is_asked_rightly_before_it_says_so(ask, method, path, body, status):
    assert ask(method, f"/api{path}", json=body).status_code == status
    assert ask(method, f"/api{path}", json=body, key=None).status_code == (405 if status == 405 else 401)
