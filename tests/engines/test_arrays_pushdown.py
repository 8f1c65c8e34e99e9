"""What is pushed into an array changes how much is read and never what is found."""

import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import tiledb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from headrace.engines import _arrays_plan as plan
from headrace.engines import _mysql
from headrace.engines._arrays_read import Stream
from headrace.engines._arrays_session import Session

OFF = ["SET mytile_enable_pushdown=0, mytile_enable_aggregate_pushdown=0"]
SIGNS = ["=", "<", "<=", ">", ">=", "!="]
PANDAS = {"=": "eq", "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "!=": "ne"}


def square(desk, *, sparse, size=100, name="t", tile=10):
    """An array of `size` x `size` cells: `a` counts them, `b` is a tenth of it, `s` a text of ten kinds."""
    dims = [tiledb.Dim(n, domain=(0, size - 1), tile=tile, dtype=np.int32) for n in ("x", "y")]
    attributes = [tiledb.Attr("a", dtype=np.int64), tiledb.Attr("b", dtype=np.float64), tiledb.Attr("s", dtype=str)]
    domain = tiledb.Domain(*dims)
    path = desk.made(name, tiledb.ArraySchema(domain=domain, attrs=attributes, sparse=sparse, capacity=500))
    count = np.arange(size * size)
    values = {"a": count, "b": count / 10, "s": np.array([f"k{i % 10}" for i in count], dtype=object)}
    with tiledb.open(path, "w") as array:
        if sparse:
            array[count // size, count % size] = values
        else:
            array[:] = {key: value.reshape(size, size) for key, value in values.items()}
    return f"tiledb://ada/{name}"


@pytest.mark.parametrize("sparse", [True, False], ids=["sparse", "dense"])
@pytest.mark.parametrize(
    ("where", "most"),
    [
        ("x = 3", 100),
        ("x < 2 AND y >= 90", 20),
        ("x BETWEEN 5 AND 6 AND y BETWEEN 1 AND 2", 4),
        ("x IN (1, 50, 99) AND y = 7", 3),
        ("(x, y) IN ((1, 1), (2, 4))", 4),
        ("x = 1 OR x = 98", 200),
        ("(x = 1 OR x = 3) AND (y < 5 OR y > 95)", 18),
        ("5 > x AND y = 3 + 4", 5),
        ("x > 97.5", 200),
        ("x = 1.5", 0),
        ("x < 0", 0),
        ("x = 5 AND x = 6", 0),
    ],
)
def test_comparisons_of_dimensions_are_all_that_is_read(desk, read, sparse, where, most):
    uri = square(desk, sparse=sparse)
    text = f"SELECT x, y, a, s FROM `{uri}` WHERE {where} ORDER BY a"
    found = desk.rows(text)
    assert read() <= most
    assert found == desk.rows(text, init=OFF)


@pytest.mark.parametrize(
    "where", ["a < 50", "a = 17 AND s = 'k7'", "s = 'k3' AND a < 100", "a IN (1, 2, 3)", "b < 1.5"]
)
def test_comparisons_of_attributes_are_pushed_into_sparse_arrays(desk, read, where):
    uri = square(desk, sparse=True)
    text = f"SELECT a FROM `{uri}` WHERE {where} ORDER BY a"
    found = desk.rows(text)
    assert 0 < read() <= 50
    assert found == desk.rows(text, init=OFF)


def test_comparisons_of_attributes_are_not_pushed_into_dense_arrays(desk, read):
    uri = square(desk, sparse=False)
    assert desk.one(f"SELECT count(*) FROM `{uri}` WHERE a < 50") == 50
    assert read() == 10_000


@pytest.mark.parametrize("sparse", [True, False], ids=["sparse", "dense"])
def test_whole_aggregates_read_no_cells(desk, read, sparse):
    uri = square(desk, sparse=sparse)
    text = f"SELECT count(*), sum(a), avg(b), min(a), max(b) FROM `{uri}`"
    assert desk.rows(text) == [(10_000, 49_995_000, pytest.approx(499.95), 0, 999.9)]
    limited = text + " WHERE x BETWEEN 10 AND 19 AND y IN (1, 2)"
    assert desk.rows(limited)[0][:2] == (20, sum(x * 100 + y for x in range(10, 20) for y in (1, 2)))
    assert read() == 0
    assert desk.rows(limited, init=OFF)[0][:2] == desk.rows(limited)[0][:2]
    assert read() > 0


@pytest.mark.parametrize("sparse", [True, False], ids=["sparse", "dense"])
@pytest.mark.parametrize("asked", ["count(*), sum(a)", "count(*) + 0, sum(a) + 0", "x, count(*), sum(a)"])
def test_ranges_that_are_too_many_to_be_read_as_they_are_find_no_more(desk, sparse, asked):
    """Some 22,500 boxes are read as fewer around them, so WHERE is still needed."""
    uri = square(desk, sparse=sparse, size=300, tile=100)
    listed = ", ".join(map(str, range(0, 300, 2)))
    grouped = "GROUP BY x ORDER BY x" if asked.startswith("x") else ""
    text = f"SELECT {asked} FROM `{uri}` WHERE x IN ({listed}) AND y IN ({listed}) {grouped}"
    found = desk.rows(text)
    assert sum(row[-2] for row in found) == 150 * 150
    assert found == desk.rows(text, init=OFF)


def test_a_comparison_that_is_not_read_exactly_is_looked_at_again(desk):
    uri = square(desk, sparse=True, size=20)
    for where in (
        "x < 5 OR a = 399",
        "x = 1 AND s > 'k5'",
        "x = 1 AND s = ''",
        "x + 0 = 1 AND y = 2",
        "s IN ('k1', 'ä')",
    ):
        text = f"SELECT a, b FROM `{uri}` WHERE {where} ORDER BY a"
        assert desk.rows(text) == desk.rows(text, init=OFF)
    joined = f"SELECT count(*) FROM `{uri}` t LEFT JOIN `{uri}` u ON u.a = t.a + 1 WHERE u.x = 3 AND t.y < 5"
    assert desk.one(joined) == desk.one(joined, init=OFF) > 0


def test_aggregates_that_tiledb_cannot_answer_are_computed(desk, read):
    uri = square(desk, sparse=True)
    assert desk.one(f"SELECT sum(a) FROM `{uri}` WHERE a % 2 = 0") == 24_995_000
    assert desk.one(f"SELECT count(DISTINCT s) FROM `{uri}`") == 10
    assert desk.one(f"SELECT max(s) FROM `{uri}`") == "k9"
    assert desk.one(f"SELECT sum(x) FROM `{uri}`") == 495_000
    assert read() > 0


@pytest.mark.parametrize("sparse", [True, False], ids=["sparse", "dense"])
@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        (np.float64, [-np.inf, 1, 2, 3]),
        (np.float64, [np.inf, 1, 2, -np.inf]),
        (np.float64, [np.nan, 1, np.inf, 3]),
        (np.float64, [-1e308, -1e308, 1e308, 1e308]),
        (np.float32, [np.nan, 1, 2, -np.inf]),
        (np.int64, [-(2**63), -(2**63), 5, 2**62]),
        (np.int64, [2**63 - 1, 2**63 - 1, -5, -(2**62)]),
        (np.uint64, [2**64 - 1, 2**64 - 1, 1, 0]),
        (np.int8, [-128, -128, 127, 127]),
    ],
)
def test_totals_that_run_over_are_those_of_the_cells(desk, sparse, dtype, values):
    domain = tiledb.Domain(tiledb.Dim("x", domain=(0, 3), tile=2, dtype=np.int32))
    attributes = [tiledb.Attr("a", dtype=dtype)]
    path = desk.made("t", tiledb.ArraySchema(domain=domain, attrs=attributes, sparse=sparse, capacity=2))
    with tiledb.open(path, "w") as array:
        array[np.arange(4) if sparse else slice(None)] = np.array(values, dtype=dtype)
    for total in ("sum", "avg", "min", "max"):
        for where in ("", " WHERE x < 3"):
            text = f"SELECT {total}(a) FROM `tiledb://ada/t`{where}"
            assert str(desk.one(text)) == str(desk.one(text, init=OFF)), text


