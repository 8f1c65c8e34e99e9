"""Formats that hold places: geometries in tables, vector tiles, and rasters, read back by GDAL, shapely and pillow."""

import contextlib
import io
import itertools
import json
import math

import geopandas as gpd
import geopandas.testing
import mapbox_vector_tile
import numpy as np
import pandas as pd
import PIL.Image
import polars as pl
import pyarrow as pa
import pyogrio
import pytest
import rasterio
import rioxarray  # noqa: F401 - registers the `rio` accessor
import shapely
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.formats import Unserializable, _places, encode
from headrace.formats import geojson as geojson_module

pytestmark = [
    pytest.mark.filterwarnings(
        "ignore:Use `@` matmul:PendingDeprecationWarning"
    ),  # affine, of rasterio's own use of it
    pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning"),  # an array need not be on Earth
]

SQUARE = shapely.box(10, 50, 11, 51)
RING = shapely.Polygon([(10, 50), (12, 50), (12, 52), (10, 52)], [[(10.5, 50.5), (11, 50.5), (11, 51), (10.5, 51)]])
MIXED = [
    shapely.Point(1.25, 2.5),
    shapely.LineString([(0, 0), (1, 1), (2, 0)]),
    RING,
    shapely.MultiPoint([(0, 0), (1, 1)]),
    shapely.MultiLineString([[(0, 0), (1, 1)], [(2, 2), (3, 3)]]),
    shapely.MultiPolygon([SQUARE, shapely.box(20, 0, 21, 1)]),
    shapely.GeometryCollection([shapely.Point(0, 0), SQUARE]),
    None,
]


def written(value, name, tile=None) -> bytes:
    sink = io.BytesIO()
    assert encode(value, [name], tile, sink).format == name
    return sink.getvalue()


@pytest.fixture
def mixed():
    return gpd.GeoDataFrame({"n": range(len(MIXED))}, geometry=MIXED, crs=4326)


READ_GEO = {
    "parquet": lambda data: gpd.read_parquet(io.BytesIO(data)),
    "feather": lambda data: gpd.read_feather(io.BytesIO(data)),
    "arrow": lambda data: gpd.GeoDataFrame.from_arrow(pa.ipc.open_stream(data).read_all()),
}


@pytest.mark.parametrize("name", READ_GEO)
@pytest.mark.parametrize("crs", [4326, 3857, 25832, None])
def test_geopandas_reads_the_same_frame_back(mixed, name, crs):
    frame = mixed.set_crs(crs, allow_override=True)
    back = READ_GEO[name](written(frame, name))
    gpd.testing.assert_geodataframe_equal(back, frame, check_like=True)


@pytest.mark.parametrize("name", READ_GEO)
def test_a_frame_without_rows_keeps_its_crs(mixed, name):
    back = READ_GEO[name](written(mixed[:0], name))
    assert (len(back), back.crs, back.geometry.name) == (0, "EPSG:4326", "geometry")


@pytest.mark.parametrize("name", READ_GEO)
def test_further_geometry_columns_and_another_name_of_the_active_one_are_kept(mixed, name):
    frame = mixed.rename_geometry("shape")
    frame["centre"] = gpd.GeoSeries(MIXED, crs=4326)
    back = READ_GEO[name](written(frame, name))
    assert shapely.equals(back["centre"].array[:-1], frame["centre"].array[:-1]).all()
    assert back.geometry.name == "shape" or name == "arrow"


@pytest.mark.parametrize("name", READ_GEO)
def test_values_that_arrow_has_no_type_for_are_text_beside_geometries_too(name):
    frame = gpd.GeoDataFrame({"a": [1, "x"], "b": [[1, "a"], None]}, geometry=[SQUARE, None], crs=4326)
    back = READ_GEO[name](written(frame, name))
    assert back["a"].tolist() == ["1", "x"]
    assert back["b"].iloc[0] == '[1,"a"]'


@pytest.mark.parametrize("name", READ_GEO)
def test_a_plain_frame_with_geometries_is_a_geo_table(name):
    frame = pd.DataFrame({"a": [1], "g": gpd.GeoSeries([SQUARE], crs=3857)})
    back = READ_GEO[name](written(frame, name))
    assert (back.geometry.name, back.crs) == ("g", "EPSG:3857")


