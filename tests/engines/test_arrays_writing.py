"""CREATE TABLE, INSERT, UPDATE, DELETE, DROP and output_uri: all of it, or nothing."""

import signal
import subprocess
import sys
import textwrap
from datetime import date, datetime, time
from pathlib import Path

import numpy as np
import pytest
import tiledb

from headrace.engines._problems import SqlError
from headrace.errors import Forbidden, HeadraceError, Invalid, TooLarge

SPARSE = """
    CREATE TABLE `tiledb://ada/t` (
        x INT dimension=1 lower_bound="-10" upper_bound="100" tile_extent="10" `filters`='ZSTD=5,BYTESHUFFLE',
        name VARCHAR(255) dimension=1,
        small TINYINT UNSIGNED, big BIGINT UNSIGNED, v DOUBLE `filters`='GZIP=6', f FLOAT,
        t TEXT, b BLOB, flag BOOLEAN, e ENUM('r', 'g'),
        d DATE, y YEAR, at DATETIME(3), stamp TIMESTAMP(6), sec DATETIME(0), ti TIME
    ) ENGINE=MyTile array_type='SPARSE' capacity=100 cell_order=ROW_MAJOR tile_order=ROW_MAJOR
      coordinate_filters='LZ4' offset_filters='ZSTD=3' validity_filters='RLE'
"""
DENSE = """
    CREATE TABLE `tiledb://ada/g` (
        `rows` INT dimension=1 lower_bound=1 upper_bound=8 tile_extent=2,
        cols INT dimension=1 lower_bound=1 upper_bound=8 tile_extent=2,
        a INT NOT NULL, s TEXT, e ENUM('p', 'q') NOT NULL
    ) ENGINE=MyTile array_type='DENSE'
"""
ROW = (
    *(1, "one", 255, 2**64 - 1, 1.5, 0.25, "tëxt", b"\x00\xff", True, "g"),
    *(
        date(2020, 2, 29),
        2021,
        datetime.fromisoformat("2020-01-02T03:04:05.678000"),
        datetime.fromisoformat("1960-01-02T03:04:05.678901"),
    ),
    *(datetime.fromisoformat("2020-01-02T03:04:05"), time(10, 11, 12, 131415)),
)
NULLS = (2, "two", *(None,) * 14)


def test_every_type_goes_in_and_comes_out(desk):
    desk.place("t")
    desk.run(SPARSE)
    slots = ", ".join(["?"] * 7 + ["unhex('00ff')"] + ["?"] * 8)
    given = [value.isoformat() if hasattr(value, "isoformat") else value for value in ROW if value != b"\x00\xff"]
    desk.run(f"INSERT INTO `tiledb://ada/t` VALUES ({slots})", *given)
    desk.run("INSERT INTO `tiledb://ada/t` (x, NAME) VALUES (2, 'two')")
    assert desk.rows("SELECT * FROM `tiledb://ada/t` ORDER BY x") == [ROW, NULLS]


def test_what_was_made_is_what_show_create_table_makes(desk):
    desk.place("t")
    desk.place("u")
    desk.run(SPARSE)
    made = desk.rows("SHOW CREATE TABLE `tiledb://ada/t`")[0][1]
    for said in (
        "lower_bound='-10'",
        "'ZSTD=5,BYTESHUFFLE'",
        "enum('r','g')",
        "datetime(3)",
        "`capacity`=100",
        "'RLE'",
    ):
        assert said in made
    desk.run(made.replace("tiledb://ada/t", "tiledb://ada/u"))
    again = desk.rows("SHOW CREATE TABLE `tiledb://ada/u`")[0][1]
    assert again.replace("tiledb://ada/u", "tiledb://ada/t") == made
    with tiledb.open(desk.places[0].path) as array:
        assert (array.schema.sparse, array.schema.capacity) == (True, 100)
        assert array.schema.domain.dim("x").domain == (-10, 100)


