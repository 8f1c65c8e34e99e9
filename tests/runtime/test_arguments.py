"""Arguments by annotation: the table of runtime/arguments.py, what is refused and how, and where a tile goes."""

# ruff: noqa: DTZ001 - times without a zone are among the values

import base64
import datetime as dt
import decimal
import enum
import functools
import io
import json
import math
import timeit
import typing
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, NewType, Optional

import geopandas as gpd
import geopandas.testing
import morecantile
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.runtime import geography
from headrace.runtime.arguments import ArgumentError, bind
from headrace.runtime.fused import types as fused_types

ID = uuid.UUID("12345678-1234-5678-1234-567812345678")
TILE = (3, 4, 2)
BOUNDS = list(geography.tile_bounds(*TILE))
COLLECTION = {
    "type": "FeatureCollection",
    "features": [{"type": "Feature", "properties": {"a": 1}, "geometry": {"type": "Point", "coordinates": [1, 2]}}],
}
Size = NewType("Size", int)


class Colour(enum.Enum):
    RED = "red"
    BLUE = 2


def bound(annotation: Any, value: Any) -> Any:
    """What a parameter of that annotation gets."""

    def udf(p=None):
        return p

    if annotation is not None:
        udf.__annotations__ = {"p": annotation}
    positional, named = bind(udf, {"p": value}, None)
    assert positional == []
    return named["p"]


