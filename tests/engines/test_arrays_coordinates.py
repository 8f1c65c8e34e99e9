"""Coordinates of dense arrays are counted and not read: each cell's are those that it was written at."""

import itertools
import math

import numpy as np
import pytest
import tiledb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.engines import _arrays_read

LAYOUTS = ["row-major", "col-major", "unordered", "global-order"]
LOWS = {
    "int8": [-128, -3, 0, 90],
    "uint8": [0, 200],
    "int16": [-(2**15), 0],
    "int32": [-(2**31), 5],
    "uint32": [0, 2**31],
    "int64": [-(2**63), -7, 2**62],
    "uint64": [0, 2**63, 2**64 - 100],
}


def array(desk, dims, order="row-major"):
    """An array whose cells tell their place: `p` counts them in rows."""
    made = [
        tiledb.Dim(f"d{i}", domain=(low, low + size - 1), tile=tile, dtype=np.dtype(kind))
        for i, (kind, low, size, tile) in enumerate(dims)
    ]
    schema = tiledb.ArraySchema(
        domain=tiledb.Domain(*made), attrs=[tiledb.Attr("p", dtype=np.int64)], cell_order=order, tile_order=order
    )
    name = f"c{len(desk.places)}"
    path = desk.made(name, schema)
    shape = [size for _, _, size, _ in dims]
    with tiledb.open(path, "w") as out:
        out[:] = np.arange(math.prod(shape)).reshape(shape)
    return f"tiledb://ada/{name}"


def written(dims):
    """Every cell as it was written: its coordinates, and which in order it is."""
    axes = [range(low, low + size) for _, low, size, _ in dims]
    return {cell: p for p, cell in enumerate(itertools.product(*axes))}


@st.composite
def questions(draw):
    """Dimensions, and what is asked of each: an IN of some of its values, a range, or nothing."""
    dims, where = [], []
    kind = draw(st.sampled_from(sorted(LOWS)))  # of all dimensions, where an array is dense
    for i in range(draw(st.integers(1, 3))):
        low, size = draw(st.sampled_from(LOWS[kind])), draw(st.integers(1, 9))
        dims.append((kind, low, size, draw(st.integers(1, size))))
        some = draw(st.lists(st.integers(low, low + size - 1), unique=True, max_size=size))
        how = draw(st.sampled_from(["in", "between", "all"]))
        if how == "in" and some:
            where.append(f"d{i} IN ({', '.join(map(str, some))})")
        elif how == "between" and some:
            where.append(f"d{i} BETWEEN {min(some)} AND {max(some)}")
    return dims, where


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_cell_has_the_coordinates_that_it_was_written_at(desk, monkeypatch, layout):
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(question=questions(), box=st.integers(1, 40), order=st.sampled_from(["row-major", "col-major"]))
    def holds(question, box, order):
        dims, where = question
        monkeypatch.setattr(_arrays_read, "BOX", box * 8)
        uri = array(desk, dims, order)
        names = [f"d{i}" for i in range(len(dims))]
        init = [f"SET SESSION mytile_read_query_layout='{layout}'"]
        text = f"SELECT {', '.join(names)}, p FROM `{uri}`" + (f" WHERE {' AND '.join(where)}" if where else "")
        rows = desk.rows(text, init=init)
        cells = written(dims)
        assert all(cells[row[:-1]] == row[-1] for row in rows)
        assert len({row[-1] for row in rows}) == len(rows)
        everything = desk.rows(text, init=[*init, "SET mytile_enable_pushdown=0"])
        assert sorted(rows) == sorted(everything)
        if not where:
            assert len(rows) == len(cells)

    holds()


def test_coordinates_alone_and_a_count_read_nothing_of_the_array(desk, monkeypatch):
    uri = array(desk, [("int32", -5, 20, 4), ("int32", 3, 10, 3)])

    def refuse(*_):
        raise AssertionError("the array was read")

    monkeypatch.setattr(_arrays_read, "_query", refuse)
    assert desk.rows(f"SELECT d0, d1 FROM `{uri}` WHERE d0 > 13 AND d1 = 7") == [(14, 7)]
    assert desk.one(f"SELECT count(DISTINCT d0) + count(DISTINCT d1) FROM `{uri}`") == 30


def test_dates_are_counted_in_their_units(desk):
    day = np.datetime64("1969-12-30", "D")
    dims = [
        tiledb.Dim("day", domain=(day, day + 3), tile=np.timedelta64(2, "D"), dtype="datetime64[D]"),
        tiledb.Dim("due", domain=(day, day + 1), tile=np.timedelta64(1, "D"), dtype="datetime64[D]"),
    ]
    schema = tiledb.ArraySchema(domain=tiledb.Domain(*dims), attrs=[tiledb.Attr("p", dtype=np.int64)])
    path = desk.made("days", schema)
    with tiledb.open(path, "w") as out:
        out[:] = np.arange(8).reshape(4, 2)
    rows = desk.rows("SELECT day, due, p FROM `tiledb://ada/days` WHERE day >= '1970-01-01' ORDER BY p")
    assert [(str(day), str(due), p) for day, due, p in rows] == [
        ("1970-01-01", "1969-12-30", 4),
        ("1970-01-01", "1969-12-31", 5),
        ("1970-01-02", "1969-12-30", 6),
        ("1970-01-02", "1969-12-31", 7),
    ]