def test_rows_of_other_tables_are_inserted(desk):
    desk.place("t")
    desk.run("CREATE TABLE `tiledb://ada/t` (id BIGINT, name TEXT, PRIMARY KEY (id)) ENGINE=MyTile")
    desk.run("INSERT INTO `tiledb://ada/t` SELECT id, upper(name) FROM ada.people")
    desk.run("INSERT INTO `tiledb://ada/t` (name, id) SELECT name, id + 10 FROM `tiledb://ada/t`")
    assert desk.rows("SELECT * FROM `tiledb://ada/t` ORDER BY id") == [(1, "ANN"), (2, "BOB"), (11, "ANN"), (12, "BOB")]
    desk.run("INSERT INTO `tiledb://ada/t` VALUES (1, 'again')")
    assert desk.one("SELECT name FROM `tiledb://ada/t` WHERE id = 1") == "again"


def test_a_dense_array_keeps_what_is_not_written(desk):
    desk.place("g")
    desk.run(DENSE)
    desk.run("INSERT INTO `tiledb://ada/g` VALUES (1, 1, 1, 'a', 'p'), (2, 3, 6, NULL, 'q')")
    desk.run("INSERT INTO `tiledb://ada/g` (a, cols, `rows`) VALUES (5, 1, 1)")
    text = "SELECT `rows`, cols, a, s, e FROM `tiledb://ada/g` WHERE a > 0 ORDER BY 1, 2"
    assert desk.rows(text) == [(1, 1, 5, "a", "p"), (2, 3, 6, None, "q")]
    desk.run("UPDATE `tiledb://ada/g` SET s = concat('n', a) WHERE a > 0")
    assert [row[3] for row in desk.rows(text)] == ["n5", "n6"]
    whole = "INSERT INTO `tiledb://ada/g` SELECT r.r, c.r, r.r * c.r, 'x', 'p' FROM n r CROSS JOIN n c"
    init = ["CREATE TEMPORARY TABLE n (r INT)", "INSERT INTO n VALUES (1), (2), (3), (4), (5), (6), (7), (8)"]
    desk.run(whole, init=init)
    assert desk.rows("SELECT count(*), sum(a) FROM `tiledb://ada/g`") == [(64, 36 * 36)]


def test_cells_are_updated_and_deleted(desk):
    desk.place("t")
    desk.run("CREATE TABLE `tiledb://ada/t` (id INT dimension=1, name TEXT, n INT NOT NULL) ENGINE=MyTile")
    desk.run("INSERT INTO `tiledb://ada/t` VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3), (4, NULL, 4)")
    desk.run("UPDATE `tiledb://ada/t` SET n = n * 10, name = upper(name) WHERE id >= 2 AND n % 2 = 0")
    assert desk.rows("SELECT * FROM `tiledb://ada/t` ORDER BY id") == [
        (1, "a", 1),
        (2, "B", 20),
        (3, "c", 3),
        (4, None, 40),
    ]
    desk.run("DELETE FROM `tiledb://ada/t` WHERE id > 2 AND n = 3 OR name = 'a'")
    assert desk.rows("SELECT id FROM `tiledb://ada/t` ORDER BY id") == [(2,), (4,)]
    assert desk.one("SELECT count(*) FROM `tiledb://ada/t`") == 2
    desk.run("DELETE FROM `tiledb://ada/t` WHERE n % 40 = 0 AND name IS NULL")
    assert desk.rows("SELECT id FROM `tiledb://ada/t` ORDER BY id") == [(2,)]
    desk.run("DELETE FROM `tiledb://ada/t` WHERE n % 40 = 0")
    desk.run("INSERT INTO `tiledb://ada/t` SELECT i, NULL, i FROM (SELECT unnest(generate_series(10, 3000)) i) q")
    with pytest.raises(SqlError, match="at most 1,000 cells"):
        desk.run("DELETE FROM `tiledb://ada/t` WHERE n % 2 = 0")
    desk.run("DELETE FROM `tiledb://ada/t` WHERE n BETWEEN 10 AND 2900")
    desk.run("DELETE FROM `tiledb://ada/t` WHERE n % 2 = 0 AND name IS NULL")
    assert desk.one("SELECT count(*) FROM `tiledb://ada/t`") == 50
    with pytest.raises(SqlError, match="`id` is a dimension"):
        desk.run("UPDATE `tiledb://ada/t` SET id = 5")
    desk.run("DELETE FROM `tiledb://ada/t`")
    assert desk.rows("SELECT * FROM `tiledb://ada/t`") == []