def test_a_pair_whose_second_is_no_bounds_is_a_plain_value():
    assert json.loads(written((np.ones(2), [1, 2]), "json")) == [[1, 1], [1, 2]]
    with pytest.raises(Unserializable):
        written((np.ones((2, 2)), [0, 0, 1, math.nan]), "tiff")


def test_gdal_reads_geojson(mixed, tmp_path):
    for name, suffix in (("geojson", ".geojson"),):
        file = tmp_path / f"a{suffix}"
        file.write_bytes(written(mixed, name))
        info = pyogrio.read_info(file)
        assert (info["features"], info["crs"]) == (len(mixed), "EPSG:4326")
        back = gpd.read_file(file)
        assert back["n"].tolist() == mixed["n"].tolist()
        for got, expected in zip(back.geometry, mixed.geometry, strict=True):
            assert got is None if expected is None else shapely.equals(got, expected)


def test_geojson_is_in_degrees_whatever_the_crs():
    frame = gpd.GeoDataFrame({"a": [1]}, geometry=[shapely.Point(500000, 5500000)], crs=25832)
    x, y = json.loads(written(frame, "geojson"))["features"][0]["geometry"]["coordinates"]
    assert (x, y) == pytest.approx((9.0, 49.6516), abs=1e-3)


def test_geojson_rings_turn_as_its_specification_says():
    clockwise = shapely.Polygon(RING.exterior.coords[::-1], [RING.interiors[0].coords])
    for shape in (RING, clockwise, shapely.MultiPolygon([clockwise])):
        read = shapely.geometry.shape(
            json.loads(written(gpd.GeoSeries([shape], crs=4326), "geojson"))["features"][0]["geometry"]
        )
        for polygon in getattr(read, "geoms", [read]):
            assert polygon.exterior.is_ccw
            assert not polygon.interiors[0].is_ccw
        assert shapely.equals(read, shape)


def test_many_features_are_what_few_are():
    shapes = [*MIXED, shapely.Polygon(), shapely.Point(1, 2, 3), shapely.reverse(RING), shapely.Point(math.inf, 0)]
    rows = 24_000
    frame = gpd.GeoDataFrame(
        {
            "n": range(rows), "x": np.where(np.arange(rows) % 5, 0.1, math.nan), "t": ['"é\n', None] * (rows // 2),
            "when": pd.date_range("2024-01-01", periods=rows, freq="7s"),
        },
        geometry=(shapes * (rows // len(shapes) + 1))[:rows], crs=4326,
    )  # fmt: skip

    def features(part):
        return json.loads(written(part, "geojson"), parse_constant=lambda word: word)["features"]

    few = [feature for start in range(0, rows, 6000) for feature in features(frame[start : start + 6000])]
    assert features(frame) == few


shapes_of_any_kind = st.sampled_from(MIXED[:-1]).flatmap(
    lambda shape: st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(1e-9, 1e3)).map(
        lambda by: shapely.transform(shape, lambda points: points * by[2] + by[:2])
    )
)


@settings(max_examples=60, deadline=None)
@given(st.lists(shapes_of_any_kind | st.none() | st.just(shapely.Point()), min_size=1, max_size=12))
def test_any_geometries_are_written_as_geos_writes_them(shapes):
    shapes = np.array(shapes, dtype=object)
    ours = [json.loads(text) for text in geojson_module.geometries(shapes).to_pylist()]
    assert ours == [json.loads(text or "null") for text in shapely.to_geojson(shapes)]


def test_geojson_properties_are_what_json_would_write():
    frame = gpd.GeoDataFrame(
        {"t": pd.to_datetime(["2024-01-01", None]), "x": [math.nan, 1.5], "l": [[1], None]},
        geometry=[SQUARE, None],
        crs=4326,
    )
    read = json.loads(written(frame, "geojson"))
    assert [f["properties"] for f in read["features"]] == [
        {"t": "2024-01-01T00:00:00", "x": None, "l": [1]},
        {"t": None, "x": 1.5, "l": None},
    ]
    assert read["features"][1]["geometry"] is None
    assert read["type"] == "FeatureCollection"


@pytest.mark.parametrize(
    "table", [pd.DataFrame({"a": [1, None]}), pa.table({"a": [1.0, None]})], ids=["pandas", "arrow"]
)
def test_geojson_of_rows_without_a_geometry_is_features_without_a_place(table):
    assert json.loads(written(table, "geojson")) == {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "properties": {"a": a}, "geometry": None} for a in (1, None)],
    }


