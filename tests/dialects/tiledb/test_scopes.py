"""Tokens that open less than their owner may: each opens what its scopes say, and nothing in the other protocols."""

import html
import re

import httpx
import pytest

from headrace.dialects import civis, fused, tiledb
from headrace.model.access import LEVELS, NOUNS
from tiledb_wire import send, strict

GRID = "CREATE TABLE `{}` (x int dimension=1 lower_bound=0 upper_bound=9, v double) ENGINE=MyTile array_type='SPARSE'"
READ_ONLY = "The token reads arrays and the warehouse alone"


@pytest.fixture
def token(web):
    """Make a token for these scopes; its text."""

    def make(*scopes):
        made = web.post("/v1/token", json={"name": " ".join(scopes), "scope": list(scopes)})
        assert made.status_code == 200, made.text
        return made.json()["token"]

    return make


@pytest.fixture
def by(server, token):
    """A client with a token for these scopes."""
    opened = []

    def make(*scopes):
        opened.append(strict(server, token(*scopes)))
        return opened[-1].__enter__()

    yield make
    for one in opened:
        one.__exit__(None, None, None)


@pytest.fixture
def grid(web, person):
    """An array with one cell, and a table of the warehouse with one row."""
    uri = f"tiledb://{person.username}/grid"
    for query in (GRID.format(uri), f"INSERT INTO `{uri}` VALUES (1, 2.5)", "CREATE TABLE kept AS SELECT 1 AS a"):
        assert web.post(f"/v1/sql/{person.username}", json={"query": query}).status_code == 200
    return uri


@pytest.fixture
def ask(person):
    def ask(client, query, **more):
        return client.post(f"/v1/sql/{person.username}", json={"query": query, **more})

    return ask


def refused(answer, *words):
    assert answer.status_code == 403, answer.text
    assert all(word in answer.json()["message"] for word in words), answer.text


def test_a_token_that_reads_arrays_reads_them_and_writes_nothing(by, ask, grid, person):
    reader = by("array:read")
    assert ask(reader, f"SELECT v FROM `{grid}`").json() == [{"v": 2.5}]
    assert ask(reader, "SELECT a FROM kept").json() == [{"a": 1}]
    session = ["CREATE TEMPORARY TABLE t (a int)", "INSERT INTO t VALUES (7)"]
    assert reader.get(f"/v1/arrays/{person.username}/grid/metadata").json()["name"] == "grid"
    assert reader.get("/v1/arrays/browser/owned").json()["pagination_metadata"]["total_items"] == 1
    assert reader.get("/v1/tasks").status_code == 200
    assert reader.get("/v1/user").json()["username"] == person.username
    for query in (
        f"INSERT INTO `{grid}` VALUES (2, 1)",
        "INSERT INTO kept VALUES (2)",
        "/* why */ DROP TABLE kept",
        "CREATE TABLE other (a int)",
        GRID.format(f"tiledb://{person.username}/other"),
    ):
        refused(ask(reader, query), READ_ONLY, "array:read-write")
    refused(ask(reader, "SELECT a FROM t", init_commands=session), READ_ONLY)
    refused(ask(reader, "SELECT 1 AS x, 2.0 AS v", output_uri=grid), READ_ONLY)
    for method, path in (
        ("PATCH", f"/v1/arrays/{person.username}/grid/metadata"),
        ("POST", f"/v1/arrays/{person.username}/s3%3A%2F%2Frain%2Fa/register"),
        ("PATCH", f"/v1/arrays/{person.username}/grid/share"),
        ("DELETE", f"/v1/arrays/{person.username}/grid"),
        ("POST", "/v1/token"),
        ("DELETE", "/v1/tokens/1"),
        ("GET", "/v1/tokens"),
        ("GET", "/v1/organizations"),
        ("POST", f"/v1/taskgraphs/{person.username}/log"),
    ):
        body = {"actions": ["read"], "namespace": "public"}
        answer = reader.request(method, path, json=body if method in ("POST", "PATCH") else None)
        refused(answer, "The token is for array:read, and this wants ")
    refused(send(reader, person, "def f(): return 2"), "this wants array:read-write")


@pytest.mark.parametrize(
    "hidden",
    [
        "WITH n AS (SELECT 9 AS a) INSERT INTO kept SELECT a FROM n",
        "EXPLAIN ANALYZE INSERT INTO kept VALUES (9)",
        "PRAGMA drop_table('kept')",
    ],
)
def test_what_writes_and_does_not_look_so_is_stopped_by_the_fence(by, ask, web, grid, hidden):
    answer = ask(by("array:read"), hidden, dialect="duckdb")
    assert answer.status_code in (403, 422), answer.text
    assert ask(web, "SELECT a FROM kept").json() == [{"a": 1}]


