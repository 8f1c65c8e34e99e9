"""kill -9 of a worker in mid-query, of the server in mid-write: the task says so, and the next statement works."""

import threading

import httpx
import pyarrow as pa
import pytest

from calling import asked, workers_busy
from conftest import serving, wait_until
from headrace.runtime import interpreters
from processes import kill, workers
from tiledb_wire import pickled

ENDLESS = """
def f():
    import pathlib, time
    pathlib.Path("/mount/began").touch()
    while True:
        time.sleep(1)
"""
SLOW = "select count(*) from range(100000) a, range(100000) b where (a.range * b.range) % 7 = 3"


@pytest.fixture
def mortal(tmp_path):
    """A server of this test alone."""
    with serving(tmp_path / "home", workers=2) as server:
        yield server


def ask(server, query, **more):
    with server.client() as http:
        body = {"query": query, "dialect": "duckdb", "result_format": "arrow", **more}
        return http.post("/v1/sql/admin", json=body, timeout=60)


def rows(server, query):
    answer = ask(server, query)
    assert answer.status_code == 200, answer.text
    return [tuple(row.values()) for row in pa.ipc.open_stream(answer.content).read_all().to_pylist()]


def tasks(server):
    with server.client() as http:
        return http.get("/v1/tasks").json()["array_tasks"]


def call(server, source):
    with server.client() as http:
        body = {"exec": pickled(source), "version": interpreters.OWN, "result_format": "json"}
        return http.post("/v1/udfs/generic/admin", json=body, timeout=60)


def asking(server, query, ask=ask):
    """A statement under way in a thread, or a function, and the list that its answer will be in."""
    answers: list[httpx.Response | Exception] = []

    def run():
        try:
            answers.append(ask(server, query))
        except httpx.TransportError as gone:
            answers.append(gone)

    thread = threading.Thread(target=run)
    thread.start()
    wait_until(lambda: any(one["status"] == "RUNNING" for one in tasks(server)))
    return thread, answers


def test_a_killed_worker_fails_its_task_and_the_next_statement_works(mortal):
    rows(mortal, "create table t as select 1 a")
    thread, answers = asking(mortal, SLOW)
    wait_until(lambda: workers_busy(mortal) == 1)
    kill(workers(mortal.process.pid))
    thread.join()
    assert "was killed" in answers[0].json()["message"]
    assert tasks(mortal)[0]["status"] == "FAILED"
    assert "was killed" in tasks(mortal)[0]["status_message"]
    assert rows(mortal, "select a from t") == [(1,)]


def test_a_client_that_goes_away_cancels_its_statement_at_once(mortal):
    rows(mortal, "select 1")
    with mortal.client() as http, asked(http, "POST", "/v1/sql/admin", {"query": SLOW, "dialect": "duckdb"}):
        wait_until(lambda: tasks(mortal)[0]["status"] == "RUNNING")
    wait_until(lambda: tasks(mortal)[0]["status"] == "CANCELLED", 20)
    assert rows(mortal, "select 2") == [(2,)]


def test_a_function_of_a_server_that_was_killed_is_lost_and_the_next_one_is_called(mortal):
    port = mortal.port
    thread, answers = asking(mortal, ENDLESS, call)
    wait_until(lambda: list((mortal.home / "mounts").glob("*/began")))
    mortal.process.kill()
    mortal.process.wait()
    thread.join()
    assert isinstance(answers[0], httpx.TransportError)
    mortal.process.stdout.close()
    mortal.start(port)
    wait_until(lambda: httpx.get(f"{mortal.url}/readyz").status_code == 200)
    (lost,) = tasks(mortal)
    assert (lost["status"], lost["type"]) == ("FAILED", "GENERIC_UDF")
    assert "stopped while this ran" in lost["status_message"]
    with mortal.client() as http:
        assert http.post(f"/api/runs/{lost['id']}/cancel").status_code == 409
    assert call(mortal, "def f(): return 1").json() == 1


def test_a_server_that_was_killed_says_of_its_tasks_that_they_are_lost(mortal):
    rows(mortal, "create table t as select 1 a")
    port = mortal.port
    text = "create table big as select range n, hash(range) h, hash(range + 1) i from range(500_000_000)"
    thread, _ = asking(mortal, text)
    data = mortal.home / "lake" / "schemas"
    wait_until(lambda: any(path.stat().st_size > 1 << 20 for path in data.rglob("*.parquet")))
    mortal.process.kill()
    mortal.process.wait()
    thread.join()
    mortal.process.stdout.close()
    mortal.start(port)
    wait_until(lambda: httpx.get(f"{mortal.url}/readyz").status_code == 200)
    assert (tasks(mortal)[0]["status"], tasks(mortal)[1]["status"]) == ("FAILED", "COMPLETED")
    assert "stopped while this ran" in tasks(mortal)[0]["status_message"]
    assert rows(mortal, "select table_name from duckdb_tables() where not internal and table_name <> 'x'") == [("t",)]
    rows(mortal, "create table big as select 1 n")
    assert rows(mortal, "select n from big") == [(1,)]
