"""One promise for everything that runs SQL: values as they are, NULLs, parameters, places of errors, streams, an end.

Every engine of `headrace/engines` that runs SQL is held to it, in the dialect that it is for, over a table of its own
kind: DuckDB over the warehouse, TileDB over an array.
"""

from datetime import date, datetime
from types import SimpleNamespace

import pyarrow as pa
import pytest

from calling import asked
from conftest import wait_until
from headrace.engines import ENGINES
from tiledb_wire import person as new_person
from tiledb_wire import strict

RUNNING_SQL = [name for name in ENGINES.names if ENGINES[name].run is not None]
CASES = {
    "duckdb": SimpleNamespace(
        dialect="duckdb",
        table="{name}.cells",
        make="create table cells (k bigint, i integer, x double, s varchar, b boolean, d date, t timestamp)",
        quote='"',
    ),
    "tiledb": SimpleNamespace(
        dialect="mysql",
        table="`tiledb://{name}/cells`",
        make=(
            "create table `tiledb://{name}/cells` (k bigint dimension=1 lower_bound='0' upper_bound='1000000' "
            "tile_extent='1000', i int null, x double null, s varchar(100) null, b bool null, d date null, "
            "t datetime(6) null) engine=mytile array_type='SPARSE'"
        ),
        quote="`",
    ),
}
moment = datetime.fromisoformat
ROWS = [  # moments without a zone, as columns have them
    (0, 1, 0.5, "plain", True, date(2026, 1, 31), moment("2026-01-31 12:30:15.250")),
    (1, -(2**31), -1e300, "quote ' and \" and \\", False, date(1970, 1, 1), moment("1970-01-01")),
    (2, None, None, None, None, None, None),
    (3, 2**31 - 1, 1e-300, "žluťoučký 🐎", True, date(2038, 1, 19), moment("2038-01-19 03:14:08")),
]


def test_every_engine_has_a_case():
    assert sorted(CASES) == RUNNING_SQL


@pytest.fixture(scope="module", params=sorted(CASES))
def desk(request, server):
    """Somebody with a table of these rows."""
    case = CASES[request.param]
    person = new_person(server, request.param)
    table = case.table.format(name=person.username)

    def ask(query, **more):
        with strict(server, person.key) as web:
            body = {"query": query, "dialect": case.dialect, "result_format": "arrow", **more}
            return web.post(f"/v1/sql/{person.username}", json=body)

    def rows(query, **more):
        answer = ask(query, **more)
        assert answer.status_code == 200, answer.text
        return [tuple(row.values()) for row in pa.ipc.open_stream(answer.content).read_all().to_pylist()]

    rows(case.make.format(name=person.username))
    for row in ROWS:
        values = [str(one) if isinstance(one, date) else one for one in row]
        rows(f"insert into {table} values (?, ?, ?, ?, ?, ?, ?)", parameters=values)
    return SimpleNamespace(case=case, person=person, table=table, ask=ask, rows=rows, server=server)


def test_values_come_back_as_they_were(desk):
    assert desk.rows(f"select k, i, x, s, b, d, t from {desk.table} order by k") == ROWS


def test_nulls_are_nulls(desk):
    assert desk.rows(f"select k from {desk.table} where i is null") == [(2,)]
    assert desk.rows(f"select count(i), count(*) from {desk.table}") == [(3, 4)]
    assert desk.rows(f"select coalesce(s, 'none') from {desk.table} where k = 2") == [("none",)]


def test_parameters_are_values_and_never_sql(desk):
    evil = "x' or '1'='1"
    assert desk.rows(f"select k from {desk.table} where s = ?", parameters=[evil]) == []
    assert desk.rows("select ? a", parameters=[evil]) == [(evil,)]
    assert desk.rows(f"select k from {desk.table} where k in (?, ?) order by k", parameters=[0, 3]) == [(0,), (3,)]
    assert desk.rows(f"select s from {desk.table} where s = ?", parameters=[ROWS[3][3]]) == [(ROWS[3][3],)]


@pytest.mark.parametrize("given", [[], [1, 2]])
def test_too_few_and_too_many_parameters_are_refused(desk, given):
    answer = desk.ask("select ? a", parameters=given)
    assert answer.status_code == 422
    assert "parameter" in answer.json()["message"].lower()


def test_an_error_says_where_it_is(desk):
    answer = desk.ask(f"select k,\n  nosuch\nfrom {desk.table}")
    assert answer.status_code == 422
    said = answer.json()["message"]
    assert "Line 2, column 3" in said
    assert "  nosuch\n  ^" in said
    assert "/lake" not in said
    assert "Traceback" not in said


def test_sums_of_integers_are_integers(desk):
    ((total, whole),) = desk.rows(f"select sum(k), count(*) from {desk.table}")
    assert (total, type(total), whole, type(whole)) == (6, int, 4, int)


def test_a_million_rows_come_as_a_stream_of_batches(desk):
    many = "with recursive n(a) as (select 0 union all select a + 1 from n where a < 999) "
    query = many + "select x.a * 1000 + y.a v from n x cross join n y"
    answer = desk.ask(query)
    assert answer.status_code == 200, answer.text[:300]
    reader = pa.ipc.open_stream(answer.content)
    sizes = [batch.num_rows for batch in reader]
    assert sum(sizes) == 1_000_000
    assert max(sizes) <= 200_000


def test_a_cancelled_statement_ends_at_once_and_the_next_one_is_answered(desk):
    many = "with recursive n(a) as (select 0 union all select a + 1 from n where a < 3000) "
    slow = many + "select count(*) from n x, n y, n z where (x.a * y.a + z.a) % 7 = 3"
    name = f"slow {desk.case.dialect}"
    with strict(desk.server, desk.person.key) as web:

        def state():
            return [one["status"] for one in web.get("/v1/tasks", params={"search": name}).json()["array_tasks"]]

        body = {"query": slow, "dialect": desk.case.dialect, "name": name}
        with asked(web, "POST", f"/v1/sql/{desk.person.username}", body):
            wait_until(lambda: state() == ["RUNNING"])
        wait_until(lambda: state() == ["CANCELLED"], 20)
    assert desk.rows("select 1 a") == [(1,)]


def test_a_stranger_sees_no_table_of_anybody(desk):
    stranger = new_person(desk.server, "stranger")
    with strict(desk.server, stranger.key) as web:
        for query in (f"select * from {desk.table}", f"insert into {desk.table} (k) values (9)"):
            body = {"query": query, "dialect": desk.case.dialect}
            assert web.post(f"/v1/sql/{stranger.username}", json=body).status_code in (404, 422)
        body = {"query": "select 1", "dialect": desk.case.dialect}
        assert web.post(f"/v1/sql/{desk.person.username}", json=body).status_code == 404
