"""SQL over the wire: formats, sessions, what is kept, what is told of errors. What SQL means is the engine's test."""

import io
import json
import pickle
import uuid
import zlib

import pyarrow as pa
import pytest

from calling import asked
from conftest import wait_until
from tiledb_wire import TASK_ID, strict
from tiledb_wire import person as new_person


@pytest.fixture
def run(web, person):
    """Run a statement in the person's own namespace."""

    def run(query, **more):
        headers = more.pop("headers", {})
        return web.post(f"/v1/sql/{person.username}", json={"query": query, **more}, headers=headers)

    return run


def arrow(answer) -> pa.Table:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.apache.arrow.stream"
    return pa.ipc.open_stream(answer.content).read_all()


def test_rows_are_a_list_of_objects_where_no_format_is_asked_for(run):
    answer = run("select 1 as a, 'x' as b union all select 2, null order by a")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == [{"a": 1, "b": "x"}, {"a": 2, "b": None}]
    assert uuid.UUID(answer.headers[TASK_ID])


def test_the_format_is_the_one_of_the_body_whatever_is_accepted(run):
    answer = run("select 1 as a", result_format="arrow", headers={"Accept": "application/json"})
    assert arrow(answer).to_pydict() == {"a": [1]}


@pytest.mark.parametrize("name", ["native", "python_pickle"])
def test_a_pickle_is_rows_as_plain_values(run, name):
    answer = run("select 1 as a, 'x' as b", result_format=name)
    assert answer.headers["content-type"] == "application/vnd.tiledb.python-pickle"
    assert pickle.loads(answer.content) == [{"a": 1, "b": "x"}]


def test_tagged_json_and_bytes(run):
    tagged = run("select 1 as a", result_format="tiledb_json")
    assert tagged.headers["content-type"] == "application/vnd.tiledb.udf-data+json"
    assert json.loads(tagged.content) == [{"a": 1}]
    plain = run("select 1 as a", result_format="bytes")
    assert plain.headers["content-type"] == "application/octet-stream"
    assert pa.ipc.open_stream(plain.content).read_all().to_pydict() == {"a": [1]}


@pytest.mark.parametrize("name", ["r_serialization", "png", ""])
def test_a_format_that_there_is_not(run, name):
    answer = run("select 1", result_format=name or "none")
    assert answer.status_code == 422
    assert "`result_format` wants one of arrow, json" in answer.json()["message"]


def test_rows_in_a_file_are_a_result_like_any_other_to_clients(run, web):
    answer = run("select 1 as a", result_format="csv")
    assert (answer.text, answer.headers["x-content-type-options"]) == ("a\n1\n", "nosniff")
    assert "result_format" not in web.get(f"/v1/task/{answer.headers[TASK_ID]}").json()


def test_parameters_are_bound_in_order_and_keep_their_types(run):
    answer = run("select ? as a, ? as b, ? + 1 as c, ? as d", parameters=["1'; --", 2.5, 3, None])
    assert answer.json() == [{"a": "1'; --", "b": 2.5, "c": 4, "d": None}]
    wrong = run("select ?, ?", parameters=[1])
    assert wrong.status_code == 422
    assert uuid.UUID(wrong.headers[TASK_ID])


def test_what_goes_before_is_in_the_same_session_and_in_no_other(run):
    init = ["create temporary table t (a int)", "insert into t values (1), (2)"]
    assert run("select sum(a) as s from t", init_commands=init).json() == [{"s": 3}]
    assert run("select * from t").status_code == 422


def test_a_statement_without_rows_is_answered_by_none_in_the_format(run):
    made = run("create table kept (a int)", result_format="arrow")
    assert arrow(made).num_rows == 0
    assert run("insert into kept values (1), (2)", result_format="json").json() == []
    assert run("insert into kept values (3)").json() == []
    assert run("select count(*) as n from kept").json() == [{"n": 3}]


def test_an_error_says_what_is_wrong_and_names_its_task(run, web):
    answer = run("select * fro x", name="broken")
    assert answer.status_code == 422
    message = answer.json()["message"]
    assert message
    task = web.get(f"/v1/task/{answer.headers[TASK_ID]}").json()
    assert (task["status"], task["status_message"], task["name"]) == ("FAILED", message, "broken")