@pytest.mark.parametrize("sparse", [True, False], ids=["sparse", "dense"])
def test_a_limit_does_not_read_the_whole_array(desk, read, sparse):
    uri = square(desk, sparse=sparse, size=1500, tile=100)
    assert desk.run(f"SELECT * FROM `{uri}` LIMIT 7").num_rows == 7
    assert read() < 1_000_000
    assert desk.rows(f"SELECT a FROM `{uri}` WHERE a = 1234567 AND s = 'k7' LIMIT 7") == [(1234567,)]
    assert desk.rows(f"SELECT s FROM `{uri}` WHERE x > 1000 AND s = 'k3' LIMIT 2") == [("k3",)] * 2


def test_only_the_columns_that_are_named_are_read(desk, monkeypatch):
    seen = []
    start = Stream.__init__

    def remember(self, opened, columns, selection):
        seen.append([column.name for column in columns])
        start(self, opened, columns, selection)

    monkeypatch.setattr(Stream, "__init__", remember)
    uri = square(desk, sparse=True, size=20)
    desk.run(f"SELECT b + 1 FROM `{uri}` t WHERE t.s = 'k1'")
    desk.run(f"SELECT count(*) FROM `{uri}` WHERE s LIKE 'k%'")
    desk.run(f"SELECT t.* FROM `{uri}` t JOIN `{uri}` u USING (x, y) WHERE u.a = 1")
    desk.run(f"SELECT a + 0 FROM `{uri}` WHERE x < 5 AND y IN (1, 2) AND b > a")
    every = ["x", "y", "a", "b", "s"]
    # What is read exactly is not looked at again, so its column is not needed.
    assert seen == [["b"], ["s"], every, ["x", "y", "a"], ["a", "b"]]


