"""A task is cancelled by whose it is: it ends now, whoever waits for it is told, and its row says so."""

import asyncio
import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import psycopg
import pytest
import tiledb
from psycopg import sql

from conftest import serving, wait_until
from headrace import executors, settings
from headrace.client import Client, Failed
from headrace.db import tasks as queries
from headrace.model.result import Outcome
from headrace.model.run import State
from headrace.runtime import interpreters
from headrace.server import open_platform
from headrace.services import accounts, runs
from headrace.services.queries import Statement, prepare
from headrace.services.task_lists import get_task
from headrace.services.tasks import Tasks
from headrace.store.results import Results
from published import Person
from tiledb_wire import TASK_ID, pickled, send

ENDLESS = """
def f(*given):
    import time
    while True:
        time.sleep(1)
"""
SLOW = "select count(*) from range(100000) a, range(100000) b where (a.range * b.range) % 7 = 3"


@pytest.fixture
def person(server):
    return Person(server, "canceller", f"c{uuid.uuid4().hex[:10]}")


@pytest.fixture
def web(server, person):
    with server.client(person.key) as http:
        yield http


@pytest.fixture
def threads():
    with ThreadPoolExecutor(8) as pool:
        yield pool


def ask(server, key, **body):
    with server.client(key) as http:
        body = {"query": SLOW, "dialect": "duckdb"} | body
        return http.post("/v1/sql/" + http.get("/v1/user").json()["username"], json=body)


def listed(http, name):
    return next((one for one in http.get("/v1/tasks").json()["array_tasks"] if one.get("name") == name), {})


def standing(http, name, status):
    wait_until(lambda: listed(http, name).get("status") == status)
    return listed(http, name)["id"]


def test_a_statement_under_way_is_cancelled_and_its_caller_told(server, person, web, threads):
    asked = threads.submit(ask, server, person.key, name="slow")
    uid = standing(web, "slow", "RUNNING")
    answer = web.post(f"/api/runs/{uid}/cancel")
    assert (answer.status_code, answer.json()) == (202, {"uid": uid, "state": "cancelled", "isCancelRequested": True})
    told = asked.result(20)
    assert told.status_code == 499
    assert told.json() == {"code": 499, "message": f"The task was cancelled by {person.username}.", "request_id": uid}
    task = web.get(f"/v1/task/{uid}").json()
    assert (task["status"], task["status_message"]) == ("CANCELLED", told.json()["message"])
    run = web.get(f"/api/runs/{uid}").json()
    assert (run["state"], run["status"], run["errorClass"]) == ("cancelled", 499, "Cancelled")
    assert run["finishedAt"]
    assert [one["uid"] for one in web.get("/api/runs?door=task&state=cancelled").json()] == [uid]
    again = web.post(f"/api/runs/{uid}/cancel")
    assert (again.status_code, again.json()["state"]) == (202, "cancelled")
    assert ask(server, person.key, query="select 2 as a").json() == [{"a": 2}]


def generic(server, http, person):
    return "generic", {"exec": pickled(ENDLESS)}, "GENERIC_UDF"


def registered(server, http, person):
    body = {"name": "endless", "language": "python", "type": "generic", "exec": pickled(ENDLESS)}
    body["version"] = interpreters.OWN
    assert http.post(f"/v1/udf/{person.username}/endless", json=body).status_code == 204
    return "generic", {"udf_info_name": f"{person.username}/endless"}, "GENERIC_UDF"


def over_an_array(server, http, person):
    made = http.post(f"/v1/arrays/{person.username}/numbers/register", json={}).json()
    (folder,) = (server.home / "lake" / "arrays").glob(f"*/{made['id']}")
    tiledb.from_numpy(str(folder), np.arange(4.0))
    arrays = [{"uri": f"tiledb://{person.username}/numbers", "ranges": {"ranges": [[0, 3]]}}]
    return "arrays", {"exec": pickled(ENDLESS), "arrays": arrays}, "UDF"


@pytest.mark.parametrize("make", [generic, registered, over_an_array])
def test_a_function_under_way_is_among_what_runs_and_is_cancelled(server, person, web, threads, make):
    at, body, type_ = make(server, web, person)
    body |= {"version": interpreters.OWN, "task_name": "endless", "result_format": "json"}

    def call():
        with server.client(person.key) as http:
            return http.post(f"/v1/udfs/{at}/{person.username}", json=body)

    asked = threads.submit(call)
    uid = standing(web, "endless", "RUNNING")
    (run,) = web.get("/v1/tasks?status=RUNNING").json()["array_tasks"]
    assert (run["id"], run["type"]) == (uid, type_)
    assert web.post(f"/api/runs/{uid}/cancel").json()["state"] == "cancelled"
    told = asked.result(20)
    assert (told.status_code, told.headers[TASK_ID]) == (499, uid)
    assert told.json()["message"] == f"The task was cancelled by {person.username}."
    assert web.get(f"/v1/task/{uid}").json()["status"] == "CANCELLED"
    assert web.get("/v1/tasks?status=RUNNING").json()["array_tasks"] == []
    assert send(web, person, "def f(): return 1").json() == 1