def test_a_result_is_written_by_the_names_of_its_columns(desk):
    desk.place("t")
    desk.run("CREATE TABLE `tiledb://ada/t` (id INT dimension=1, name TEXT, n INT) ENGINE=MyTile")
    rows = desk.run("SELECT upper(name) name, id FROM ada.people", output_uri="tiledb://ada/t")
    assert (rows.num_rows, rows.num_columns) == (0, 0)
    assert desk.rows("SELECT * FROM `tiledb://ada/t` ORDER BY id") == [(1, "ANN", None), (2, "BOB", None)]
    with pytest.raises(Invalid, match=r"the array has no column `other`; the rows have no column `id`"):
        desk.run("SELECT 1 AS other", output_uri="tiledb://ada/t")
    with pytest.raises(SqlError, match="There is no table `tiledb://ada/nothing`"):
        desk.run("SELECT 1 AS id", output_uri="tiledb://ada/nothing")
    with pytest.raises(HeadraceError, match=r"(?i)cast|convert"):
        desk.run("SELECT 'no number' AS id", output_uri="tiledb://ada/t")


def test_names_are_given_and_taken_within_a_session(desk):
    desk.place("t")
    init = [
        "CREATE TABLE `tiledb://ada/t` (id INT dimension=1, n INT) ENGINE=MyTile",
        "INSERT INTO `tiledb://ada/t` VALUES (1, 10)",
        "CREATE TABLE short ENGINE = 'MyTile' uri = 'tiledb://ada/t'",
        "INSERT INTO short VALUES (2, 20)",
    ]
    assert desk.one("SELECT sum(n) FROM short", init=init) == 30
    with pytest.raises(SqlError, match="There is no table short"):
        desk.run(
            "SELECT * FROM short", init=["CREATE TABLE short ENGINE=mytile uri='tiledb://ada/t'", "DROP TABLE short"]
        )
    assert desk.one("SELECT count(*) FROM `tiledb://ada/t`") == 2
    with pytest.raises(SqlError, match="exists already"):
        desk.run(init[0])
    desk.run(init[0].replace("TABLE", "TABLE IF NOT EXISTS"))


def test_an_array_is_dropped_where_the_option_says_so(desk):
    place = desk.place("t")
    desk.run("CREATE TABLE `tiledb://ada/t` (id INT dimension=1, n INT) ENGINE=MyTile")
    desk.run("DROP TABLE `tiledb://ada/t`")
    assert Path(place.path).is_dir()
    desk.run("DROP TABLE `tiledb://ada/t`", init=["SET mytile_delete_arrays = 1"])
    assert not Path(place.path).is_dir()
    desk.run("DROP TABLE IF EXISTS `tiledb://ada/t`")
    with pytest.raises(SqlError, match="There is no table `tiledb://ada/t`"):
        desk.run("DROP TABLE `tiledb://ada/t`")


def test_an_encrypted_array_is_read_with_its_key(desk):
    key = "0123456789abcdeF0123456789abcdeF"
    desk.place("t")
    made = f"CREATE TABLE `tiledb://ada/t` (id INT dimension=1, n INT) ENGINE=MyTile encryption_key='{key}'"
    desk.run("SELECT 1", init=[made, "INSERT INTO `tiledb://ada/t` VALUES (1, 10)"])
    with pytest.raises(Invalid, match="encryption_key"):
        desk.run("SELECT * FROM `tiledb://ada/t`")
    alias = f"CREATE TABLE k ENGINE=MyTile uri='tiledb://ada/t' encryption_key='{key}'"
    assert desk.rows("SELECT * FROM k", init=[alias]) == [(1, 10)]