def test_a_task_tells_what_was_asked(run, web, person):
    asked = {"name": "total", "init_commands": ["set @a = 1"], "parameters": [2], "result_format": "arrow"}
    answer = run("select @a + ? as s", **asked)
    task = web.get(f"/v1/task/{answer.headers[TASK_ID]}").json()
    assert {name: task[name] for name in ("name", "username", "namespace", "status", "type", "sql_query")} == {
        "name": "total",
        "username": person.username,
        "namespace": person.username,
        "status": "COMPLETED",
        "type": "SQL",
        "sql_query": "select @a + ? as s",
    }
    assert (task["sql_init_commands"], task["sql_parameters"]) == (["set @a = 1"], [2])
    assert task["start_time"] < task["finish_time"]
    assert 1e6 < task["duration"] < 60e9
    assert (task["logs"], task["cost"]) == ("", 0)


def test_a_result_is_kept_where_that_is_asked_for(run, web):
    kept = run("select 42 as a", result_format="arrow", store_results=True, dont_download_results=True)
    assert (kept.status_code, kept.content) == (200, b"")
    assert arrow(web.get(f"/v1/task/{kept.headers[TASK_ID]}/result")).to_pydict() == {"a": [42]}
    lost = run("select 42 as a")
    refused = web.get(f"/v1/task/{lost.headers[TASK_ID]}/result")
    assert refused.status_code == 404
    assert "store_results" in refused.json()["message"]


def test_a_failed_task_has_no_result(run, web):
    failed = run("selec", store_results=True)
    refused = web.get(f"/v1/task/{failed.headers[TASK_ID]}/result")
    assert refused.status_code == 404
    assert "ended as FAILED" in refused.json()["message"]


def test_the_same_node_sent_again_does_not_run_again(run):
    node = {"task_graph_uuid": str(uuid.uuid4()), "client_node_uuid": str(uuid.uuid4()), "store_results": True}
    run("create table once (a int)")
    for _ in range(3):
        assert run("insert into once values (1)", **node).status_code == 200
    assert run("select count(*) as n from once").json() == [{"n": 1}]


def test_rows_are_compressed_as_the_client_reads_them(web, run, person, server):
    query = "select repeat('x', 5000) as a"
    request = web.build_request(
        "POST", f"/v1/sql/{person.username}", json={"query": query}, headers={"Accept-Encoding": "deflate"}
    )
    with strict(server, person.key) as http:
        http.event_hooks = {}
        answer = http.send(request, stream=True)
        raw = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "deflate"
    assert json.loads(zlib.decompress(raw)) == [{"a": "x" * 5000}]
    plain = run(query, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers


def test_a_task_is_charged_to_a_namespace_in_which_one_may_act(web, server):
    assert web.post("/v1/sql/nobody", json={"query": "select 1"}).status_code == 404
    assert web.get("/v1/tasks").json()["array_tasks"] == []
    member = new_person(server, "member")
    slug = f"sql-{member.username}"
    with strict(server, server.admin_key) as boss:
        boss.post("/v1/organization", json={"name": slug})
        boss.post(f"/v1/organizations/{slug}/user", json={"username": member.username})
        with strict(server, member.key) as http:
            ran = http.post(f"/v1/sql/{slug}", json={"query": "select 1 as a"})
            assert ran.status_code == 200
            assert http.get("/v1/tasks/sidebar").json()["result_count_by_namespace"] == {slug: 1}
        # Whoever is in the organization sees its tasks; nobody else does.
        assert boss.get(f"/v1/task/{ran.headers[TASK_ID]}").json()["username"] == member.username
    assert web.get(f"/v1/task/{ran.headers[TASK_ID]}").status_code == 404
    assert web.get(f"/v1/task/{ran.headers[TASK_ID]}/result").status_code == 404


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "query"),
        ({"query": ""}, "empty"),
        ({"query": 1}, "query"),
        ({"query": "select 1", "parameters": "x"}, "parameters"),
        ({"query": "select 1", "init_commands": [1]}, "init_commands"),
        ({"query": "select 1", "store_results": "perhaps"}, "store_results"),
        ({"query": "select '\x00'"}, "NUL"),
        ([], "object"),
    ],
)
def test_what_is_no_statement_is_refused_before_a_task_is_made(web, person, body, says):
    answer = web.post(f"/v1/sql/{person.username}", json=body)
    assert answer.status_code in {400, 422}
    assert says in answer.json()["message"]
    assert web.get("/v1/tasks").json()["array_tasks"] == []