def test_geojson_of_no_rows_is_a_collection_of_nothing(mixed):
    assert json.loads(written(mixed[:0], "geojson")) == {"type": "FeatureCollection", "features": []}


def test_geojson_with_empty_geometries_and_height():
    shapes = [shapely.Polygon(), shapely.Point(1, 2, 3), shapely.Point()]
    read = json.loads(written(gpd.GeoSeries(shapes, crs=4326), "geojson"))
    back = [shapely.from_geojson(json.dumps(f["geometry"])) for f in read["features"]]
    assert [shape.wkt for shape in back] == ["POLYGON EMPTY", "POINT Z (1 2 3)", "POINT EMPTY"]


def test_geometries_in_text_are_wkt_and_in_json_geojson(mixed):
    assert "POINT (1.25 2.5)" in written(mixed, "csv").decode()
    assert "POINT (1.25 2.5)" in written(mixed, "html").decode()
    assert json.loads(written(mixed, "json"))[0] == {"n": 0, "geometry": {"type": "Point", "coordinates": [1.25, 2.5]}}


def test_a_geometry_and_a_geoseries_are_frames():
    for value in (SQUARE, gpd.GeoSeries([SQUARE], crs=4326)):
        back = gpd.read_parquet(io.BytesIO(written(value, "parquet")))
        assert shapely.equals(back.geometry[0], SQUARE)
        assert back.crs == "EPSG:4326"


def test_an_arrow_table_with_geo_metadata_is_a_geo_table(mixed):
    table = pa.parquet.read_table(io.BytesIO(written(mixed, "parquet")))
    assert len(json.loads(written(table, "geojson"))["features"]) == len(mixed)


# Vector tiles


def tile_of(frame, tile):
    data = written(frame, "mvt", tile)
    return mapbox_vector_tile.decode(data, default_options={"y_coord_down": True})["udf"] if data else None


WORLD = (0, 0, 0)


def test_a_tile_has_every_kind_of_geometry(mixed):
    features = tile_of(mixed, (0, 0, 0))["features"]
    kinds = {(f["properties"]["n"], f["geometry"]["type"]) for f in features}
    assert {(0, "Point"), (1, "LineString"), (2, "Polygon"), (3, "MultiPoint"), (4, "MultiLineString")} <= kinds
    assert {(5, "MultiPolygon"), (6, "Point"), (6, "Polygon")} <= kinds
    assert 7 not in {n for n, _ in kinds}


def test_a_tile_is_4096_pixels_wide_and_its_layer_is_called_udf():
    frame = gpd.GeoDataFrame(
        {"a": [1, 2, 3]}, geometry=shapely.points([[0, 0], [-180, 85.05112878], [90, 0]]), crs=4326
    )
    layer = tile_of(frame, WORLD)
    assert (layer["extent"], layer["version"]) == (4096, 2)
    assert [f["geometry"]["coordinates"] for f in layer["features"]] == [[2048, 2048], [0, 0], [3072, 2048]]


def test_a_tile_in_another_crs_is_the_same_tile():
    frame = gpd.GeoDataFrame({"a": [1]}, geometry=[SQUARE], crs=4326)
    tile = (6, 33, 21)
    expected = tile_of(frame, tile)
    for crs in (3857, 25832, 4258):
        got = tile_of(frame.to_crs(crs), tile)
        ours, theirs = (shapely.geometry.shape(t["features"][0]["geometry"]) for t in (expected, got))
        assert shapely.hausdorff_distance(ours, theirs) <= 3
    assert tile_of(frame.set_crs(None, allow_override=True), tile) == expected


def test_rings_turn_as_the_specification_says_and_holes_stay_holes():
    for shape in (
        RING,
        shapely.Polygon(RING.exterior.coords[::-1], [RING.interiors[0].coords[::-1]]),
        shapely.reverse(RING),
    ):
        (feature,) = tile_of(gpd.GeoSeries([shape], crs=4326), (6, 33, 21))["features"]
        outline, hole = feature["geometry"]["coordinates"]
        assert signed_area(outline) > 0
        assert signed_area(hole) < 0
        assert len(hole) == 5


def signed_area(ring) -> float:
    """Positive where it runs clockwise as seen, y downwards."""
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in itertools.pairwise(ring)) / 2


