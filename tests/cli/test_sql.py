"""`headrace sql` and `headrace tasks`."""

import json
import os
import pty
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import wait_until
from published import Person


@pytest.fixture
def person(server):
    return Person(server, "teller", f"teller{uuid.uuid4().hex[:10]}")


def test_rows_are_piped_and_written_in_every_format(at_home, tmp_path):
    query = "SELECT i, 'n' || i AS name FROM range(2) t(i)"
    assert at_home("sql", query).stdout == "i,name\n0,n0\n1,n1\n"
    assert json.loads(at_home("sql", query, "--format", "json").stdout) == [
        {"i": 0, "name": "n0"},
        {"i": 1, "name": "n1"},
    ]
    table = at_home("sql", query, "--format", "table")
    assert "│ 1 │ n1   │" in table.stdout
    assert table.stderr.startswith("2 rows, ")
    for name in ("rows.csv", "rows.ndjson", "rows.parquet", "rows.arrow", "rows.xlsx", "rows.json"):
        assert f"{name}: " in at_home("sql", query, "--output", name).stdout
    assert (tmp_path / "rows.ndjson").read_text() == '{"i":0,"name":"n0"}\n{"i":1,"name":"n1"}\n'
    assert pq.read_table(tmp_path / "rows.parquet").num_rows == 2
    assert pa.ipc.open_stream((tmp_path / "rows.arrow").read_bytes()).read_all().num_rows == 2
    assert (tmp_path / "rows.xlsx").read_bytes()[:2] == b"PK"
    assert "ends in no format" in at_home("sql", query, "--output", "rows.txt", status=1).stderr
    assert "cannot be written" in at_home("sql", query, "--output", "no/where.csv", status=1).stderr


def test_statements_come_from_a_file_or_a_pipe_and_share_a_session(at_home, tmp_path):
    (tmp_path / "q.sql").write_text(
        "CREATE TEMP TABLE t AS SELECT 'a;b' AS x; -- one; two\nSELECT x, :n AS n FROM t;\n"
    )
    assert at_home("sql", "-f", "q.sql", "--param", "n=3").stdout == "x,n\na;b,3\n"
    assert at_home("sql", "-- A comment.\nSELECT 5 AS n").stdout == "n\n5\n"
    assert at_home("sql", stdin="SELECT 5 AS n").stdout == "n\n5\n"
    assert "Give a statement, or a file" in at_home("sql", "SELECT 1", "-f", "q.sql", status=2).stderr
    assert "cannot be read" in at_home("sql", "-f", "none.sql", status=1).stderr


def test_what_is_wrong_is_told_with_a_caret(at_home):
    done = at_home("sql", "SELECT 1\nFROM nowhere", status=1)
    assert done.stdout == ""
    assert "\nLine 2, column 6:\nFROM nowhere\n     ^\n" in done.stderr
    assert "is no value; write it as name=value" in at_home("sql", "SELECT :n", "--param", "n", status=2).stderr
    assert "takes :n" in at_home("sql", "SELECT :n", "--param", "m=1", status=1).stderr


def test_a_query_is_kept_and_called(at_home):
    sql = "SELECT :n + 1 AS n, :city AS city"
    assert (
        "next is kept, version 1."
        in at_home("sql", "save", "next", sql, "-p", "n:int=1", "-p", "city:Oslo|Bergen").stdout
    )
    assert json.loads(at_home("udf", "run", "next", "city=Oslo").stdout) == [{"n": 2, "city": "Oslo"}]
    assert json.loads(at_home("udf", "run", "next", "city=Oslo", "n=5").stdout) == [{"n": 6, "city": "Oslo"}]
    assert "wants one of 'Oslo', 'Bergen'" in at_home("udf", "run", "next", "city=Rome", status=1).stderr
    assert "does not declare" in at_home("sql", "save", "next", "SELECT :m", status=1).stderr
    assert "is no kind of a value" in at_home("sql", "save", "next", "SELECT :m", "-p", "m:inch", status=2).stderr
    assert "is no int" in at_home("sql", "save", "next", "SELECT :m", "-p", "m:int=x", status=2).stderr
    assert "version 2" in at_home("sql", "save", "next", "SELECT 1").stdout


