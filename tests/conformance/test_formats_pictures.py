"""Pictures of every format, read back by Pillow and GDAL pixel by pixel, and drawings, read back by lxml."""

import functools
import io
import json
import re

import geopandas as gpd
import matplotlib as mpl
import matplotlib.figure
import numpy as np
import pandas as pd
import PIL.Image
import pytest
import rasterio
import shapely
import starlette.responses
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from headrace.formats import FORMATS, Unserializable, encode

pytestmark = [
    pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning"),  # a picture need not be on Earth
    pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning"),  # affine, in rasterio's own code
]

STILL = ["png", "apng", "webp", "gif", "jpg", "jpeg"]
EXACT = ["png", "apng", "webp"]
MOVING = ["apng", "webp", "gif"]
SVG = "{http://www.w3.org/2000/svg}"


def written(value, name, tile=None) -> bytes:
    sink = io.BytesIO()
    encoded = encode(value, [name], tile, sink)
    assert (encoded.format, encoded.media_type) == (name, FORMATS[name].media_type)
    return sink.getvalue()


def frames(data: bytes) -> np.ndarray:
    """(frames, rows, columns, 4)."""
    with PIL.Image.open(io.BytesIO(data)) as image:
        pictures = []
        for place in range(getattr(image, "n_frames", 1)):
            image.seek(place)
            pictures.append(np.asarray(image.convert("RGBA")))
        return np.stack(pictures)


def in_colour(pixels: np.ndarray) -> np.ndarray:
    """(rows, columns, bands) as Pillow shows them in four."""
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[pixels.shape[2]]
    image = PIL.Image.frombytes(mode, pixels.shape[1::-1], pixels.tobytes())
    return np.asarray(image.convert("RGBA"))


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("bands", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [(1, 1), (7, 5), (64, 300)])
def test_pictures_without_loss_keep_every_byte(name, bands, size):
    pixels = noise(bands, *size)
    (got,) = frames(written(pixels, name))
    assert np.array_equal(got, in_colour(np.moveaxis(pixels, 0, -1)))


@pytest.mark.parametrize("name", STILL)
def test_gdal_reads_pictures(name, tmp_path):
    file = tmp_path / f"a{FORMATS[name].suffix}"
    file.write_bytes(written(noise(3, 20, 30), name))
    with rasterio.open(file) as picture:
        assert (picture.height, picture.width) == (20, 30)
        assert picture.driver == {"apng": "PNG", "jpg": "JPEG", "jpeg": "JPEG"}.get(name, name.upper())