def test_what_crosses_the_edge_is_cut_64_pixels_outside():
    wide = gpd.GeoDataFrame(
        {"a": [1, 2]}, geometry=[shapely.box(-170, -80, 170, 80), shapely.LineString([(-90, 10), (90, 10)])], crs=4326
    )
    features = tile_of(wide, (4, 8, 7))["features"]
    for feature in features:
        low_x, low_y, high_x, high_y = shapely.geometry.shape(feature["geometry"]).bounds
        assert (low_x, high_x) == (-64, 4096 + 64)
        assert low_y >= -64
        assert high_y <= 4096 + 64


def test_what_is_elsewhere_or_too_small_is_left_out():
    specks = [shapely.box(10, 50, 10 + 1e-7, 50 + 1e-7), shapely.LineString([(10, 50), (10 + 1e-7, 50)])]
    elsewhere = [shapely.box(-100, -50, -99, -49), shapely.Point(-100, 0), None, shapely.Polygon()]
    assert written(gpd.GeoSeries(specks + elsewhere, crs=4326), "mvt", (6, 33, 21)) == b""


def test_a_hole_goes_with_its_outline():
    thin = shapely.Polygon(
        [(10, 50), (11, 50), (11, 50 + 1e-7), (10, 50 + 1e-7)],
        [[(10.2, 50 + 1e-8), (10.8, 50 + 1e-8), (10.5, 50 + 5e-8)]],
    )
    two = shapely.MultiPolygon([thin, shapely.box(12, 50, 13, 51)])
    (feature,) = tile_of(gpd.GeoSeries([two], crs=4326), (6, 34, 21))["features"]
    assert feature["geometry"]["type"] == "Polygon"


def test_a_bow_tie_does_not_stop_a_tile():
    bow = shapely.Polygon([(-20, -20), (20, 20), (20, -20), (-20, 20)])
    assert tile_of(gpd.GeoSeries([bow, SQUARE], crs=4326), (3, 4, 3)) is not None


def test_a_ring_that_crosses_itself_on_the_map_does_not_fill_the_tile():
    crossed = shapely.Polygon([(0, 0), (45.502, 65.497), (0, 6.928), (7.687, 14.602)])
    (feature,) = tile_of(gpd.GeoSeries([crossed], crs=4326), (2, 1, 1))["features"]
    assert shapely.geometry.shape(feature["geometry"]).area < 4096**2 / 100


def test_attributes_keep_their_types_and_nothing_is_left_out():
    frame = gpd.GeoDataFrame(
        {
            "text": ["é", None, "x"],
            "whole": [1, -5, 2**53 + 1],
            "unsigned": np.array([0, 1, 2**64 - 1], "uint64"),
            "real": [0.1, np.nan, -1e300],
            "small": np.array([0.5, 1.5, 2.5], "float32"),
            "truth": [True, False, True],
            "maybe": pd.array([1, None, 3], "Int64"),
            "perhaps": pd.array([True, None, False], "boolean"),
            "kind": pd.Categorical(["a", "b", None]),
            "time": pd.to_datetime(["2024-01-01", None, "2024-01-02"]),
            "mixed": [1, True, 1.5],
            "nested": [[1, 2], {"a": 1}, None],
            "nothing": [None, None, None],
        },
        geometry=shapely.points([[1, 1], [2, 2], [3, 3]]),
        crs=4326,
    )
    got = [f["properties"] for f in tile_of(frame, WORLD)["features"]]
    assert got[0] == {
        "text": "é", "whole": 1, "unsigned": 0, "real": 0.1, "small": 0.5, "truth": True, "maybe": 1, "perhaps": True,
        "kind": "a", "time": "2024-01-01T00:00:00", "mixed": 1, "nested": "[1,2]",
    }  # fmt: skip
    assert got[1] == {
        "whole": -5, "unsigned": 1, "small": 1.5, "truth": False, "kind": "b", "mixed": True, "nested": '{"a":1}',
    }  # fmt: skip
    assert got[2] == {
        "text": "x", "whole": 2**53 + 1, "unsigned": 2**64 - 1, "real": -1e300, "small": 2.5, "truth": True, "maybe": 3,
        "perhaps": False, "time": "2024-01-02T00:00:00", "mixed": 1.5,
    }  # fmt: skip
    assert [type(p["mixed"]) for p in got] == [int, bool, float]


