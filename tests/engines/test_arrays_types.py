"""Every datatype that TileDB has, as a column: as TileDB-Py writes it, and back."""

from datetime import date, datetime, time

import numpy as np
import pyarrow as pa
import pytest
import tiledb

from headrace.errors import Invalid

NUMBERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"]


def one(desk, attribute, values, *, sparse=True, enums=(), name="t"):
    """An array with one dimension and this attribute."""
    domain = tiledb.Domain(tiledb.Dim("d", domain=(0, 99), tile=10, dtype=np.int32))
    schema = tiledb.ArraySchema(domain=domain, attrs=[attribute], sparse=sparse, enums=list(enums))
    path = desk.made(name, schema)
    with tiledb.open(path, "w") as array:
        if sparse:
            array[np.arange(len(values), dtype=np.int32)] = values
        else:
            array[0 : len(values)] = values
    return f"tiledb://ada/{name}"


def read(desk, uri):
    table = desk.run(f"SELECT a FROM `{uri}` ORDER BY d")
    return table.column(0).type, table.column(0).to_pylist()


@pytest.mark.parametrize("sparse", [True, False], ids=["sparse", "dense"])
@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_keep_their_width(desk, name, sparse):
    dtype = np.dtype(name)
    info = np.iinfo(dtype) if dtype.kind in "iu" else np.finfo(dtype)
    values = np.array([info.min, 0, 1, info.max], dtype)
    uri = one(desk, tiledb.Attr("a", dtype=dtype), values, sparse=sparse)
    assert read(desk, uri) == (pa.from_numpy_dtype(dtype), values.tolist())


@pytest.mark.parametrize("sparse", [True, False], ids=["sparse", "dense"])
def test_cells_may_be_null(desk, sparse):
    domain = tiledb.Domain(tiledb.Dim("d", domain=(0, 99), tile=10, dtype=np.int32))
    attributes = [tiledb.Attr("a", dtype=np.int16, nullable=True), tiledb.Attr("s", dtype=str, nullable=True, var=True)]
    path = desk.made("t", tiledb.ArraySchema(domain=domain, attrs=attributes, sparse=sparse))
    desk.run("INSERT INTO `tiledb://ada/t` VALUES (0, 1, 'x'), (1, NULL, NULL), (2, 3, '')")
    assert desk.rows("SELECT a, s FROM `tiledb://ada/t` ORDER BY d") == [(1, "x"), (None, None), (3, "")]
    with tiledb.open(path) as array:
        stored = array.query(use_arrow=False).multi_index[0:2]["a"]
    assert stored[[0, 2]].tolist() == [1, 3]


def test_true_and_false(desk):
    uri = one(desk, tiledb.Attr("a", dtype=bool), np.array([True, False, True]))
    assert read(desk, uri) == (pa.bool_(), [True, False, True])
    assert desk.one(f"SELECT count(*) FROM `{uri}` WHERE a = 1") == 2
    assert desk.one(f"SELECT count(*) FROM `{uri}` WHERE NOT a") == 1


@pytest.mark.parametrize("dtype", ["ascii", str], ids=["ascii", "utf8"])
def test_text_of_any_length(desk, dtype):
    values = ["", "a", "naïve 😀" if dtype is str else "plain", "x" * 1000]
    uri = one(desk, tiledb.Attr("a", dtype=dtype, var=True), np.array(values, dtype=object))
    assert read(desk, uri) == (pa.string(), values)
    assert desk.one(f"SELECT count(*) FROM `{uri}` WHERE a = ''") == 1
    assert desk.one(f"SELECT count(*) FROM `{uri}` WHERE a <= 'a'") == 2


def test_bytes_of_any_length(desk):
    values = [b"", b"\x00\xff", b"abc"]
    uri = one(desk, tiledb.Attr("a", dtype=np.bytes_, var=True), np.array(values, dtype=object))
    type_, found = read(desk, uri)
    assert (type_, found[1:]) == (pa.binary(), values[1:])


def test_bytes_of_a_fixed_length(desk):
    uri = one(desk, tiledb.Attr("a", dtype="S5"), np.array([b"abc", b"abcde"], "S5"))
    assert read(desk, uri) == (pa.binary(), [b"abc", b"abcde"])


