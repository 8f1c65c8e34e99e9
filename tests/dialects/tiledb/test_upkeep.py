"""What a schema's earlier snapshots keep goes when who manages it says so: room is made, and the rest is read on.

It holds where everything is in the home folder, and where catalogues are in PostgreSQL and Parquet in a bucket.
"""

import uuid

import pytest

from conftest import serving
from tiledb_wire import person as new_person
from tiledb_wire import strict

NOW = "older_than => now()"


@pytest.fixture(scope="module", params=["in the home", "elsewhere"])
def tight(request, tmp_path_factory):
    """A server that keeps 8 MB of one owner's, in either place."""
    home, settings = tmp_path_factory.mktemp("tight") / "home", {"lake_mb": 8, "workers": 2}
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "elsewhere":
            for name, value in request.getfixturevalue("s3").items():
                patch.setenv(name, value)
            url = request.getfixturevalue("postgresql").fresh()
            settings |= {"database_url": url, "store_url": f"s3://headrace/{home.parent.name}"}
        with serving(home, **settings) as one:
            yield one


class Somebody:
    """A person who runs SQL in DuckDB's dialect."""

    def __init__(self, server, name):
        self.person, self.server = new_person(server, f"{name}{uuid.uuid4().hex[:6]}"), server
        self.name = self.person.username

    def ask(self, query, **more):
        with strict(self.server, self.person.key) as http:
            return http.post(f"/v1/sql/{self.name}", json={"query": query, "dialect": "duckdb", **more})

    def rows(self, query):
        answer = self.ask(query)
        assert answer.status_code == 200, answer.text
        return [tuple(row.values()) for row in answer.json() or ()]

    def refused(self, query):
        answer = self.ask(query)
        assert 400 <= answer.status_code < 500, answer.text
        return answer.status_code, answer.json()["message"]

    def call(self, function, *given, of=None):
        return self.rows(f"CALL ducklake_{function}({', '.join([f'{chr(39)}{of or self.name}{chr(39)}', *given])})")

    def last(self):
        return self.rows(f"SELECT max(snapshot_id) FROM ducklake_snapshots('{self.name}')")[0][0]

    def lend(self, other, level):
        with other.server.client(other.person.key) as http:
            other_id = http.get("/api/users/me").json()["id"]
        with self.server.client(self.person.key) as http:
            (schema,) = [one for one in http.get("/api/schemas").json() if one["name"] == self.name]
            share = {"userIds": [other_id], "permissionLevel": level}
            assert http.put(f"/api/schemas/{schema['id']}/shares/users", json=share).status_code == 200


@pytest.fixture
def ada(tight):
    return Somebody(tight, "ada")


@pytest.fixture
def bob(tight):
    return Somebody(tight, "bob")


def fill(somebody):
    """Write to a table, a little at a time, until there is no more room. How often, and what the refusal says."""
    somebody.rows("CREATE TABLE big (n BIGINT, h UBIGINT)")
    written = 0
    for number in range(40):
        answer = somebody.ask(f"INSERT INTO big SELECT range, hash(range * 3 + {number}) FROM range(100_000)")
        if answer.status_code == 413:
            return written, answer.json()["message"]
        # The one that goes over the bound may be ended while it is written, where that takes long.
        assert answer.status_code == 200 or "HEADRACE_LAKE_MB" in answer.json()["message"], answer.text
        written += answer.status_code == 200
    pytest.fail("there was room for 40 times 0.8 MB")


def test_a_dropped_table_makes_room_once_its_snapshots_are_gone(ada):
    written, said = fill(ada)
    assert "ducklake_expire_snapshots" in said
    assert "ducklake_cleanup_old_files" in said
    ada.rows("DROP TABLE big")
    assert ada.refused("CREATE TABLE other AS SELECT 1 AS a")[0] == 413
    ada.call("expire_snapshots", NOW)
    assert ada.refused("CREATE TABLE other AS SELECT 1 AS a")[0] == 413
    assert len(ada.call("cleanup_old_files", "cleanup_all => true")) >= written > 1
    ada.rows("CREATE TABLE other AS SELECT 1 AS a")
    assert ada.rows("SELECT a FROM other") == [(1,)]


def test_deleted_rows_make_room_once_their_files_are_written_anew(ada):
    fill(ada)
    (count,) = ada.rows("SELECT count(*) FROM big WHERE n < 20_000")[0]
    ada.rows("DELETE FROM big WHERE n >= 20_000")
    assert ada.refused("INSERT INTO big VALUES (1, 1)")[0] == 413
    ada.call("rewrite_data_files", "delete_threshold => 0.1")
    ada.call("merge_adjacent_files")
    ada.call("expire_snapshots", NOW)
    ada.call("cleanup_old_files", "cleanup_all => true")
    ada.rows("INSERT INTO big VALUES (1, 1)")
    assert ada.rows("SELECT count(*), max(n) FROM big") == [(count + 1, 19_999)]


