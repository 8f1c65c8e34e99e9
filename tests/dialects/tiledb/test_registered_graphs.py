"""Registered task graphs over HTTP: kept as they came, shared, renamed, forgotten."""

from uuid import uuid4

import pytest

NODES = [
    {"client_node_id": str(uuid4()), "name": "x", "input_node": {"default_value": 1, "datatype": "int"}},
    {"client_node_id": str(uuid4()), "name": "q", "depends_on": [], "sql_node": {"query": "select 1"}},
]


@pytest.fixture
def base(person) -> str:
    return f"/v1/taskgraphs/{person.username}/registered"


def test_a_graph_comes_back_as_it_came(web, base, person):
    sent = {"name": "ignored", "nodes": NODES, "readme": "# mine", "tags": ["a"]}
    assert web.post(f"{base}/mine", json=sent).status_code == 204
    found = web.get(f"{base}/mine").json()
    assert found.pop("uuid")
    assert found == {"namespace": person.username, "name": "mine", "nodes": NODES, "readme": "# mine", "tags": ["a"]}
    again = web.post(f"{base}/mine", json=sent)
    assert (again.status_code, "already" in again.json()["message"]) == (409, True)


def test_it_is_changed_renamed_and_forgotten(web, base):
    web.post(f"{base}/mine", json={"nodes": NODES})
    web.post(f"{base}/other", json={"nodes": []})
    assert web.patch(f"{base}/mine", json={"license_id": "MIT"}).status_code == 204
    assert web.get(f"{base}/mine").json()["nodes"] == NODES
    assert web.patch(f"{base}/mine", json={"name": "other"}).status_code == 409
    assert web.patch(f"{base}/mine", json={"name": "new", "nodes": NODES[:1]}).status_code == 204
    assert web.get(f"{base}/mine").status_code == 404
    assert web.get(f"{base}/new").json()["nodes"] == NODES[:1]
    assert web.delete(f"{base}/new").status_code == 204
    assert web.delete(f"{base}/new").status_code == 404


def test_it_is_shared_and_taken_back(web, stranger, base):
    web.post(f"{base}/shared", json={"nodes": NODES})
    one = f"{base}/shared"
    theirs = stranger.get("/v1/user").json()["username"]
    for refused in (
        stranger.get(one),
        stranger.patch(one, json={}),
        stranger.delete(one),
        stranger.get(f"{one}/share"),
    ):
        assert "There is no registered task graph" in refused.json()["message"]
        assert refused.status_code == 404
    assert web.patch(f"{one}/share", json={"namespace": theirs, "actions": ["fetch_task_graph"]}).status_code == 204
    assert stranger.get(one).json()["nodes"] == NODES
    assert stranger.patch(one, json={"readme": "x"}).status_code == 403
    assert stranger.delete(one).status_code == 403
    shared = {"namespace": theirs, "namespace_type": "user", "actions": ["fetch_task_graph"]}
    assert web.get(f"{one}/share").json() == [shared]
    assert web.patch(f"{one}/share", json={"namespace": theirs, "actions": []}).status_code == 204
    assert stranger.get(one).status_code == 404
    nobody = web.patch(f"{one}/share", json={"namespace": "nobody at all", "actions": ["fetch_task_graph"]})
    assert "There is no user and no group" in nobody.json()["message"]


@pytest.mark.parametrize(
    ("name", "nodes", "sentence"),
    [
        ("a%2Fb", [], "is no name for a task graph"),
        ("n" * 201, [], "is no name for a task graph"),
        ("n", [{}], "client_node_id"),
        ("n", [{**NODES[0], "depends_on": [NODES[0]["client_node_id"]]}], "goes round in a circle"),
        ("n", [{"client_node_id": "x"}], "must be a UUID"),
        ("n", [7], "nodes"),
    ],
)
def test_what_is_no_graph_is_told_in_words(web, base, name, nodes, sentence):
    answer = web.post(f"{base}/{name}", json={"nodes": nodes})
    assert answer.status_code == 422
    assert sentence in answer.json()["message"]
