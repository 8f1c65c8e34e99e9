"""What breaks a naive server: the list of the TileDB protocol notes, section 6, a test for each of its numbers.

Those of functions stand with functions: 14 (two styles of arguments) and 16 (stored results as parameters) in
test_client_udfs.py, 15 (pickles of an interpreter's version, loaded in workers alone) in tests/runtime/test_pickles.py;
17 and 18, as far as they are about the logs of graphs, in test_graphs.py.
"""

import json
import socket
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa
import pytest

from conftest import serving, wait_until
from ports import free_port
from published import Published
from tiledb_wire import TASK_ID, strict
from tiledb_wire import person as new_person

SLOW = "with recursive n(i) as (select 1 union all select i + 1 from n where i < {}) select count(*) as n from n"


@pytest.fixture
def run(web, person):
    def run(query, **more):
        return web.post(f"/v1/sql/{person.username}", json={"query": query, **more})

    return run


ELSEWHERE = {14, 15, 16, 18}


def test_every_number_has_its_test():
    here = {int(name[5:7]) for name in globals() if name.startswith("test_") and name[5:7].isdigit()}
    assert here | ELSEWHERE == set(range(1, 24))


def test_01_a_user_and_every_organization_of_theirs_have_their_lists(server, new):
    member = new_person(server, "listed")
    with strict(server, server.admin_key) as boss:
        boss.post("/v1/organization", json={"name": f"lists-{member.username}"})
        boss.post(f"/v1/organizations/lists-{member.username}/user", json={"username": member.username})
    with strict(server, member.key) as http:
        user = http.get("/v1/user").json()
    for one in (user, *user["organizations"]):
        assert "run_job" in one["allowed_actions"]
    # The client's own choice of a namespace, without the one that it is told.
    said = new.run(
        f"""
        from tiledb.cloud.client import find_organization_or_user_for_default_charges as choose
        told = tiledb.cloud.rest_api.ApiClient()._ApiClient__deserialize({user!r}, "User")
        told.default_namespace_charged = None
        first = choose(told, "run_job")
        told.organizations = []
        answer = [first, choose(told, "run_job")]
        """
    )
    assert said.answer == [f"lists-{member.username}", member.username]


def test_02_a_statement_without_rows_gives_a_frame_without_rows(client):
    said = client.run(
        """
        answer = []
        for statement in ("create table empty_handed (a int)", "insert into empty_handed values (1)",
                          "delete from empty_handed", "drop table empty_handed"):
            for result_format in ("arrow", "json")[: 1 if "create" in statement or "drop" in statement else 2]:
                answer.append(len(tiledb.cloud.sql.exec(statement, result_format=result_format)))
        """
    )
    assert said.answer == [0] * 6


def test_03_the_encoding_is_the_result_format_and_not_what_is_accepted(web, person):
    for accept in ("application/json", "text/html", "application/octet-stream"):
        answer = web.post(
            f"/v1/sql/{person.username}",
            json={"query": "select 1 as a", "result_format": "arrow"},
            headers={"Accept": accept},
        )
        assert pa.ipc.open_stream(answer.content).read_all().num_rows == 1


def test_04_arrow_is_a_stream_and_carries_its_schema_without_rows(run):
    answer = run("select 1 as a where 1 = 0", result_format="arrow")
    table = pa.ipc.open_stream(answer.content).read_all()
    assert (table.num_rows, table.column_names) == (0, ["a"])
    assert not answer.content.startswith(b"ARROW1")


def test_05_the_id_of_a_task_and_the_type_of_a_result_are_in_its_headers(run, web):
    types = {
        "arrow": "application/vnd.apache.arrow.stream",
        "json": "application/json",
        "native": "application/vnd.tiledb.python-pickle",
        "tiledb_json": "application/vnd.tiledb.udf-data+json",
        "bytes": "application/octet-stream",
    }
    for name, media_type in types.items():
        answer = run("select 1 as a", result_format=name, store_results=True)
        task = uuid.UUID(answer.headers[TASK_ID])
        kept = web.get(f"/v1/task/{task}/result")
        assert answer.headers["content-type"] == kept.headers["content-type"] == media_type
        assert answer.content == kept.content
    assert uuid.UUID(run("selec").headers[TASK_ID])


