"""Graphs that the server runs, over HTTP: order, outputs, failures, tries, parts, limits, stops."""

import time

import pytest

from conftest import wait_until
from graphs import Run, node, output

ADD = "def add(*values): return sum(values)"
SLOW = "def slow(*_):\n    import time\n    time.sleep(60)"
ONCE = """
def once():
    import os
    if not os.path.exists("/mount/once"):
        open("/mount/once", "w")
        raise OSError
    return 5
"""
FLAKY = """
def flaky():
    import os
    path = "/mount/tried"
    n = int(open(path).read()) if os.path.exists(path) else 0
    open(path, "w").write(str(n + 1))
    if n < 2:
        raise OSError(n)
    return n
"""
FAIL = "def fail(*_): raise ValueError('not today')"


@pytest.fixture
def base(person) -> str:
    return f"/v1/taskgraphs/{person.username}"


@pytest.fixture
def run(web, base):
    return lambda *nodes, **graph: Run(web, base, *nodes, **graph)


def test_nodes_get_what_their_parents_gave(run):
    one = node(ADD, 1, 2, name="one")
    two = node("def double(x): return 2 * x", output(one), name="two", result_format="native")
    three = node("def pair(a, b): return [a, b, {'a': a}]", output(one), output(two), result_format="tiledb_json")
    found = run(three, two, one, name="three nodes")
    log = found.wait()
    assert (log["status"], log["name"], log["task_graph_type"]) == ("succeeded", "three nodes", "batch")
    assert [each["status"] for each in log["nodes"]] == ["COMPLETED"] * 3
    assert log["nodes"][2]["depends_on"] == [one["client_node_id"], two["client_node_id"]]
    assert (found.result(one), found.result(two)) == (3, 6)
    assert found.result(three) == [3, 6, {"a": 3}]
    [execution] = found.of(one)["executions"]
    assert (execution["type"], execution["name"], execution["status"]) == ("BATCH_UDF", "one", "COMPLETED")
    assert log["status_count"] == {"COMPLETED": 3}
    assert log["created_at"] <= log["start_time"] <= log["end_time"]


def test_values_and_statements_are_nodes(run):
    value = {"client_node_id": "00000000-0000-4000-8000-000000000001", "input_node": {"default_value": 20}}
    added = node(ADD, output(value), 1, result_format="native")
    statement = {
        "client_node_id": "00000000-0000-4000-8000-000000000002",
        "name": "statement",
        "depends_on": [added["client_node_id"]],
        "sql_node": {
            "query": "select ? * 2 as doubled, ? as given",
            "parameters": [output(added), output(value)],
            "result_format": "json",
        },
    }
    found = run(value, added, statement)
    assert found.wait()["status"] == "succeeded", found.log()
    assert found.result(statement) == [{"doubled": 42, "given": 20}]
    assert found.of(value) == {
        "client_node_uuid": value["client_node_id"],
        "depends_on": [],
        "run_location": "virtual",
        "executions": [],
    }


def test_an_array_is_a_node_that_others_read(web, person, run):
    uri = f"tiledb://{person.username}/grid"
    day = "day int dimension=1 lower_bound=1 upper_bound=9 tile_extent=3"
    for query in (
        f"CREATE TABLE `{uri}` ({day}, mm double) ENGINE=MyTile array_type='SPARSE'",
        f"INSERT INTO `{uri}` VALUES (1, 0.5), (2, 7.5), (5, 2.0)",
    ):
        assert web.post(f"/v1/sql/{person.username}", json={"query": query}).status_code in {200, 204}
    cells = {"client_node_id": "00000000-0000-4000-8000-00000000000a", "name": "cells"}
    cells["array_node"] = {"uri": uri, "ranges": {"ranges": [[1, 2]]}, "buffers": ["mm"]}
    total = node("def total(cells): return float(cells['mm'].sum())", output(cells))
    found = run(cells, total)
    assert found.wait()["status"] == "succeeded", found.log()
    assert found.result(total) == 8.0


def test_a_failed_node_has_an_exception_for_its_result_and_skips_what_needs_it(run):
    failing = node(FAIL, name="failing")
    after = node(ADD, output(failing), name="after")
    later = node(ADD, output(after), name="later")
    other = node(ADD, 1, name="other")
    found = run(failing, after, later, other)
    assert found.wait()["status"] == "failed"
    assert [found.of(one)["status"] for one in (failing, after, later, other)] == [
        "FAILED",
        "CANCELLED",
        "CANCELLED",
        "COMPLETED",
    ]
    told = found.result(failing)
    assert isinstance(told, ValueError)
    assert str(told) == "not today"
    assert "failing, which this needs, did not succeed" in found.of(later)["status_message"].replace("after", "failing")
    [skipped] = found.of(after)["executions"]
    assert skipped["status"] == "CANCELLED"