def test_ids_are_the_column_id_or_an_index_that_says_something():
    points = gpd.GeoDataFrame({"a": [1, 2, 3]}, geometry=shapely.points([[1, 1], [2, 2], [3, 3]]), crs=4326)
    ids = lambda frame: [f.get("id") for f in tile_of(frame, WORLD)["features"]]  # noqa: E731
    assert ids(points.assign(id=[7, 2**40, 9])) == [7, 2**40, 9]
    assert ids(points[points.a > 1]) == [1, 2]
    assert not any(ids(points))
    assert not any(ids(points.assign(id=[-1, 2, 3])))
    assert not any(ids(points.assign(id=[5, 5, 5])))
    assert not any(ids(points.assign(id=["a", "b", "c"])))


def test_a_tile_without_other_columns():
    (feature,) = tile_of(gpd.GeoSeries([SQUARE], crs=4326), (6, 33, 21))["features"]
    assert feature["properties"] == {}


def test_the_poles_are_no_trouble():
    assert tile_of(gpd.GeoSeries([shapely.box(-180, -90, 180, 90)], crs=4326), WORLD) is not None


coordinates = st.tuples(
    st.integers(-170_000, 170_000).map(lambda n: n / 1000), st.integers(-80_000, 80_000).map(lambda n: n / 1000)
)


boxes = (
    st.tuples(coordinates, coordinates)
    .map(lambda corners: shapely.MultiPoint(corners).envelope)
    .filter(lambda b: b.area)
)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(boxes, boxes, boxes), min_size=1, max_size=8),
    st.sampled_from([(0, 0, 0), (2, 1, 1), (5, 16, 11)]),
)
def test_any_polygons_become_the_area_that_shapely_finds(triples, tile):
    shapes = gpd.GeoSeries([(one | other) - hole for one, other, hole in triples], crs=4326)
    features = (tile_of(shapes, tile) or {"features": []})["features"]
    got = sum(signed_area(ring) for f in features for polygon in polygons_of(f["geometry"]) for ring in polygon)
    pixels = shapely.transform(np.array(shapes), _places._Grid(tile, degrees=True).to_pixels)
    cut = shapely.intersection(pixels, shapely.box(-64, -64, 4160, 4160))
    # Every vertex moves by at most half a pixel in each direction, so the area by its outline's length at most; and
    # what is no pixel large goes.
    assert got == pytest.approx(shapely.area(cut).sum(), abs=shapely.length(cut).sum() + 4 * len(triples))


def test_a_hole_that_comes_to_share_edges_with_its_outline_stays_a_hole():
    frame = shapely.box(-0.231, 0, 0, 0.165) - shapely.box(-0.188, 0.001, -0.001, 0.164)
    features = tile_of(gpd.GeoSeries([frame], crs=4326), (2, 1, 1))["features"]
    area = sum(signed_area(ring) for polygon in polygons_of(features[0]["geometry"]) for ring in polygon)
    assert area == 11 * 8 - 9 * 7  # in whole pixels, the hole reaches two of the outline's sides


def polygons_of(geometry):
    return [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(coordinates, min_size=1, max_size=5), min_size=1, max_size=8))
def test_any_points_come_back_to_the_pixel(groups):
    frame = gpd.GeoSeries([shapely.MultiPoint(group) for group in groups], crs=4326)
    features = tile_of(frame, WORLD)["features"]
    assert len(features) == len(groups)
    for feature, group in zip(features, groups, strict=True):
        got = feature["geometry"]["coordinates"]
        got = [got] if feature["geometry"]["type"] == "Point" else got
        for (x, y), (longitude, latitude) in zip(got, group, strict=True):
            assert x == pytest.approx((longitude + 180) / 360 * 4096, abs=0.51)
            mercator = 0.5 - math.asinh(math.tan(math.radians(latitude))) / (2 * math.pi)
            assert y == pytest.approx(mercator * 4096, abs=0.51)


# Rasters


def picture(data: bytes) -> np.ndarray:
    image = PIL.Image.open(io.BytesIO(data))
    image.verify()
    return np.asarray(PIL.Image.open(io.BytesIO(data)))


