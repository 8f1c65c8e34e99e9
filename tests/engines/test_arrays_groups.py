"""Totals along the axes of dense arrays are made of parts, and are those of the cells."""

import math

import numpy as np
import pytest
import tiledb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.errors import Invalid

COLUMNS_FIRST = ["SET mytile_read_query_layout='col-major'"]
OFF = ["SET mytile_enable_pushdown=0, mytile_enable_aggregate_pushdown=0"]
SMALL = ["SET mytile_read_buffer_size=600"]  # bytes: some boxes an array
DTYPES = {
    "i": np.int32,
    "small": np.int8,
    "w": np.uint16,
    "big": np.int64,
    "huge": np.uint64,
    "f": np.float64,
    "g": np.float32,
}


def cube(desk, *, seed=0, name="cube"):
    """A dense array of three axes, one of them below zero, and an attribute of each kind of number."""
    rng = np.random.default_rng(seed)
    dims = [
        tiledb.Dim("x", domain=(0, 11), tile=5, dtype=np.int64),
        tiledb.Dim("y", domain=(-4, 5), tile=3, dtype=np.int64),
        tiledb.Dim("z", domain=(100, 107), tile=4, dtype=np.int64),
    ]
    attributes = [tiledb.Attr(key, dtype=dtype) for key, dtype in DTYPES.items()]
    attributes += [tiledb.Attr("s", dtype=str), tiledb.Attr("maybe", dtype=np.int32, nullable=True)]
    schema = tiledb.ArraySchema(domain=tiledb.Domain(*dims), attrs=attributes)
    path = desk.made(name, schema)
    shape = (12, 10, 8)
    values = {}
    for key, dtype in DTYPES.items():
        if np.dtype(dtype).kind == "f":
            values[key] = (rng.integers(-40, 40, shape) / 4).astype(dtype)
            values[key][rng.random(shape) < 0.03] = rng.choice([np.nan, np.inf, -np.inf])
        else:
            ends = np.iinfo(dtype)
            values[key] = rng.integers(ends.min, ends.max, shape, dtype=dtype, endpoint=True)
    values["s"] = rng.choice(["p", "q"], shape).astype(object)
    values["maybe"] = rng.integers(0, 9, shape).astype(np.int32)
    with tiledb.open(path, "w") as array:
        array[:] = values
    return f"tiledb://ada/{name}"


def alike(found, wanted):
    """Whether rows are the same, but for how floating point was rounded."""

    def same(a, b):
        if isinstance(a, float) and isinstance(b, float):
            return (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)
        return a == b and type(a) is type(b)

    return len(found) == len(wanted) and all(
        len(one) == len(other) and all(map(same, one, other)) for one, other in zip(found, wanted, strict=True)
    )


KEYS = ["x", "y", "z", "x % 3", "x + y", "CASE WHEN y > 0 THEN 1 ELSE 0 END"]
WHERES = ["x = 3", "y BETWEEN -2 AND 3", "x IN (1, 2, 9)", "z >= 102", "y < -4", "x > 1.5", "x = 1 OR y = 2"]
WHERES += ["i > 0", "z IN (101, 107)"]


@st.composite
def statements(draw):
    """A statement with totals and maybe groups; the first columns are what its rows are in the order of."""
    keys = draw(st.lists(st.sampled_from(KEYS), max_size=2, unique=True))
    total = st.tuples(st.sampled_from(["sum", "avg", "min", "max", "count"]), st.sampled_from(sorted(DTYPES)))
    totals = draw(st.lists(total, max_size=4))
    selected = [f"{key} AS k{i}" for i, key in enumerate(keys)]
    selected += [f"{word}({name}) AS t{i}" for i, (word, name) in enumerate(totals)]
    more = st.sampled_from(["count(*) AS n", "sum(i) + 2 * count(*) AS m", "max(big) - min(w) AS o"])
    selected += draw(st.lists(more, max_size=1, min_size=not totals))
    where = draw(st.lists(st.sampled_from(WHERES), max_size=2, unique=True))
    having = draw(st.sampled_from(["", " HAVING count(*) > 9", " HAVING avg(w) < 40000"])) if keys else ""
    order = ", ".join(f"k{i}" for i in range(len(keys)))
    return (
        f"SELECT {', '.join(selected)} FROM `{{}}`"
        + (f" WHERE {' AND '.join(f'({one})' for one in where)}" if where else "")
        + (f" GROUP BY {draw(st.sampled_from([order, ', '.join(keys)]))}" if keys else "")
        + having
        + (f" ORDER BY {order}" if keys else "")
    )


def test_any_totals_by_any_axes_are_those_of_the_cells(desk):
    arrays = [cube(desk, seed=seed, name=f"cube{seed}") for seed in range(3)]

    @settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        statements(),
        st.sampled_from(arrays),
        st.sampled_from([[], SMALL, COLUMNS_FIRST]),
    )
    def check(statement, uri, init):
        text = statement.format(uri)
        found, wanted = desk.rows(text, init=init), desk.rows(text, init=OFF)
        assert alike(found, wanted), (text, found, wanted)
        assert desk.run(text, init=init).schema == desk.run(text, init=OFF).schema

    check()


