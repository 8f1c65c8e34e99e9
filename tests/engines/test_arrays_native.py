"""Statements in DuckDB's own dialect over the same arrays and files."""

from contextlib import closing

import numpy as np
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet
import pytest
import tiledb

from headrace.engines import _duckdb
from headrace.engines import tiledb as engine
from headrace.engines._problems import SqlError
from headrace.errors import HeadraceError
from headrace.model.query import Place, Query


def rows(desk, text, *parameters, **options):
    return desk.rows(text, *parameters, dialect="duckdb", **options)


def test_arrays_are_tables_under_their_names(quickstart):
    text = (
        """FROM "tiledb://ada/dense" d JOIN 'tiledb://ada/sparse' s USING ("rows", cols) SELECT d.a, s.a ORDER BY ALL"""
    )
    assert rows(quickstart, text) == [(1, 1), (7, 2), (8, 3)]
    assert rows(quickstart, 'SELECT sum(a) AS s FROM "tiledb://ada/dense" WHERE "rows" = 1') == [(10,)]
    assert rows(quickstart, 'SELECT sum(a) FROM "tiledb://ada/dense" WHERE "rows" = ?', 2) == [(26,)]
    assert rows(quickstart, """SELECT value FROM "tiledb://ada/dense@metadata" WHERE key = 'title'""") == [
        ("four by four",)
    ]
    assert rows(quickstart, 'SELECT count(*) FROM "tiledb://ada/dense@1"') == [(0,)]


def test_what_sqlglot_does_not_read_is_answered_all_the_same(quickstart):
    text = 'SELECT count(*) FILTER (a > 3) FROM (FROM "tiledb://ada/dense" POSITIONAL JOIN range(16) LIMIT 16)'
    assert rows(quickstart, text) == [(13,)]


def test_several_statements_are_run_and_the_last_answers(desk):
    text = "CREATE TEMP TABLE t AS SELECT 1 a; INSERT INTO t VALUES (?); SELECT sum(a) + ? FROM t"
    assert rows(desk, text, 2, 10) == [(13,)]
    assert rows(desk, "SELECT 1; CREATE TEMP TABLE t (a INT)") == []
    assert rows(desk, "CREATE TEMP TABLE t (a INT); INSERT INTO t VALUES (1) RETURNING a + 1") == [(2,)]


def test_a_query_that_fails_while_rows_are_read_says_why_each_time(tmp_path, monkeypatch):
    monkeypatch.setattr(_duckdb, "SCRATCH", str(tmp_path))
    text = "SELECT CASE WHEN i = 900000 THEN error('row ' || i) ELSE i END AS i FROM range(1000000) t(i)"
    with closing(_duckdb.connect([], memory=1 << 30, threads=2)) as connection:
        for _ in range(150):
            with closing(connection.cursor()) as cursor, pytest.raises(SqlError, match="Row 900000"):
                engine.run(cursor, Query(text=text, dialect="duckdb")).read_all()


def test_a_statement_that_ends_too_soon_is_shown_where(desk):
    with pytest.raises(SqlError, match="end of input") as refused:
        rows(desk, "SELECT\n  1 +\n")
    assert (refused.value.line, refused.value.column) == (2, 6)


def test_the_warehouse_is_written(desk):
    rows(desk, "INSERT INTO ada.people VALUES (3, 'Cy'); UPDATE ada.people SET name = 'Di' WHERE id = 1")
    rows(desk, "CREATE TABLE ada.more AS SELECT * FROM ada.people; DELETE FROM ada.people WHERE id = 2")
    assert rows(desk, "SELECT * FROM ada.people ORDER BY id") == [(1, "Di"), (3, "Cy")]
    assert rows(desk, "SELECT count(*) FROM ada.more") == [(3,)]
    with pytest.raises(SqlError, match=r"Say in which schema, as in CREATE TABLE name\.lost"):
        rows(desk, "CREATE TABLE lost (a INT)")


def test_arrays_are_written_as_in_the_other_dialect(desk):
    desk.place("t")
    desk.run("CREATE TABLE `tiledb://ada/t` (id INT dimension=1, n INT) ENGINE=MyTile")
    rows(desk, 'INSERT INTO "tiledb://ada/t" SELECT id, id * 10 FROM ada.people WHERE id < ?', 3)
    rows(desk, 'UPDATE "tiledb://ada/t" SET n = n + 1 WHERE id = 2')
    rows(desk, 'DELETE FROM "tiledb://ada/t" WHERE id = 1')
    assert rows(desk, 'FROM "tiledb://ada/t"') == [(2, 21)]
    with pytest.raises(HeadraceError, match="Every row needs a value"):
        rows(desk, 'INSERT INTO "tiledb://ada/t" (n) VALUES (1)')