@pytest.mark.parametrize("colours", [1, 2, 255, 256])
def test_gif_keeps_up_to_256_colours_exactly(colours):
    palette = np.stack([np.arange(colours), 255 - np.arange(colours), np.arange(colours) // 2], 1).astype("uint8")
    pixels = palette[np.arange(20 * 30).reshape(20, 30) % colours]
    (got,) = frames(written(pixels, "gif"))
    assert np.array_equal(got[..., :3], pixels)
    assert (got[..., 3] == 255).all()


def test_gif_hides_what_is_less_than_half_opaque():
    pixels = noise(10, 20, 4)
    pixels[..., :3] //= 64
    (got,) = frames(written(pixels, "gif"))
    seen = pixels[..., 3] >= 128
    assert np.array_equal(got[..., 3] == 255, seen)
    assert np.array_equal(got[..., 3] == 0, ~seen)
    assert np.array_equal(got[seen][:, :3], pixels[seen][:, :3])


def test_gif_comes_near_the_colours_of_a_photograph():
    y, x = np.mgrid[0:64, 0:64]
    photo = np.stack([4 * x, 4 * y, 2 * (x + y)], -1).astype("uint8")
    (got,) = frames(written(photo, "gif"))
    assert np.abs(got[..., :3].astype(int) - photo).mean() < 12


def test_jpeg_comes_near_and_is_small():
    y, x = np.mgrid[0:64, 0:64]
    photo = np.stack([4 * x, 4 * y, 2 * (x + y)], -1).astype("uint8")
    data = written(photo, "jpg")
    assert np.abs(frames(data)[0][..., :3].astype(int) - photo).mean() < 4
    assert len(data) < photo.nbytes / 4


@pytest.mark.parametrize("bands", [2, 4])
def test_jpeg_shows_what_is_transparent_on_white(bands):
    pixels = np.zeros((bands, 16, 32), "uint8")
    pixels[-1, :, 16:] = 255
    with PIL.Image.open(io.BytesIO(written(pixels, "jpg"))) as image:
        assert image.mode == ("L" if bands == 2 else "RGB")
        shown = np.asarray(image.convert("L"))
    assert (shown[:, :15] > 250).all()
    assert (shown[:, 17:] < 5).all()


@pytest.mark.parametrize("name", MOVING)
@pytest.mark.parametrize("bands", [1, 3, 4])
def test_arrays_of_frames_move(name, bands):
    film = noise(4, 12, 10, bands) // 64 * 64
    if bands == 4:
        film[..., 3] = np.where(film[..., 3] > 100, 255, 0)
    shown = [film, list(film)]
    if bands > 1:
        shown.append([PIL.Image.fromarray(picture) for picture in film])
    for value in shown:
        data = written(value, name)
        got = frames(data)
        expected = np.stack([in_colour(picture) for picture in film])
        assert np.array_equal(got[..., 3], expected[..., 3])
        seen = expected[..., 3] > 0
        assert np.array_equal(got[seen], expected[seen])
        with PIL.Image.open(io.BytesIO(data)) as image:
            image.seek(1)
            image.load()
            assert (image.info["duration"], image.info["loop"]) == (100, 0)


def test_frames_are_stretched_together():
    film = np.zeros((2, 4, 4, 1), "float32")
    film[1] = 10
    got = frames(written(film, "apng"))
    assert (got[0][0, 0, 0], got[1][0, 0, 0]) == (0, 255)


@pytest.mark.parametrize("name", MOVING)
def test_a_film_comes_back_as_a_film(name):
    film = frames(written(noise(3, 9, 8, 3) // 64 * 64, name))
    again = PIL.Image.open(io.BytesIO(written(list(film), name)))
    assert np.array_equal(frames(written(again, name)), film)


@pytest.mark.parametrize("name", MOVING)
@pytest.mark.parametrize(
    "value",
    [[], [np.zeros((2, 2)), np.zeros((3, 3))], [np.zeros((2, 2)), 1], np.zeros((2, 3, 4, 7)), np.zeros((0, 3, 4, 3))],
    ids=["nothing", "two sizes", "no picture", "seven bands", "no frame"],
)
def test_what_is_no_film_is_refused_in_a_sentence(name, value):
    with pytest.raises(Unserializable, match="frames of those of one size"):
        written(value, name)


@pytest.mark.parametrize(("name", "most"), [("webp", 16_383), ("gif", 65_535), ("jpg", 65_500)])
def test_a_picture_of_more_pixels_than_the_format_holds_is_refused_in_a_sentence(name, most):
    assert PIL.Image.open(io.BytesIO(written(np.zeros((1, most), "uint8"), name))).width == most
    with pytest.raises(Unserializable, match=f"{most:,}"):
        written(np.zeros((1, most + 1), "uint8"), name)


@pytest.mark.parametrize("name", STILL)
def test_missing_values_are_seen_through(name):
    values = np.array([[0.0, np.nan], [0.5, 1.0]])
    (got,) = frames(written(values, name))
    assert got[..., 3].tolist() == ([[255, 255], [255, 255]] if "j" in name else [[255, 0], [255, 255]])


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 4), st.integers(1, 20), st.integers(1, 20), st.integers(0, 2**32))
@pytest.mark.parametrize("name", EXACT)
def test_any_picture_is_read_back(name, bands, rows, columns, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (bands, rows, columns), dtype=np.uint8)
    assert np.array_equal(frames(written(pixels, name))[0], in_colour(np.moveaxis(pixels, 0, -1)))


# Drawings

RING = shapely.box(0, 0, 4, 4).difference(shapely.box(1, 1, 2, 2))
SHAPES = [
    shapely.Point(0, 0),
    shapely.LineString([(0, 0), (4, 2), (4, 4)]),
    RING,
    shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(3, 3, 4, 4)]),
    shapely.GeometryCollection([shapely.Point(2, 2), shapely.LineString([(0, 4), (4, 0)])]),
    shapely.MultiPoint([(1, 1), (3, 3)]),
    None,
    shapely.Polygon(),
]


