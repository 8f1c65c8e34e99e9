"""Thirty ways out of the fence, each in both dialects where it can be written in both."""

import duckdb
import pytest

from headrace.engines import _guard
from headrace.engines._problems import SqlError
from headrace.errors import HeadraceError, TooLarge

ATTACKS = [
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('{lake}/ada.duckdb')",
    "SELECT * FROM \"read_text\"('/etc/passwd')",
    "SELECT * FROM main.read_text('/etc/passwd')",
    "SELECT * FROM system.main.Read_Text /* x */ ('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM '{lake}/secret.csv'",
    'SELECT * FROM "{lake}/secret.csv"',
    "SELECT * FROM 'secret.parquet'",
    "SELECT * FROM glob('*')",
    "SELECT 1 WHERE EXISTS (SELECT * FROM sniff_csv('/etc/passwd'))",
    "WITH x AS (SELECT * FROM parquet_metadata('{lake}/x.parquet')) SELECT * FROM x",
    "SELECT (SELECT content FROM read_text('/etc/passwd'))",
    "SELECT * FROM sqlite_scan('{lake}/catalog.sqlite', 't')",
    "SELECT * FROM st_read('/etc/passwd')",
    "INSERT INTO ada.people SELECT * FROM sqlite_scan('{lake}/catalog.sqlite', 't')",
    "INSERT INTO ada.people SELECT * FROM sqlite_query('x', 'SELECT 1')",
    "CREATE TABLE ada.x AS FROM ducklake_add_data_files('ada', 'people', '{lake}/x.parquet')",
    "SELECT * FROM some_extension_of_tomorrow('{lake}/x')",
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM query_table('ada.people')",
    "SELECT * FROM json_execute_serialized_sql('{{}}')",
    "SELECT current_setting('allowed_directories')",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT path FROM duckdb_databases",
    "SELECT * FROM __ducklake_metadata_ada.ducklake_data_file",
    "SELECT getenv('HOME')",
    "ATTACH '{lake}/other.duckdb' AS other",
    "DETACH ada",
    "COPY (SELECT 1) TO '{lake}/out.csv'",
    "COPY ada.people FROM '/etc/passwd'",
    "INSTALL httpfs",
    "LOAD '{lake}/evil.duckdb_extension'",
    "PRAGMA database_list",
    "EXPORT DATABASE '{lake}/out'",
    "IMPORT DATABASE '{lake}/out'",
    "CALL pragma_version()",
    "CALL ducklake_add_data_files('ada', 'people', '{lake}/x.parquet')",
    "CALL ducklake_delete_orphaned_files('ada', cleanup_all => true)",
    "CALL ducklake_set_option('ada', 'data_inlining_row_limit', 1)",
    "CALL ducklake_expire_snapshots('ada', older_than => (SELECT content FROM read_text('/etc/passwd')))",
    "CALL ducklake_expire_snapshots('ada', older_than => (SELECT now()))",
    "CALL ducklake_cleanup_old_files(getenv('HOME'))",
    "CALL ducklake_cleanup_old_files('__ducklake_metadata_ada', cleanup_all => true)",
    "SELECT * FROM ducklake_expire_snapshots('ada', older_than => now())",
    "SELECT 1; SELECT * FROM ducklake_cleanup_old_files('ada', cleanup_all => true)",
    "EXPLAIN CALL ducklake_expire_snapshots('ada', older_than => now())",
    "CALL main.ducklake_expire_snapshots('ada', older_than => now())",
    "SET memory_limit = '100GB'",
    "RESET memory_limit",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{lake}/out.csv'",
    "PREPARE x AS SELECT * FROM read_text('/etc/passwd')",
    "CREATE SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')",
    "CREATE TABLE ada.stolen AS SELECT * FROM read_text('/etc/passwd')",
    "CREATE VIEW ada.v AS SELECT * FROM read_csv('/etc/passwd')",
    "INSERT INTO ada.people SELECT 1, content FROM read_text('/etc/passwd')",
    "UPDATE ada.people SET name = (SELECT content FROM read_text('/etc/passwd'))",
    "DELETE FROM ada.people WHERE id IN (SELECT 1 FROM read_csv('/etc/passwd'))",
    "SELECT 1; ATTACH '{lake}/other.duckdb' AS other",
    "SELECT 1 /* ; */ ; -- x\n COPY (SELECT 1) TO '{lake}/out.csv'",
    "VACUUM",
    "CHECKPOINT",
    "USE ada",
    "INSERT INTO ada.people\u00a0SELECT 1, content FROM\u00a0read_text('/etc/passwd')",
    "SELECT * FROM\u2003read_text\u00a0('/etc/passwd')",
]