def test_snapshots_that_are_kept_are_read_as_they_were_by_everybody(ada, bob):
    ada.rows("CREATE TABLE t AS SELECT range n FROM range(1000)")
    gone = ada.last()
    ada.lend(bob, "read")
    ada.rows("DELETE FROM t WHERE n < 500")
    ada.rows("INSERT INTO t SELECT range FROM range(2000, 2100)")
    kept = ada.last()
    ada.rows("DELETE FROM t WHERE n >= 2000")
    before = [ada.rows(f"SELECT count(*), sum(n) FROM t AT (VERSION => {one})") for one in (gone, kept)]
    ada.call("merge_adjacent_files")
    ada.call("expire_snapshots", f"versions => [{', '.join(map(str, range(kept)))}]")
    ada.call("cleanup_old_files", "cleanup_all => true")
    for one, table in ((ada, "t"), (bob, f"{ada.name}.t")):
        assert one.rows(f"SELECT count(*), sum(n) FROM {table} AT (VERSION => {kept})") == before[1]
        assert one.rows(f"SELECT count(*), min(n) FROM {table}") == [(500, 500)]
        assert one.refused(f"SELECT count(*) FROM {table} AT (VERSION => {gone})")[0] == 422


def test_what_is_younger_is_kept(ada):
    ada.rows("CREATE TABLE t AS SELECT range n FROM range(100_000)")
    ada.rows("DROP TABLE t")
    week = "older_than => now() - INTERVAL '7 days'"
    assert ada.call("expire_snapshots", week) == []
    assert ada.call("cleanup_old_files", week) == []
    assert ada.rows(f"SELECT count(*) FROM t AT (VERSION => {ada.last() - 1})") == [(100_000,)]


@pytest.mark.parametrize(("level", "may"), [("read", False), ("write", False), ("manage", True)])
def test_who_manages_a_schema_lets_its_snapshots_expire_and_nobody_else(ada, bob, level, may):
    ada.rows("CREATE TABLE t AS SELECT 1 AS n")
    ada.rows("INSERT INTO t VALUES (2)")
    ada.rows("CREATE TABLE u AS SELECT range n FROM range(100_000)")
    ada.rows("DROP TABLE u")
    before = ada.rows(f"SELECT count(*) FROM ducklake_snapshots('{ada.name}')")
    ada.lend(bob, level)
    calls = [f"CALL ducklake_expire_snapshots('{ada.name}', {NOW})"]
    calls.append(f"CALL ducklake_cleanup_old_files('{ada.name}', cleanup_all => true)")
    if may:
        for text in calls:
            bob.rows(text)
        assert ada.rows(f"SELECT count(*) FROM ducklake_snapshots('{ada.name}')") == [(1,)]
        return
    status, said = bob.refused(calls[0])
    assert (status, "Only who manages a schema" in said) == (422, True), said
    bob.refused(f"SELECT 1; {calls[0]}")
    assert ada.rows(f"SELECT count(*) FROM ducklake_snapshots('{ada.name}')") == before
    ada.rows(calls[0])
    bob.refused(calls[1])
    assert len(ada.rows(calls[1])) >= 1


def test_nothing_expires_in_a_schema_of_somebody_else_s(ada, bob):
    ada.rows("CREATE TABLE t AS SELECT 1 AS n")
    bob.rows("CREATE TABLE t AS SELECT 1 AS n")
    bob.refused(f"CALL ducklake_expire_snapshots('{ada.name}', {NOW})")
    bob.refused(f"CALL ducklake_cleanup_old_files('{ada.name}', cleanup_all => true)")


def test_what_could_be_rolled_back_deletes_no_file(ada):
    ada.rows("CREATE TABLE t AS SELECT range n FROM range(100_000)")
    ada.rows("CREATE TABLE u AS SELECT 1 AS n")
    expire = f"CALL ducklake_expire_snapshots('{ada.name}', {NOW})"
    cleanup = f"CALL ducklake_cleanup_old_files('{ada.name}', cleanup_all => true)"
    assert "CALL stands by itself" in ada.refused(f"BEGIN; DROP TABLE t; {expire}; {cleanup}; ROLLBACK")[1]
    assert "CALL stands by itself" in ada.ask(cleanup, init_commands=["BEGIN"]).json()["message"]
    assert ada.rows("SELECT count(*) FROM t") == [(100_000,)]
    ada.rows(f"DROP TABLE t; {expire}; {cleanup}")
    assert ada.rows("SELECT n FROM u") == [(1,)]