def test_a_token_that_writes_arrays_writes_them_and_is_lent_no_files(by, ask, grid, person, web):
    writer = by("array:read-write")
    assert ask(writer, f"INSERT INTO `{grid}` VALUES (2, 1)").status_code == 200
    assert ask(writer, "INSERT INTO kept VALUES (2)").status_code == 200
    assert ask(writer, GRID.format(f"tiledb://{person.username}/other")).status_code == 200
    assert ask(writer, f"SELECT sum(v) AS v FROM `{grid}`").json() == [{"v": 3.5}]
    assert send(writer, person, "def f(): return 2").json() == 2
    refused(ask(writer, "SELECT * FROM `fd://people.csv`"), "for arrays alone")
    refused(ask(writer, "SELECT * FROM 'file:///mount/people.csv'", dialect="duckdb"), "for arrays alone")
    refused(writer.patch(f"/v1/arrays/{person.username}/grid/share", json={"actions": [], "namespace": "public"}))
    refused(writer.delete(f"/v1/arrays/{person.username}/grid"), "this wants array:admin")
    refused(writer.post(f"/v1/udf/{person.username}/f", json={"name": "f"}), "opens all that you may")
    refused(writer.post(f"/v1/taskgraphs/{person.username}/graphs", json={}), "opens all that you may")
    assert by("array:admin").delete(f"/v1/arrays/{person.username}/grid").status_code == 204


def test_a_function_of_a_narrower_token_does_not_see_its_owners_disk(by, person, web):
    look = """
import os
def f():
    try:
        return os.listdir("/mount")
    except OSError as closed:
        return type(closed).__name__
"""
    keep = "def f(): open('/mount/secret.txt', 'w').close()"
    assert send(web, person, keep).status_code == 200
    assert send(web, person, look).json() == ["secret.txt"]
    assert send(by("array:admin"), person, look).json() in ("PermissionError", "FileNotFoundError")


def test_a_token_makes_none_that_opens_more(by, server, web):
    admin = by("user:admin", "array:read")
    made = admin.post("/v1/token", json={"name": "same"}).json()
    assert made["scope"] == ["user:admin", "array:read"]
    assert admin.post("/v1/token", json={"name": "less", "scope": ["user:read"]}).json()["scope"] == ["user:read"]
    refused(
        admin.post("/v1/token", json={"name": "more", "scope": ["array:read-write"]}), "makes none for array:read-w"
    )
    refused(admin.post("/v1/token", json={"name": "*", "scope": list(web.get("/v1/tokens/scopes").json())}))
    with strict(server, made["token"]) as same:
        session = same.get("/v1/session", params={"remember_me": "True"}).json()
    assert session["scope"] == ["user:admin", "array:read"]
    with strict(server, session["token"]) as one:
        refused(one.get("/v1/organizations"), "organization:read")
        assert one.get("/v1/arrays").status_code == 200


def test_each_level_opens_what_those_below_it_do(by):
    for level in LEVELS:
        assert by(f"organization:{level}").get("/v1/organizations").status_code == 200
    refused(by("group:admin").get("/v1/organizations"), "The token is for group:admin")
    refused(by("organization:read").post("/v1/organization", json={"name": "x"}), "organization:admin")


def test_no_other_protocol_is_opened(server, token):
    """Each operation of each other protocol that is not open to everybody."""
    key = token(*(f"{noun}:{level}" for noun in NOUNS for level in LEVELS if f"{noun}:{level}" != "group:admin"))
    with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {key}"}) as http:
        closed = [("/api", one) for one in civis.operations("http://test")]
        closed += [("/server/v1", one) for one in fused.operations()]
        walked = 0
        for prefix, one in closed:
            if one.public:
                continue
            path = re.sub(r"{\w+}", "1", one.path)
            answer = http.request(one.method, prefix + path, json={} if one.method not in ("GET", "DELETE") else None)
            assert answer.status_code == 403, f"{one.method} {prefix}{path}: {answer.status_code} {answer.text}"
            assert "opens all that you may" in answer.text
            walked += 1
        assert walked > 300


def test_what_is_public_is_opened_as_by_nobody(server, token):
    headers = {"Authorization": f"Bearer {token('array:read')}"}
    for path in ("/healthz", "/server/v1/health", "/"):
        assert httpx.get(server.url + path, headers=headers).status_code == httpx.get(server.url + path).status_code


def test_a_login_by_browser_wants_a_whole_key(server, token):
    asked = {
        "client_id": "someone",
        "redirect_uri": "http://localhost:3000",
        "code_challenge": "a" * 43,
        "code_challenge_method": "S256",
        "response_type": "code",
        "state": "s",
    }
    with httpx.Client(base_url=server.url) as http:
        page = http.get("/server/v1/oauth/authorize", params=asked)
        inputs = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text)
        fields = {name: html.unescape(value) for name, value in inputs} | {"api_key": token("array:admin")}
        answer = http.post("/server/v1/oauth/authorize", data=fields)
        assert "location" not in answer.headers
        assert "opens less than a login would" in answer.text


def test_every_operation_of_this_protocol_has_a_rule_or_is_for_whole_keys():
    whole = {f"{one.method} {one.path}" for one in tiledb.operations() if not one.needs}
    assert whole
    assert all("/udf/" in one or "/taskgraphs/" in one for one in whole), whole