def test_numbers_of_any_count_are_their_bytes(desk):
    rows = [np.array([1, 2], np.int32), np.array([3], np.int32), np.array([4, 5, 6], np.int32)]
    values = np.empty(3, dtype=object)
    values[:] = rows
    uri = one(desk, tiledb.Attr("a", dtype=np.int32, var=True), values)
    type_, found = read(desk, uri)
    assert type_ == pa.binary()
    assert [np.frombuffer(cell, "<i4").tolist() for cell in found] == [row.tolist() for row in rows]


def test_several_numbers_in_a_cell_are_their_bytes(desk):
    dtype = np.dtype([("", np.int32)] * 3)
    uri = one(desk, tiledb.Attr("a", dtype=dtype), np.array([(1, 2, 3), (4, 5, 6)], dtype))
    assert [np.frombuffer(cell, "<i4").tolist() for cell in read(desk, uri)[1]] == [[1, 2, 3], [4, 5, 6]]
    uri = one(desk, tiledb.Attr("a", dtype=np.complex64), np.array([1 + 2j, 3j], np.complex64), name="complex")
    assert [np.frombuffer(cell, "<c8").tolist() for cell in read(desk, uri)[1]] == [[1 + 2j], [3j]]


DATES = {
    "Y": (2020, pa.int32()),
    "M": (date(2020, 5, 1), pa.date32()),
    "W": (date(2020, 5, 7), pa.date32()),
    "D": (date(2020, 5, 7), pa.date32()),
    "h": (datetime.fromisoformat("2020-05-07T11:00:00"), pa.timestamp("s")),
    "m": (datetime.fromisoformat("2020-05-07T11:12:00"), pa.timestamp("s")),
    "s": (datetime.fromisoformat("2020-05-07T11:12:13"), pa.timestamp("s")),
    "ms": (datetime.fromisoformat("2020-05-07T11:12:13.014000"), pa.timestamp("ms")),
    "us": (datetime.fromisoformat("2020-05-07T11:12:13.014015"), pa.timestamp("us")),
    "ns": (datetime.fromisoformat("2020-05-07T11:12:13.014015"), pa.timestamp("ns")),
}


@pytest.mark.parametrize("unit", DATES)
def test_dates_of_every_unit(desk, unit):
    shown, type_ = DATES[unit]
    moment = np.datetime64("2020-05-07T11:12:13.014015", "ns").astype(f"M8[{unit}]")
    values = np.array([moment, np.datetime64("1960-01-01", "D").astype(f"M8[{unit}]"), np.datetime64("NaT", unit)])
    uri = one(desk, tiledb.Attr("a", dtype=np.dtype(f"M8[{unit}]")), values)
    table = desk.run(f"SELECT a FROM `{uri}` ORDER BY d")
    assert table.column(0).type == type_
    found = (
        table.column(0).cast(pa.timestamp("us")).to_pylist()
        if "timestamp" in str(type_)
        else table.column(0).to_pylist()
    )
    assert found[0] == shown
    assert (
        found[1] == 1960
        if unit == "Y"
        else found[1] in (date(1960, 1, 1), date(1959, 12, 31), datetime.fromisoformat("1960-01-01T00:00:00"))
    )
    assert found[2] is None


@pytest.mark.parametrize("unit", ["ps", "fs", "as"])
def test_dates_finer_than_nanoseconds_are_shown_in_nanoseconds(desk, unit):
    factor = {"ps": 10**3, "fs": 10**6, "as": 10**9}[unit]
    values = np.array([5 * factor, 5 * factor + factor - 1, -1]).view(f"M8[{unit}]")
    uri = one(desk, tiledb.Attr("a", dtype=np.dtype(f"M8[{unit}]")), values)
    table = desk.run(f"SELECT a FROM `{uri}` ORDER BY d")
    assert table.column(0).cast(pa.int64()).to_pylist() == [5, 5, -1]


@pytest.mark.parametrize("unit", ["h", "m", "s", "ms", "us", "ns"])
def test_times_of_every_unit(desk, unit):
    values = np.array([np.timedelta64(2, "h").astype(f"m8[{unit}]")])
    uri = one(desk, tiledb.Attr("a", dtype=np.dtype(f"m8[{unit}]")), values)
    assert read(desk, uri)[1] == [time(2)]


def test_a_time_beyond_a_day_is_said(desk):
    uri = one(desk, tiledb.Attr("a", dtype=np.dtype("m8[h]")), np.array([30], "m8[h]"))
    with pytest.raises(Invalid, match="The column `a` holds times beyond one day"):
        read(desk, uri)