@pytest.mark.parametrize("dialect", ["mysql", "duckdb"])
@pytest.mark.parametrize("attack", ATTACKS)
def test_no_statement_leaves_the_fence(desk, attack, dialect):
    (desk.folder / "secret.csv").write_text("a\ntreasure\n")
    before = sorted(desk.folder.rglob("*"))
    with pytest.raises(HeadraceError) as refused:
        desk.run(attack.format(lake=desk.folder), dialect=dialect)
    assert refused.value.status < 500
    assert "treasure" not in refused.value.message  # the statement, which is quoted, names the file
    assert sorted(desk.folder.rglob("*")) == before
    assert desk.rows("SELECT * FROM ada.people ORDER BY id", dialect=dialect) == [(1, "Ann"), (2, "Bob")]


def test_the_guard_refuses_by_itself_what_duckdb_would_let_through(desk):
    """Without it, an allowed folder is read and written: the locks of DuckDB do not hold these."""
    connection = desk.database.cursor()
    (desk.folder / "secret.csv").write_text("a\nsecret\n")
    assert connection.execute(f"SELECT a FROM '{desk.folder}/secret.csv'").fetchall() == [("secret",)]
    connection.execute(f"COPY (SELECT 1) TO '{desk.folder}/out.csv'")
    for text in (f"SELECT a FROM '{desk.folder}/secret.csv'", f"COPY (SELECT 1) TO '{desk.folder}/out.csv'"):
        with pytest.raises(SqlError):
            _guard.check(connection, text)
    connection.close()


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 'read_text(1)', \"read_text\" FROM (SELECT 1 AS read_text)",
        "SELECT range(3), unnest([1, 2])",
        "FROM range(3) SELECT *",
        "SELECT * FROM generate_series(1, 3)",
        "SHOW TABLES",
        "DESCRIBE ada.people",
        "SUMMARIZE ada.people",
        "PIVOT ada.people ON name USING count(*)",
        "EXPLAIN SELECT 1",
        "SELECT $$FROM '/etc/passwd'$$",
        "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 3) SELECT * FROM t",
        "BEGIN; COMMIT",
    ],
)
def test_what_is_harmless_passes(desk, text):
    assert _guard.check(desk.database.cursor(), text)


def test_every_table_function_of_duckdb_is_listed_or_refused(desk):
    names = desk.database.execute(
        "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type IN ('table', 'table_macro')"
    ).fetchall()
    passed = set()
    for (name,) in names:
        try:
            _guard.check(desk.database.cursor(), f'SELECT * FROM "{name}"(1)')
        except SqlError:
            continue
        passed.add(name.lower())
    assert passed == _guard.TABLE_FUNCTIONS & {name.lower() for (name,) in names}


def test_limits_have_numbers(desk):
    with pytest.raises(TooLarge, match=r"at most 16,777,216 characters"):
        desk.run("SELECT '" + "x" * (1 << 24) + "'")
    with pytest.raises(SqlError, match="200 deep"):
        desk.run("SELECT " + "(" * 500 + "1" + ")" * 500)
    with pytest.raises(SqlError, match="65,535"):
        desk.run("SELECT 1", *range(65_536))
    for dialect in ("mysql", "duckdb"):
        with pytest.raises(HeadraceError) as refused:
            desk.run("SELECT " + "NOT " * 50_000 + "true", dialect=dialect)
        assert refused.value.status < 500
    assert desk.one("SELECT " + "+".join(["1"] * 400)) == 400


def test_parameters_are_counted(desk):
    for dialect in ("mysql", "duckdb"):
        with pytest.raises(SqlError, match="was given 1 parameters"):
            desk.run("SELECT ?, ?", 1, dialect=dialect)


def test_a_parameter_is_never_read_as_sql(desk):
    evil = "x'); ATTACH 'y'; -- \\"
    for dialect in ("mysql", "duckdb"):
        assert desk.one("SELECT ?", evil, dialect=dialect) == evil


@pytest.mark.parametrize("dialect", ["mysql", "duckdb"])
@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("SELEC 1", 1, 1),
        ("SELECT 1\nFROM ada.nothing", 2, 6),
        ("SELECT nothing\nFROM ada.people", 1, 8),
        ("SELECT id,\n  name +* 3 FROM ada.people", 2, 9),
        ("SELECT * FROM\n  no_table", 2, 3),
    ],
)
def test_errors_say_the_line_and_show_a_caret(desk, dialect, text, line, column):
    with pytest.raises(SqlError) as wrong:
        desk.run(text, dialect=dialect)
    assert wrong.value.line == line
    assert abs(wrong.value.column - column) <= 6
    assert wrong.value.message.rstrip("\n").endswith("^")
    assert "Traceback" not in wrong.value.message
    assert str(desk.folder) not in wrong.value.message


def test_a_cursor_leaves_nothing_to_the_next(desk):
    desk.run("SELECT 1", init=["CREATE TEMPORARY TABLE t (a INT)", "SET @v = 1"])
    with pytest.raises(SqlError):
        desk.run("SELECT * FROM t")
    left = duckdb.DuckDBPyConnection.execute(
        desk.database, "SELECT table_name FROM duckdb_tables() WHERE NOT internal AND database_name <> 'ada'"
    ).fetchall()
    assert left == []
