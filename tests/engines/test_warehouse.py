"""The warehouse itself: what several processes write at once, what a killed one leaves, and the 22 queries of TPC-H.

A schema is in a folder, or elsewhere: described in PostgreSQL, with its Parquet in a bucket.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import msgspec
import pytest

from conftest import wait_until
from headrace.db.engine import Database
from headrace.engines import _duckdb, tiledb
from headrace.engines._duckdb import extension
from headrace.engines._problems import SqlError, of_duckdb
from headrace.model.query import Query, Schema
from headrace.services.doors import Doors
from headrace.settings import Settings
from headrace.store.blobs import Blobs
from headrace.store.cipher import Cipher

WRITER = """
import sys
import msgspec
from headrace.engines import _duckdb, tiledb
from headrace.model.query import Query, Schema

schema = msgspec.json.decode(sys.argv[1], type=Schema)
who, rows = int(sys.argv[2]), int(sys.argv[3])
_duckdb.SCRATCH = f"{schema.path}-{who}"
connection = _duckdb.connect([schema], memory=1 << 30, threads=1)
for n in range(rows):
    query = Query(text="insert into s.t values (?, ?)", dialect="duckdb", parameters=[who, n])
    tiledb.run(connection.cursor(), query)
    print(n, flush=True)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """The folder of a schema."""
    monkeypatch.setattr(_duckdb, "SCRATCH", str(tmp_path / "scratch"))
    (tmp_path / "schema" / "data").mkdir(parents=True)
    return tmp_path / "schema"


@pytest.fixture(params=["folder", "elsewhere"])
def place(request, folder, tmp_path_factory):
    """A schema, for who may write it or may not."""
    if request.param == "folder":
        yield lambda *, writable=True: Schema(name="s", path=str(folder), writable=writable)
        return
    home = tmp_path_factory.mktemp("door")
    url = request.getfixturevalue("postgresql").fresh()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in request.getfixturevalue("s3").items():
            patch.setenv(name, value)
        blobs = Blobs(f"s3://headrace/{home.name}")
    doors = Doors(Settings(home=home, database_url=url), Database(url), blobs, Cipher(bytes(32)))

    def told(*, writable=True):
        path = doors.open(1, writable=writable, catalogue=True, store=True)
        more = {"catalogue": "lake_1", "store": "lake://1/", "held": doors.holds(1)}
        return Schema(name="s", path=str(folder), writable=writable, door=f"{home}/lake/{path}", **more)

    yield told
    assert not list((folder / "data").iterdir()), "what is elsewhere is not here as well"
    doors.close()
    doors._db.close()


def opened(place, *, writable=True):
    return connected(place(writable=writable))


def connected(schema):
    return _duckdb.connect([schema], memory=1 << 30, threads=2)


def rows(connection, text, *parameters):
    found = tiledb.run(connection.cursor(), Query(text=text, dialect="duckdb", parameters=list(parameters)))
    table = found if hasattr(found, "num_columns") else found.read_all()
    return [tuple(row.values()) for row in table.to_pylist()]