def paths(data: bytes) -> dict[str, list[shapely.Geometry]]:
    """What is drawn, by class, in pixels with y upwards; each path's pieces as one geometry."""
    root = etree.fromstring(data)
    assert root.tag == f"{SVG}svg"
    assert {element.tag for element in root} <= {f"{SVG}path", f"{SVG}style"}
    drawn: dict[str, list[shapely.Geometry]] = {"area": [], "line": [], "point": []}
    for path in root.iter(f"{SVG}path"):
        pieces = re.findall(r"M([^MZh]*)(Z|h0)?", path.get("d"))
        assert "".join(f"M{points}{end}" for points, end in pieces) == path.get("d")
        rings = [[tuple(map(float, pair.split(","))) for pair in points.split()] for points, _ in pieces]
        rings = [[(x, -y) for x, y in ring] for ring in rings]
        made = {
            "area": lambda rings: functools.reduce(shapely.symmetric_difference, map(shapely.Polygon, rings)),
            "line": shapely.MultiLineString,
            "point": lambda rings: shapely.MultiPoint([ring[0] for ring in rings]),
        }[path.get("class")]
        drawn[path.get("class")].append(made(rings))
    return drawn


def test_geometries_are_drawn_where_they_are():
    drawn = paths(written(gpd.GeoSeries(SHAPES, crs=4326), "svg"))
    back = {
        kind: [shapely.transform(shape, lambda p: (p - [10, -1010]) / 250) for shape in shapes]
        for kind, shapes in drawn.items()
    }
    assert [round(shape.area, 6) for shape in back["area"]] == [15, 2]
    for got, expected in zip(back["area"], [SHAPES[2], SHAPES[3]], strict=True):
        assert got.symmetric_difference(expected).area < 1e-6
    for got, expected in zip(back["line"], [SHAPES[1], SHAPES[4].geoms[1]], strict=True):
        assert shapely.hausdorff_distance(got, expected) < 1e-6
    points = [sorted((round(p.x, 3), round(p.y, 3)) for p in shape.geoms) for shape in back["point"]]
    assert points == [[(0, 0)], [(2, 2)], [(1, 1), (3, 3)]]


def test_a_drawing_keeps_its_proportions_and_fits_its_box():
    root = etree.fromstring(written(shapely.box(100, 10, 300, 60), "svg"))
    assert root.get("viewBox") == "0 0 1020 270"
    numbers = [float(n) for n in re.findall(r"[\d.]+", root.find(f"{SVG}path").get("d"))]
    assert (min(numbers), max(numbers)) == (10, 1010)


@pytest.mark.parametrize(
    "value", [gpd.GeoDataFrame({"a": []}, geometry=[], crs=4326), gpd.GeoSeries([None, shapely.Polygon()], crs=4326)]
)
def test_a_drawing_of_nothing_is_empty(value):
    assert paths(written(value, "svg")) == {"area": [], "line": [], "point": []}


def test_many_geometries_are_drawn_in_pieces():
    points = gpd.GeoSeries(shapely.points(np.arange(25_000), np.arange(25_000)), crs=3857)
    assert len(paths(written(points, "svg"))["point"]) == 25_000


@pytest.mark.parametrize(
    "text",
    [
        "<svg/>",
        '\n<?xml version="1.0"?>\n<!-- a <b> --><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x">\n<svg xmlns="x">',
        "<svg\nwidth='1'></svg>",
    ],
)
def test_text_that_is_svg_is_a_drawing(text):
    assert written(text, "svg") == text.encode()