@pytest.mark.parametrize("join", ["LEFT JOIN", "RIGHT JOIN", "JOIN"])
def test_comparisons_in_joins_keep_their_meaning(desk, join):
    uri, other = square(desk, sparse=True, size=10), square(desk, sparse=False, size=10, name="u")
    text = f"""
        SELECT t.a, u.a FROM `{uri}` t {join} `{other}` u ON t.a = u.a + 95 AND u.x < 1 AND t.y < 8
        WHERE t.x >= 9 OR t.x IS NULL ORDER BY 1, 2
    """
    assert desk.rows(text) == desk.rows(text, init=OFF)
    filtered = text.replace("OR t.x IS NULL", "AND u.y > 2")
    assert desk.rows(filtered) == desk.rows(filtered, init=OFF)


def test_comparisons_in_subqueries_are_those_of_their_own_tables(desk):
    uri = square(desk, sparse=True, size=10)
    text = f"""
        SELECT count(*) FROM `{uri}` t WHERE t.x < 5 AND EXISTS (
            SELECT 1 FROM `{uri}` u WHERE u.a = t.a AND t.y > 6 AND u.y < 9) AND a NOT IN (
            SELECT a FROM `{uri}` WHERE x = 1)
    """
    assert desk.one(text) == desk.one(text, init=OFF) == 8


CONSTANT = st.one_of(
    st.integers(-15, 15),
    st.integers(-30, 30).map(lambda n: Decimal(n) / 2),
    st.sampled_from([2**40, -(2**40)]),
)