def test_a_statement_that_waits_is_cancelled_before_it_begins(tmp_path, threads):
    with serving(tmp_path / "home", workers=1, call_concurrency=1) as one, one.client() as http:
        first = threads.submit(ask, one, one.admin_key, name="first")
        running = standing(http, "first", "RUNNING")
        second = threads.submit(ask, one, one.admin_key, name="second", query="select 1 as a")
        waiting = standing(http, "second", "QUEUED")
        assert http.post(f"/api/runs/{waiting}/cancel").json()["state"] == "cancelled"
        assert second.result(20).json()["message"] == "The task was cancelled by admin."
        assert standing(http, "first", "RUNNING") == running
        assert http.post(f"/api/runs/{running}/cancel").status_code == 202
        assert first.result(20).status_code == 499
        assert ask(one, one.admin_key, query="select 3 as a").json() == [{"a": 3}]


def test_what_a_function_had_printed_is_in_the_log_of_its_cancelled_task(server, person, web, threads):
    flag = f"flag-{uuid.uuid4().hex}"
    source = f"""
import pathlib, time
def f():
    for number in range(3000):
        print("far so good", number)
        time.sleep(0.1)
        if number == 2:
            pathlib.Path("/mount/{flag}").touch()
"""

    def call():
        with server.client(person.key) as http:
            return send(http, person, source, task_name="chatty")

    asked = threads.submit(call)
    uid = standing(web, "chatty", "RUNNING")
    wait_until(lambda: list((server.home / "mounts").glob(f"*/{flag}")))
    assert web.post(f"/api/runs/{uid}/cancel").json()["state"] == "cancelled"
    assert asked.result(20).status_code == 499
    assert web.get(f"/v1/task/{uid}").json()["logs"].startswith("far so good 0\nfar so good 1\n")
    assert web.get(f"/api/runs/{uid}").json()["stdout"].startswith("far so good 0\n")
    quiet = send(web, person, "def f(): return 1")
    assert (quiet.json(), web.get(f"/v1/task/{quiet.headers[TASK_ID]}").json()["logs"]) == (1, "")


def test_what_ended_otherwise_is_refused(server, person, web):
    ask(server, person.key, query="select 1 as a", name="done")
    uid = standing(web, "done", "COMPLETED")
    refused = web.post(f"/api/runs/{uid}/cancel")
    assert refused.status_code == 409
    assert "it has succeeded" in refused.json()["errorDescription"]
    assert web.get(f"/v1/task/{uid}").json()["status"] == "COMPLETED"


def test_only_its_owner_and_an_administrator_cancel_a_task(server, person, web, threads):
    asked = threads.submit(ask, server, person.key, name="mine")
    uid = standing(web, "mine", "RUNNING")
    stranger = Person(server, "stranger", f"s{uuid.uuid4().hex[:10]}")
    with server.client(stranger.key) as http:
        assert http.post(f"/api/runs/{uid}/cancel").status_code == 404
    assert httpx.post(f"{server.url}/api/runs/{uid}/cancel").status_code == 401
    assert web.get(f"/v1/task/{uid}").json()["status"] == "RUNNING"
    with server.client() as administrator:
        assert administrator.post(f"/api/runs/{uid}/cancel").status_code == 202
    assert asked.result(20).json()["message"] == "The task was cancelled by admin."


def test_the_client_cancels_and_its_statement_raises(server, person, web, threads):
    def run():
        with Client(server.url, person.key) as client, pytest.raises(Failed) as told:
            client.sql(SLOW, name="by the client")
        return told.value

    raised = threads.submit(run)
    uid = standing(web, "by the client", "RUNNING")
    with Client(server.url, person.key) as client:
        assert client.cancel_task(uid) == {"uid": uid, "state": "cancelled", "is_cancel_requested": True}
        assert raised.result(20).status == 499
        done = client.run_sql(client.namespace(), {"query": "select 1 as a"})
        assert done == [{"a": 1}]
        with pytest.raises(Failed, match="it has succeeded") as refused:
            client.cancel_task(client.last_task_id)
        assert refused.value.status == 409
        with pytest.raises(Failed, match="no such run"):
            client.cancel_task(str(uuid.uuid4()))


def test_many_cancels_at_once_end_a_task_once(server, person, web, threads):
    asked = threads.submit(ask, server, person.key, name="contested")
    uid = standing(web, "contested", "RUNNING")

    def cancel(_):
        with server.client(person.key) as http:
            return http.post(f"/api/runs/{uid}/cancel").status_code

    assert set(threads.map(cancel, range(5))) == {202}
    assert asked.result(20).status_code == 499