UTC = dt.UTC
TABLE = [
    (None, "5", "5"),
    (None, 5, 5),
    (str, "x", "x"),
    (str, 5, "5"),
    (int, "5", 5),
    (int, " -7 ", -7),
    (int, 2.9, 2),
    (int, "123456789012345678901234567890", 123456789012345678901234567890),
    (float, "1e3", 1000.0),
    (float, "-inf", -math.inf),
    (float, 1, 1.0),
    (bool, "false", False),
    (bool, "FALSE", False),
    (bool, "", False),
    (bool, "0", True),
    (bool, "no", True),
    (bool, "True", True),
    (bool, 0, False),
    (list, '[1, "a", null]', [1, "a", None]),
    (list, [1, 2], [1, 2]),
    (list[int], '["1"]', ["1"]),
    (list, ["1", "x", "true", "2.5", "[1]"], [1, "x", True, 2.5, "[1]"]),
    (typing.List[int], "[1]", [1]),  # noqa: UP006
    (Sequence[int], "[1]", [1]),
    (dict, '{"a": [1]}', {"a": [1]}),
    (dict[str, int], {"a": 1}, {"a": 1}),
    (Mapping, '{"a": 1}', {"a": 1}),
    (Iterable, '{"a": 1}', {"a": 1}),
    (tuple, "[1, 2]", (1, 2)),
    (tuple[int, ...], [1, 2], (1, 2)),
    (
        dt.datetime,
        "2024-02-29T12:30:00+01:00",
        dt.datetime(2024, 2, 29, 12, 30, tzinfo=dt.timezone(dt.timedelta(hours=1))),
    ),
    (dt.datetime, "2024-02-29", dt.datetime(2024, 2, 29)),
    (dt.datetime, "86400.5", dt.datetime(1970, 1, 2, 0, 0, 0, 500000, UTC)),
    (dt.datetime, 86400, dt.datetime(1970, 1, 2, tzinfo=UTC)),
    (dt.date, "2024-02-29", dt.date(2024, 2, 29)),
    (dt.date, "2024-02-29T23:00:00", dt.date(2024, 2, 29)),
    (dt.date, "86400", dt.date(1970, 1, 2)),
    (dt.time, "12:30", dt.time(12, 30)),
    (dt.time, "3600", dt.time(1, tzinfo=UTC)),
    (uuid.UUID, str(ID), ID),
    (uuid.UUID, ID, ID),
    (decimal.Decimal, "1.10", decimal.Decimal("1.10")),
    (decimal.Decimal, 1.1, decimal.Decimal("1.1")),
    (Colour, "red", Colour.RED),
    (Colour, "2", Colour.BLUE),
    (Colour, 2, Colour.BLUE),
    (Colour, "RED", Colour.RED),
    (Literal["a", 2], "2", 2),
    (Literal["a", 2], "a", "a"),
    (Literal[1, True], True, True),
    (Optional[int], "5", 5),  # noqa: UP045
    (int | None, "5", 5),
    (int | str, "5", "5"),
    (Annotated[int, "metres"], "5", 5),
    (Size, "5", 5),
    (Any, "5", "5"),
    (object, "5", "5"),
    (complex, "5", "5"),
    ("int", "5", 5),
    ("int | None", "5", 5),
    ("list[int]", "[1]", [1]),
    ("datetime.date", "2024-02-29", dt.date(2024, 2, 29)),
    ("Optional[datetime]", "2024-02-29", dt.datetime(2024, 2, 29)),
    ("UUID", str(ID), ID),
    ("fused.types.Bounds", "[1,2,3,4]", [1.0, 2.0, 3.0, 4.0]),
    ("Optional[List[int]]", "[1]", [1]),
    ("Union[int, None]", "5", 5),
    ("Annotated[Optional[int], 'metres']", "5", 5),
    ("typing.Literal['a', 2]", "2", 2),
    ("Decimal", "1.10", decimal.Decimal("1.10")),
    ("uuid.UUID", str(ID), ID),
    ("no such thing(", "5", "5"),
    (list[list[float]], "[[1, 2.5], []]", [[1, 2.5], []]),
    (dict[str, list[int]], '{"a": [1]}', {"a": [1]}),
    (Optional[dict[str, int]], '{"a": 1}', {"a": 1}),  # noqa: UP045
    (Optional[Annotated[int, "metres"]], "5", 5),  # noqa: UP045
    (Annotated[Optional[int], "metres"], "5", 5),  # noqa: UP045
    (Optional[Literal["a", 2]], "2", 2),  # noqa: UP045
    (Optional[Colour], "red", Colour.RED),  # noqa: UP045
    (typing.Union[None, uuid.UUID], str(ID), ID),  # noqa: UP007
    (typing.Dict[str, int], '{"a": 1}', {"a": 1}),  # noqa: UP006
    (typing.Tuple[int, ...], "[1]", (1,)),  # noqa: UP006
    (fused_types.Bounds | None, "[1,2,3,4]", [1.0, 2.0, 3.0, 4.0]),
    (fused_types.Bounds, "-1.5, 2,3 ,4", [-1.5, 2.0, 3.0, 4.0]),
    (fused_types.Bbox, "1,2,3,4", shapely.box(1, 2, 3, 4)),
    (set, "[1]", "[1]"),
    (dt.timedelta, "5", "5"),
    (fused_types.Bounds, "[1,2,3,4]", [1.0, 2.0, 3.0, 4.0]),
    (fused_types.Bounds, ["1", "2", "3", "4"], [1.0, 2.0, 3.0, 4.0]),
    (fused_types.Bounds, COLLECTION, [1.0, 2.0, 1.0, 2.0]),
    (fused_types.Bbox, [1, 2, 3, 4], shapely.box(1, 2, 3, 4)),
    (fused_types.TileXYZ, "[4, 2, 3]", (4, 2, 3)),
    (fused_types.TileXYZ, json.dumps(BOUNDS), (4, 2, 3)),
    (shapely.Point, "POINT (1 2)", shapely.Point(1, 2)),
    (shapely.Geometry, '{"type": "Point", "coordinates": [1, 2]}', shapely.Point(1, 2)),
    (shapely.Polygon, shapely.box(0, 0, 1, 1), shapely.box(0, 0, 1, 1)),
]


@pytest.mark.parametrize(("annotation", "value", "expected"), TABLE)
def test_a_value_becomes_what_the_annotation_asks_for(annotation, value, expected):
    got = bound(annotation, value)
    assert got == expected
    assert type(got) is type(expected) or isinstance(got, fused_types.TileXYZ)


@pytest.mark.parametrize("annotation", [row[0] for row in TABLE])
def test_nothing_passes_unchanged(annotation):
    assert bound(annotation, None) is None