def test_06_what_is_absent_is_left_out(run, web):
    """Every answer in these tests is looked at; here are those with the most that may be absent."""
    answer = run("select 1 as a")
    for path in ("/v1/user", "/v1/tokens", "/v1/tasks", f"/v1/task/{answer.headers[TASK_ID]}"):
        assert b"null" not in web.get(path).content


@pytest.mark.parametrize(
    ("verb", "path", "body", "status"),
    [
        ("GET", "/v1/no/such/path", None, 404),
        ("PUT", "/v1/user", b"{}", 405),
        ("POST", "/v1/sql/nobody", b"{", 400),
        ("POST", "/v1/sql/nobody", b"[1]", 422),
        ("POST", "/v1/sql/nobody", b'{"query": "\xff"}', 400),
        ("GET", "/v1/tasks?start=soon", None, 422),
        ("GET", "/v1/task/%ff", None, 400),
        ("GET", "/v1/task/none", None, 404),
        ("GET", "/v1/groups/a/b", None, 501),
    ],
)
def test_07_every_error_has_a_code_and_a_message(web, nobody, verb, path, body, status):
    answer = web.request(verb, path, content=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["code"] == status
    assert len(answer.json()["message"]) > 10
    if status not in {404, 405, 400}:
        assert nobody.request(verb, path, content=body).json()["code"] == 401


def test_07_both_clients_show_the_reason(client):
    said = client.run(
        """
        answer = []
        for call in (lambda: tiledb.cloud.task("no-such-task"), lambda: tiledb.cloud.info("tiledb://nobody/nothing")):
            try:
                call()
            except tiledb.cloud.TileDBCloudError as wrong:
                answer.append(str(wrong))
        """
    )
    assert "There is no task no-such-task that you may see." in said.answer[0]
    assert "There is no array tiledb://nobody/nothing that you may see." in said.answer[1]


def test_08_a_node_that_is_sent_again_after_its_connection_broke_runs_once(server, web, run, person):
    run("create table sent (a int)")
    node = {"task_graph_uuid": str(uuid.uuid4()), "client_node_uuid": str(uuid.uuid4()), "store_results": True}
    statement = "insert into sent select count(*) from (" + SLOW.format(200_000) + ") t"
    body = json.dumps({"query": statement, **node}).encode()
    address = urlsplit(server.url)
    head = (
        f"POST /v1/sql/{person.username} HTTP/1.1\r\nHost: {address.netloc}\r\nX-TILEDB-REST-API-KEY: {person.key}\r\n"
    )
    with socket.create_connection((address.hostname, address.port)) as broken:
        broken.sendall(f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        wait_until(lambda: any(one["status"] == "RUNNING" for one in listed(web)), 30)
    again = run(statement, **node)
    assert again.status_code == 200, again.text
    assert run("select count(*) as n from sent").json() == [{"n": 1}]
    assert sum(one["sql_query"] == statement for one in listed(web)) == 1


def listed(web) -> list[dict]:
    return web.get("/v1/tasks").json()["array_tasks"]


def test_08_wrong_requests_are_never_answered_by_what_clients_send_again(web, person):
    for body in ({"query": "selec"}, {}, {"query": "select 1", "result_format": "x"}, {"query": "select ?"}):
        status = web.post(f"/v1/sql/{person.username}", json=body).status_code
        assert 400 <= status < 429


def test_09_a_result_that_is_not_there_yet_is_waited_for(web, person, server):
    with ThreadPoolExecutor(1) as pool, strict(server, person.key) as other:
        body = {"query": SLOW.format(150_000), "store_results": True, "result_format": "json"}
        running = pool.submit(other.post, f"/v1/sql/{person.username}", json=body)
        wait_until(lambda: listed(web), 30)
        (task,) = listed(web)
        result = web.get(f"/v1/task/{task['id']}/result")
        assert result.status_code == 200, result.text
        assert result.json() == running.result().json() == [{"n": 150_000}]


def test_10_moments_are_read_as_they_are_written_and_a_duration_is_in_nanoseconds(client):
    said = client.run(
        """
        import datetime
        tiledb.cloud.sql.exec("select 1 as a")
        task = tiledb.cloud.last_sql_task()
        took = (task.finish_time - task.start_time).total_seconds()
        answer = [type(task.start_time).__name__, task.start_time.tzinfo is not None, task.duration / 1e9, took]
        """
    )
    kind, aware, duration, took = said.answer
    assert (kind, aware) == ("datetime", True)
    assert duration == pytest.approx(took, abs=0.5)


def test_11_an_address_is_one_segment_of_a_path_that_may_begin_with_two_slashes(web, person):
    path = f"{web.base_url}//v1/arrays/{person.username}/s3%3A%2F%2Fbucket%2Fa%20b%2Fc/register"
    assert web.post(path, json={}).json()["uri"] == "s3://bucket/a b/c"


def test_11_a_host_with_a_slash_at_its_end(server, person, python, tmp_path):
    client = Published(python, tmp_path, {}, "import tiledb.cloud")
    host = f"{server.url}/"
    said = client.run(
        f"tiledb.cloud.login(token={person.key!r}, host={host!r}); answer = tiledb.cloud.user_profile().username"
    )
    client.close()
    assert said.answer == person.username


def test_12_lists_of_tasks_read_their_parameters_as_clients_write_them(run, web, person):
    run("select 1 as a", name="mine")
    now = int(datetime.now(UTC).timestamp())

    def names(query):
        return [one["name"] for one in web.get(f"/v1/tasks?{query}").json()["array_tasks"]]

    assert names(f"end={now - 3600}") == ["mine"]  # frozen when the client was imported
    assert names(f"start={now - 3600}&end={now + 5}") == ["mine"]
    assert names(f"start={now - 7200}&end={now - 3600}") == []
    assert names("exclude_type=UDF%2CQUERY") == ["mine"]
    assert names("exclude_type=SQL%2CQUERY") == []
    assert names("exclude_file_type=notebook&exclude_file_type=file") == ["mine"]
    assert names("file_type=notebook&file_type=file") == []
    assert names(f"array=tiledb%3A%2F%2F{person.username}%2Fnothing&namespace={person.username}") == []
    assert names("array=nothing") == []
    assert web.get("/v1/arrays/browser/owned?with_metadata=True&tag=a&tag=b").status_code == 200


def test_13_a_login_by_name_is_one_request_and_one_by_token_none(server, person, python, tmp_path):
    client = Published(python, tmp_path, {}, "import tiledb.cloud")
    nowhere = f"http://127.0.0.1:{free_port()}"
    said = client.run(f"tiledb.cloud.login(token='any', host={nowhere!r}); answer = 'no request'")
    assert said.answer == "no request"
    with strict(server, person.key) as http:
        before = len(http.get("/v1/tokens/session").json())
        client.run(f"tiledb.cloud.login(username={person.username!r}, password={person.key!r}, host={server.url!r})")
        (session,) = http.get("/v1/tokens/session").json()[: 1 if before == 0 else 0]
    client.close()
    expires = datetime.fromisoformat(session["expires_at"])
    assert expires - datetime.now(UTC) < timedelta(days=30)


def test_17_the_states_of_tasks_are_in_capitals(run, web):
    run("select 1 as a")
    run("selec")
    assert {one["status"] for one in listed(web)} == {"COMPLETED", "FAILED"}


def test_19_a_namespace_that_a_client_remembers_of_another_user_is_told_as_no_namespace(client, server):
    other = new_person(server, "second")
    said = client.run(
        f"""
        from tiledb.cloud import config
        before = config.config.api_key
        first = tiledb.cloud.client.default_charged_namespace()
        tiledb.cloud.login(token={other.key!r}, host={server.url!r})
        answer = [first]
        try:
            tiledb.cloud.sql.exec("select 1 as a")
        except tiledb.cloud.TileDBCloudError as wrong:
            answer.append(str(wrong))
        config.user = None
        answer.append(len(tiledb.cloud.sql.exec("select 1 as a")))
        answer.append(tiledb.cloud.client.default_charged_namespace())
        tiledb.cloud.login(token={client.person.key!r}, host={server.url!r})
        config.user = None
        """
    )
    first, refused, rows, second = said.answer
    assert (first, rows, second) == (client.person.username, 1, other.username)
    assert "There is no namespace" in refused


def test_20_a_small_answer_does_not_wait_for_an_acknowledgement(web):
    web.get("/v1/user")

    def took() -> float:
        began = time.perf_counter()
        web.get("/v1/user")
        return time.perf_counter() - began

    # Headers and body in two packets cost 40 ms at every single call, but for the first ones of a connection.
    assert min([took() for _ in range(60)][-20:]) < 0.035


def test_21_a_client_writes_into_the_home_that_it_is_given_and_no_other(server, person, python, tmp_path):
    real = Path.home() / ".tiledb" / "cloud.json"
    before = real.stat().st_mtime if real.exists() else None
    client = Published(python, tmp_path, {}, "import tiledb.cloud")
    client.run(f"tiledb.cloud.login(token={person.key!r}, host={server.url!r})")
    client.close()
    assert json.loads((tmp_path / ".tiledb" / "cloud.json").read_text())["host"] == server.url
    assert (real.stat().st_mtime if real.exists() else None) == before


def test_22_a_call_outlives_a_restart_of_the_server_unless_retries_are_disabled_after_login(tmp_path, python):
    with serving(tmp_path / "home") as one:
        host, key, port = one.url, one.admin_key, one.port
        client = Published(python, tmp_path / "client", {}, "import tiledb.cloud")
        assert client.run(f"tiledb.cloud.login(token={key!r}, host={host!r}); answer = 1").answer == 1
        one.stop()
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(client.run, "answer = tiledb.cloud.user_profile().username")
            one.process.stdout.close()
            one.start(port)
            assert waiting.result(60).answer == "admin"
        one.stop()
        said = client.run(
            f"""
            import time
            from tiledb.cloud import client
            tiledb.cloud.login(token={key!r}, host={host!r})
            mode = getattr(client.client, "retry_mode", None) or client.client.set_disable_retries
            mode("disabled") if mode.__name__ == "retry_mode" else mode()
            began = time.monotonic()
            try:
                tiledb.cloud.user_profile()
            except Exception as away:
                answer = [type(away).__name__, time.monotonic() - began]
            """
        )
        client.close()
        assert said.answer[1] < 10


def test_23_native_and_python_pickle_are_one_thing(run):
    native, named = (run("select 1 as a", result_format=name) for name in ("native", "python_pickle"))
    assert native.content == named.content
    assert native.headers["content-type"] == named.headers["content-type"] == "application/vnd.tiledb.python-pickle"


@pytest.mark.parametrize("path", ["/v1/udfs/generic/{}", "/v1/udfs/arrays/{}", "/v1/udf/{}/some"])
def test_15_what_is_no_pickle_in_base64_is_told_so(web, person, path):
    body = {"exec": "\x80é", "name": "some", "version": "3.11", "language": "python", "type": "generic"}
    answer = web.post(path.format(person.username), json=body)
    assert answer.status_code in {400, 422}
    assert "base64" in answer.json()["message"]