@st.composite
def comparisons(draw, depth=2):
    """A condition in SQL, and the same for a frame of pandas."""
    if depth and draw(st.booleans()):
        (left, over), (right, beyond) = draw(comparisons(depth - 1)), draw(comparisons(depth - 1))
        if draw(st.booleans()):
            return f"({left} AND {right})", lambda f: over(f) & beyond(f)
        return f"({left} OR {right})", lambda f: over(f) | beyond(f)
    column = draw(st.sampled_from(["x", "y", "n", "f", "s", "day"]))
    if column in ("x", "y", "n", "f"):
        constant = CONSTANT
        shown = str
    elif column == "s":
        constant = st.sampled_from(["", "a", "ab", "b", "zz", "ä"])
        shown = lambda value: f"'{value}'"  # noqa: E731
    else:
        constant = st.integers(0, 60).map(lambda n: pd.Timestamp("2020-01-01") + pd.Timedelta(hours=12 * n))
        shown = lambda value: f"TIMESTAMP '{value}'"  # noqa: E731
    kind = draw(st.sampled_from(["compare", "between", "in", "flipped"]))
    if kind == "between":
        low, high = draw(constant), draw(constant)
        return f"{column} BETWEEN {shown(low)} AND {shown(high)}", lambda f: (f[column] >= low) & (f[column] <= high)
    if kind == "in":
        values = draw(st.lists(constant, min_size=1, max_size=4))
        listed = ", ".join(map(shown, values))

        def among(f):
            found = pd.Series(False, index=f.index)
            for value in values:
                found |= f[column] == value
            return found

        return f"{column} IN ({listed})", among
    sign, value = draw(st.sampled_from(SIGNS)), draw(constant)
    sql = f"{shown(value)} {sign} {column}" if kind == "flipped" else f"{column} {sign} {shown(value)}"
    flipped = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}.get(sign, sign) if kind == "flipped" else sign
    return sql, lambda f: getattr(f[column], PANDAS[flipped])(value)


def table(desk, *, sparse, seed):
    """A small array with every family of columns, and the same as a frame."""
    rng = np.random.default_rng(seed)
    dims = [
        tiledb.Dim("x", domain=(-10, 10), tile=4, dtype=np.int16 if sparse else np.int64),
        tiledb.Dim("y", domain=(-10, 10), tile=3, dtype=np.int64),
    ]
    attributes = [
        tiledb.Attr("n", dtype=np.int32),
        tiledb.Attr("f", dtype=np.float64),
        tiledb.Attr("s", dtype=str),
        tiledb.Attr("day", dtype="M8[D]"),
    ]
    schema = tiledb.ArraySchema(domain=tiledb.Domain(*dims), attrs=attributes, sparse=sparse, capacity=7)
    path = desk.made(f"t{sparse}{seed}", schema)
    xs, ys = (grid.ravel() for grid in np.meshgrid(np.arange(-10, 11), np.arange(-10, 11), indexing="ij"))
    if sparse:
        kept = rng.random(len(xs)) < 0.4
        xs, ys = xs[kept], ys[kept]
    size = len(xs)
    frame = pd.DataFrame(
        {
            "x": xs,
            "y": ys,
            "n": rng.integers(-15, 16, size).astype(np.int32),
            "f": rng.integers(-30, 31, size) / 2,
            "s": rng.choice(["", "a", "ab", "b", "ä"], size),
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 30, size), unit="D"),
        }
    )
    values = {name: frame[name].to_numpy() for name in ("n", "f")}
    values["s"] = frame["s"].to_numpy(dtype=object)
    values["day"] = frame["day"].to_numpy().astype("M8[D]")
    with tiledb.open(path, "w") as array:
        if sparse:
            array[xs.astype(np.int16), ys] = values
        else:
            array[:] = {key: value.reshape(21, 21) for key, value in values.items()}
    return f"tiledb://ada/t{sparse}{seed}", frame


