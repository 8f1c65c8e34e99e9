"""SQL, tasks and saved queries by the SDK."""

import datetime as dt
import subprocess
import sys
import uuid
from typing import Literal

import pytest

from headrace.client import Client, Failed, SQLParameters
from headrace.errors import Invalid
from published import Person


@pytest.fixture
def person(server):
    return Person(server, "sql", f"sql{uuid.uuid4().hex[:10]}")


@pytest.fixture
def client(server, person):
    with Client(server.url, person.key) as one:
        yield one


def test_rows_come_as_arrow_pandas_polars_and_json(client):
    query = "SELECT i, i / 2 AS half, 'n' || i AS name FROM range(3) t(i)"
    table = client.sql(query)
    assert (table.num_rows, table.schema.names) == (3, ["i", "half", "name"])
    assert client.sql(query, result="pandas")["name"].tolist() == ["n0", "n1", "n2"]
    assert client.sql(query, result="polars")["half"].to_list() == [0, 0.5, 1]
    assert client.sql(query, result="json")[2] == {"i": 2, "half": 1, "name": "n2"}
    assert client.sql(query, result="csv") == b"i,half,name\n0,0.0,n0\n1,0.5,n1\n2,1.0,n2\n"
    assert client.sql(query, result="parquet")[:4] == b"PAR1"
    with pytest.raises(Invalid, match=r"`result` is one of arrow, pandas, polars, json"):
        client.sql(query, result="table")


def test_many_rows_come_in_pieces_and_progress_is_told(client):
    told = []
    table = client.sql("SELECT i FROM range(1000000) t(i)", progress=lambda rows, size: told.append((rows, size)))
    assert (table.num_rows, told[-1][0]) == (1_000_000, 1_000_000)
    assert len(told) > 3
    assert told == sorted(told)


def test_a_statement_that_fails_after_many_rows_says_why(client):
    failing = "SELECT CASE WHEN i = 900000 THEN error('row ' || i) ELSE i END AS i FROM range(1000000) t(i)"
    for result in ("arrow", "csv"):
        with pytest.raises(Failed, match="Row 900000"):
            client.sql(failing, result=result)
        assert client.task(client.last_task_id)["status"] == "FAILED"
    assert client.sql("SELECT count(*) AS n FROM range(10)", result="json") == [{"n": 10}]


def test_rows_that_come_while_they_are_made_are_those_that_are_kept(client):
    table = client.sql("SELECT i, 'n' || i AS name FROM range(300000) t(i)", keep=True)
    assert client.task(client.last_task_id)["status"] == "COMPLETED"
    assert client.task_result(client.last_task_id).equals(table)
    assert table["name"][-1].as_py() == "n299999"


def test_values_are_bound_by_name_and_by_place(client):
    def one(query, parameters, **more):
        (row,) = client.sql(query, parameters=parameters, result="json", **more)
        return row

    assert one("SELECT ? AS a, ? AS b", [1, "x'; --"]) == {"a": 1, "b": "x'; --"}
    assert one("SELECT :a + $a AS twice, ':a' AS text, 1::int AS n", {"a": 2}) == {"twice": 4, "text": ":a", "n": 1}
    grouped = (
        "SELECT i % :n AS rest, count(*) AS count FROM range(9) t(i) WHERE i < :n GROUP BY i % :n HAVING i % :n = 1"
    )
    assert one(grouped, {"n": 3}) == {"rest": 1, "count": 1}
    day = one("SELECT CAST(:day AS DATE) + 1 AS day", {"day": dt.date(2026, 1, 31)})
    assert day["day"].startswith("2026-02-01")
    with pytest.raises(Invalid, match="takes :b"):
        client.sql("SELECT :a, :b", parameters={"a": 1})
    with pytest.raises(Invalid, match="has no :b"):
        client.sql("SELECT :a", parameters={"a": 1, "b": 2})
    with pytest.raises(Invalid, match="A object cannot be sent"):
        client.sql("SELECT ?", parameters=[object()])


def test_statements_go_before_it_in_its_session(client):
    made = client.sql("SELECT n FROM t", init=["CREATE TEMP TABLE t AS SELECT 5 AS n"], result="json")
    assert made == [{"n": 5}]
    client.sql("CREATE TABLE kept AS SELECT 7 AS n")
    assert client.sql("SELECT n FROM kept", result="json") == [{"n": 7}]


def test_an_error_has_the_line_and_a_caret(client):
    with pytest.raises(Failed, match="nowhere") as wrong:
        client.sql("SELECT 1\n  FROM nowhere")
    assert (wrong.value.status, wrong.value.lineno) == (422, 2)
    assert wrong.value.message.endswith("\nLine 2, column 8:\n  FROM nowhere\n       ^")
    assert client.task(client.last_task_id)["status"] == "FAILED"


