"""What the published clients' own tests ask of SQL over arrays, and the seed's users write."""

import pytest

from headrace.engines._problems import SqlError


def test_a_dense_array_is_summed(quickstart):
    assert quickstart.one("SELECT SUM(a) FROM `tiledb://ada/dense`") == 136
    assert quickstart.run("SELECT SUM(a) FROM `tiledb://ada/dense`").schema.names == ["SUM(a)"]


def test_rows_come_with_their_dimensions_first(quickstart):
    table = quickstart.run("select * from `tiledb://ada/sparse` order by `rows`, cols")
    assert table.schema.names == ["rows", "cols", "a"]
    assert table.to_pylist() == [
        {"rows": 1, "cols": 1, "a": 1},
        {"rows": 2, "cols": 3, "a": 2},
        {"rows": 2, "cols": 4, "a": 3},
    ]


def test_rows_as_values_are_looked_for_in_a_list(quickstart):
    found = quickstart.rows("SELECT a FROM `tiledb://ada/dense` WHERE (`rows`, `cols`) IN ((1,1),(2,4)) ORDER BY a")
    assert found == [(1,), (8,)]


def test_variables_and_tables_of_the_session_come_from_the_commands_before(quickstart):
    assert quickstart.one("select @A a", init=["SET @A=1"]) == 1
    init = [
        "create temporary table tbl (intcol int4, floatcol double, uintcol int8 unsigned, strcol text)",
        'insert into tbl values (1, 2.5, 18446744073709551615, "one"), (2, null, 3, null)',
    ]
    assert quickstart.rows("select * from tbl where intcol = ?", 1, init=init) == [
        (1, 2.5, 18446744073709551615, "one")
    ]
    assert quickstart.rows("select strcol from tbl where intcol > ? and uintcol = 3", 1, init=init) == [(None,)]
    with pytest.raises(SqlError, match="There is no table tbl"):
        quickstart.run("select * from tbl")
    assert quickstart.one("select @A a") is None


def test_parameters_stand_anywhere(quickstart):
    table = quickstart.run(
        "select ? param1, sum(a + ?) + ? a from `tiledb://ada/dense` where `rows` = ?", "1.1", 1, 2.5, 1
    )
    assert table.schema.names == ["param1", "a"]
    ((text, total),) = zip(*(column.to_pylist() for column in table.columns), strict=True)
    assert (text, float(text)) == ("1.1", 1.1)
    assert total == 16.5
    assert quickstart.rows("select ?, ?, ?", None, True, "x'y") == [(None, True, "x'y")]


def test_a_text_beside_a_number_is_read_as_one(quickstart):
    assert quickstart.one("select sum(a + ?) from `tiledb://ada/sparse`", "1.5") == 10.5


def test_the_metadata_of_an_array_is_a_table(quickstart):
    assert quickstart.rows("select `key`, `value` from `tiledb://ada/dense@metadata` order by 1") == [
        ("sizes", "4,4"),
        ("title", "four by four"),
    ]


def test_aggregates_of_whole_arrays_are_right(quickstart):
    text = "select count(*), count(a), sum(a), avg(a), min(a), max(a) from `tiledb://ada/{}`"
    assert quickstart.rows(text.format("dense")) == [(16, 16, 136, 8.5, 1, 16)]
    assert quickstart.rows(text.format("sparse")) == [(3, 3, 6, 2.0, 1, 3)]
    limited = text.format("dense") + " where `rows` between 2 and 3 and cols < 3"
    assert quickstart.rows(limited) == [(4, 4, 30, 7.5, 5, 10)]
    assert quickstart.rows(text.format("sparse") + " where `rows` = 4") == [(0, 0, None, None, None, None)]
    nothing = "where `rows` = 1 and cols = 3"
    for asked, answer in {
        "sum(a), avg(a)": (None, None),
        "min(a), sum(a)": (None, None),
        "sum(a)": (None,),
        "max(a)": (None,),
        "sum(a), count(*)": (None, 0),
    }.items():
        assert quickstart.rows(f"select {asked} from `tiledb://ada/sparse` {nothing}") == [answer]


def test_joins_groups_windows_and_ctes_work(quickstart):
    text = """
        with totals as (select `rows` r, sum(a) total from `tiledb://ada/dense` group by `rows`)
        select s.`rows`, s.a, totals.total, sum(s.a) over (partition by s.`rows`) partly
        from `tiledb://ada/sparse` s join totals on totals.r = s.`rows` where s.cols > 1 order by s.a
    """
    assert quickstart.rows(text) == [(2, 2, 26, 5), (2, 3, 26, 5)]


def test_an_array_a_warehouse_table_and_a_file_are_joined(quickstart):
    path = quickstart.folder / "sales.csv"
    path.write_text("who,price\n1,10.5\n2,20\n")
    quickstart.place("fd://sales.csv", kind="file", exists=True)
    quickstart.places[-1] = type(quickstart.places[-1])(uri="fd://sales.csv", kind="file", path=str(path))
    text = """
        select people.name, s.a, sales.price from ada.people join `tiledb://ada/sparse` s on s.`rows` = people.id
        join `fd://sales.csv` sales on sales.who = people.id order by s.a
    """
    assert quickstart.rows(text) == [("Ann", 1, 10.5), ("Bob", 2, 20.0), ("Bob", 3, 20.0)]


