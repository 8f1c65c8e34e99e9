"""The warehouse over the wire: schemas that people own and share, files of theirs, and what a statement cannot see.

All of it holds where everything is in the home folder, and where catalogues are in PostgreSQL and Parquet in a bucket.
"""

import io
import threading

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import LIMITS, serving, wait_until
from headrace.store.blobs import Blobs
from tiledb_wire import person as new_person
from tiledb_wire import strict


class Somebody:
    """A person who runs SQL in DuckDB's dialect."""

    def __init__(self, server, name):
        self.person, self._server = new_person(server, name), server
        self.name = self.person.username

    @property
    def id(self):
        return self.api("GET", "/users/me")["id"]

    def ask(self, query, **more):
        with strict(self._server, self.person.key) as web:
            body = {"query": query, "dialect": "duckdb", "result_format": "arrow", **more}
            return web.post(f"/v1/sql/{self.name}", json=body)

    def rows(self, query, **more):
        answer = self.ask(query, **more)
        assert answer.status_code == 200, answer.text
        return [tuple(row.values()) for row in pa.ipc.open_stream(answer.content).read_all().to_pylist()]

    def refused(self, query, **more):
        answer = self.ask(query, **more)
        assert 400 <= answer.status_code < 500, answer.text
        return answer.json()["message"]

    def api(self, verb, path, **options):
        with self._server.client(self.person.key) as http:
            answer = http.request(verb, f"/api{path}", **options)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def put(self, name, table):
        body = io.BytesIO()
        pq.write_table(table, body)
        with self._server.client(self.person.key) as http:
            answer = http.put("/server/v1/files/upload", params={"path": f"fd://{name}"}, content=body.getvalue())
        assert answer.status_code < 300, answer.text


@pytest.fixture(scope="module", params=["in the home", "elsewhere"])
def server(request, tmp_path_factory):
    """A server whose warehouse is in its home folder, and one whose warehouse is in PostgreSQL and S3."""
    home, settings = tmp_path_factory.mktemp("warehouse") / "home", LIMITS
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "elsewhere":
            for name, value in request.getfixturevalue("s3").items():
                patch.setenv(name, value)
            url = request.getfixturevalue("postgresql").fresh()
            settings = settings | {"database_url": url, "store_url": f"s3://headrace/{home.parent.name}"}
        with serving(home, **settings) as one:
            one.settings = settings
            yield one


@pytest.fixture
def ada(server):
    return Somebody(server, "ada")


@pytest.fixture
def bob(server):
    return Somebody(server, "bob")


def test_a_table_without_a_schema_lies_in_ones_own(ada):
    ada.rows("create table prices as select range n, range * 1.5 price from range(100)")
    assert ada.rows("select count(*), sum(n) from prices") == [(100, 4950)]
    assert ada.rows(f"select max(price) from {ada.name}.prices") == [(148.5,)]


def test_what_is_written_is_there_for_the_next_statement_of_any_worker(ada):
    ada.rows("create table t (a int)")
    for n in range(3):
        ada.rows("insert into t values (?)", parameters=[n])
    ada.rows("update t set a = a + 10 where a = 2")
    ada.rows("delete from t where a = 0")
    assert ada.rows("select a from t order by a") == [(1,), (12,)]


def test_a_table_is_read_as_it_was_at_an_earlier_snapshot(ada):
    ada.rows("create table t as select 1 a")
    (before,) = ada.rows(f"select max(snapshot_id) from ducklake_snapshots('{ada.name}')")[0]
    ada.rows("insert into t values (2)")
    assert ada.rows("select count(*) from t") == [(2,)]
    assert ada.rows(f"select count(*) from t at (version => {before})") == [(1,)]


def test_temporary_tables_and_variables_end_with_their_statement(ada):
    assert ada.rows("select a from tt", init_commands=["create temp table tt as select 7 a"]) == [(7,)]
    assert "tt" in ada.refused("select a from tt")


def test_nobody_sees_the_schema_of_another(ada, bob):
    ada.rows("create table secrets as select 'x' word")
    said = bob.refused(f"select * from {ada.name}.secrets")
    nothing = bob.refused("select * from nobody17.secrets")
    assert said.replace(ada.name, "nobody17") == nothing
    folder = "/lake/schema-*/data/**"
    for attack in (f"select * from read_parquet('{folder}')", f"select * from glob('{folder}')"):
        bob.refused(attack)