def test_a_statement_is_bounded(web, person):
    answer = web.post(f"/v1/sql/{person.username}", json={"query": "select 1 -- " + "x" * (2 << 20)})
    assert answer.status_code == 413
    assert "HEADRACE_SQL_KB" in answer.json()["message"]
    answer = web.post(f"/v1/sql/{person.username}", json={"query": "select 1 -- " + "x" * (17 << 20)})
    assert answer.status_code == 413
    assert web.get("/v1/tasks").json()["array_tasks"] == []


def test_lists_of_tasks_hold_what_is_asked_for(run, web, person):
    first = run("select 1 as a", name="one")
    second = run("selec", name="two")

    def names(**params):
        return [task.get("name") for task in web.get("/v1/tasks", params=params).json()["array_tasks"]]

    assert names() == ["two", "one"]
    assert names(status="COMPLETED") == ["one"]
    assert names(status="FAILED") == ["two"]
    assert names(type="SQL") == ["two", "one"]
    assert names(exclude_type="UDF,SQL") == []
    assert names(search="TW") == ["two"]
    assert names(orderby="name asc") == ["one", "two"]
    assert names(namespace=person.username, created_by=person.username) == ["two", "one"]
    assert names(namespace="elsewhere") == []
    assert names(end=1) == ["two", "one"]  # a client's own idea of now, where no start is given
    assert names(start=1, end=2) == []
    assert names(start=1) == ["two", "one"]
    page = web.get("/v1/tasks", params={"page": 2, "per_page": 1}).json()
    assert page["array_tasks"][0]["id"] == first.headers[TASK_ID]
    assert page["pagination_metadata"] == {"page": 2, "per_page": 1, "total_pages": 2, "total_items": 2}
    for wrong in ({"status": "DONE"}, {"type": "SLOW"}, {"orderby": "cost"}, {"page": 0}, {"start": "soon"}):
        assert web.get("/v1/tasks", params=wrong).status_code == 422
    assert second.headers[TASK_ID] != first.headers[TASK_ID]


def test_a_stranger_sees_no_task(run, stranger):
    ran = run("select 1 as a", store_results=True)
    for path in ("", "/result"):
        assert stranger.get(f"/v1/task/{ran.headers[TASK_ID]}{path}").status_code == 404
    assert stranger.get("/v1/tasks").json()["array_tasks"] == []


def test_arrow_is_a_stream_and_no_file(run):
    answer = run("select 1 as a", result_format="arrow")
    assert not answer.content.startswith(b"ARROW1")
    with pa.ipc.open_stream(io.BytesIO(answer.content)) as reader:
        assert reader.read_all().num_rows == 1


GRID = """
create table `{}` (
    x int dimension=1 lower_bound=0 upper_bound=9 tile_extent=5,
    y int dimension=1 lower_bound=0 upper_bound=9 tile_extent=5,
    v double
) engine=MyTile array_type='SPARSE'
"""


def test_an_array_that_a_statement_makes_is_in_the_catalogue(run, web, person):
    uri = f"tiledb://{person.username}/grid"
    assert run(GRID.format(uri)).status_code == 200
    assert run(f"insert into `{uri}` values (1, 1, 0.5), (2, 3, 1.5)").status_code == 200
    rows = run(f"select * from `{uri}` where x = 2")
    assert rows.json() == [{"x": 2, "y": 3, "v": 1.5}]
    base = f"/v1/arrays/{person.username}/grid"
    uid = web.get(f"{base}/metadata").json()["id"]
    assert run(f"select v from `tiledb://{person.username}/{uid}` where x = 1").json() == [{"v": 0.5}]
    done = web.get(f"{base}/activity").json()
    assert [one["action"] for one in done] == ["query_read", "query_read", "query_write", "create"]
    assert done[1]["array_task_id"] == rows.headers[TASK_ID]
    for array in (uri, "grid"):
        tasks = web.get("/v1/tasks", params={"array": array, "namespace": person.username}).json()["array_tasks"]
        assert [one["array_metadata"]["tiledb_uri"] for one in tasks] == [uri] * 3
    assert web.get("/v1/tasks", params={"array": "rid"}).json()["array_tasks"] == []
    web.patch(f"{base}/metadata", json={"file_type": "file"})
    assert len(web.get("/v1/tasks", params={"file_type": "file"}).json()["array_tasks"]) == 3
    assert len(web.get("/v1/tasks", params={"exclude_file_type": "file"}).json()["array_tasks"]) == 1