def test_the_past_is_read_by_an_option(desk):
    domain = tiledb.Domain(tiledb.Dim("id", domain=(0, 999), tile=10, dtype=np.int32))
    path = desk.made("t", tiledb.ArraySchema(domain=domain, attrs=[tiledb.Attr("n", dtype=np.int32)], sparse=True))
    for moment in (100, 200):
        with tiledb.open(path, "w", timestamp=moment) as array:
            array[np.array([1, moment])] = np.array([moment, moment], np.int32)
    assert desk.rows("SELECT * FROM `tiledb://ada/t@100` ORDER BY id") == [(1, 100), (100, 100)]
    alias = "CREATE TABLE past ENGINE=MyTile uri='tiledb://ada/t' open_at=150"
    assert desk.rows("SELECT n FROM past WHERE id = 1", init=[alias]) == [(100,)]
    assert desk.rows("SELECT n FROM `tiledb://ada/t` WHERE id = 1") == [(200,)]


def test_nothing_is_written_without_the_right(desk):
    desk.place("t")
    desk.run("CREATE TABLE `tiledb://ada/t` (id INT dimension=1, n INT) ENGINE=MyTile")
    desk.places = [type(desk.places[0])(uri="tiledb://ada/t", kind="array", path=desk.places[0].path, writable=False)]
    for text in (
        "INSERT INTO `tiledb://ada/t` VALUES (1, 1)",
        "UPDATE `tiledb://ada/t` SET n = 1",
        "DELETE FROM `tiledb://ada/t` WHERE id = 1",
    ):
        with pytest.raises(Forbidden, match="You may read `tiledb://ada/t`, and not write to it"):
            desk.run(text)
    with pytest.raises(Forbidden):
        desk.run("DROP TABLE `tiledb://ada/t`", init=["SET mytile_delete_arrays = 1"])
    with pytest.raises(Forbidden):
        desk.run("SELECT 1 AS id", output_uri="tiledb://ada/t")
    desk.places = [type(desk.places[0])(uri="tiledb://ada/n", kind="array", path=f"{desk.folder}/n", exists=False)]
    with pytest.raises(Forbidden, match="You may not create"):
        desk.run("CREATE TABLE `tiledb://ada/n` (id INT dimension=1, n INT) ENGINE=MyTile")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("INSERT INTO `tiledb://ada/t` VALUES (1)", "1 values are given for 3 columns"),
        ("INSERT INTO `tiledb://ada/t` (id, nope) VALUES (1, 2)", "has no column `nope`; there are `id`, `n`, `c`"),
        ("INSERT INTO `tiledb://ada/t` (n) VALUES (1)", "Every row needs a value for the dimension `id`"),
        ("INSERT INTO `tiledb://ada/t` (id, c) VALUES (1, 'r')", "`n` has no value, and takes no NULL"),
        ("INSERT INTO `tiledb://ada/t` VALUES (1, NULL, 'r')", "`n` takes no NULL"),
        ("INSERT INTO `tiledb://ada/t` VALUES (1, 2, 'zz')", "has no label 'zz'; there are 'r', 'g'"),
        ("INSERT INTO `tiledb://ada/t` VALUES (1, 2, 'r'), (1, 3, 'g')", "Two rows are for the same cell"),
        ("INSERT INTO `tiledb://ada/t` VALUES (101, 2, 'r')", "out of the array's domain"),
        ("INSERT INTO `tiledb://ada/t` VALUES (1, 99999999999, 'r')", "range"),
        ("INSERT INTO `tiledb://ada/t` SELECT 1, 2", "2 values are given for 3 columns"),
        ("INSERT INTO `tiledb://ada/t@5` VALUES (1, 2, 'r')", "can only be read"),
        ("INSERT INTO `tiledb://ada/t@metadata` VALUES (1, 2)", "can only be read"),
        ("CREATE TABLE `tiledb://ada/n` (a INT) ENGINE=MyTile", "Say which columns are dimensions"),
        ("CREATE TABLE `tiledb://ada/n` (a INT dimension=1) ENGINE=MyTile", "at least one column that is not a dim"),
        ("CREATE TABLE `tiledb://ada/n` (a INT dimension=1, b POINT) ENGINE=MyTile", "The type POINT of `b`"),
        ("CREATE TABLE `tiledb://ada/n` (a INT dimension=1, b INT wrong=1) ENGINE=MyTile", "no such option of a col"),
        ("CREATE TABLE `tiledb://ada/n` (a INT dimension=1, b INT) ENGINE=MyTile array_type='x'", "SPARSE or DENSE"),
        ("CREATE TABLE `tiledb://ada/n` (a INT dimension=1, b INT) ENGINE=MyTile array_type='DENSE'", "have bounds"),
        ("CREATE TABLE `tiledb://ada/n` (a INT dimension=1, b INT `filters`='X') ENGINE=MyTile", "no filter X"),
        ("CREATE TABLE `tiledb://ada/n` (a INT dimension=1, A INT) ENGINE=MyTile", "the same name"),
        ("CREATE TABLE `tiledb://ada/n` (a INT dimension=1 lower_bound=5 upper_bound=1, b INT) ENGINE=MyTile", "over"),
        ("CREATE TABLE `tiledb://ada/n` (a INT dimension=1, b INT", "cannot be read"),
        ("CREATE TABLE `tiledb://ada/elsewhere` (a INT dimension=1, b INT) ENGINE=MyTile", "There is no table"),
        ("CREATE TABLE `tiledb://ada/n` (a INT, b INT)", "ENGINE=MyTile"),
        ("CREATE TABLE n (a INT, b INT)", "Say in which schema"),
        ("UPDATE `tiledb://ada/t` SET nope = 1", "has no column `nope`"),
        ("DELETE FROM `tiledb://ada/nothing` WHERE a = 1", "There is no table"),
        ("DROP TABLE `tiledb://ada/nothing`", "There is no table"),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(desk, text, said):
    desk.place("t")
    desk.place("n")
    desk.run(
        "CREATE TABLE `tiledb://ada/t` (id INT dimension=1 lower_bound=0 upper_bound=100, n INT NOT NULL, "
        "c ENUM('r', 'g')) ENGINE=MyTile"
    )
    with pytest.raises(HeadraceError) as wrong:
        desk.run(text)
    assert wrong.value.status < 500
    assert said in wrong.value.message
    assert desk.rows("SELECT * FROM `tiledb://ada/t`") == []
    assert not Path(desk.places[1].path).exists()


