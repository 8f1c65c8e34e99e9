"""Vector tiles, read back by mapbox-vector-tile and GDAL: coordinates, attributes, valid rings, detail, size."""

import io
import itertools
import json
import math
import zlib

import geopandas as gpd
import mapbox_vector_tile
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
import shapely.affinity
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.formats import _mvt, _pixels, _varints, _wkb, encode
from headrace.runtime import geography

WORLD = (0, 0, 0)
MIDDLE = (3, 4, 3)
MOVED = 4 * _pixels.TOLERANCE  # pixels that thinning and rounding may move a line by


def written(frame, tile):
    sink = io.BytesIO()
    made = encode(frame, ["mvt"], tile, sink)
    return sink.getvalue(), {name: value for name, value in made.headers if name != "Headrace-Fields"}


def features(frame, tile=WORLD) -> list[dict]:
    data, _ = written(frame, tile)
    return read(data)


def read(data: bytes) -> list[dict]:
    return mapbox_vector_tile.decode(data, default_options={"y_coord_down": True})["udf"]["features"] if data else []


def shape(feature):
    return shapely.geometry.shape(feature["geometry"])


def from_pixels(points, tile=MIDDLE):
    """Degrees of pixels."""
    west, _, _, north = geography.tile_bounds_mercator(*tile)
    side = 2 * geography.HALF / 2 ** tile[0] / 4096
    metres = np.array([west, north]) + np.asarray(points, float) * [side, -side]
    return [
        (math.degrees(x / geography.RADIUS), math.degrees(math.atan(math.sinh(y / geography.RADIUS))))
        for x, y in metres
    ]


def placed(shapes, tile=MIDDLE):
    """A frame of shapes given in a tile's pixels."""
    moved = shapely.transform(np.array(shapes, object), lambda points: np.array(from_pixels(points, tile)))
    return gpd.GeoDataFrame({"n": range(len(shapes))}, geometry=moved, crs=4326)


# Commands

pixel = st.tuples(st.integers(-64, 4160), st.integers(-64, 4160))
paths = st.lists(st.lists(st.lists(pixel, min_size=2, max_size=6, unique=True), min_size=1, max_size=3), max_size=6)


def packed(dimension, groups):
    lists = [path for group in groups for path in group]
    points = np.array([p for path in lists for p in path], np.int32).reshape(-1, 2)
    counts = np.array([len(path) for path in lists], np.int64)
    rows = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    return _pixels.Shapes(
        dimension,
        points[:, 0].copy(),
        points[:, 1].copy(),
        counts,
        rows,
        np.arange(len(lists)),
        np.zeros(len(lists), bool),
    )


@settings(max_examples=100, deadline=None)
@given(paths.filter(bool), st.data())
def test_commands_of_lines_are_read_back_as_the_same_coordinates(groups, data):
    ids = data.draw(st.none() | st.lists(st.integers(0, 2**63), min_size=len(groups), max_size=len(groups)))
    numbers = None if ids is None else np.array(ids, np.uint64)
    found = read(_mvt.layer("udf", 4096, [packed(1, groups)], [], numbers))
    for feature, group, id_ in zip(found, groups, ids or itertools.repeat(None), strict=False):
        got = feature["geometry"]["coordinates"]
        got = [got] if feature["geometry"]["type"] == "LineString" else got
        assert [[tuple(p) for p in line] for line in got] == group
        assert feature.get("id", 0) == (id_ or 0)
    assert len(found) == len(groups)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(pixel, min_size=1, max_size=5), min_size=1, max_size=6))
def test_commands_of_points_are_read_back_as_the_same_coordinates(groups):
    shapes = packed(0, [[[point] for point in group] for group in groups])
    found = read(_mvt.layer("udf", 4096, [shapes], [], None))
    for feature, group in zip(found, groups, strict=True):
        got = feature["geometry"]["coordinates"]
        assert [tuple(p) for p in ([got] if feature["geometry"]["type"] == "Point" else got)] == group


# Lines and rings

lines = st.lists(pixel, min_size=2, max_size=40).map(shapely.LineString).filter(lambda line: line.length > 5)