@pytest.mark.parametrize(
    "value",
    [
        "",
        "<svgx/>",
        "<p><svg/></p>",
        "svg",
        5,
        pd.DataFrame({"a": [1]}),
        pd.DataFrame({"savefig": [1]}),
        "<!--<svg>-->",
    ],
)
def test_what_is_no_drawing_is_refused_in_a_sentence(value):
    with pytest.raises(Unserializable, match="svg wants geometries, or what is SVG"):
        written(value, "svg")


def test_the_search_for_svg_takes_no_time_in_long_text():
    with pytest.raises(Unserializable):
        written("<!--" + "-->" * 100_000 + " " * 100_000, "svg")


class Shown:
    """What shows itself in notebooks."""

    def _repr_svg_(self):
        return "<svg id='own'/>"


class Mute:
    def _repr_svg_(self):
        return None

    def _repr_html_(self):
        return None


def test_what_shows_itself_as_svg_is_a_drawing():
    assert written(Shown(), "svg") == b"<svg id='own'/>"
    with pytest.raises(Unserializable, match="Mute can show itself as SVG, but this one gives nothing"):
        written(Mute(), "svg")
    with pytest.raises(Unserializable, match="Mute can show itself as HTML, but this one gives nothing"):
        written(Mute(), "html")


@pytest.fixture
def figure():
    figure = mpl.figure.Figure(figsize=(2, 1), dpi=100)
    figure.subplots().plot([1, 2], [3, 4])
    return figure


def test_a_figure_is_a_drawing_and_a_picture(figure):
    assert etree.fromstring(written(figure, "svg")).tag == f"{SVG}svg"
    assert written(figure, "svg") == written(figure, "svg")
    for name in [*STILL, "tiff"]:
        assert PIL.Image.open(io.BytesIO(written(figure, name))).size == (200, 100)
    assert PIL.Image.open(io.BytesIO(written(figure.axes[0], "png"))).size == (200, 100)
    assert np.ptp(frames(written(figure, "png"))[0][..., 0]) == 255
    assert encode(figure, ["geojson", "json", "png"], None, io.BytesIO()).format == "png"
    with pytest.raises(Unserializable, match=r"png.*svg"):
        written(figure, "csv")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "I;16", "I", "F"])
def test_images_of_pillows_of_any_mode_are_pictures(mode):
    image = PIL.Image.new("RGB", (6, 4), (200, 10, 10)).convert("L" if mode[0] == "I" or mode == "F" else "RGB")
    image = image.convert(mode)
    (got,) = frames(written(image, "png"))
    assert got.shape == (4, 6, 4)
    if mode[0] not in "1LIF":
        assert np.abs(got[0, 0].astype(int) - [200, 10, 10, 255]).max() < 12
    assert np.load(io.BytesIO(written(image, "npy"))).shape[-2:] == (4, 6)


def test_a_palette_with_a_transparent_colour_is_seen_through():
    image = PIL.Image.new("P", (2, 1), 0)
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.putpixel((1, 0), 1)
    image.info["transparency"] = 0
    assert frames(written(image, "png"))[0].tolist() == [[[0, 0, 0, 0], [255, 0, 0, 255]]]


def test_a_response_with_a_picture_passes():
    sink = io.BytesIO()
    encoded = encode(starlette.responses.Response(b"<svg/>", media_type="image/svg+xml"), ["json"], None, sink)
    assert (encoded.media_type, sink.getvalue()) == ("image/svg+xml", b"<svg/>")


def test_pictures_of_tiles_are_not_stretched():
    for name in STILL:
        (got,) = frames(written(np.array([[100.0, 200.0]]).astype("int16"), name, (0, 0, 0)))
        assert got[0, 0, 0] == pytest.approx(100, abs=8) if got.shape == (1, 2, 4) else got.size


def test_json_of_a_list_of_geometries_is_a_list_and_any_other_format_a_table():
    shapes = [shapely.Point(1, 2), shapely.Point(3, 4)]
    assert [one["type"] for one in json.loads(written(shapes, "json"))] == ["Point", "Point"]
    assert len(json.loads(written(shapes, "geojson"))["features"]) == 2
    assert gpd.read_parquet(io.BytesIO(written(shapes, "parquet"))).geometry.tolist() == shapes
    assert len(paths(written(shapes, "svg"))["point"]) == 2
