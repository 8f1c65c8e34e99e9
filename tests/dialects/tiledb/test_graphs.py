"""Logs of task graphs over HTTP, every answer as the strictest client reads it."""

from uuid import uuid4

import httpx
import pytest

ONE, TWO, THREE = (str(uuid4()) for _ in range(3))


def nodes(*pairs: tuple[str, list[str]], **more) -> list[dict]:
    return [{"client_node_uuid": uid, "depends_on": above, "name": uid[:4], **more} for uid, above in pairs]


@pytest.fixture
def base(person) -> str:
    return f"/v1/taskgraphs/{person.username}"


@pytest.fixture
def log(web, base) -> dict:
    """A graph of three nodes that a client is about to run."""
    body = {"name": "my graph", "nodes": nodes((TWO, [ONE]), (ONE, []), (THREE, [ONE, TWO]))}
    return web.post(f"{base}/log", json=body).json()


def message(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    return answer.json()["message"]


def test_gotcha_18_a_log_is_answered_with_its_uuid(web, base, log, person):
    again = web.get(f"{base}/logs/{log['uuid']}").json()
    assert again == log
    assert (again["name"], again["created_by"], again["status"]) == ("my graph", person.username, "submitted")
    assert [node["client_node_uuid"] for node in again["nodes"]] == [ONE, TWO, THREE]
    assert again["nodes"][2] == {
        "client_node_uuid": THREE,
        "name": THREE[:4],
        "depends_on": [ONE, TWO],
        "run_location": "server",
        "executions": [],
    }


def test_gotcha_17_statuses_of_tasks_are_upper_case_and_those_of_graphs_lower(web, base, log):
    one = f"{base}/logs/{log['uuid']}"
    for uid, status in ((ONE, "COMPLETED"), (TWO, "RUNNING"), (TWO, "FAILED")):
        said = web.post(f"{one}/report_client_node", json={"client_node_uuid": uid, "status": status})
        assert said.status_code == 204
    assert web.patch(one, json={"status": "failed"}).status_code == 204
    found = web.get(one).json()
    assert found["status"] == "failed"
    assert [node.get("status") for node in found["nodes"]] == ["COMPLETED", "FAILED", None]
    assert found["status_count"] == {"COMPLETED": 1, "FAILED": 1}
    [execution] = found["nodes"][0]["executions"]
    assert (execution["type"], execution["task_graph_uuid"]) == ("CLIENT_COMPUTATION", log["uuid"])
    assert found["start_time"] <= found["end_time"]


def test_unset_fields_and_nulls_are_taken(web, base):
    body = {"nodes": [{"client_node_uuid": ONE, "name": None, "depends_on": None, "run_location": None}], "name": None}
    made = web.post(f"{base}/log", json=body).json()
    assert "name" not in made
    assert made["nodes"][0]["run_location"] == "server"
    assert web.post(f"{base}/log", json={}).json()["nodes"] == []


def test_lists_have_pages_and_filters(web, base, person):
    for n in range(3):
        web.post(f"{base}/log", json={"name": f"graph {n}", "nodes": nodes((ONE, []))})
    data = web.get("/v1/taskgraphs/logs", params={"per_page": 2, "page": 1, "namespace": person.username}).json()
    assert [log["name"] for log in data["task_graph_logs"]] == ["graph 2", "graph 1"]
    assert "nodes" not in data["task_graph_logs"][0]
    assert data["pagination_metadata"] == {"page": 1, "per_page": 2, "total_pages": 2, "total_items": 3}
    found = web.get("/v1/taskgraphs/logs", params={"search": "h 1", "status": "submitted"}).json()
    assert [log["name"] for log in found["task_graph_logs"]] == ["graph 1"]
    for made, number in (("2020-01-01T00:00:00", 0), ("2999-01-01T00:00:00+02:00", 3)):
        data = web.get("/v1/taskgraphs/logs", params={"end_time": made}).json()
        assert data["pagination_metadata"]["total_items"] == number


def test_of_strangers_nothing_is_there(web, stranger, base, log):
    one = f"{base}/logs/{log['uuid']}"
    for answer in (
        stranger.get(one),
        stranger.patch(one, json={"status": "failed"}),
        stranger.post(f"{one}/report_client_node", json={"client_node_uuid": ONE, "status": "FAILED"}),
        web.get(f"{base}/logs/{uuid4()}"),
        web.get(f"{base}/logs/nothing"),
    ):
        assert "There is no log of a task graph" in message(answer, 404)
    assert stranger.get("/v1/taskgraphs/logs").json()["task_graph_logs"] == []
    assert "There is no namespace" in message(stranger.post(f"{base}/log", json={}), 404)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (nodes((ONE, [TWO]), (TWO, [ONE])), "goes round in a circle"),
        (nodes((ONE, [ONE])), "goes round in a circle"),
        (nodes((ONE, [TWO])), "which is no node of the graph"),
        (nodes((ONE, []), (ONE.upper(), [])), "Two nodes of the graph have the id"),
        (nodes(("one", [])), "must be a UUID, and is 'one'"),
        (nodes((ONE, ["two"])), "A parent of a node must be a UUID"),
        (nodes(*((str(uuid4()), []) for _ in range(5_001))), "at most 5,000 nodes"),
        ([{"client_node_uuid": ONE, "name": "n" * (1 << 20)}], "at most 1,000 characters; this has 1,048,576"),
        ([{"client_node_uuid": ONE, "name": "a\0b"}], "NUL"),
        ([{"client_node_uuid": ONE, "run_location": "moon"}], "run_location"),
        ([{"name": "no id"}], "client_node_uuid"),
        ({}, "nodes"),
        ([[]], "nodes"),
    ],
)
def test_what_is_no_graph_is_told_in_words(web, base, given, sentence):
    assert sentence in message(web.post(f"{base}/log", json={"nodes": given}), 422)


@pytest.mark.parametrize("params", [{"page": 0}, {"per_page": 10**9}, {"status": "FAILED"}, {"start_time": "soon"}])
def test_what_is_no_filter_is_told_in_words(web, params):
    assert next(iter(params)) in message(web.get("/v1/taskgraphs/logs", params=params), 422)


def test_what_is_no_report_is_told_in_words(web, base, log):
    one = f"{base}/logs/{log['uuid']}"
    for body, sentence in (
        ({"client_node_uuid": str(uuid4()), "status": "FAILED"}, "has no node"),
        ({"client_node_uuid": ONE, "status": "failed"}, "status"),
        ({"client_node_uuid": ONE}, "status"),
    ):
        assert sentence in web.post(f"{one}/report_client_node", json=body).json()["message"]
    assert "not said" in message(web.patch(one, json={"status": "abandoned"}), 422)