@settings(max_examples=100, deadline=None)
@given(st.lists(lines, min_size=1, max_size=5))
def test_any_line_stays_within_two_pixels_of_where_it_was_and_keeps_its_ends(some):
    found = {f["properties"]["n"]: shape(f) for f in features(placed(some), MIDDLE)}
    for n, line in enumerate(some):
        assert found[n].geom_type == "LineString"
        assert shapely.hausdorff_distance(found[n], line, densify=0.05) <= MOVED
        ends = [found[n].coords[0], found[n].coords[-1]]
        assert ends == [line.coords[0], line.coords[-1]]


def star(centre, radii):
    turn = 2 * math.pi / len(radii)
    x, y = centre
    return shapely.Polygon([(x + r * math.cos(i * turn), y + r * math.sin(i * turn)) for i, r in enumerate(radii)])


stars = st.builds(
    star,
    st.tuples(st.integers(300, 3700), st.integers(300, 3700)),
    st.lists(st.floats(0.3, 200), min_size=3, max_size=60),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(stars, min_size=1, max_size=4), st.booleans())
def test_any_polygon_is_valid_turned_right_and_covers_what_it_did(some, as_one):
    if as_one:
        some = [shapely.union_all(shapely.make_valid(np.array(some, object)))]
        some = [s for s in some if s.geom_type in ("Polygon", "MultiPolygon")]
    found = {f["properties"]["n"]: f for f in features(placed(some), MIDDLE)}
    for n, polygon in enumerate(some):
        if n not in found:
            assert polygon.area <= 2 * polygon.length + 4
            continue
        got = shape(found[n])
        for part in getattr(got, "geoms", [got]):
            assert part.is_valid, part.wkt
            # y points down, so what is clockwise as seen is counter-clockwise to shapely
            assert part.exterior.is_ccw
            assert not any(hole.is_ccw for hole in part.interiors)
        whole = polygon if polygon.is_valid else shapely.make_valid(polygon)
        difference = shapely.area(shapely.symmetric_difference(shapely.union_all([got]), whole))
        assert difference <= MOVED * polygon.length + 10


def test_detail_that_cannot_be_seen_is_dropped():
    many = star((2048, 2048), [1000] * 20_000)
    (feature,) = features(placed([many]), MIDDLE)
    assert len(feature["geometry"]["coordinates"][0]) < 500
    assert shapely.hausdorff_distance(shape(feature), many) <= MOVED
    straight = shapely.LineString([(x, 100) for x in range(0, 4001, 10)])
    (feature,) = features(placed([straight]), MIDDLE)
    assert feature["geometry"]["coordinates"] == [[0, 100], [4000, 100]]


def test_deeper_tiles_show_more_of_the_same_line():
    coast = gpd.GeoSeries([shapely.LineString([(x / 1000, math.sin(x) / 200) for x in range(10_000)])], crs=4326)
    counts = [
        len(shapely.get_coordinates(shape(features(coast, (z, 2 ** (z - 1), 2 ** (z - 1)))[0]))) for z in (4, 6, 8)
    ]
    in_sight = [
        len(coast.clip(geography.tile_bounds(z, 2 ** (z - 1), 2 ** (z - 1))).get_coordinates()) for z in (4, 6, 8)
    ]
    shares = [count / there for count, there in zip(counts, in_sight, strict=True)]
    assert shares == sorted(shares)
    assert shares[0] < 0.5


def test_small_buildings_keep_their_corners():
    house = shapely.Polygon([(100, 100), (110, 100), (110, 106), (105, 106), (105, 112), (100, 112)])
    (feature,) = features(placed([house]), MIDDLE)
    assert shapely.equals(shape(feature), house)


def test_polygons_that_share_a_border_still_share_it():
    rng = np.random.default_rng(3)
    border = [(2000 + rng.uniform(-3, 3), float(y)) for y in range(500, 3500, 2)]
    left = shapely.Polygon([(1000, 500), *border, (1000, 3500)])
    right = shapely.Polygon([(3000, 3500), *border[::-1], (3000, 500)])
    one, two = (shape(f) for f in features(placed([left, right]), MIDDLE))
    shared = [set(map(tuple, s.exterior.coords)) for s in (one, two)]
    assert len(shared[0] & shared[1]) > 100
    assert shapely.area(shapely.intersection(one, two)) < 20
    assert shapely.area(shapely.union(one, two)) > shapely.area(left) + shapely.area(right) - 20 - 2 * MOVED * 10