def ask_function(server, key, name):
    body = {"exec": pickled(ENDLESS), "version": interpreters.OWN, "task_name": name, "result_format": "json"}
    with server.client(key) as http:
        return http.post("/v1/udfs/generic/admin", json=body)


@pytest.mark.parametrize("ask", [ask, ask_function], ids=["statement", "function"])
def test_a_task_of_another_server_of_the_database_is_cancelled(tmp_path, postgresql, threads, ask):
    url = postgresql.fresh()
    (tmp_path / "two").mkdir()
    with serving(tmp_path / "one", database_url=url) as one, one.client() as http:
        (tmp_path / "two" / "admin.key").write_text(one.admin_key)  # of the account that both know
        with serving(tmp_path / "two", database_url=url) as two, two.client() as other:
            asked = threads.submit(ask, one, one.admin_key, name="there")
            uid = standing(http, "there", "RUNNING")
            assert other.post(f"/api/runs/{uid}/cancel").json()["state"] == "cancelled"
            assert asked.result(20).status_code == 499
            assert http.get(f"/v1/task/{uid}").json()["status_message"] == "The task was cancelled by admin."


class Away:
    """A PostgreSQL database that can be made to refuse everybody."""

    def __init__(self, url: str) -> None:
        self._server, _, self._name = url.rpartition("/")

    def set(self, *, away: bool) -> None:
        with psycopg.connect(f"{self._server}/postgres", autocommit=True) as connection:
            allowed = sql.SQL("false" if away else "true")
            connection.execute(
                sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(sql.Identifier(self._name), allowed)
            )
            if away:
                ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
                connection.execute(ended, [self._name])


async def under_way(platform, body):
    """Do something with a statement under way in this process."""
    executor = executors.make(platform.settings)
    await executor.start()
    tasks = Tasks(platform, executor, Results(platform.blobs, memory_bytes=0, disk_bytes=1 << 20), "here")
    admin = accounts.administrator(platform)
    statement = Statement(query=SLOW, dialect="duckdb")
    wanted = prepare(admin, statement, namespace=admin.user.username, formats=("json",), result_format="json", name="s")
    running = asyncio.create_task(tasks.run(admin, wanted, "00000000-0000-4000-8000-000000000001"))
    try:
        while not executor.gauges()["workers_busy"]:  # noqa: ASYNC110 - there is no event of that
            await asyncio.sleep(0.02)
        return await body(tasks, running, admin)
    finally:
        await tasks.close()
        await executor.close(1)


def test_an_end_that_the_database_was_away_for_is_written_down_later(home, postgresql):
    url = postgresql.fresh()
    platform = open_platform(settings.load({"HEADRACE_HOME": str(home), "HEADRACE_DATABASE_URL": url}))
    accounts.ensure_admin(platform)
    database = Away(url)

    async def body(tasks, running, admin):
        uid = "00000000-0000-4000-8000-000000000001"
        assert await asyncio.to_thread(tasks.settle) == 0  # what runs is left alone
        database.set(away=True)
        try:
            await tasks.cancel(uid, "Enough of this.")
            with pytest.raises(Exception, match="does not answer"):
                await running
            with pytest.raises(Exception, match="does not answer"):
                await asyncio.to_thread(tasks.settle)
        finally:
            database.set(away=False)
        assert get_task(admin, uid).state is State.RUNNING
        assert await asyncio.to_thread(tasks.settle) == 1
        found = get_task(admin, uid)
        assert (found.state, found.error) == (State.CANCELLED, "Enough of this.")
        assert await asyncio.to_thread(tasks.settle) == 0

    try:
        asyncio.run(under_way(platform, body))
    finally:
        platform.db.close()


def test_a_row_that_nobody_can_end_any_more_is_ended(platform):
    """On either database: what this server's rows say that it runs, and does not run, has ended."""

    async def body(tasks, running, admin):
        uid = "00000000-0000-4000-8000-000000000001"
        left = str(uuid.uuid4())
        with platform.db.begin() as connection:
            other = queries.find(connection, uid)
            lost = type(other)(**{**{name: getattr(other, name) for name in other.__struct_fields__}, "uid": left})
            queries.insert(connection, lost, code_hash="", server="here")
        assert await asyncio.to_thread(tasks.settle) == 1
        found = get_task(admin, left)
        assert (found.state, found.error_class) == (State.FAILED, "Lost")
        assert "the database was away" in found.error
        assert get_task(admin, uid).state is State.RUNNING
        ended = await runs.cancel_run(admin, uid)
        assert ended.state is State.CANCELLED
        assert (await running).answer.outcome is Outcome.CANCELLED

    asyncio.run(under_way(platform, body))