def test_the_four_methods_of_tasks(client, person):
    asked = SQLParameters(
        query="SELECT ? AS n", parameters=[3], name="mine", store_results=True, result_format="json"
    ) | {"dialect": "duckdb"}
    assert client.run_sql(person.username, asked, accept_encoding="gzip") == [{"n": 3}]
    uid = client.last_task_id
    task = client.task_id_get(uid)
    assert (task["name"], task["status"], task["type"], task["sql_query"]) == (
        "mine",
        "COMPLETED",
        "SQL",
        "SELECT ? AS n",
    )
    assert client.task_id_result_get(uid) == client.task_result(uid) == [{"n": 3}]
    client.sql("SELECT 4 AS n", name="other", keep=True)
    assert client.task_result(client.last_task_id).to_pylist() == [{"n": 4}]
    with pytest.raises(Failed):
        client.sql("SELECT nothing", name="wrong")

    def names(**filters):
        return [one["name"] for one in client.tasks_get(**filters)["array_tasks"]]

    assert names() == ["wrong", "other", "mine"]
    assert names(orderby="name") == ["mine", "other", "wrong"]
    assert names(status="FAILED") == ["wrong"]
    assert names(search="oth") == ["other"]
    assert names(type="UDF") == names(exclude_type=["SQL", "QUERY"]) == []
    assert names(namespace=person.username, created_by=person.username, page=2, per_page=1) == ["other"]
    now = dt.datetime.now(dt.UTC)
    assert names(start=now - dt.timedelta(hours=1), end=now + dt.timedelta(hours=1)) == ["wrong", "other", "mine"]
    assert names(start=int(now.timestamp()) + 3600) == []
    assert client.tasks(per_page=2)["pagination_metadata"]["total_items"] == 3
    with pytest.raises(Failed, match="There is no task"):
        client.task(str(uuid.uuid4()))
    client.sql("SELECT 1")
    with pytest.raises(Failed, match="was not kept"):
        client.task_result(client.last_task_id)


def test_a_schema_may_be_called_as_an_address_is(server):
    person = Person(server, "Post.Master")
    assert "@" in person.username
    with Client(server.url, person.key) as client:
        client.sql("CREATE TABLE kept AS SELECT 7 AS n")
        assert client.sql(f'SELECT n FROM "{person.username}".kept', result="json") == [{"n": 7}]
        assert client.sql("SELECT n + ? AS n FROM kept", parameters=[1], dialect="mysql", result="json") == [{"n": 8}]
        client.save_sql("kept", "SELECT n FROM kept")
        assert client.run("kept").json() == [{"n": 7}]


def test_a_namespace_of_others_is_refused(client):
    with pytest.raises(Failed, match="There is no namespace 'somebody'") as wrong:
        client.sql("SELECT 1", namespace="somebody")
    assert wrong.value.status == 404


def test_a_query_is_kept_called_and_shared(client):
    sql = "-- Squares.\nSELECT i, i * i AS square FROM range(:n) t(i) WHERE i >= :least AND :word IN ('a', 'b')"
    kept = client.save_sql("squares", sql, parameters={"n": int, "least": 1, "word": Literal["a", "b"]})
    assert (kept["slug"], kept["version"]) == ("squares", 1)
    assert client.run("squares", n=3, word="a").json() == [{"i": 1, "square": 1}, {"i": 2, "square": 4}]
    assert client.run("squares", n=4, word="a", least=3, format="arrow").arrow().to_pylist() == [{"i": 3, "square": 9}]
    with pytest.raises(Failed, match="The parameter word wants one of 'a', 'b' and got 'c'"):
        client.run("squares", n=3, word="c")
    shared = client.share("squares")
    assert client.run(shared.token, n=2, word="b").json() == [{"i": 1, "square": 1}]
    assert client.save_sql("squares", "SELECT 1 AS one")["version"] == 2
    assert client.run("squares").json() == [{"one": 1}]
    with pytest.raises(Invalid, match="takes :m, and does not declare it"):
        client.save_sql("squares", "SELECT :m")
    with pytest.raises(Invalid, match="declared as"):
        client.save_sql("squares", "SELECT :m", parameters={"m": object})


def test_it_is_imported_without_what_reads_arrow():
    code = "import sys, headrace.client.tasks; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"pyarrow", "pandas", "polars", "numpy", "duckdb", "sqlglot"} & set(loaded)