def test_files_of_every_kind_are_tables(desk):
    table = pa.table({"a": [1, 2, 3], "s": ["x", "y", None]})
    (desk.folder / "f.csv").write_text("a,s\n1,x\n2,y\n3,\n")
    (desk.folder / "f.json").write_text('[{"a": 1, "s": "x"}, {"a": 2, "s": "y"}, {"a": 3, "s": null}]')
    (desk.folder / "f.ndjson").write_text('{"a": 1, "s": "x"}\n{"a": 2, "s": "y"}\n{"a": 3, "s": null}\n')
    pyarrow.parquet.write_table(table, desk.folder / "f.parquet")
    with pyarrow.ipc.new_file(desk.folder / "f.arrow", table.schema) as writer:
        writer.write_table(table)
    for kind in ("csv", "json", "ndjson", "parquet", "arrow"):
        uri = f"fd://f.{kind}"
        desk.places = [Place(uri=uri, kind="file", path=str(desk.folder / f"f.{kind}"))]
        assert rows(desk, f"SELECT sum(a), count(s) FROM '{uri}' WHERE a > 1") == [(5, 1)], kind
        assert desk.rows(f"SELECT sum(a), count(s) FROM `{uri}` WHERE a > 1") == [(5, 1)], kind
    desk.places = [Place(uri="fd://f.exe", kind="file", path=str(desk.folder / "f.exe"))]
    with pytest.raises(HeadraceError, match=r"is no file that SQL reads; there are \.parquet"):
        rows(desk, "FROM 'fd://f.exe'")
    (desk.folder / "bad.parquet").write_text("not parquet")
    desk.places = [Place(uri="fd://bad.parquet", kind="file", path=str(desk.folder / "bad.parquet"))]
    for dialect, text in (("duckdb", "FROM 'fd://bad.parquet'"), ("mysql", "SELECT * FROM `fd://bad.parquet`")):
        with pytest.raises(HeadraceError) as wrong:
            desk.run(text, dialect=dialect)
        assert wrong.value.status < 500
        assert str(desk.folder) not in wrong.value.message


def test_an_array_larger_than_the_memory_is_answered_within_it(desk):
    """320 MB of cells through a DuckDB that has 1 GB and a reader whose pieces are small; groups spill if they must."""
    domain = tiledb.Domain(tiledb.Dim("d", domain=(0, 10**9), tile=10**5, dtype=np.int64))
    attributes = [tiledb.Attr("a", dtype=np.int64), tiledb.Attr("b", dtype=np.float64)]
    for sparse in (True, False):
        schema = tiledb.ArraySchema(domain=domain, attrs=attributes, sparse=sparse)
        path = desk.made(f"t{sparse}", schema)
        size = 2_000_000
        with tiledb.open(path, "w") as array:
            where, values = np.arange(size), {"a": np.arange(size) % 7, "b": np.ones(size)}
            if sparse:
                array[where] = values
            else:
                array[0:size] = values
        uri = f"tiledb://ada/t{sparse}"
        found = rows(desk, f"SELECT a, sum(b), max(d) FROM '{uri}' GROUP BY a ORDER BY a")
        assert found == [(k, float(len(range(k, size, 7))), range(k, size, 7)[-1]) for k in range(7)]
        assert desk.one(f"SELECT count(*) FROM `{uri}` x JOIN `{uri}` y ON x.d = y.d + 1") == size - 1


def test_a_transaction_that_was_there_before_is_not_ended(desk):
    rows(desk, "BEGIN; INSERT INTO ada.people VALUES (3, 'Cy'); ROLLBACK")
    rows(desk, "BEGIN; INSERT INTO ada.people VALUES (4, 'Di'); COMMIT")
    assert rows(desk, "SELECT count(*) FROM ada.people") == [(3,)]
    connection = desk.database.cursor()
    connection.execute("BEGIN TRANSACTION READ ONLY")
    for text in ("COMMIT; DELETE FROM ada.people", "/* x */ END; DELETE FROM ada.people", "ROLLBACK", "BEGIN; COMMIT"):
        with pytest.raises(HeadraceError):
            engine.run(connection, Query(text=text, dialect="duckdb"))
    with pytest.raises(HeadraceError):
        engine.run(connection, Query(text="DELETE FROM ada.people", dialect="duckdb"))
    connection.close()
    assert rows(desk, "SELECT count(*) FROM ada.people") == [(3,)]


@pytest.mark.parametrize("dialect", ["mysql", "duckdb"])
@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE memory.main.kept AS SELECT 1 AS a",
        "CREATE TABLE memory.kept AS SELECT 1 AS a",
        "CREATE VIEW memory.main.kept AS SELECT 1 AS a",
        "CREATE MACRO memory.main.kept(x) AS x",
        "CREATE SCHEMA memory.kept",
        "CREATE TABLE kept (a INT)",
    ],
)
def test_nothing_is_left_in_the_worker(desk, text, dialect):
    with pytest.raises(HeadraceError):
        desk.run(text, dialect=dialect)
    left = "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'memory' AND table_name = 'kept'"
    assert desk.database.execute(left).fetchall() == [(0,)]