@pytest.mark.parametrize("bands", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [(1, 1), (7, 5), (256, 256)])
def test_bytes_are_shown_as_they_are(bands, size):
    pixels = np.random.default_rng(bands).integers(0, 256, (bands, *size), dtype=np.uint8)
    got = picture(written(pixels, "png"))
    assert np.array_equal(got, pixels[0] if bands == 1 else np.moveaxis(pixels, 0, -1))


def test_an_array_of_rows_columns_colours_is_a_picture_too():
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    assert np.array_equal(picture(written(pixels, "png")), pixels)
    assert np.array_equal(picture(written(pixels[..., 0], "png")), pixels[..., 0])


def test_truth_is_black_and_white():
    assert picture(written(np.array([[True, False]]), "png")[:]).tolist() == [[255, 0]]


def test_one_band_of_numbers_is_stretched_but_in_a_tile():
    heights = np.array([[100, 200], [300, 355]], dtype="int16")
    assert picture(written(heights, "png")).tolist() == [[0, 100], [200, 255]]
    tile = picture(written(heights, "png", (0, 0, 0)))
    assert tile[[0, 0, 255, 255], [0, 255, 0, 255]].tolist() == [100, 200, 255, 255]
    shares = picture(written(np.array([[0.0, 0.5], [1.0, 2.0]]), "png", (0, 0, 0)))
    assert shares[[0, 0, 255, 255], [0, 255, 0, 255]].tolist() == [0, 128, 255, 255]
    assert picture(written(np.full((2, 2), 7.0), "png")).tolist() == [[0, 0], [0, 0]]


def test_colours_as_floats_run_from_0_to_1_and_as_integers_to_255():
    assert picture(written(np.full((3, 2, 2), 0.5), "png"))[0, 0].tolist() == [128, 128, 128]
    assert picture(written(np.full((3, 2, 2), 300), "png"))[0, 0].tolist() == [255, 255, 255]


def test_what_is_not_a_number_is_transparent():
    grey = picture(written(np.array([[0.0, np.nan], [0.5, 1.0]]), "png"))
    assert grey.tolist() == [[[0, 255], [0, 0]], [[128, 255], [255, 255]]]
    colour = np.ones((3, 2, 2))
    colour[1, 0, 0] = np.inf
    assert picture(written(colour, "png"))[0, 0, 3] == 0
    assert picture(written(np.full((2, 2), np.nan), "png"))[..., 1].tolist() == [[0, 0], [0, 0]]
    masked = np.ma.masked_equal(np.array([[1, 2], [3, 4]], "uint8"), 3)
    assert picture(written(masked, "png")).tolist() == [[[1, 255], [2, 255]], [[0, 0], [4, 255]]]
    with opened(written(masked, "tiff")) as file:
        assert np.array_equal(file.read(1), [[1, 2], [np.nan, 4]], equal_nan=True)


@pytest.mark.parametrize(
    "value", [np.zeros((5, 4, 6)), np.zeros((0, 4)), np.zeros(4), np.zeros((2, 3, 4, 5)), np.array([["a"]])]
)
def test_what_is_no_picture_is_refused_as_one(value):
    with pytest.raises(Unserializable, match="cannot be written as png"):
        written(value, "png")


@contextlib.contextmanager
def opened(data: bytes):
    with rasterio.MemoryFile(data) as memory, memory.open() as file:
        yield file