WRONG = [
    (int, "abc", "an integer", "'abc'"),
    (int, "1.5", "an integer", "'1.5'"),
    (int, "0x10", "an integer", "'0x10'"),
    (int, "", "an integer", "''"),
    (int, math.inf, "an integer", "inf"),
    (int, [1], "an integer", "[1]"),
    (float, "x", "a number", "'x'"),
    (list, "x", "a JSON list", "'x'"),
    (list, '{"a": 1}', "a JSON list", ""),
    (dict, "[1]", "a JSON object", "'[1]'"),
    (tuple, 5, "a JSON list", "5"),
    (dt.datetime, "soon", "a date and time", "'soon'"),
    (dt.datetime, "9" * 30, "a date and time", "'999"),
    (dt.datetime, [], "a date and time", "[]"),
    (dt.date, "2024-02-30", "a date", "'2024-02-30'"),
    (dt.time, "25:00", "a time", "'25:00'"),
    (uuid.UUID, "x", "a UUID", "'x'"),
    (uuid.UUID, 5, "a UUID", "5"),
    (decimal.Decimal, "x", "a decimal number", "'x'"),
    (Colour, "green", "one of red, 2", "'green'"),
    (Literal["a", 2], "b", "one of 'a', 2", "'b'"),
    (gpd.GeoDataFrame, "x", "GeoJSON", "'x'"),
    (gpd.GeoDataFrame, '{"type": "Point"}', "GeoJSON", ""),
    (gpd.GeoDataFrame, '{"type": "FeatureCollection", "features": [1]}', "GeoJSON", ""),
    (gpd.GeoDataFrame, "[1, 2]", "GeoJSON", ""),
    (pd.DataFrame, "x", "JSON records", "'x'"),
    (shapely.Point, "POINT (1", "a Point as WKT", ""),
    (shapely.Point, "LINESTRING (0 0, 1 1)", "a Point as WKT", ""),
    (fused_types.Bounds, "1,2,3,x", "west, south, east and north", "'1,2,3,x'"),
    (gpd.GeoDataFrame, "UEFSMQAA", "GeoJSON", "'UEFSMQAA'"),
    (pd.DataFrame, "UEFSM***", "JSON records", "'UEFSM***'"),
    (fused_types.Bounds, "[1,2,3]", "west, south, east and north", "'[1,2,3]'"),
    (fused_types.Bounds, "[1,2,3,null]", "west, south, east and north", ""),
    (fused_types.TileXYZ, "[1,2]", "x, y and z of a tile", ""),
]


@pytest.mark.parametrize(("annotation", "value", "wants", "got"), WRONG)
def test_a_wrong_value_is_refused_in_a_sentence(annotation, value, wants, got):
    with pytest.raises(ArgumentError) as refused:
        bound(annotation, value)
    message = str(refused.value)
    assert message.startswith(f"The parameter p wants {wants}")
    assert f"and got {got}" in message
    assert message.endswith(".")
    assert (refused.value.parameter, refused.value.kind) == ("p", "ValueError")


def test_what_came_is_shown_in_short():
    with pytest.raises(ArgumentError) as refused:
        bound(int, "x" * 10_000)
    assert len(str(refused.value)) < 150


def test_of_a_name_given_several_times_the_last_counts():
    assert bound(int, ["1", "2"]) == 2
    assert bound(str, ["a", "b"]) == "b"
    assert bound(bool, ["true", "false"]) is False
    assert bound(dt.date, ["2024-01-01", "2024-01-02"]) == dt.date(2024, 1, 2)
    assert bound(Colour, ["red", "2"]) is Colour.BLUE
    assert bound(None, ["1", "2"]) == ["1", "2"]