def test_columns_without_an_alias_have_their_text_for_a_name(quickstart):
    table = quickstart.run("select SUM( a ),  a+1, 'x', \"y\", `rows` from `tiledb://ada/dense` group by a, `rows`")
    assert table.schema.names == ["SUM( a )", "a+1", "x", "y", "rows"]


def test_names_are_the_same_in_any_case(quickstart):
    assert quickstart.one("select max(A) from `tiledb://ada/dense` where ROWS = 2 and Cols = 2") == 6


def test_a_long_name_is_shortened_by_an_alias(quickstart):
    alias = ["CREATE TABLE short ENGINE=mytile URI='tiledb://ada/dense'"]
    assert quickstart.one("select sum(short.a) from short where short.`rows` = 1", init=alias) == 10


def test_the_array_as_it_was_is_read_by_a_time_in_its_name(quickstart):
    before = quickstart.one("select count(*) from `tiledb://ada/sparse@1`")
    assert before == 0
    assert quickstart.one("select count(*) from `tiledb://ada/sparse@99999999999999`") == 3


def test_statements_that_show_things(quickstart):
    assert quickstart.rows("SHOW TABLES") == [("tiledb://ada/dense",), ("tiledb://ada/sparse",), ("ada.people",)]
    assert quickstart.rows("SHOW STATUS LIKE 'mytile_tiledb_version'")[0][1].count(".") == 2
    described = quickstart.rows("DESCRIBE `tiledb://ada/dense`")
    assert [row[:4] for row in described] == [
        ("rows", "int", "NO", "PRI"),
        ("cols", "int", "NO", "PRI"),
        ("a", "int", "NO", ""),
    ]
    ((name, made),) = quickstart.rows("SHOW CREATE TABLE `tiledb://ada/dense`")
    assert name == "tiledb://ada/dense"
    assert "lower_bound='1' upper_bound='4' tile_extent='4'" in made
    assert "`array_type`='DENSE'" in made
    assert quickstart.rows("DESCRIBE ada.people")[0][:2] == ("id", "integer")


def test_options_of_mytile_are_taken(quickstart):
    init = ["SET mytile_enable_pushdown=0", "SET SESSION mytile_read_query_layout='row-major', @x = 2"]
    assert quickstart.one("select sum(a) * @x from `tiledb://ada/dense` where `rows` = 1", init=init) == 20
    with pytest.raises(SqlError, match="begin with mytile_"):
        quickstart.run("SET sql_mode = 'x'")
    with pytest.raises(SqlError, match="There is no option mytile_nothing"):
        quickstart.run("SET mytile_nothing = 1")
    with pytest.raises(SqlError, match=r"The TileDB setting config\.logging_level is the server's"):
        quickstart.run("SET mytile_tiledb_config = 'config.logging_level=5'")


def test_rows_beyond_the_limit_are_cut(quickstart):
    assert quickstart.run("select * from `tiledb://ada/dense`", row_limit=5).num_rows == 5


def test_sums_of_whole_numbers_stay_whole(quickstart):
    import pyarrow as pa

    table = quickstart.run("select sum(a) s, avg(a) m, count(*) n from `tiledb://ada/dense` group by a > 8")
    assert table.schema.types == [pa.int64(), pa.float64(), pa.int64()]
    assert quickstart.one("select sum(9223372036854775807 - a + a) from `tiledb://ada/dense`") == pytest.approx(
        16 * 2.0**63
    )


def test_times_have_no_zone(quickstart):
    import pyarrow as pa

    table = quickstart.run(
        "SELECT NOW() a, UTC_TIMESTAMP() b, TIMESTAMP '2020-01-01' c, CAST('2020-01-01' AS DATETIME) d"
    )
    assert table.schema.types == [pa.timestamp("us")] * 4


def test_functions_that_duckdb_does_not_have(quickstart):
    asked = {
        "UNIX_TIMESTAMP('2020-01-01')": 1577836800,
        "SUBSTRING_INDEX('a.b.c', '.', -1)": "c",
        "ELT(2, 'a', 'b')": "b",
        "FIELD('b', 'a', 'b')": 2,
        "FIND_IN_SET('b', 'a,b')": 2,
        "STRCMP('a', 'b')": -1,
        "MID('abc', 2, 1)": "b",
        "WEEKDAY('2020-01-01')": 2,
        "DAYNAME('2020-01-01')": "Wednesday",
        "MONTHNAME('2020-01-01')": "January",
        "TIME_TO_SEC('01:00:01')": 3601,
        "BIN(5)": "101",
        "CONV('ff', 16, 10)": "255",
        "YEARWEEK('2020-01-05')": 202001,
        "DATE_FORMAT('2020-01-02', '%Y/%m')": "2020/01",
        "DATEDIFF('2020-01-03', '2020-01-01')": 2,
        "7 DIV 2": 3,
        "CONCAT_WS('-', 'a', 'b')": "a-b",
        "IF(1 > 2, 'a', 'b')": "b",
        "LOCATE('b', 'abc')": 2,
        "JSON_EXTRACT('{\"a\": 1}', '$.a')": "1",
        "'abc' REGEXP '^a'": True,
    }
    for text, wanted in asked.items():
        assert quickstart.one(f"SELECT {text}") == wanted, text