def test_a_ring_that_whole_pixels_pinch_is_mended_and_not_lost():
    points = (
        "3000 3041, 3000 3002.5, 2991.8 3002.5, 2991.8 3000, 3000.4 3000, 3000.4 3003.5, 3002.9 3003.5, 3002.9 3000, "
    )
    points += "3004.2 3000, 3004.2 3002.5, 3003 3002.5, 3003 3041, 3000 3041"
    corner = shapely.from_wkt(f"POLYGON (({points}))")
    (feature,) = features(placed([corner]), MIDDLE)
    parts = getattr(shape(feature), "geoms", [shape(feature)])
    assert all(part.is_valid for part in parts)
    assert sum(part.area for part in parts) == pytest.approx(corner.area, rel=0.2)


# Anywhere, anything


def test_what_lies_beyond_180_degrees_is_on_the_other_side_too():
    across = gpd.GeoDataFrame({"n": [0]}, geometry=[shapely.box(170, 10, 190, 20)], crs=4326)
    (east,) = features(across, (1, 1, 0))
    (west,) = features(across, (1, 0, 0))
    assert shape(east).bounds[2] == 4096 + 64
    assert shape(west).bounds[0] == -64
    assert shape(west).bounds[2] == pytest.approx(10 / 180 * 4096, abs=1)
    (both,) = features(across, WORLD)
    assert len(shape(both).geoms) == 2
    split = shapely.MultiPolygon([shapely.box(170, 10, 180, 20), shapely.box(-180, 10, -170, 20)])
    (same,) = features(gpd.GeoSeries([split], crs=4326), (1, 0, 0))
    assert shape(same).equals(shape(west))


def test_a_frame_in_a_zone_that_crosses_the_antimeridian():
    frame = gpd.GeoSeries([shapely.box(177, -18, 183, -16)], crs=4326).segmentize(0.5).to_crs(3832)
    (west,) = features(frame, (4, 0, 8))
    assert shape(west).bounds[2] == pytest.approx(3 / 22.5 * 4096, abs=2)
    (east,) = features(frame, (4, 15, 8))
    assert shape(east).bounds[0] == pytest.approx((177 - 157.5) / 22.5 * 4096, abs=2)
    assert features(frame, (4, 7, 8)) == []


def test_points_that_a_projection_cannot_hold_are_left_out():
    frame = gpd.GeoDataFrame({"n": [0, 1]}, geometry=shapely.points([[1e12, 1e12], [500000, 5500000]]), crs=25832)
    assert [f["properties"]["n"] for f in features(frame)] == [1]


def test_empty_and_missing_geometries_and_collections_of_collections():
    inner = shapely.GeometryCollection([shapely.Point(10, 10), shapely.LineString([(0, 0), (20, 20)])])
    shapes = [None, shapely.Polygon(), shapely.GeometryCollection([inner, shapely.Point(), shapely.box(5, 5, 9, 9)])]
    found = features(gpd.GeoDataFrame({"n": range(3)}, geometry=shapes, crs=4326))
    assert {f["geometry"]["type"] for f in found} == {"Point", "LineString", "Polygon"}
    assert {f["properties"]["n"] for f in found} == {2}


def test_heights_are_left_out():
    (feature,) = features(gpd.GeoSeries([shapely.Point(0, 0, 99)], crs=4326))
    assert feature["geometry"]["coordinates"] == [2048, 2048]