def test_frames_from_geojson_and_bounds():
    frame = bound(gpd.GeoDataFrame, json.dumps(COLLECTION))
    assert (frame["a"].tolist(), frame.geometry[0].wkt, frame.crs) == ([1], "POINT (1 2)", "EPSG:4326")
    assert bound(gpd.GeoDataFrame, "[1,2,3,4]").geometry[0].bounds == (1, 2, 3, 4)
    assert bound(gpd.GeoDataFrame, ["1", "2", "3", "4"]).geometry[0].bounds == (1, 2, 3, 4)
    assert len(bound(gpd.GeoDataFrame, {"type": "FeatureCollection", "features": []})) == 0
    assert bound(gpd.GeoDataFrame, COLLECTION["features"]).geometry[0].wkt == "POINT (1 2)"
    assert bound(gpd.GeoDataFrame, {"type": "Feature", "properties": None, "geometry": None}).geometry[0] is None
    assert bound(gpd.GeoDataFrame, frame) is frame
    assert bound("geopandas.GeoDataFrame", "[1,2,3,4]").geometry[0].bounds == (1, 2, 3, 4)


def test_frames_from_records():
    assert bound(pd.DataFrame, '[{"a": 1}, {"a": 2}]')["a"].tolist() == [1, 2]
    assert bound(pd.DataFrame, [{"a": 1}])["a"].tolist() == [1]
    assert bound("pd.DataFrame", '[{"a": 1}]')["a"].tolist() == [1]


def in_base64(frame):
    file = io.BytesIO()
    frame.to_parquet(file)
    return base64.b64encode(file.getvalue()).decode()


def test_frames_from_parquet_in_base64():
    plain = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    placed = gpd.GeoDataFrame(plain, geometry=shapely.points([[1, 2], [3, 4]]), crs=25832)
    pd.testing.assert_frame_equal(bound(pd.DataFrame, in_base64(plain)), plain)
    gpd.testing.assert_geodataframe_equal(bound(gpd.GeoDataFrame, in_base64(placed)), placed)
    gpd.testing.assert_geodataframe_equal(bound(pd.DataFrame, in_base64(placed)), placed)
    with pytest.raises(ArgumentError, match="GeoParquet in base64"):
        bound(gpd.GeoDataFrame, in_base64(plain))


def test_a_value_without_a_name_goes_to_the_first_parameter():
    def udf(left, n: int = 1):
        return left, n

    frame = pd.DataFrame({"a": [1]})
    _, named = bind(udf, {"": in_base64(frame), "n": "2"}, None)
    pd.testing.assert_frame_equal(named["left"], frame)
    assert named["n"] == 2
    _, named = bind(udf, {"": COLLECTION}, None)
    assert named["left"].geometry[0].wkt == "POINT (1 2)"
    assert bind(udf, {"": "x", "left": "mine"}, None) == ([], {"left": "mine"})
    assert bind(lambda **others: others, {"": "x"}, None) == ([], {})

    def typed(n: int):
        return n

    assert bind(typed, {"": "7"}, None) == ([], {"n": 7})


def test_unknown_names_are_dropped_but_for_a_function_that_takes_any():
    def closed(a):
        return a

    def open_(a, **others):
        return a, others

    assert bind(closed, {"a": "1", "b": 2}, None) == ([], {"a": "1"})
    assert bind(open_, {"a": "1", "b": 2, "c": None}, None) == ([], {"a": "1", "b": "2", "c": None})


def test_a_missing_parameter_is_named_with_those_the_function_takes():
    def udf(path: str, *, limit: int, verbose: bool = False):
        return path, limit, verbose

    with pytest.raises(
        ArgumentError, match=r"^The parameter limit is missing; the function takes \(path: str, .*\)\.$"
    ) as e:
        bind(udf, {"path": "x"}, None)
    assert (e.value.parameter, e.value.kind) == ("limit", "TypeError")


def test_parameters_that_go_by_place_alone():
    def udf(a: int = 1, b: int = 2, /, c: int = 3):
        return a, b, c

    for given_, expected in (({"b": "5"}, (1, 5, 3)), ({"a": "7", "c": "9"}, (7, 2, 9)), ({}, (1, 2, 3))):
        positional, named = bind(udf, given_, None)
        assert udf(*positional, **named) == expected