def test_what_cannot_even_begin_is_told_as_well(run, person):
    missing = node(ADD, name="missing")
    missing["udf_node"] = {"registered_udf_name": f"{person.username}/nothing", "environment": None, "arguments": None}
    found = run(missing)
    assert found.wait()["status"] == "failed"
    assert "There is no function" in str(found.result(missing))


def test_a_process_that_dies_is_told(run):
    dying = node("def die():\n    import os\n    os._exit(9)")
    found = run(dying)
    assert found.wait()["status"] == "failed"
    assert isinstance(found.result(dying), RuntimeError)


def test_a_node_is_tried_again(run):
    flaky = node(
        FLAKY,
        retry_strategy={"limit": 2, "retryPolicy": "Always", "backoff": {"duration": "10ms", "factor": 2}},
    )
    found = run(flaky)
    assert found.wait()["status"] == "succeeded", found.log()
    assert [one["status"] for one in found.of(flaky)["executions"]] == ["FAILED", "FAILED", "COMPLETED"]
    assert found.result(flaky) == 2


@pytest.mark.parametrize(
    ("strategy", "tries"),
    [({"limit": 0}, 1), ({"limit": 2}, 3), ({"limit": 2, "retryPolicy": "OnError"}, 1), (None, 1)],
)
def test_tries_have_an_end(run, strategy, tries):
    failing = node(FAIL)
    found = run(failing, retry_strategy=strategy)
    assert found.wait()["status"] == "failed"
    assert len(found.of(failing)["executions"]) == tries


def test_a_whole_graph_is_begun_again(run):
    failing, good = node(FAIL), node(ADD, 1)
    found = run(failing, good, workflow_retry_strategy={"limit": 1})
    assert found.wait()["status"] == "failed"
    assert len(found.of(failing)["executions"]) == 2
    assert len(found.of(good)["executions"]) == 1


def test_a_node_is_spread_over_the_output_of_another(run):
    parts = node("def parts(): return ['a', 'b', {'c': [1]}]", result_format="native", name="parts")
    each = node(
        "def each(part, suffix): return [part, suffix]",
        "{{inputs.parameters.partId}}",
        "x-{{inputs.parameters.partId}}",
        expand_node_output=parts["client_node_id"],
        name="each",
        result_format="native",
    )
    count = node("def count(all): return len(all)", output(each))
    found = run(count, each, parts)
    assert found.wait()["status"] == "succeeded", found.log()
    assert found.result(each) == [["a", "x-a"], ["b", "x-b"], [{"c": [1]}, "x-{'c': [1]}"]]
    assert found.result(count) == 3
    names = [one.get("name") for one in found.of(each)["executions"]]
    assert sorted(names[:3]) == ["each (0)", "each (1)", "each (2)"]
    assert names[3] == "each"


def test_a_part_that_fails_fails_the_node(run):
    parts = node("def parts(): return [0, 1, 2]")
    each = node(
        "def each(part): return 1 // part", "{{inputs.parameters.partId}}", expand_node_output=parts["client_node_id"]
    )
    found = run(parts, each)
    assert found.wait()["status"] == "failed"
    assert "1 of 3 parts failed, the first of them so: " in str(found.result(each))
    assert found.of(each)["status"] == "FAILED"


def test_only_lists_are_spread(run):
    parts = node("def parts(): return 7")
    each = node(ADD, "{{inputs.parameters.partId}}", expand_node_output=parts["client_node_id"])
    found = run(parts, each)
    assert found.wait()["status"] == "failed"
    assert "spread over a list" in str(found.result(each))


def test_a_stop_ends_what_runs_at_once(run):
    slow = node(SLOW, name="slow")
    after = node(ADD, output(slow), name="after")
    found = run(slow, after)
    wait_until(lambda: found.of(slow).get("status") == "RUNNING")
    began = time.monotonic()
    assert found.say("stop").status_code == 204
    took = time.monotonic() - began
    log = found.log()
    assert log["status"] == "cancelled"
    assert found.states() == ["CANCELLED", "CANCELLED"]
    assert all(one["executions"] for one in log["nodes"])
    assert took < 20  # of the 60 seconds that it would take; tens of milliseconds, on a machine that does nothing else
    assert found.say("stop").status_code == 204


def test_what_failed_or_was_stopped_is_retried(run):
    once = node(ONCE)
    good, after = node(ADD, 1), node(ADD, output(once))
    found = run(once, good, after)
    assert found.wait()["status"] == "failed"
    again = found.say("retry")
    assert again.status_code == 202
    assert again.json()["status"] in {"running", "submitted"}
    assert found.wait()["status"] == "succeeded", found.log()
    assert found.result(after) == 5
    assert len(found.of(good)["executions"]) == 1
    refused = found.say("retry")
    assert refused.status_code == 409
    assert "only one that failed or was cancelled" in refused.json()["message"]