@pytest.mark.parametrize("sparse", [True, False], ids=["sparse", "dense"])
def test_enumerations_are_their_labels(desk, sparse):
    colours = tiledb.Enumeration("colours", ordered=False, values=["red", "green", "blue"])
    attribute = tiledb.Attr("a", dtype=np.int8, enum_label="colours")
    uri = one(desk, attribute, np.array([2, 0, 1], np.int8), sparse=sparse, enums=[colours])
    assert read(desk, uri) == (pa.string(), ["blue", "red", "green"])
    assert desk.rows(f"SELECT d FROM `{uri}` WHERE a = 'red'") == [(1,)]
    assert desk.rows(f"SELECT d FROM `{uri}` WHERE a IN ('red', 'no such label') OR a > 'green'") == [(1,)]
    assert desk.rows(f"SELECT d FROM `{uri}` WHERE a = 'no such label'") == []


def test_enumerations_of_numbers_are_their_numbers(desk):
    sizes = tiledb.Enumeration("sizes", ordered=True, values=[10, 20, 30])
    uri = one(desk, tiledb.Attr("a", dtype=np.uint8, enum_label="sizes"), np.array([1, 2], np.uint8), enums=[sizes])
    assert read(desk, uri)[1] == [20, 30]
    assert desk.one(f"SELECT sum(a) FROM `{uri}`") == 50


def test_an_attribute_without_a_name(desk):
    path = str(desk.folder / "anonymous")
    tiledb.from_numpy(path, np.arange(5.0)).close()
    desk.place("anonymous", exists=True)
    assert desk.one("SELECT sum(__attr) FROM `tiledb://ada/anonymous`") == 10


def test_blobs(desk):
    desk.place("t")
    desk.run("CREATE TABLE `tiledb://ada/t` (d INT dimension=1, a BLOB) ENGINE=MyTile")
    desk.run("INSERT INTO `tiledb://ada/t` VALUES (1, 'abc'), (2, NULL)")
    assert desk.rows("SELECT a FROM `tiledb://ada/t` ORDER BY d") == [(b"abc",), (None,)]


def test_text_that_is_no_utf8_is_said(desk):
    domain = tiledb.Domain(tiledb.Dim("d", domain=(0, 9), tile=10, dtype=np.int32))
    attribute = tiledb.Attr("a", dtype=str, var=True)
    path = desk.made("t", tiledb.ArraySchema(domain=domain, attrs=[attribute], sparse=True))
    import tiledb.libtiledb as lib

    with tiledb.open(path, "w") as array:
        query = lib.Query(lib.Context(array.ctx), lib.Array(array.ctx, array), lib.QueryType.WRITE)
        query.layout = lib.LayoutType.UNORDERED
        data, offsets, where = np.array([255, 254], np.uint8), np.zeros(1, np.uint64), np.array([1], np.int32)
        query.set_data_buffer("a", data, 2)
        query.set_offsets_buffer("a", offsets, 1)
        query.set_data_buffer("d", where, 1)
        query._submit()
        query.finalize()
    with pytest.raises(Invalid, match="The column `a` holds bytes that are not UTF-8"):
        desk.run("SELECT a FROM `tiledb://ada/t`")


def test_dimensions_of_text_and_dates(desk):
    domain = tiledb.Domain(
        tiledb.Dim("name", domain=(None, None), tile=None, dtype="ascii"),
        tiledb.Dim("day", domain=(np.datetime64("1900-01-01"), np.datetime64("2100-01-01")), tile=10, dtype="M8[D]"),
    )
    path = desk.made("t", tiledb.ArraySchema(domain=domain, attrs=[tiledb.Attr("a", dtype=np.int32)], sparse=True))
    days = np.array(["1999-12-31", "2000-01-01", "2000-06-01", "2001-01-01"], "M8[D]")
    with tiledb.open(path, "w") as array:
        array[np.array(["a", "b", "b", "c"], dtype=object), days] = np.arange(4, dtype=np.int32)
    uri = "tiledb://ada/t"
    assert desk.rows(f"SELECT a FROM `{uri}` WHERE name = 'b' AND day > '2000-01-01'") == [(2,)]
    assert desk.rows(f"SELECT a FROM `{uri}` WHERE day BETWEEN '2000-01-01' AND DATE '2000-06-01' ORDER BY 1") == [
        (1,),
        (2,),
    ]
    assert desk.rows(f"SELECT a FROM `{uri}` WHERE day < TIMESTAMP '2000-01-01 12:00:00' ORDER BY 1") == [(0,), (1,)]
    assert desk.one(f"SELECT count(*) FROM `{uri}` WHERE day >= '2000-01-01 12:00:00'") == 3
    assert desk.rows(f"SELECT a FROM `{uri}` WHERE name IN ('a', 'c', 'zz') ORDER BY 1") == [(0,), (3,)]
    assert desk.rows(f"SELECT name, day FROM `{uri}` WHERE name >= 'c'") == [("c", date(2001, 1, 1))]
    assert desk.one(f"SELECT sum(a) FROM `{uri}` WHERE day >= DATE '2000-01-01' + INTERVAL 1 DAY") == 5