def test_a_wrapped_function_is_read_through_its_wrapper():
    def wrap(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return function(*args, **kwargs)

        return wrapper

    @wrap
    def first(n):
        return n

    @wrap
    def second(m: int):
        return m

    assert bind(first, {"n": "1"}, None) == ([], {"n": "1"})
    assert bind(second, {"m": "1"}, None) == ([], {"m": 1})


def executed(code, **names):
    namespace = {"__name__": "__udf__", **names}
    exec(code, namespace)
    return namespace


def test_equal_code_with_other_annotations_is_another_function():
    for annotation, expected in (("int", 5), ("str", "5"), ("list", [5])):
        function = executed(f"def udf(n: {annotation} = None): return n")["udf"]
        assert bind(function, {"n": "5" if annotation != "list" else "[5]"}, None) == ([], {"n": expected})


def test_code_that_is_executed_again_gets_its_own_classes():
    for head in ("", "from __future__ import annotations\n"):
        code = compile(
            head + "import enum\nclass Colour(enum.Enum):\n    RED = 1\ndef udf(c: Colour): return c is Colour.RED",
            "udf",
            "exec",
        )
        for _ in range(3):
            function = executed(code)["udf"]
            _, named = bind(function, {"c": "RED"}, None)
            assert function(**named)


def test_text_annotations_are_resolved_one_by_one():
    code = (
        "from __future__ import annotations\nimport datetime as d\ndef udf(a: Missing, b: int, c: d.date | None): ..."
    )
    _, named = bind(executed(code)["udf"], {"a": "1", "b": "1", "c": "2024-01-01"}, None)
    assert named == {"a": "1", "b": 1, "c": dt.date(2024, 1, 1)}


# Tiles


def tiled(function, **arguments):
    positional, named = bind(function, arguments, TILE)
    return function(*positional, **named)


def test_a_tile_goes_to_bounds_first():
    def udf(other=None, bbox=None, bounds: fused_types.Bounds = None):
        return other, bbox, bounds

    assert tiled(udf) == (None, None, BOUNDS)
    assert tiled(udf, bounds="nonsense", bbox="mine") == (None, "mine", BOUNDS)


def test_a_tile_goes_to_bbox_next_unless_it_is_given():
    def udf(other: int = 5, bbox: fused_types.Bbox = None):
        return other, bbox

    assert shapely.equals(tiled(udf)[1], shapely.box(*BOUNDS))
    assert tiled(udf, bbox="[1,2,3,4]") == (5, shapely.box(1, 2, 3, 4))


def test_a_tile_goes_to_the_first_parameter_that_could_be_a_place_and_says_so(capsys):
    def untyped(area, n: int = 1):
        return area

    frame = tiled(untyped)
    assert frame[["x", "y", "z"]].iloc[0].tolist() == [4, 2, 3]
    assert "parameter area" in capsys.readouterr().err

    def counted(n: int = 1):
        return n

    assert tiled(counted) == 1
    assert tiled(lambda *, area=None: area) is None
    assert tiled(untyped, area="mine") == "mine"
    assert tiled(lambda: "nothing to take it") == "nothing to take it"
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("annotation", "check"),
    [
        (fused_types.Bounds, lambda v: v == BOUNDS and type(v) is list),
        (list, lambda v: v == BOUNDS),
        (tuple, lambda v: v == tuple(BOUNDS)),
        (fused_types.Bbox, lambda v: v.bounds == tuple(BOUNDS)),
        (shapely.Polygon, lambda v: v.bounds == tuple(BOUNDS)),
        (fused_types.Tile, lambda v: v[["x", "y", "z"]].iloc[0].tolist() == [4, 2, 3] and v.crs == "EPSG:4326"),
        (fused_types.TileGDF, lambda v: list(v.columns) == ["x", "y", "z", "geometry"]),
        (gpd.GeoDataFrame, lambda v: tuple(v.total_bounds) == tuple(BOUNDS)),
        (None, lambda v: list(v.columns) == ["x", "y", "z", "geometry"]),
        (fused_types.ViewportGDF, lambda v: list(v.columns) == ["geometry"]),
        (fused_types.TileXYZ, lambda v: (v.x, v.y, v.z) == (4, 2, 3)),
        ("fused.types.TileXYZ", lambda v: (v.x, v.y, v.z) == (4, 2, 3)),
    ],
)
def test_a_tile_is_what_its_parameter_asks_for(annotation, check):
    def udf(bounds):
        return bounds

    if annotation is not None:
        udf.__annotations__ = {"bounds": annotation}
    assert check(tiled(udf))