def test_a_graph_is_run_once_more_as_it_was(web, run, base):
    added = node(ADD, 1, 2)
    first = run(added)
    first.wait()
    assert web.patch(f"{base}/graphs/{first.graph_uid}", json={"name": "changed"}).status_code == 204
    again = first.say("resubmit")
    assert again.status_code == 202
    first.uid = again.json()["uuid"]
    log = first.wait()
    assert (log["status"], log.get("name"), log["task_graph_id"]) == ("succeeded", None, first.graph_uid)


def test_deadlines(run):
    slow = node(SLOW, deadline=1, name="slow")
    found = run(slow)
    assert found.wait()["status"] == "failed"
    assert "1 s" in str(found.result(slow)) or "second" in str(found.result(slow))
    whole = run(node(SLOW), deadline=1)
    log = whole.wait()
    assert (log["status"], whole.states()) == ("failed", ["CANCELLED"])


def test_graphs_take_turns(run):
    wide = run(*(node("def nap():\n    import time\n    time.sleep(0.3)") for _ in range(400)), parallelism=4)
    small = run(node(ADD, 1))
    assert small.wait()["status"] == "succeeded"
    assert wide.log()["status"] == "running"
    wide.say("stop")


def test_graphs_are_kept(web, stranger, base, run):
    added = node(ADD, 1, name="added")
    found = run(added, name="kept", parallelism=3, deadline=100, retry_strategy={"limit": 1})
    graph = web.get(f"{base}/graphs/{found.graph_uid}").json()
    assert (graph["name"], graph["parallelism"], graph["deadline"]) == ("kept", 3, 100)
    assert graph["nodes"][0]["udf_node"]["executable_code"] == added["udf_node"]["executable_code"]
    [listed] = web.get(f"{base}/graphs").json()["graphs"]
    assert listed["uuid"] == graph["uuid"]
    assert "nodes" not in listed
    one = f"{base}/graphs/{found.graph_uid}"
    for answer in (stranger.get(one), stranger.patch(one, json={}), stranger.post(f"{one}/submit")):
        assert answer.status_code == 404
    assert stranger.get(f"{base}/graphs").status_code == 404
    for what in ("stop", "retry", "resubmit"):
        assert stranger.post(f"{base}/executions/{found.uid}/{what}").status_code == 404


BAD = {"client_node_id": "00000000-0000-4000-8000-000000000001"}
OTHER = {"client_node_id": "00000000-0000-4000-8000-000000000002"}
NAMED = {"registered_udf_name": "a/b"}
ONE = {"query": "select 1"}


def with_node(**fields) -> dict:
    return {"nodes": [{**BAD, **fields}]}


@pytest.mark.parametrize(
    ("graph", "sentence"),
    [
        (with_node(), "must have one of udf_node"),
        (with_node(udf_node={}), "has no function"),
        (with_node(udf_node={"executable_code": "!"}), "must be base64"),
        (with_node(udf_node={**NAMED, "result_format": "xml"}), "not 'xml'"),
        (with_node(udf_node={**NAMED, "environment": {"run_client_side": True}}), "runs on the client"),
        (with_node(sql_node={}), "has no statement"),
        (with_node(sql_node={**ONE, "parameters": [output(OTHER)]}), "which is no node of the graph"),
        (with_node(sql_node=ONE, client_node_id="x"), "must be a UUID"),
        (with_node(sql_node=ONE, depends_on=[BAD["client_node_id"]]), "in a circle"),
        (with_node(sql_node=ONE, expand_node_output="z"), "which a function alone"),
        (with_node(sql_node={**ONE, "parameters": [output(BAD)]}), "in a circle"),
        (with_node(input_node={}), "is a value without one"),
        ({"retry_strategy": {"limit": 1000}}, "limit"),
        ({"retry_strategy": {"retryPolicy": "Never"}}, "`retryPolicy` wants one of"),
        ({"retry_strategy": {"expression": "true"}}, "not evaluated here"),
        ({"retry_strategy": {"backoff": {"duration": "soon"}}}, "A duration is a number of seconds"),
        ({"deadline": -1}, "deadline"),
        ({"name": "n" * 100_000}, "at most 1,000 characters"),
        ({"nodes": 7}, "nodes"),
    ],
)
def test_what_cannot_be_run_is_told_when_it_comes(web, base, graph, sentence):
    answer = web.post(f"{base}/graphs", json=graph)
    assert answer.status_code == 422
    assert sentence in answer.json()["message"]