def test_who_may_read_a_schema_reads_it_and_writes_nothing(ada, bob):
    ada.rows("create table prices as select 1 a")
    (schema,) = [one for one in ada.api("GET", "/schemas") if one["name"] == ada.name]
    share = {"userIds": [bob.id], "permissionLevel": "read"}
    ada.api("PUT", f"/schemas/{schema['id']}/shares/users", json=share)
    assert bob.rows(f"select a from {ada.name}.prices") == [(1,)]
    bob.refused(f"insert into {ada.name}.prices values (2)")
    bob.refused(f"drop table {ada.name}.prices")
    ada.api("PUT", f"/schemas/{schema['id']}/shares/users", json=share | {"permissionLevel": "write"})
    bob.rows(f"insert into {ada.name}.prices values (2)")
    assert ada.rows("select count(*) from prices") == [(2,)]
    ada.api("DELETE", f"/schemas/{schema['id']}/shares/users/{bob.id}")
    bob.refused(f"select a from {ada.name}.prices")


def test_the_catalogue_of_the_database_shows_what_is_in_the_warehouse(ada, bob):
    ada.rows("create table prices (day date not null, price decimal(10, 2))")
    ada.rows("insert into prices values ('2026-01-01', 1.5)")
    (warehouse,) = [one for one in ada.api("GET", "/databases") if one["name"] == "warehouse"]
    assert {"schema": ada.name} in ada.api("GET", f"/databases/{warehouse['id']}/schemas")
    (table,) = ada.api("GET", "/tables", params={"databaseId": warehouse["id"], "schema": ada.name})
    assert (table["name"], table["columnCount"]) == ("prices", 2)
    assert bob.api("GET", "/tables", params={"databaseId": warehouse["id"], "schema": ada.name}) == []


def test_a_schema_is_made_shown_and_deleted_by_its_owner(ada, bob):
    name = f"sales_{ada.name}"
    made = ada.api("POST", "/schemas", json={"name": name})
    ada.rows(f"create table {name}.t as select 1 a")
    assert ada.rows(f"select a from {name}.t") == [(1,)]
    with bob._server.client(bob.person.key) as http:
        assert http.delete(f"/api/schemas/{made['id']}").status_code == 404
        assert http.post("/api/schemas", json={"name": name}).status_code == 409
        assert http.post("/api/schemas", json={"name": "main"}).status_code == 409
    ada.api("DELETE", f"/schemas/{made['id']}")
    ada.refused(f"select a from {name}.t")


def test_nothing_is_left_of_a_schema_that_was_deleted(server, ada):
    made = ada.api("POST", "/schemas", json={"name": f"gone_{ada.name}"})
    ada.rows(f"create table gone_{ada.name}.t as select range a from range(1000)")
    url, store = server.settings.get("database_url"), server.settings.get("store_url")
    folder = server.home / "lake" / "schemas" / str(made["id"])

    def kept():
        found = [path for path in folder.rglob("*") if path.suffix in (".sqlite", ".parquet")]
        if url:
            with psycopg.connect(url) as one:
                found += one.execute("select 1 from pg_namespace where nspname = %s", [f"lake_{made['id']}"]).fetchall()
                database = one.execute("select oid from pg_database where datname = current_database()").fetchone()[0]
                roles = [f"headrace_{database}_{made['id']}_{right}" for right in "rw"]
                found += one.execute("select 1 from pg_roles where rolname = any(%s)", [roles]).fetchall()
        return found + (list(Blobs(store).scan(f"lake/{made['id']}")) if store else [])

    assert len(kept()) == (4 if url else 2)
    ada.api("DELETE", f"/schemas/{made['id']}")
    assert kept() == []


def test_a_shared_schema_that_nobody_wrote_to_is_empty_and_then_shows_what_is_written(ada, bob):
    name = f"empty_{ada.name}"
    made = ada.api("POST", "/schemas", json={"name": name})
    share = {"userIds": [bob.id], "permissionLevel": "read"}
    ada.api("PUT", f"/schemas/{made['id']}/shares/users", json=share)
    assert bob.rows(f"select count(*) from duckdb_tables() where database_name = '{name}'") == [(0,)]
    ada.rows(f"create table {name}.t as select 1 a")
    assert bob.rows(f"select a from {name}.t") == [(1,)]