def test_a_tile_that_its_parameter_cannot_be_is_refused():
    def udf(bounds: int):
        return bounds

    with pytest.raises(ArgumentError, match=r"^The parameter bounds wants an integer and got the tile 3/4/2\.$"):
        tiled(udf)


@given(st.integers(0, 22).flatmap(lambda z: st.tuples(st.just(z), st.integers(0, 2**z - 1), st.integers(0, 2**z - 1))))
def test_tiles_lie_where_morecantile_says(tile):
    z, x, y = tile
    grid = morecantile.tms.get("WebMercatorQuad")
    assert geography.tile_bounds(z, x, y) == pytest.approx(tuple(grid.bounds(x, y, z)), abs=1e-9)
    assert geography.tile_bounds_mercator(z, x, y) == pytest.approx(tuple(grid.xy_bounds(x, y, z)), abs=1e-3)
    assert geography.smallest_tile(*geography.tile_bounds(z, x, y)) == (x, y, z)


@given(st.floats(-180, 180), st.floats(-85, 85), st.floats(1e-6, 10), st.floats(1e-6, 10))
def test_the_smallest_tile_holds_an_area_and_no_part_of_it_does(west, south, width, height):
    east, north = min(west + width, 180), min(south + height, 85)
    x, y, z = geography.smallest_tile(west, south, east, north)
    noise = 360 / 2**z * 1e-4

    def holds(outer):
        return (
            outer[0] - noise <= west
            and outer[1] - noise <= south
            and east <= outer[2] + noise
            and north <= outer[3] + noise
        )

    assert holds(geography.tile_bounds(z, x, y))
    if z < geography.DEEPEST:
        parts = [(z + 1, 2 * x + i, 2 * y + j) for i in (0, 1) for j in (0, 1)]
        tight = 360 / 2**z * 1e-3
        west, south, east, north = west - tight, south - tight, east + tight, north + tight
        assert not any(holds(geography.tile_bounds(*part)) for part in parts)


# Anything at all

anything = st.one_of(
    st.text(),
    st.text('0123456789.-+:TZ[]{}",eE '),
    st.floats().map(str),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["type", "features", "geometry", "coordinates", "a"]), inner, max_size=4)
        ),
        max_leaves=8,
    ).flatmap(lambda value: st.sampled_from([value, json.dumps(value)])),
)
KINDS = [str, int, float, bool, list, dict, tuple, dt.datetime, dt.date, dt.time, uuid.UUID, decimal.Decimal, Colour]
KINDS += [Literal["a", 2], gpd.GeoDataFrame, pd.DataFrame, shapely.Geometry, fused_types.Bounds, fused_types.Bbox]
KINDS += [fused_types.Tile, fused_types.ViewportGDF, fused_types.TileXYZ]


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning", "ignore::RuntimeWarning")
@pytest.mark.parametrize("annotation", KINDS)
@settings(deadline=None, max_examples=60)
@given(anything)
def test_anything_is_either_taken_or_refused_in_a_sentence(annotation, value):
    try:
        bound(annotation, value)
    except ArgumentError as refused:
        assert str(refused).startswith("The parameter p wants ")  # noqa: PT017 - taking the value is right too


@given(st.integers())
def test_any_integer_survives_its_text(value):
    assert bound(int, str(value)) == value


@given(st.floats(allow_nan=False))
def test_any_float_survives_its_text(value):
    assert bound(float, str(value)) == value


@given(st.datetimes(timezones=st.just(dt.UTC) | st.none()))
def test_any_datetime_survives_its_text(value):
    assert bound(dt.datetime, value.isoformat()) == value


def test_two_integers_are_bound_in_microseconds():
    def udf(a: int, b: int = 2):
        return a + b

    arguments = {"a": "1", "b": "2"}
    best = min(timeit.repeat(lambda: bind(udf, arguments, None), number=1000, repeat=5)) / 1000
    assert best < 15e-6