def test_days_are_axes_too(desk, read):
    days = np.arange("2020-02-27", "2020-03-08", dtype="M8[D]")
    dims = [tiledb.Dim(name, domain=(days[0], days[-1]), tile=3, dtype="M8[D]") for name in ("bought", "sold")]
    path = desk.made("days", tiledb.ArraySchema(domain=tiledb.Domain(*dims), attrs=[tiledb.Attr("a", dtype=np.int32)]))
    with tiledb.open(path, "w") as array:
        array[:] = np.arange(100, dtype=np.int32).reshape(10, 10)
    text = """
        SELECT sold, sum(a), count(*) FROM `tiledb://ada/days`
        WHERE bought >= '2020-03-01' AND sold IN (DATE '2020-02-28', DATE '2020-03-07') GROUP BY sold ORDER BY sold
    """
    assert desk.rows(text) == [(days[1].item(), 427, 7), (days[9].item(), 483, 7)]
    assert read() == 2


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("SELECT x, sum(i) FROM {} GROUP BY x", 12),
        ("SELECT avg(f) + 1 FROM {} WHERE y < 0", 1),
        ("SELECT count(*) + 1 FROM {} WHERE y < 0 AND z = 103", 1),
        ("SELECT y, z FROM {} WHERE x < 7 GROUP BY y, z", 80),
        ("SELECT y, z FROM {} WHERE x > 20 GROUP BY y, z UNION SELECT x, min(i) AS m FROM {} GROUP BY x", 12),
        ("SELECT y, z, min(big) FROM {} WHERE x IN (1, 2) GROUP BY y, z", 80),
        ("SELECT * FROM (SELECT x, max(w) AS m FROM {} GROUP BY x) t WHERE m > 5", 12),
        ("WITH t AS (SELECT x, count(*) AS n FROM {} GROUP BY x) SELECT sum(n) FROM t", 12),
        ("SELECT x, count(i) AS n FROM {} GROUP BY 1 HAVING n > 2 ORDER BY sum(w) DESC LIMIT 3", 12),
    ],
)
def test_parts_are_read_and_no_cells(desk, read, text, most):
    text = text.replace("{}", f"`{cube(desk)}`")
    found = desk.rows(text)
    assert 0 < read() <= most
    assert alike(sorted(found), sorted(desk.rows(text, init=OFF)))


@pytest.mark.parametrize(
    "text",
    [
        "SELECT x, count(DISTINCT i) FROM {} GROUP BY x ORDER BY x",
        "SELECT x, sum(i) FROM {} WHERE i > 0 GROUP BY x ORDER BY x",
        "SELECT x, sum(x) FROM {} GROUP BY x ORDER BY x",
        "SELECT x, sum(maybe), max(s) FROM {} GROUP BY x ORDER BY x",
        "SELECT x, stddev(w) FROM {} GROUP BY x ORDER BY x",
        "SELECT i, count(*) FROM {} GROUP BY i ORDER BY i LIMIT 5",
        "SELECT x, sum(y) OVER (ORDER BY x, y, z) FROM {} ORDER BY 1, 2 LIMIT 5",
        "SELECT DISTINCT x FROM {} ORDER BY x",
        "SELECT 1 AS one FROM {} GROUP BY one",
        "SELECT count(*) FROM {} t GROUP BY t ORDER BY t LIMIT 5",
        "SELECT x AS i, sum(i) FROM {} GROUP BY x ORDER BY i",
        "SELECT x, count(*) FROM {} t GROUP BY ROLLUP (x) ORDER BY x NULLS FIRST",
        "SELECT t.x, sum(u.i) FROM {} t JOIN {} u USING (x, y, z) GROUP BY t.x ORDER BY 1",
        "SELECT x, sum(i) FILTER (WHERE y > 0) FROM {} GROUP BY x ORDER BY x",
        "SELECT x, (SELECT max(i) FROM {} u WHERE u.x = t.x) FROM {} t GROUP BY x ORDER BY x",
    ],
)
def test_what_needs_cells_reads_them(desk, read, text):
    text = text.replace("{}", f"`{cube(desk)}`")
    found = desk.rows(text)
    assert read() >= 960
    assert alike(found, desk.rows(text, init=OFF))


def test_what_is_wrong_with_a_statement_is_told_of_what_was_written(desk):
    uri = cube(desk)
    for text in ("SELECT y, x, sum(i) FROM `{}` GROUP BY x", "SELECT sum(i) / nothing AS s FROM `{}` GROUP BY x"):
        with pytest.raises(Invalid) as raised:
            desk.rows(text.format(uri))
        with pytest.raises(Invalid) as wanted:
            desk.rows(text.format(uri), init=OFF)
        assert "__" not in str(raised.value)
        assert str(raised.value) == str(wanted.value)