def test_an_array_that_was_never_written_has_no_rows(desk):
    domain = tiledb.Domain(tiledb.Dim("d", domain=(0, 99), tile=10, dtype=np.int32))
    for sparse in (True, False):
        name = f"t{sparse}"
        desk.made(name, tiledb.ArraySchema(domain=domain, attrs=[tiledb.Attr("a", dtype=np.int32)], sparse=sparse))
        assert desk.rows(f"SELECT * FROM `tiledb://ada/{name}`") == []
        assert desk.rows(f"SELECT count(*), sum(a), max(a) FROM `tiledb://ada/{name}`") == [(0, None, None)]


def test_ranges_beyond_what_was_written_bring_no_fill_values(desk):
    uri = one(desk, tiledb.Attr("a", dtype=np.int32), np.arange(5, dtype=np.int32), sparse=False)
    assert desk.rows(f"SELECT d, a FROM `{uri}` WHERE d >= 3 AND d < 1000000000000") == [(3, 3), (4, 4)]
    assert desk.rows(f"SELECT a FROM `{uri}` WHERE d > 50") == []
    assert desk.one(f"SELECT count(*) FROM `{uri}` WHERE d BETWEEN -5 AND 50") == 5
    assert desk.rows(f"SELECT a FROM `{uri}` WHERE d IN (2, 3, 3, 77) ORDER BY a DESC") == [(3,), (2,)]


def test_negative_ranges(desk):
    domain = tiledb.Domain(tiledb.Dim("d", domain=(-50, 50), tile=7, dtype=np.int64))
    for sparse in (True, False):
        attribute = tiledb.Attr("a", dtype=np.int64)
        path = desk.made(f"t{sparse}", tiledb.ArraySchema(domain=domain, attrs=[attribute], sparse=sparse))
        with tiledb.open(path, "w") as array:
            if sparse:
                array[np.arange(-50, 51)] = np.arange(-50, 51)
            else:
                array[:] = np.arange(-50, 51)
        uri = f"tiledb://ada/t{sparse}"
        assert desk.rows(f"SELECT sum(a), count(*) FROM `{uri}` WHERE d > -4 AND d < -1.5") == [(-5, 2)]
        assert desk.rows(f"SELECT d FROM `{uri}` WHERE -49 >= d ORDER BY d") == [(-50,), (-49,)]
        assert desk.rows(f"SELECT d FROM `{uri}` WHERE d = - 3 OR d BETWEEN 49 AND 60 ORDER BY d") == [
            (-3,),
            (49,),
            (50,),
        ]


def test_nan_is_no_number_to_a_comparison_however_it_is_read(desk):
    values = np.array([1.0, np.nan, 3.0])
    uri = one(desk, tiledb.Attr("a", dtype=np.float64), values)
    for init in ([], ["SET mytile_enable_pushdown=0"]):
        assert desk.rows(f"SELECT d FROM `{uri}` WHERE a > 2 ORDER BY d", init=init) == [(2,)]
        assert desk.rows(f"SELECT d FROM `{uri}` WHERE a < 2 ORDER BY d", init=init) == [(0,)]
    ((total, least, most),) = desk.rows(f"SELECT sum(a), min(a), max(a) FROM `{uri}`")
    assert (np.isnan(total), least, np.isnan(most)) == (True, 1.0, True)


def test_sums_beyond_64_bits_are_floats(desk):
    uri = one(desk, tiledb.Attr("a", dtype=np.int64), np.array([2**62] * 4))
    assert desk.one(f"SELECT sum(a) FROM `{uri}`") == 2.0**64
    uri = one(desk, tiledb.Attr("a", dtype=np.uint64), np.array([2**63] * 3, np.uint64), name="unsigned")
    assert desk.one(f"SELECT sum(a) FROM `{uri}`") == 3 * 2.0**63