@pytest.mark.parametrize("sparse", [True, False], ids=["sparse", "dense"])
def test_what_is_found_is_what_a_full_read_and_pandas_find(desk, sparse):
    uri, frame = table(desk, sparse=sparse, seed=int(sparse))

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(comparisons())
    def check(made):
        where, mask = made
        wanted = frame[mask(frame)]
        text = f"SELECT x, y FROM `{uri}` WHERE {where} ORDER BY x, y"
        assert desk.rows(text) == sorted(zip(wanted["x"].tolist(), wanted["y"].tolist(), strict=True))
        alone = f"SELECT n, s FROM `{uri}` WHERE {where} ORDER BY n, s"
        assert desk.rows(alone) == sorted(zip(wanted["n"].tolist(), wanted["s"].tolist(), strict=True))
        totals = f"SELECT count(*), sum(n), min(f), max(n), avg(f) FROM `{uri}` WHERE {where}"
        ((count, total, least, most, mean),) = desk.rows(totals)
        assert count == len(wanted)
        if count:
            assert (total, least, most) == (wanted["n"].sum(), wanted["f"].min(), wanted["n"].max())
            assert math.isclose(mean, wanted["f"].mean(), abs_tol=1e-9)
        else:
            assert (total, least, most, mean) == (None,) * 4
        assert desk.rows(totals, init=OFF) == [
            (count, total, least, most, pytest.approx(mean, abs=1e-9) if count else None)
        ]

    check()


def test_a_plan_is_a_superset_of_what_is_asked(desk):
    """Both ends of a range belong to it, so strict bounds of whole dimensions move by one and others do not."""
    square(desk, sparse=True, size=20)
    session = Session(desk.database.cursor(), desk.places)

    def ranges(where):
        tokens = _mysql.DIALECT.tokenize(f"SELECT * FROM `tiledb://ada/t` WHERE {where}")
        tree = _mysql.parse("", tokens)
        assert isinstance(tree, exp.Select)
        (reference,) = plan.find(tree, session)
        opened = session.open(reference.target)
        return plan.select(tree, reference, opened.columns, session, sparse=True).ranges

    assert ranges("x > 3 AND x < 7") == {"x": [(4, 6)]}
    assert ranges("x >= 3.2 AND x <= 6.9") == {"x": [(4, 6)]}
    assert ranges("x > 3 OR y > 3") == {}
    assert ranges("x > y") == {}
    assert ranges("x IN (5, 1, 3)") == {"x": [(1, 1), (3, 3), (5, 5)]}
    assert ranges("NOT x = 3") == {}
    assert ranges("x + 1 = 3") == {}
    assert ranges("x = (SELECT 3)") == {}
    assert ranges("x = '3'") == {}
    assert ranges("x = NULL") == {}


DIMENSIONS = {
    "int8": (-100, 100, lambda n: n),
    "uint16": (0, 500, lambda n: n % 400),
    "int64": (-(2**40), 2**40, lambda n: n * 10**9),
    "float32": (-1e3, 1e3, lambda n: n / 4),
    "float64": (-1e3, 1e3, lambda n: n / 8),
    "ascii": (None, None, lambda n: f"k{n % 13}" if n % 5 else "k"),
    "M8[D]": (-500, 500, lambda n: n),
    "M8[h]": (-500, 500, lambda n: n),
    "M8[ms]": (-(10**12), 10**12, lambda n: n * 43_200_000),
    "M8[ns]": (-(10**18), 10**18, lambda n: n * 43_200_000_000_000),
    "M8[M]": (-500, 500, lambda n: n),
}
ATTRIBUTES = ["int8", "uint64", "float32", "float64", "bool", "str", "M8[s]", "label"]