def test_gdal_reads_the_same_values_at_the_same_places(tmp_path):
    tile = (8, 132, 85)
    west, south, east, north = geography.tile_bounds(*tile)
    rng = np.random.default_rng(5)
    points = np.stack([rng.uniform(west, east, 200), rng.uniform(south, north, 200)], axis=1)
    frame = gpd.GeoDataFrame(
        {
            "whole": rng.integers(-(2**40), 2**40, 200),
            "real": rng.normal(size=200),
            "text": [f"é{i % 7}" for i in range(200)],
            "truth": rng.integers(0, 2, 200).astype(bool),
        },
        geometry=shapely.points(points),
        crs=4326,
    )
    frame.geometry = [shapely.buffer(p, 0.002) if n < 100 else p for n, p in enumerate(frame.geometry)]
    file = tmp_path / "85.mvt"
    file.write_bytes(written(frame, tile)[0])
    z, x, y = tile
    back = pyogrio.read_dataframe(file, x=x, y=y, z=z, clip="NO")
    assert back.crs == "EPSG:3857"
    order = np.argsort(frame.geometry.geom_type.to_numpy() == "Polygon", kind="stable")
    expected = frame.iloc[order].reset_index(drop=True)
    for name in ("whole", "real", "text", "truth"):
        assert back[name].tolist() == expected[name].tolist()
    pixel_side = 2 * geography.HALF / 2**z / 4096
    apart = shapely.hausdorff_distance(np.array(back.geometry), np.array(expected.to_crs(3857).geometry))
    assert (apart <= MOVED * pixel_side).all()


# Size


def crowd(count, kind):
    rng = np.random.default_rng(7)
    places = rng.uniform(100, 4000, (count, 2))
    if kind == "points":
        places[: count // 2] = rng.normal(1000, 60, (count // 2, 2))
    shapes = shapely.points(places)
    if kind == "polygons":
        shapes = shapely.buffer(shapes, rng.uniform(2, 60, count), quad_segs=2)
    if kind == "lines":
        shapes = shapely.linestrings(np.stack([places, places + rng.uniform(2, 90, (count, 2))], axis=1))
    return placed(shapes).assign(name=[f"number {i}" for i in range(count)])


@pytest.mark.parametrize("kind", ["points", "lines", "polygons"])
def test_a_tile_that_would_be_too_large_says_what_it_left_out(kind):
    frame = crowd(60_000, kind)
    data, headers = written(frame, MIDDLE)
    found = read(data)
    assert len(zlib.compress(data, 6)) <= 500_000
    assert len(zlib.compress(data, 1)) >= 350_000
    dropped, of = map(int, headers["Headrace-Dropped"].removesuffix(" features").split(" of "))
    assert (of, dropped) == (len(frame), len(frame) - len(found))
    ids = [f["properties"]["n"] for f in found]
    if kind != "points":
        size = np.array(frame.to_crs(3857).area if kind == "polygons" else frame.to_crs(3857).length)
        assert size[ids].min() > 0.8 * np.delete(size, ids).max()
    else:
        crowded = np.arange(60_000) < 30_000
        assert np.mean(crowded[ids]) < 0.3
    assert written(frame, MIDDLE) == (data, headers)


def test_a_frame_says_how_large_its_tiles_may_be():
    frame = crowd(3000, "polygons")
    whole, none = written(frame, MIDDLE)
    assert none == {}
    frame.attrs["tile_kb"] = 20
    small, headers = written(frame, MIDDLE)
    assert len(zlib.compress(small, 1)) <= 20_000 < len(zlib.compress(whole, 1))
    assert headers["Headrace-Dropped"].endswith(" of 3000 features")
    frame.attrs["tile_kb"] = 0
    assert written(frame, MIDDLE) == (whole, {})


def test_an_arrow_table_as_gdal_gives_it_has_its_geometries(tmp_path):
    frame = gpd.GeoDataFrame({"a": [1, 2]}, geometry=[shapely.Point(1, 2), shapely.box(0, 0, 1, 1)], crs=4326)
    frame.to_crs(3857).to_file(tmp_path / "a.fgb", driver="FlatGeobuf")
    _, table = pyogrio.read_arrow(tmp_path / "a.fgb")
    by_value = {f["properties"]["a"]: f["geometry"] for f in features(table, (4, 8, 7))}
    assert by_value == {f["properties"]["a"]: f["geometry"] for f in features(frame, (4, 8, 7))}


# Tables


def table_of(frame, **options):
    return pa.table(frame.to_arrow(geometry_encoding="WKB", **options))


KINDS = {
    "points": lambda one: shapely.Point(one.exterior.coords[0]),
    "lines": lambda one: shapely.LineString(one.exterior.coords),
    "polygons": lambda one: one,
    "polygons with holes": lambda one: one.difference(shapely.affinity.scale(one, 0.6, 0.6)),
    "many points": lambda one: shapely.MultiPoint(one.exterior.coords[:40]),
    "many lines": lambda one: shapely.MultiLineString([one.exterior.coords, one.buffer(9).exterior.coords]),
    "polygons, one or many": lambda one: one if one.area < 9000 else shapely.union(one, shapely.box(4, 4, 9, 9)),
}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15, deadline=None)
@given(some=st.lists(stars, min_size=1, max_size=6), tile=st.sampled_from([MIDDLE, (4, 8, 6), (2, 2, 1), WORLD]))
def test_a_table_is_the_same_tile_as_its_frame(kind, some, tile):
    shapes = [KINDS[kind](shapely.make_valid(one).buffer(0).convex_hull.buffer(1)) for one in some]
    frame = placed(shapes).assign(text=[f"é{n % 3}" for n in range(len(some))], id=range(7, 7 + len(some)))
    assert _wkb.read(table_of(frame)["geometry"].combine_chunks()) is not None
    for crs in (4326, 3857, 25832):
        moved = frame.to_crs(crs)
        assert written(table_of(moved), tile) == written(moved, tile)