def writer(place, who, count):
    command = [sys.executable, "-c", WRITER, msgspec.json.encode(place()), str(who), str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_processes_that_write_at_once_lose_and_double_nothing(place):
    connection = opened(place)
    rows(connection, "create table s.t (who int, n int)")
    writers = [writer(place, who, 12) for who in range(3)]
    for one in writers:
        one.communicate()
    assert [one.returncode for one in writers] == [0, 0, 0]
    assert rows(connection, "select who, count(*), count(distinct n) from s.t group by who order by who") == [
        (0, 12, 12),
        (1, 12, 12),
        (2, 12, 12),
    ]


def test_a_read_that_lasts_does_not_hold_up_a_write_nor_see_it(place):
    connection = opened(place)
    rows(connection, "create table s.t as select * from range(3_000_000) t(n)")
    reading = opened(place, writable=False)
    query = Query(text="select n, n::varchar from s.t", dialect="duckdb")
    found = tiledb.run(reading.cursor(), query)
    count = found.read_next_batch().num_rows
    for n in range(3):
        rows(connection, "insert into s.t values (?)", n)
    assert rows(opened(place, writable=False), "select count(*) from s.t") == [(3_000_003,)]
    assert count + sum(batch.num_rows for batch in found) == 3_000_000


def test_a_transaction_that_others_came_before_is_told_to_run_again(place):
    first, second = opened(place), opened(place)
    rows(first, "create table s.t as select 1 as n")
    late = second.cursor()
    late.execute("begin")
    late.execute("update s.t set n = 3")
    rows(first, "update s.t set n = 2")
    with pytest.raises(duckdb.Error) as refused:
        late.execute("commit")
    error = of_duckdb(refused.value, "commit")
    assert (error.status, error.message) == (
        409,
        "Others changed the same tables at the same time first; nothing is written. Run it again.",
    )
    assert rows(second, "select n from s.t") == [(2,)]


def test_a_killed_writer_leaves_what_it_said_was_written_and_nothing_by_halves(place):
    connection = opened(place)
    rows(connection, "create table s.t (who int, n int)")
    with writer(place, 7, 100_000) as one:
        for _ in range(3):
            one.stdout.readline()
        os.kill(one.pid, signal.SIGKILL)
        said = 3 + len(one.stdout.read().splitlines())
    found = [n for (n,) in rows(connection, "select n from s.t order by n")]
    assert found == list(range(len(found)))
    assert len(found) - said in (0, 1)
    rows(connection, "insert into s.t values (8, 0)")
    assert rows(connection, "select count(*) from s.t") == [(len(found) + 1,)]


def test_a_killed_create_table_is_not_there(folder):
    schema = Schema(name="s", path=str(folder), writable=True)
    connection = connected(schema)
    text = "create table s.big as select range n, hash(range) h, hash(range + 1) i from range(200_000_000)"
    code = WRITER.replace("insert into s.t values (?, ?)", text).replace("parameters=[who, n]", "parameters=[]")
    with subprocess.Popen(
        [sys.executable, "-c", code, msgspec.json.encode(schema), "1", "1"], stdout=subprocess.PIPE
    ) as one:
        wait_until(lambda: any(path.stat().st_size > 1 << 20 for path in (folder / "data").rglob("*.parquet")))
        one.kill()
    assert rows(connection, "select count(*) from duckdb_tables() where table_name = 'big'") == [(0,)]
    rows(connection, "create table s.big as select 1 n")
    assert rows(connection, "select * from s.big") == [(1,)]


NAMES = ("plain", "with space", "quo'te", "dot.ted", "sl/ash", "../up", "großer", "emoji 🌊", "UPPER", "x" * 60)


@pytest.mark.parametrize("name", NAMES)
def test_a_table_of_any_name_is_written_and_read(place, name):
    connection, called = opened(place), _duckdb.quoted(name)
    rows(connection, f"create table s.{called} as select range n from range(1000)")
    rows(connection, f"delete from s.{called} where n % 2 = 0")
    assert rows(connection, f"select count(*), sum(n) from s.{called}") == [(500, 250_000)]
    assert rows(opened(place, writable=False), f"select max(n) from s.{called}") == [(999,)]


WAYS_ROUND = (
    "select * from sqlite_scan('{folder}/catalogue.sqlite', 'ducklake_table')",
    "create table s.x as select table_name from sqlite_scan('{folder}/catalogue.sqlite', 'ducklake_table')",
    "insert into s.t select table_id from sqlite_scan('{folder}/catalogue.sqlite', 'ducklake_table')",
    "update s.t set a = (select max(table_id) from sqlite_scan('{folder}/catalogue.sqlite', 'ducklake_table'))",
    "attach '{folder}/catalogue.sqlite' as q (type sqlite)",
    "select * from glob('{folder}/data/**')",
    "copy (select 1 a) to '{folder}/data/x.parquet'",
    "select * from __ducklake_metadata_s.ducklake_table",
    "create macro s.m() as table select * from sqlite_scan('{folder}/catalogue.sqlite', 'ducklake_table')",
)


@pytest.mark.parametrize("text", WAYS_ROUND)
def test_what_duckdb_would_let_through_is_refused_before_it_is_asked(folder, text):
    connection = connected(Schema(name="s", path=str(folder), writable=True))
    rows(connection, "create table s.t as select 1 a")
    text = text.format(folder=folder)
    with pytest.raises(SqlError):
        rows(connection, text)
    assert rows(connection, "select * from s.t") == [(1,)]
    connection.execute(text)  # its own locks do not hold this: were it refused by them, nothing would be seen above


def test_who_may_only_read_writes_nothing(place):
    rows(opened(place), "create table s.t as select range a from range(2)")
    rows(opened(place), "delete from s.t where a = 0")
    reader = opened(place, writable=False)
    assert rows(reader, "select a from s.t") == [(1,)]
    with pytest.raises(Exception, match="read-only"):
        rows(reader, "insert into s.t values (2)")


def test_a_schema_that_nobody_wrote_to_is_empty_for_who_may_only_read(place):
    assert rows(opened(place, writable=False), "select count(*) from duckdb_tables() where database_name = 's'") == [
        (0,)
    ]


@pytest.fixture(scope="module")
def tpch(tmp_path_factory):
    """The data of TPC-H at scale factor 1 in a schema of the warehouse; the queries, and the answers they have."""
    root = tmp_path_factory.mktemp("tpch")
    (root / "schema" / "data").mkdir(parents=True)
    maker = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    for name in ("tpch", "ducklake", "sqlite_scanner"):
        maker.execute(f"LOAD '{extension(name)}'")
    maker.execute("CALL dbgen(sf = 1)")
    catalogue = f"ducklake:sqlite:{root}/schema/catalogue.sqlite"
    maker.execute(f"ATTACH '{catalogue}' AS s (DATA_PATH '{root}/schema/data/')")
    for (name,) in maker.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'memory'").fetchall():
        maker.execute(f"CREATE TABLE s.{name} AS FROM memory.{name}")
    queries = dict(maker.execute("SELECT query_nr, query FROM tpch_queries()").fetchall())
    answers = dict(maker.execute("SELECT query_nr, answer FROM tpch_answers() WHERE scale_factor = 1").fetchall())
    maker.close()
    before, _duckdb.SCRATCH = _duckdb.SCRATCH, str(root / "scratch")
    connection = connected(Schema(name="s", path=str(root / "schema"), writable=True))
    connection.execute("USE s")
    yield connection, queries, answers
    connection.close()
    _duckdb.SCRATCH = before


@pytest.mark.parametrize("number", range(1, 23))
def test_tpch(tpch, number):
    connection, queries, answers = tpch
    cursor = connection.cursor()
    cursor.execute("USE s")
    found = tiledb.run(cursor, Query(text=queries[number], dialect="duckdb"))
    table = found if hasattr(found, "num_columns") else found.read_all()
    header, *lines = answers[number].strip("\n").splitlines()
    assert table.num_columns == len(header.split("|"))  # an expression without a name is called as it is written
    got = [tuple(row.values()) for row in table.to_pylist()]
    assert len(got) == len(lines)
    for row, line in zip(got, lines, strict=True):
        for value, text in zip(row, line.split("|"), strict=True):
            if isinstance(value, int | str) or value is None or hasattr(value, "isoformat"):
                assert str(value) == text
            else:
                assert float(value) == pytest.approx(float(text), rel=1e-9, abs=0.01)