def test_a_file_of_the_store_is_a_table_and_joins_one(ada, bob):
    ada.put("shop/sales.parquet", pa.table({"sku": [1, 2, 2], "n": [5, 6, 7]}))
    ada.rows("create table goods as select 2 sku, 'lamp' title")
    query = "select title, sum(n) from 'fd://shop/sales.parquet' join goods using (sku) group by title"
    assert ada.rows(query) == [("lamp", 13)]
    assert "fd://shop/sales.parquet" in bob.refused("select * from 'fd://shop/sales.parquet'")
    ada.put("shop/sales.parquet", pa.table({"sku": [2], "n": [1]}))
    assert ada.rows(query) == [("lamp", 1)]


@pytest.mark.parametrize(
    "attack",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from '/etc/passwd'",
        "select * from read_text('/proc/self/environ')",
        "attach '/tmp/x.db' as x",
        "copy (select 1) to '/tmp/x.csv'",
        "install httpfs",
        "load spatial",
        "set enable_external_access = true",
        "set memory_limit = '100GB'",
        "pragma database_list",
        "select * from sqlite_scan('/lake/schema-1/catalogue.sqlite', 'ducklake_table')",
        "select * from postgres_scan('host=/lake/door-1 user=x dbname=x', 'lake_1', 'ducklake_table')",
        "select * from postgres_query('__ducklake_metadata_ada', 'select current_user')",
        "call postgres_execute('__ducklake_metadata_ada', 'drop schema lake_1 cascade')",
        "attach 'host=/lake/door-1 user=x dbname=x' as p (type postgres)",
        "select * from 'lake://1/main/t/x.parquet'",
        "select * from read_parquet('lake://2/**')",
        "select * from glob('lake://**')",
        "copy (select 1 a) to 'lake://1/x.parquet'",
        "call ducklake_expire_snapshots('x')",
        "export database '/tmp/x'",
        "select * from duckdb_settings()",
        "select * from cursor",
        "select * from st_read('/etc/passwd')",
        "select getenv('HOME')",
        "from query('select 1')",
        "select * from glob('/*')",
    ],
)
def test_sql_cannot_read_the_machine(ada, attack):
    said = ada.refused(attack)
    assert "root:" not in said
    assert ada.rows("select 1") == [(1,)]


def test_a_statement_over_the_limit_is_refused_before_it_is_read(ada):
    assert "KiB" in ada.refused("select '" + "x" * (2 << 20) + "'")


def test_a_runaway_statement_ends_at_the_limits_and_the_next_one_works(ada):
    said = ada.refused("select count(*) from (select distinct a.range, b.range from range(100000) a, range(100000) b)")
    assert "memory" in said.lower()
    assert ada.rows("select 1") == [(1,)]


def test_a_group_that_is_called_like_somebody_opens_nothing_of_theirs(server, ada, bob):
    bob.rows("create table t as select 1 a")
    with server.client() as admin:
        group = admin.post("/api/groups", json={"name": bob.name}).json()
        assert group["slug"] == bob.name
        assert admin.put(f"/api/groups/{group['id']}/members/{ada.id}").is_success
    with strict(server, ada.person.key) as web:
        assert web.get("/v1/tasks", params={"created_by": bob.name}).json()["array_tasks"] == []
        assert web.post(f"/v1/sql/{bob.name}", json={"query": "select 1"}).status_code == 404


def test_a_statement_whose_array_somebody_made_meanwhile_has_failed_and_says_so(server, ada):
    uri = f"tiledb://{ada.name}/late"
    slow = "with recursive n(a) as (select 0 union all select a + 1 from n where a < 1500) "
    answers = []

    def make():
        options = "k int dimension=1 lower_bound='0' upper_bound='9' tile_extent='1', v int"
        query = f"create table `{uri}` ({options}) engine=mytile"
        count = "select count(*) from n x, n y, n z where (x.a * y.a + z.a) % 7 = 3 and z.a < 40"
        answers.append(ada.ask(query, dialect="mysql", name="late", init_commands=[slow + count]))

    making = threading.Thread(target=make)
    making.start()
    with strict(server, ada.person.key) as web:

        def late():
            return web.get("/v1/tasks", params={"search": "late"}).json()["array_tasks"]

        wait_until(lambda: [one["status"] for one in late()] == ["RUNNING"])
        web.post(f"/v1/arrays/{ada.name}/late/register", json={"name": "late"})
        making.join()
        assert (answers[0].status_code, late()[0]["status"]) == (409, "FAILED")
        assert f"There is an array {uri} already" in late()[0]["status_message"]