def test_tasks_are_listed_shown_and_their_results_fetched(at_home, person):
    at_home("sql", "SELECT 1 AS n", "--name", "first", "--keep", "--format", "table")
    at_home("sql", "SELECT nothing", "--name", "second", status=1)
    listed = json.loads(at_home("tasks", "--json").stdout)
    assert [(one["name"], one["status"]) for one in listed] == [("second", "FAILED"), ("first", "COMPLETED")]
    only = json.loads(at_home("tasks", "list", "--status", "completed", "--since", "2020-01-01", "--json").stdout)
    assert [one["name"] for one in only] == ["first"]
    assert json.loads(at_home("tasks", "--until", "2020-01-01", "--json").stdout) == []
    table = at_home("tasks")
    assert "COMPLETED" in table.stdout
    assert all(words in table.stdout for words in (only[0]["id"], "first", "SELECT 1 AS n", "SQL"))
    assert table.stderr == "2 of 2\n"
    uid = only[0]["id"]
    shown = at_home("tasks", "show", uid).stdout
    assert f"SQL first of {person.username}: COMPLETED" in shown
    assert "SELECT 1 AS n" in shown
    assert "│ 1 │" in at_home("tasks", "result", uid).stdout
    assert f"There is no task {person.username}" in at_home("tasks", "show", person.username, status=1).stderr


def test_a_task_is_cancelled(at_home, person, server):
    slow = "SELECT count(*) FROM range(100000) a, range(100000) b WHERE (a.range * b.range) % 7 = 3"
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(at_home, "sql", slow, "--name", "slow", status=1)

        def running():
            return json.loads(at_home("tasks", "list", "--status", "running", "--json").stdout)

        wait_until(running)
        uid = running()[0]["id"]
        assert at_home("tasks", "cancel", uid).stdout == f"{uid} is cancelled\n"
        assert f"The task was cancelled by {person.username}." in asked.result(20).stderr
    at_home("sql", "SELECT 1", "--name", "done")
    done = json.loads(at_home("tasks", "list", "--status", "completed", "--json").stdout)[0]["id"]
    assert "it has succeeded" in at_home("tasks", "cancel", done, status=1).stderr


def test_a_list_in_a_narrow_terminal_has_whole_ids_and_one_line_each(at_home, tmp_path):
    at_home("sql", "SELECT 'a statement that is longer than what is left of a line' AS long", "--name", "narrow")
    uid = json.loads(at_home("tasks", "--limit", "1", "--json").stdout)[0]["id"]
    host, terminal = pty.openpty()
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "COLUMNS": "80", "TERM": "dumb"}
    command = [sys.executable, "-m", "headrace", "tasks", "--limit", "1"]
    subprocess.run(command, env=environ, stdout=terminal, stderr=subprocess.PIPE, check=True)
    os.close(terminal)
    lines = os.read(host, 65536).decode().splitlines()
    os.close(host)
    (row,) = [line for line in lines if uid in line]
    assert "COMPLETED" in row
    assert "SELECT" in row
    assert len(row) <= 80


def test_the_prompt_takes_statements_until_their_semicolon_and_remembers_them(at_home, tmp_path, server):
    at_home("sql", "SELECT 1")
    host, terminal = pty.openpty()
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "COLUMNS": "80", "TERM": "xterm"}
    command = [sys.executable, "-m", "headrace", "sql"]
    process = subprocess.Popen(command, env=environ, stdin=terminal, stdout=terminal, stderr=terminal, close_fds=True)
    os.close(terminal)
    said = bytearray()

    def until(text: bytes) -> None:
        while text not in said:
            said.extend(os.read(host, 65536))

    try:
        until(b"sql> ")
        os.write(host, b"SELECT 20 + 1\n")
        until(b"...> ")
        os.write(host, b"  AS n, ';' AS semicolon;\n")
        until(b"21")
        until(b"1 row, ")
        said.clear()
        os.write(host, b"SELECT nothing;\n")
        until(b"^")
        os.write(host, b"\\q\n")
        wait_until(lambda: process.poll() is not None)
    finally:
        process.kill()
        os.close(host)
    assert process.wait() == 0
    history = tmp_path / ".local" / "state" / "headrace" / "sql_history"
    assert "SELECT nothing;" in history.read_text()
    assert history.stat().st_mode & 0o777 == 0o600