def test_a_stranger_reads_an_array_once_it_is_shared(run, web, person, server):
    uri = f"tiledb://{person.username}/grid"
    run(GRID.format(uri))
    run(f"insert into `{uri}` values (1, 1, 0.5)")
    friend = new_person(server, "friend")
    with strict(server, friend.key) as http:

        def ask(query):
            return http.post(f"/v1/sql/{friend.username}", json={"query": query})

        refused = ask(f"select * from `{uri}`")
        assert refused.status_code == 422
        assert "There is no table" in refused.json()["message"]
        web.patch(f"/v1/arrays/{person.username}/grid/share", json={"namespace": friend.username, "actions": ["read"]})
        assert ask(f"select v from `{uri}`").json() == [{"v": 0.5}]
        assert ask(f"insert into `{uri}` values (2, 2, 9)").status_code == 422
        web.patch(
            f"/v1/arrays/{person.username}/grid/share",
            json={"namespace": friend.username, "actions": ["read", "write"]},
        )
        assert ask(f"insert into `{uri}` values (2, 2, 9)").status_code == 200
        web.patch(f"/v1/arrays/{person.username}/grid/share", json={"namespace": friend.username, "actions": []})
        assert ask(f"select * from `{uri}`").status_code == 422
    assert run(f"select count(*) as n from `{uri}`").json() == [{"n": 2}]


def test_rows_are_written_into_an_array(run, person, web):
    uri = f"tiledb://{person.username}/grid"
    run(GRID.format(uri))
    answer = run("select 4 as x, 5 as y, 0.25 as v", output_uri=uri, result_format="arrow")
    assert arrow(answer).num_rows == 0
    assert run(f"select * from `{uri}`").json() == [{"x": 4, "y": 5, "v": 0.25}]
    assert web.get(f"/v1/arrays/{person.username}/grid/activity").json()[1]["action"] == "query_write"
    missing = run("select 1 as x", output_uri=f"tiledb://{person.username}/nothing")
    assert missing.status_code in {404, 422}
    assert "nothing" in missing.json()["message"]


def test_a_deleted_array_is_gone_for_statements(run, web, person):
    uri = f"tiledb://{person.username}/grid"
    run(GRID.format(uri))
    assert web.delete(f"/v1/arrays/{person.username}/grid").status_code == 204
    assert run(f"select * from `{uri}`").status_code == 422
    assert run(GRID.format(uri)).status_code == 200


SLOW = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000000) select count(*) as n from n"


def test_a_statement_ends_with_its_request(run, web, person, server):
    """Without the ids of a graph, nobody would ever ask for what it gives."""
    run("select 1 as a", name="warm")

    def slow():
        return next((one for one in web.get("/v1/tasks").json()["array_tasks"] if one.get("name") == "slow"), {})

    with asked(web, "POST", f"/v1/sql/{person.username}", {"query": SLOW, "name": "slow"}):
        wait_until(lambda: slow().get("status") == "RUNNING")
    wait_until(lambda: slow().get("status") == "CANCELLED", 20)
    assert run("select 2 as a").json() == [{"a": 2}]


def test_the_request_that_the_protocols_page_shows(web, person):
    """As it is printed there, names that nobody has included, and then with what has to be put in their place."""
    shown = {
        "name": "name_example",
        "query": "query_example",
        "output_uri": "s3://my_bucket/my_output_array",
        "store_results": True,
        "dont_download_results": True,
        "result_format": "python_pickle",
        "init_commands": ["init_commands_example"],
        "parameters": [{}],
        "task_graph_uuid": "task_graph_uuid_example",
        "client_node_uuid": "client_node_uuid_example",
    }
    headers = {"Accept-Encoding": "Accept-Encoding_example"}
    assert web.post("/v1/sql/namespace_example", json=shown, headers=headers).status_code == 404
    path = f"/v1/sql/{person.username}"
    assert web.post(path, json=shown, headers=headers).status_code == 422
    put = shown | {"query": "select ? as a", "init_commands": ["set @a = 1"], "parameters": [1]}
    del put["output_uri"]
    answer = web.post(path, json=put, headers=headers)
    assert (answer.status_code, answer.content) == (200, b"")
    task = web.get(f"/v1/task/{answer.headers[TASK_ID]}").json()
    assert (task["name"], task["task_graph_uuid"]) == ("name_example", "task_graph_uuid_example")
    assert pickle.loads(web.get(f"/v1/task/{task['id']}/result").content) == [{"a": 1}]
    assert web.get("/v1/tasks").json()["array_tasks"][0]["id"] == task["id"]
