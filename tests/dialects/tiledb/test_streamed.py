"""Rows that are sent while they are made, where a request asks for that: whole, or seen not to be."""

import threading

import httpx
import pyarrow as pa
import pytest

from conftest import serving, wait_until
from tiledb_wire import TASK_ID

ROWS = 1_000_000
MANY = f"select range i, 'n' || range as name from range({ROWS})"
FAILS = f"select case when i = 900000 then error('row ' || i) else i end i, 'n' || i as name from range({ROWS}) t(i)"
# Some megabytes soon, and then so slowly that no test would wait for the rest.
STALLS = (
    "select i, case when i < 200000 then 'n' || i else md5(repeat('x', 100000) || i) end as name "
    f"from range({ROWS}) t(i)"
)
END = b"\xff\xff\xff\xff\0\0\0\0"  # of an Arrow stream that is whole


@pytest.fixture
def http(server, web):
    """As `web`, and answers are not read before the test reads them."""
    with httpx.Client(base_url=server.url, headers=web.headers, timeout=60) as one:
        yield one


def body(query, **more):
    return {"query": query, "dialect": "duckdb", "result_format": "arrow", "stream": True, **more}


def table(content: bytes) -> pa.Table:
    return pa.ipc.open_stream(content).read_all()


def status(web, task):
    return web.get(f"/v1/task/{task}").json()


def test_rows_are_the_same_as_those_that_are_sent_whole(http, person):
    streamed = http.post(f"/v1/sql/{person.username}", json=body(MANY))
    whole = http.post(f"/v1/sql/{person.username}", json=body(MANY, stream=False))
    assert (streamed.headers.get("content-length"), streamed.headers["transfer-encoding"]) == (None, "chunked")
    assert int(whole.headers["content-length"]) == len(whole.content) == len(streamed.content)
    assert streamed.headers["content-type"] == whole.headers["content-type"]
    assert streamed.headers["x-content-type-options"] == "nosniff"
    assert table(streamed.content).equals(table(whole.content))
    assert table(whole.content)["i"].to_pylist() == list(range(ROWS))


def test_the_task_has_ended_when_its_rows_have(http, web, person):
    for _ in range(5):
        with http.stream("POST", f"/v1/sql/{person.username}", json=body(MANY)) as answer:
            size = len(answer.read())
            task = status(web, answer.headers[TASK_ID])
        assert task["status"] == "COMPLETED"
        assert size > 1 << 20
        assert task["duration"] > 0


def test_few_rows_and_what_fails_at_once_are_answered_as_ever(http, person):
    few = http.post(f"/v1/sql/{person.username}", json=body("select 1 as a"))
    assert int(few.headers["content-length"]) == len(few.content)
    assert table(few.content).to_pydict() == {"a": [1]}
    wrong = http.post(f"/v1/sql/{person.username}", json=body("select error('now') as a"))
    assert (wrong.status_code, wrong.json()["message"]) == (422, "Now.")


def test_a_failure_after_the_first_bytes_is_no_whole_result_and_its_task_says_why(http, web, person):
    got = b""
    with (
        pytest.raises(httpx.RemoteProtocolError),
        http.stream("POST", f"/v1/sql/{person.username}", json=body(FAILS)) as answer,
    ):
        task = answer.headers[TASK_ID]
        for piece in answer.iter_raw():
            got += piece
    assert len(got) > 1 << 20
    assert END not in got[-64:]  # neither by HTTP nor by Arrow is it whole
    wait_until(lambda: status(web, task)["status"] == "FAILED")
    assert status(web, task)["status_message"] == "Row 900000."
    whole = http.post(f"/v1/sql/{person.username}", json=body(FAILS, stream=False))
    assert (whole.status_code, whole.json()["message"]) == (422, "Row 900000.")


def test_who_leaves_in_the_middle_ends_the_statement(http, web, person):
    with http.stream("POST", f"/v1/sql/{person.username}", json=body(STALLS)) as answer:
        task = answer.headers[TASK_ID]
        next(answer.iter_raw())
        assert status(web, task)["status"] == "RUNNING"
    wait_until(lambda: status(web, task)["status"] == "CANCELLED", 20)
    assert table(http.post(f"/v1/sql/{person.username}", json=body("select 2 as a")).content).to_pydict() == {"a": [2]}


def test_a_statement_that_is_cancelled_in_the_middle_breaks_off(http, web, person):
    with (
        pytest.raises(httpx.RemoteProtocolError),
        http.stream("POST", f"/v1/sql/{person.username}", json=body(STALLS)) as answer,
    ):
        task = answer.headers[TASK_ID]
        pieces = answer.iter_raw()
        next(pieces)
        assert http.post(f"/api/runs/{task}/cancel").status_code == 202
        for _ in pieces:
            pass
    assert status(web, task)["status"] == "CANCELLED"


def test_the_result_is_kept_where_that_is_asked_for(http, web, person):
    answer = http.post(f"/v1/sql/{person.username}", json=body(MANY, store_results=True))
    kept = web.get(f"/v1/task/{answer.headers[TASK_ID]}/result")
    assert kept.content == answer.content


def test_a_node_of_a_graph_is_answered_whole(http, person):
    """Others that ask for the same node get the same bytes, and it runs once."""
    node = {"task_graph_uuid": "6f9a1f0e-0000-4000-8000-000000000001", "client_node_uuid": "n1", "store_results": True}
    first = http.post(f"/v1/sql/{person.username}", json=body(MANY, **node))
    again = http.post(f"/v1/sql/{person.username}", json=body(MANY, **node))
    assert first.headers["content-length"] == again.headers["content-length"]
    assert first.headers[TASK_ID] == again.headers[TASK_ID]


def test_a_slow_reader_gets_all_of_it(http, person):
    size = 0
    with http.stream("POST", f"/v1/sql/{person.username}", json=body(MANY)) as answer:
        for i, piece in enumerate(answer.iter_raw()):
            if i < 5:
                threading.Event().wait(0.1)
            size += len(piece)
    whole = http.post(f"/v1/sql/{person.username}", json=body(MANY, stream=False))
    assert size == len(whole.content)


def test_what_passes_the_limit_breaks_off_and_its_task_names_the_limit(tmp_path):
    with serving(tmp_path / "home", call_output_mb=4) as server, server.client() as http:
        with (
            pytest.raises(httpx.RemoteProtocolError),
            http.stream("POST", "/v1/sql/admin", json=body(MANY)) as answer,
        ):
            task = answer.headers[TASK_ID]
            assert sum(map(len, answer.iter_raw())) <= 4 << 20
        wait_until(lambda: status(http, task)["status"] == "FAILED")
        assert "larger than 4 MB" in status(http, task)["status_message"]
        assert http.post("/v1/sql/admin", json=body(MANY, stream=False)).status_code == 422
        assert http.post("/v1/sql/admin", json=body("select 1 as a")).status_code == 200