@pytest.mark.parametrize(
    "kind",
    ["bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "int64", "uint64", "float16", "float32", "float64"],
)
def test_a_geotiff_keeps_every_value(kind):
    data = np.random.default_rng(1).integers(0, 2 if kind == "bool" else 100, (2, 9, 7)).astype(kind)
    with opened(written(data, "tiff")) as file:
        assert np.array_equal(file.read(), data)
        assert file.tags(ns="fused") == {"orig_type": "numpy.ndarray", "shape": "[2,9,7]"}
        assert file.crs is None


def test_bounds_place_an_array_on_earth():
    data = np.arange(6, dtype="float32").reshape(2, 3)
    for bounds in ([10, 50, 13, 52], gpd.GeoDataFrame(geometry=[shapely.box(10, 50, 13, 52)], crs=4326)):
        with opened(written((data, bounds), "tiff")) as file:
            assert file.crs == "EPSG:4326"
            assert tuple(file.bounds) == (10, 50, 13, 52)
            assert np.array_equal(file.read(1), data)
            tags = file.tags(ns="fused")
            assert json.loads(tags["bounds"]) == [10, 50, 13, 52]
            assert json.loads(tags["shape"]) == [2, 3]


@pytest.fixture
def elevation():
    return xr.DataArray(
        np.arange(12, dtype="float32").reshape(3, 4),
        dims=("y", "x"),
        coords={"y": [52.5, 51.5, 50.5], "x": [10.5, 11.5, 12.5, 13.5]},
        name="elevation",
    ).rio.write_crs("EPSG:25832")


def test_an_xarray_keeps_its_place_crs_and_nodata(elevation):
    nodata = elevation.rio.write_nodata(-9999)
    with opened(written(nodata, "tiff")) as file:
        assert (file.crs, tuple(file.bounds), file.nodata) == ("EPSG:25832", (10, 50, 14, 53), -9999)
        assert np.array_equal(file.read(1), elevation)
        assert file.tags(ns="fused")["orig_type"] == "xarray.DataArray"


def test_an_xarray_in_any_order_of_dimensions_is_the_same(elevation):
    bands = xr.concat([elevation, elevation + 1], "band").rio.write_crs("EPSG:25832")
    for turned in (bands, bands.transpose("y", "x", "band"), bands.transpose("x", "band", "y")):
        with opened(written(turned, "tiff")) as file:
            assert np.array_equal(file.read(), bands)
            assert tuple(file.bounds) == (10, 50, 14, 53)


def test_an_xarray_whose_rows_go_north_is_the_right_way_up(elevation):
    with opened(written(elevation.isel(y=slice(None, None, -1)), "tiff")) as file:
        north_first = file.read(1) if file.transform.e < 0 else file.read(1)[::-1]
        assert np.array_equal(north_first, elevation)
    assert np.array_equal(
        picture(written(elevation.isel(y=slice(None, None, -1)), "png")), picture(written(elevation, "png"))
    )


def test_datasets_of_one_and_of_several_variables(elevation):
    one = elevation.to_dataset(name="elevation")
    with opened(written(one, "tiff")) as file:
        assert file.tags(ns="fused")["key"] == "elevation"
        assert file.crs == "EPSG:25832"
    two = one.assign(twice=elevation * 2)
    with opened(written(two, "tiff")) as file:
        assert np.array_equal(file.read(), np.stack([elevation, elevation * 2]))
        assert file.crs == "EPSG:25832"


def test_an_xarray_without_a_place_is_an_array():
    with opened(written(xr.DataArray(np.ones((2, 3)), dims=("y", "x")), "tiff")) as file:
        assert file.read(1).tolist() == [[1, 1, 1], [1, 1, 1]]
    with pytest.raises(Unserializable):
        written(xr.DataArray(np.ones((2, 3)), dims=("time", "depth")).isel(time=0), "tiff")


@pytest.mark.parametrize(
    "value",
    [
        np.arange(3),
        np.ones((2, 3, 4, 5), "float16"),
        np.array(5.0)[None],
        np.array([["a", "é"]]),
        np.ones((4, 4))[::2, ::-1],
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.zeros((0, 3)),
        np.array(["2024-01-01"], "M8[D]"),
    ],
)
def test_numpy_reads_the_array_back(value):
    back = np.load(io.BytesIO(written(value, "npy")), allow_pickle=False)
    assert back.dtype == value.dtype
    assert np.array_equal(back, value)


def test_an_array_with_a_place_is_not_written_without_it(elevation):
    for value in ((np.ones((2, 2)), [0, 0, 1, 1]), elevation):
        sink = io.BytesIO()
        assert encode(value, ["npy", "tiff"], None, sink).format == "tiff"


def test_a_large_raster_is_tiled():
    with opened(written((np.zeros((1, 4096, 5000), "uint8"), [0, 0, 1, 1]), "tiff")) as file:
        assert file.profile["tiled"]
        assert file.compression.value == "DEFLATE"


def test_polars_reads_what_arrow_formats_hold(mixed):
    plain = pd.DataFrame(mixed.drop(columns="geometry"))
    assert pl.read_ipc(written(plain, "feather"))["n"].to_list() == mixed["n"].tolist()
    assert pl.read_ipc_stream(written(plain, "arrow"))["n"].to_list() == mixed["n"].tolist()
    assert pl.read_parquet(written(plain, "parquet"))["n"].to_list() == mixed["n"].tolist()