def drawn(draw, desk, number):
    """A sparse array of one or two random dimensions and some random attributes, with some random cells."""
    kinds = draw(st.lists(st.sampled_from(sorted(DIMENSIONS)), min_size=1, max_size=2))
    names = [f"d{i}" for i in range(len(kinds))]
    dims = []
    for name, kind in zip(names, kinds, strict=True):
        low, high, _ = DIMENSIONS[kind]
        domain = (np.datetime64(low, kind[3:-1]), np.datetime64(high, kind[3:-1])) if kind[0] == "M" else (low, high)
        dims.append(tiledb.Dim(name, domain=domain, tile=None, dtype=kind))
    chosen = draw(st.lists(st.sampled_from(ATTRIBUTES), min_size=1, max_size=4, unique=True))
    label = tiledb.Enumeration("labels", ordered=False, values=["p", "q", "r"])
    attributes = [
        tiledb.Attr(
            f"a{i}",
            dtype={"str": str, "label": np.int8}.get(kind, kind),
            var=kind == "str" or None,
            enum_label="labels" if kind == "label" else None,
        )
        for i, kind in enumerate(chosen)
    ]
    schema = tiledb.ArraySchema(
        domain=tiledb.Domain(*dims),
        attrs=attributes,
        sparse=True,
        capacity=5,
        allows_duplicates=True,
        enums=[label] if "label" in chosen else [],
    )
    path = desk.made(f"r{number}", schema)
    cells = draw(st.lists(st.tuples(*[st.integers(-20, 20)] * (len(kinds) + 1)), min_size=1, max_size=30))
    made = {"int8": lambda n: n, "uint64": lambda n: n + 20, "float32": lambda n: n / 4, "float64": lambda n: n / 4}
    made |= {"bool": lambda n: n > 0, "str": lambda n: "x" * (n % 4), "M8[s]": lambda n: n, "label": lambda n: n % 3}
    values = {}
    for i, kind in enumerate(chosen):
        given = [made[kind](cell[-1]) for cell in cells]
        values[f"a{i}"] = np.array(given, dtype=object if kind == "str" else {"label": np.int8}.get(kind, kind))
    where = [
        np.array([DIMENSIONS[kind][2](cell[i]) for cell in cells], dtype=object if kind == "ascii" else kind)
        for i, kind in enumerate(kinds)
    ]
    with tiledb.open(path, "w") as array:
        array[tuple(where) if len(where) > 1 else where[0]] = values
    return f"tiledb://ada/r{number}", dict(zip(names, kinds, strict=True)) | dict(zip(values, chosen, strict=True))


def constant(draw, kind):
    """A constant in SQL that may be compared with a column of this kind."""
    number = draw(st.integers(-25, 25))
    if kind in ("ascii", "str"):
        return f"'{draw(st.sampled_from(['', 'k', 'k1', 'k12', 'k7', 'x', 'xx', 'z']))}'"
    if kind == "label":
        return f"'{draw(st.sampled_from(['p', 'q', 'zz']))}'"
    if kind == "bool":
        return draw(st.sampled_from(["TRUE", "FALSE", "0", "1"]))
    if kind[0] == "M":
        moment = pd.Timestamp("1970-01-01") + pd.Timedelta(hours=12 * number)
        return draw(st.sampled_from([f"TIMESTAMP '{moment}'", f"DATE '{moment.date()}'", f"'{moment.date()}'"]))
    scale = 10**9 if kind == "int64" else 1
    return draw(st.sampled_from([str(number * scale), f"{number / 4}", f"{number / 8}e0", str(number * 10**6)]))


def test_what_is_found_in_any_array_is_what_a_full_read_finds(desk):
    numbers = iter(range(10_000))

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def check(data):
        uri, kinds = drawn(data.draw, desk, next(numbers))
        for _ in range(2):
            parts = []
            for name in data.draw(st.lists(st.sampled_from(sorted(kinds)), min_size=1, max_size=3)):
                sign = data.draw(st.sampled_from([*SIGNS, "BETWEEN", "IN"]))
                values = [constant(data.draw, kinds[name]) for _ in range(2)]
                if sign == "BETWEEN":
                    parts.append(f"{name} BETWEEN {values[0]} AND {values[1]}")
                elif sign == "IN":
                    parts.append(f"{name} IN ({', '.join(values)})")
                else:
                    parts.append(f"{name} {sign} {values[0]}")
            where = data.draw(st.sampled_from([" AND ", " OR "])).join(parts)
            text = f"SELECT * FROM `{uri}` WHERE {where}"
            assert sorted(map(repr, desk.rows(text))) == sorted(map(repr, desk.rows(text, init=OFF))), text
            count = f"SELECT count(*) FROM `{uri}` WHERE {where}"
            assert desk.rows(count) == desk.rows(count, init=OFF), count
            some = f"SELECT {data.draw(st.sampled_from(sorted(kinds)))} FROM `{uri}` WHERE {where}"
            assert sorted(map(repr, desk.rows(some))) == sorted(map(repr, desk.rows(some, init=OFF))), some

    check()
