"""Every address of the protocol is answered: served, or 501 with a sentence; without a key, 401."""

import re

import pytest

from headrace.api.operation import TEMPLATE
from headrace.dialects import tiledb
from headrace.dialects.tiledb import later
from tiledb_wire import OPERATIONS, strict
from tiledb_wire import person as new_person

ASKED = OPERATIONS.keys() - {("OPTIONS", "/v2/groups/{group_namespace}/{group_name}")}  # what a router answers


@pytest.fixture(scope="module")
def somebody(server):
    """A client with a key, for all these tests."""
    with strict(server, new_person(server).key) as http:
        yield http


def test_the_table_is_the_protocols():
    routes = [route for part in later.TABLE for route in part.routes()]
    assert len(routes) == 188
    assert set(routes) == OPERATIONS.keys()


def test_what_is_served_is_of_the_protocol():
    known = {(verb, TEMPLATE.sub("{}", path)) for verb, path in ASKED}
    declared = {(one.method, TEMPLATE.sub("{}", one.path)) for one in tiledb.operations()}
    assert declared == known


@pytest.mark.parametrize(("verb", "path"), sorted(ASKED))
def test_it_is_answered(somebody, nobody, verb, path):
    address = TEMPLATE.sub("nothing", path)
    body = {"json": {}} if verb in {"POST", "PUT", "PATCH"} else {}
    refused = nobody.request(verb, address, **body)
    assert refused.status_code == 401
    assert "API key" in refused.json()["message"]
    answer = somebody.request(verb, address, **body)
    assert answer.status_code not in {404, 405} or re.search(r"There is no|You have no", answer.json()["message"])
    assert answer.status_code == 501 or answer.status_code < 500
    if answer.status_code == 501:
        assert "known to this protocol, and not served" in answer.json()["message"]


def test_what_an_address_takes_is_told_to_all(nobody):
    answer = nobody.options("/v2/groups/some/group")
    assert answer.status_code == 204
    assert "POST" in answer.headers["allow"]


def test_what_the_protocol_does_not_know_is_told_in_its_words(web):
    assert web.get("/v1/nothing").json()["code"] == 404
    assert web.put("/v1/user").json()["code"] == 405


def test_the_document_of_the_server_has_them(server):
    with server.client() as http:
        paths = http.get("/openapi.json").json()["paths"]
    shown = {(verb.upper(), TEMPLATE.sub("{}", path)) for path, verbs in paths.items() for verb in verbs}
    assert {(verb, TEMPLATE.sub("{}", path)) for verb, path in ASKED} <= shown