def test_tables_whose_geometries_are_rare_are_read_too():
    box = shapely.box(1, 1, 5, 5)
    solid = shapely.force_3d(box, 7)
    inner = shapely.GeometryCollection([shapely.Point(1, 2), box])
    for shapes in ([box, None, shapely.Point(1, 2)], [solid, box], [inner], [shapely.Polygon(), box], [None], []):
        frame = gpd.GeoDataFrame({"n": range(len(shapes))}, geometry=shapes, crs=4326)
        assert features(table_of(frame), (3, 4, 3)) == features(frame, (3, 4, 3))
    across = gpd.GeoDataFrame({"n": [0]}, geometry=[shapely.box(170, 10, 190, 20)], crs=4326)
    for tile in ((1, 0, 0), (1, 1, 0), WORLD):
        assert features(table_of(across), tile) == features(across, tile) != []
    islands = shapely.MultiPolygon([shapely.box(x, 0, x + 0.3, 1) for x in range(_wkb.STEPS + 1)])
    assert features(table_of(gpd.GeoDataFrame(geometry=[islands], crs=4326)), WORLD) != []


binary = st.builds(
    lambda shape, flavor, order: shapely.to_wkb(shape, flavor=flavor, byte_order=order),
    st.one_of(stars, lines, st.builds(shapely.Point, pixel)).map(shapely.force_2d),
    st.sampled_from(["iso", "extended"]),
    st.sampled_from([1, 1, 1, 0]),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(binary, min_size=1, max_size=4), st.data())
