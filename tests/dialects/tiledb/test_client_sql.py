"""SQL and tasks by both generations of the published client."""

import pytest


def test_a_frame(client):
    said = client.run(
        """
        frame = tiledb.cloud.sql.exec("select 1 as a, 'x' as b union all select 2, 'y' order by a")
        answer = [type(frame).__name__, frame.to_dict("list")]
        """
    )
    assert said.answer == ["DataFrame", {"a": [1, 2], "b": ["x", "y"]}]


@pytest.mark.parametrize("result_format", ["arrow", "json"])
def test_formats(client, result_format):
    said = client.run(
        f"""
        frame = tiledb.cloud.sql.exec("select 1 as a", result_format={result_format!r})
        raw = tiledb.cloud.sql.exec("select 1 as a", result_format={result_format!r}, raw_results=True)
        answer = [frame.to_dict("list"), raw if isinstance(raw, list) else raw.to_pylist()]
        """
    )
    assert said.answer == [{"a": [1]}, [{"a": 1}]]


def test_the_newer_client_reads_every_format(new):
    said = new.run(
        """
        answer = [
            tiledb.cloud.sql.exec("select 1 as a", result_format=name, raw_results=True)
            for name in ("python_pickle", "native", "tiledb_json")
        ]
        """
    )
    assert said.answer == [[{"a": 1}]] * 3


def test_a_session(client):
    said = client.run(
        """
        table = ["create temporary table tbl (i int, s text)", "insert into tbl values (2, 'b'), (3, null)"]
        query = "select @a + i as n, s, ? as p from tbl order by i"
        frame = tiledb.cloud.sql.exec(query, init_commands=["set @a = 1", *table], parameters=["1.1"])
        answer = [frame["n"].tolist(), [s if isinstance(s, str) else None for s in frame["s"]], frame["p"].tolist()]
        """
    )
    assert said.answer == [[3, 4], ["b", None], ["1.1", "1.1"]]


def test_statements_without_rows(client):
    said = client.run(
        """
        made = tiledb.cloud.sql.exec("create table if not exists written (a int)")
        put = tiledb.cloud.sql.exec("insert into written values (1), (2)", result_format="json")
        total = tiledb.cloud.sql.exec("select sum(a) as s from written")
        tiledb.cloud.sql.exec("drop table written")
        answer = [len(made), len(put), int(total["s"][0]), str(total["s"].dtype)]
        """
    )
    assert said.answer == [0, 0, 3, "int64"]


def test_in_the_background(client):
    said = client.run(
        """
        asked = [tiledb.cloud.sql.exec_async(f"select {number} as a") for number in range(5)]
        answer = [int(one.get(60)["a"][0]) for one in asked]
        """
    )
    assert said.answer == [0, 1, 2, 3, 4]


def test_an_error_is_told(client):
    said = client.run(
        """
        try:
            tiledb.cloud.sql.exec("select * from no_such_table")
        except tiledb.cloud.TileDBCloudError as wrong:
            answer = [str(wrong), tiledb.cloud.last_sql_task().status]
        """
    )
    message, status = said.answer
    assert "no_such_table" in message
    assert "422" in message
    assert status == "FAILED"


def test_a_task_and_its_result(client):
    said = client.run(
        """
        tiledb.cloud.sql.exec("select 7 as a", task_name="seven", store_results=True)
        task = tiledb.cloud.last_sql_task()
        again = tiledb.cloud.task(task.id)
        import uuid
        table = tiledb.cloud.tasks.fetch_results(uuid.UUID(task.id), result_format="arrow")
        frame = tiledb.cloud.tasks.fetch_results_pandas(uuid.UUID(task.id), result_format="arrow")
        answer = [task.name, task.status, task.type, task.sql_query, again.id == task.id,
                  table.to_pylist(), frame.to_dict("list")]
        """
    )
    assert said.answer == ["seven", "COMPLETED", "SQL", "select 7 as a", True, [{"a": 7}], {"a": [7]}]


def test_the_newer_client_reads_a_kept_result_by_its_type(new):
    said = new.run(
        """
        import uuid
        answer = []
        for name in ("arrow", "json", "python_pickle"):
            tiledb.cloud.sql.exec("select 7 as a", store_results=True, result_format=name)
            found = tiledb.cloud.fetch_results(uuid.UUID(tiledb.cloud.sql.last_sql_task_id))
            answer.append(found if isinstance(found, list) else found.to_pylist())
        """
    )
    assert said.answer == [[{"a": 7}]] * 3


def test_a_result_that_was_not_downloaded_is_fetched_when_it_is_asked_for(client):
    said = client.run(
        """
        from tiledb.cloud import sql
        base = getattr(sql, "exec_base", None) or sql._execution.exec_base
        result = base("select 8 as a", store_results=True, _download_results=False)
        answer = result.get().to_dict("list")
        """
    )
    assert said.answer == {"a": [8]}


def test_lists_of_tasks(client):
    said = client.run(
        """
        import datetime
        tiledb.cloud.sql.exec("select 1 as a", task_name="listed")
        fetch = getattr(tiledb.cloud.tasks, "fetch_tasks", None) or tiledb.cloud.tasks.tasks
        now = datetime.datetime.now(datetime.timezone.utc)
        by_default, late = fetch(), fetch(end=None)
        recent = fetch(start=now - datetime.timedelta(minutes=5), end=now + datetime.timedelta(minutes=5), per_page=3)
        done, failed = fetch(status="COMPLETED", end=None), fetch(status="FAILED", start=now, end=None)
        answer = [
            ["listed" in [one.name for one in found.array_tasks] for found in (by_default, late, recent, done, failed)],
            late.array_tasks[0].name, recent.pagination_metadata.per_page,
        ]
        """
    )
    assert said.answer == [[True, True, True, True, False], "listed", 3]


def test_the_database_api_of_the_newer_client(new):
    said = new.run(
        """
        connection = tiledb.cloud.sql.connect()
        cursor = connection.cursor()
        cursor.execute("select ? as a, ? as b", (1, "x"))
        answer = cursor.fetchall()
        """
    )
    assert said.answer == [{"a": 1, "b": "x"}]


def test_nothing_but_what_is_asked_for_is_sent_again(client):
    """A wrong statement is answered at once: only 503 and broken connections are tried again."""
    said = client.run(
        """
        import time
        began = time.monotonic()
        try:
            tiledb.cloud.sql.exec("selec")
        except tiledb.cloud.TileDBCloudError:
            answer = time.monotonic() - began
        """
    )
    assert said.answer < 10