def test_rows_that_are_spread_over_a_huge_dense_array_are_refused(desk):
    desk.place("g")
    desk.run(
        "CREATE TABLE `tiledb://ada/g` (x BIGINT dimension=1 lower_bound=0 upper_bound=1000000000000 tile_extent=1000, "
        "a INT) ENGINE=MyTile array_type='DENSE'"
    )
    with pytest.raises(TooLarge, match="spread over 1,000,000,000,001 cells"):
        desk.run("INSERT INTO `tiledb://ada/g` VALUES (0, 1), (1000000000000, 1)")
    desk.run("INSERT INTO `tiledb://ada/g` VALUES (5, 1), (9, 2)")
    assert desk.one("SELECT count(a) FROM `tiledb://ada/g`") == 2


KILLED = """
    import os, signal, sys, threading, duckdb
    from headrace.engines import tiledb as engine
    from headrace.model.query import Place, Query
    place = Place(uri="tiledb://ada/t", kind="array", path=sys.argv[1], writable=True)
    threading.Timer(float(sys.argv[2]), lambda: os.kill(os.getpid(), signal.SIGKILL)).start()
    print("begun", flush=True)
    for i in range(1000):
        engine.run(duckdb.connect(), Query(places=[place], text=
            f"INSERT INTO `tiledb://ada/t` SELECT i, {i + 1}, repeat('x', 50) FROM (SELECT unnest(range(20000)) i)"))
"""


@pytest.mark.parametrize("after", [0.2, 0.35, 0.6])
def test_a_process_that_is_killed_while_writing_leaves_whole_rows_alone(desk, after):
    place = desk.place("t")
    desk.run("CREATE TABLE `tiledb://ada/t` (i BIGINT dimension=1, n INT NOT NULL, s TEXT) ENGINE=MyTile")
    command = [sys.executable, "-c", textwrap.dedent(KILLED), place.path, str(after)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    ((count, least, most),) = desk.rows("SELECT count(*), min(n), max(n) FROM `tiledb://ada/t`")
    assert count in (0, 20_000)
    assert least == most
    desk.run("INSERT INTO `tiledb://ada/t` VALUES (-1, -1, 'next')")
    assert desk.one("SELECT count(*) FROM `tiledb://ada/t`") == count + 1