def test_what_is_not_well_known_binary_is_never_read_as_if_it_were(texts, data):
    place = data.draw(st.integers(0, len(texts) - 1))
    broken = bytearray(texts[place])
    for _ in range(data.draw(st.integers(1, 3))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        broken = broken[: data.draw(st.integers(0, len(broken)))]
    texts[place] = bytes(broken)
    for kind in (pa.binary(), pa.large_binary()):
        read = _wkb.read(pa.array([b"before", *texts, b"after"], kind).slice(1, len(texts)))
        if read is not None:
            expected = shapely.get_coordinates(shapely.from_wkb(np.array([t for t in texts if t], object)))
            got = set(zip(read.points.real.tolist(), read.points.imag.tolist(), strict=True))
            assert got == set(map(tuple, expected.tolist())) or np.isnan(expected).any()


def test_columns_of_a_table_keep_their_types():
    table = pa.table(
        {
            "whole": pa.array([1, None, 2**53 + 1]),
            "unsigned": pa.array([0, 2**64 - 1, 3], pa.uint64()),
            "small": pa.array([-1, 2, None], pa.int8()),
            "real": pa.array([0.5, None, float("nan")]),
            "single": pa.array([0.5, 1.5, 0.5], pa.float32()),
            "truth": pa.array([True, None, False]),
            "text": pa.array(["a" * 200, None, "é"], pa.large_string()),
            "view": pa.array(["a", None, "é"], pa.string_view()),
            "class": pa.array(["x", "y", None]).dictionary_encode(),
            "day": pa.array([0, None, 1], pa.date32()),
            "time": pa.array([0, None, 10**6], pa.timestamp("us")),
            "list": pa.array([[1, 2], None, []]),
            "none": pa.nulls(3),
            "at": shapely.to_wkb(shapely.points([[1, 1], [2, 2], [3, 3]])),
        }
    )
    marked = table.schema.field("at").with_metadata({"ARROW:extension:name": "geoarrow.wkb"})
    table = table.set_column(table.column_names.index("at"), marked, table["at"])
    data, _ = written(table, WORLD)
    assert [f["properties"] for f in read(data)] == [
        {"whole": 1, "unsigned": 0, "small": -1, "real": 0.5, "single": 0.5, "truth": True, "text": "a" * 200,
         "view": "a", "class": "x", "day": "1970-01-01", "time": "1970-01-01T00:00:00", "list": "[1,2]"},
        {"unsigned": 2**64 - 1, "small": 2, "single": 1.5, "class": "y"},
        {"whole": 2**53 + 1, "unsigned": 3, "single": 0.5, "truth": False, "text": "é", "view": "é",
         "day": "1970-01-02", "time": "1970-01-01T00:00:01", "list": "[]"},
    ]  # fmt: skip
    assert [type(f["properties"].get("whole")) for f in read(data)] == [int, type(None), int]
    said = dict(encode(table, ["mvt"], WORLD, io.BytesIO()).headers)["Headrace-Fields"]
    assert '"whole":"Number"' in said
    assert '"truth":"Boolean"' in said
    assert '"class":"String"' in said
    assert "at" not in json.loads(said)


def test_ids_of_a_table_are_those_of_its_frame():
    at = shapely.points([[1, 1], [2, 2], [3, 3]])
    for column in ([5, 3, 2**40], [1, 1, 2], [-1, 0, 1], [0.0, 1.0, 2.0], ["a", "b", "c"]):
        frame = gpd.GeoDataFrame({"id": column}, geometry=at, crs=4326)
        assert features(table_of(frame)) == features(frame)
        indexed = frame.set_index(pd.Index(column, name="key")).drop(columns="id")
        assert features(table_of(indexed)) == features(indexed)
    assert [f["id"] for f in features(gpd.GeoDataFrame({"id": [5, 3, 2**40]}, geometry=at, crs=4326))] == [5, 3, 2**40]


def test_a_parquet_file_read_by_arrow_has_its_geometries(tmp_path):
    frame = gpd.GeoDataFrame({"a": [1, 2]}, geometry=[shapely.Point(1, 2), shapely.Point(3, 4)], crs=4326)
    for crs in (4326, 25832):
        for encoding in ("WKB", "geoarrow"):
            moved = frame.to_crs(crs)
            moved.to_parquet(tmp_path / "a.parquet", geometry_encoding=encoding)
            assert features(pq.read_table(tmp_path / "a.parquet")) == features(moved)


def test_a_table_says_how_large_its_tiles_may_be():
    frame = crowd(3000, "polygons")
    table = table_of(frame)
    frame.attrs["tile_kb"] = 20
    small, headers = written(frame, MIDDLE)
    assert written(table, MIDDLE)[0] != small
    limited = table.replace_schema_metadata({b"tile_kb": b"20"})
    assert written(limited, MIDDLE) == (small, headers)
    again = table.append_column("n", table["n"]).replace_schema_metadata(
        {b"tile_kb": b"20"}
    )  # which a frame has to read
    found, headers = written(again, MIDDLE)
    assert headers["Headrace-Dropped"].endswith(" of 3000 features")
    assert all(f["properties"]["n"] == f["properties"]["n.1"] for f in read(found))


@given(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 300), max_size=30))
def test_varints_of_a_column_are_those_of_its_numbers(numbers):
    column = np.array(numbers, np.uint64)
    lengths = _varints.lengths(column)
    assert _varints.encoded(column, lengths).tobytes() == b"".join(map(_varints.one, numbers))
    assert lengths.tolist() == [len(_varints.one(number)) for number in numbers]
