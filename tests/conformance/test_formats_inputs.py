"""Every kind of value that a udf may return, and what would do harm in the files that it becomes."""

import io
import json
import pathlib
import zipfile

import duckdb
import folium
import geopandas as gpd
import httpx
import numpy as np
import pandas as pd
import PIL.Image
import polars as pl
import pyarrow as pa
import pyogrio
import pytest
import rasterio
import requests
import shapely
import starlette.responses
import werkzeug
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree, html

from headrace.formats import Unserializable, encode
from headrace.formats.zip import member_names

pytestmark = [
    pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning"),
    pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning"),  # affine, in rasterio's own code
]

CLIENT = ("npy", "tiff", "parquet", "json")  # what published clients of the second generation ask for
PROGRAM = ("geojson", "json", "png")
PERSON = ("html", "png")

TABLE = pa.table({"a": [1, 2]})
POINT = shapely.Point(1, 2)
GRID = xr.DataArray(np.ones((2, 3)), {"y": [1.5, 0.5], "x": [0.5, 1.5, 2.5]}, dims=("y", "x"))


class Own:
    """What shows itself in notebooks."""

    def _repr_html_(self):
        return "<h1>own</h1>"


class Chart:
    """What some libraries have instead."""

    def to_html(self):
        return "<h1>chart</h1>"


async def pieces():
    for piece in (b"a", "b"):
        yield piece


# For each value: what it is written as where it is asked for in the three usual ways; None: not at all.
SEEN = {
    "a frame": (lambda: pd.DataFrame({"a": [1]}), ("parquet", "json", "html")),
    "a series": (lambda: pd.Series([1]), ("parquet", "json", "html")),
    "an index": (lambda: pd.Index([1]), ("parquet", "json", "html")),
    "a geo frame": (lambda: gpd.GeoDataFrame(geometry=[POINT]), ("parquet", "geojson", "html")),
    "a geo series": (lambda: gpd.GeoSeries([POINT]), ("parquet", "geojson", "html")),
    "a geometry": (lambda: POINT, ("parquet", "geojson", "html")),
    "geometries": (lambda: [POINT, shapely.box(0, 0, 1, 1)], ("parquet", "geojson", "html")),
    "a tuple of geometries": (lambda: (POINT, POINT, POINT), ("parquet", "geojson", "html")),
    "an Arrow table": (lambda: TABLE, ("parquet", "json", "html")),
    "an Arrow batch": (lambda: TABLE.to_batches()[0], ("parquet", "json", "html")),
    "an Arrow reader": (TABLE.to_reader, ("parquet", "json", "html")),
    "an Arrow array": (lambda: TABLE["a"], ("parquet", "json", "html")),
    "an Arrow scalar": (lambda: TABLE["a"][0], ("json", "json", "html")),
    "a polars frame": (lambda: pl.DataFrame({"a": [1]}), ("parquet", "json", "html")),
    "a lazy frame": (lambda: pl.LazyFrame({"a": [1]}), ("parquet", "json", "html")),
    "a polars series": (lambda: pl.Series("a", [1]), ("parquet", "json", "html")),
    "a relation": (lambda: duckdb.sql("select 1 as a"), ("parquet", "json", "html")),
    "an array": (lambda: np.zeros((2, 2), "uint8"), ("npy", "png", "png")),
    "an array of one dimension": (lambda: np.zeros(3), ("npy", "json", None)),
    "an array and its bounds": (lambda: (np.zeros((2, 2)), [0, 0, 1, 1]), ("tiff", "png", "png")),
    "a data array": (lambda: GRID, ("tiff", "png", "png")),
    "a data set": (lambda: xr.Dataset({"a": GRID, "b": GRID}), ("tiff", "png", "png")),
    "an image": (lambda: PIL.Image.new("RGB", (2, 2)), ("npy", "png", "png")),
    "text": (lambda: "x", ("json", "json", "html")),
    "a number": (lambda: 1.5, ("json", "json", "html")),
    "a list": (lambda: [1, "x"], ("json", "json", "html")),
    "a dict": (lambda: {"a": {"b": 1}}, ("json", "json", "html")),
    "a dict of frames": (lambda: {"a": pd.DataFrame({"x": [1]})}, ("zip", "json", "html")),
    "a dict of dicts of arrays": (lambda: {"a": {"b": np.zeros(2)}}, ("zip", "json", "html")),
    "text in memory": (lambda: io.StringIO("x"), ("json", "json", "html")),
    "a dict of what JSON knows inside": (lambda: {"a": range(3), "b": 1j}, ("json", "json", "html")),
    "a dict of that and an array": (lambda: {"a": range(3), "b": np.zeros(2)}, ("zip", "json", "html")),
    "what shows itself": (Own, (None, None, "html")),
    "a styled frame": (lambda: pd.DataFrame({"a": ["<b>"]}).style, (None, None, "html")),
    "a map of folium's": (folium.Map, (None, None, "html")),
}


@pytest.mark.parametrize("case", SEEN)
def test_a_value_is_written_in_the_first_format_that_suits_it(case):
    make, expected = SEEN[case]
    for asked, name in zip((CLIENT, PROGRAM, PERSON), expected, strict=True):
        sink = io.BytesIO()
        if name is None:
            with pytest.raises(Unserializable, match=" or "):
                encode(make(), asked, None, sink)
            continue
        assert encode(make(), asked, None, sink).format == name
        assert sink.tell()


def fetched() -> requests.Response:
    response = requests.Response()
    response.status_code, response._content, response.headers["content-type"] = 200, b"ab", "text/css"
    return response


PASSED = {
    "bytes": (lambda: b"ab", "application/octet-stream"),
    "a view": (lambda: memoryview(b"ab"), "application/octet-stream"),
    "bytes in memory": (lambda: io.BytesIO(b"ab"), "application/octet-stream"),
    "a response": (lambda: starlette.responses.PlainTextResponse("ab"), "text/plain; charset=utf-8"),
    "a response without a type": (lambda: starlette.responses.Response(b"ab"), "application/octet-stream"),
    "a response in pieces": (lambda: starlette.responses.StreamingResponse(pieces(), media_type="text/css"), None),
    "a response of Flask's": (lambda: werkzeug.Response("ab", mimetype="text/css"), "text/css; charset=utf-8"),
    "a response of a server": (fetched, "text/css"),
    "another of a server": (
        lambda: httpx.Response(200, content=b"ab", headers={"content-type": "text/css"}),
        "text/css",
    ),
}


@pytest.mark.parametrize("case", PASSED)
def test_bytes_and_responses_pass_with_their_own_type(case):
    make, media_type = PASSED[case]
    sink = io.BytesIO()
    encoded = encode(make(), ["parquet"], None, sink)
    assert sink.getvalue() == b"ab"
    assert (encoded.format, encoded.media_type) == ("", media_type or "text/css; charset=utf-8")


def test_a_response_with_a_file_passes(tmp_path):
    (tmp_path / "a.css").write_bytes(b"ab")
    sink = io.BytesIO()
    response = starlette.responses.FileResponse(tmp_path / "a.css")
    assert encode(response, ["json"], None, sink).media_type == "text/css; charset=utf-8"
    assert sink.getvalue() == b"ab"


def test_a_response_that_cannot_be_read_is_refused_in_a_sentence():
    class Odd:
        status_code, headers = 200, {}

    with pytest.raises(Unserializable, match="body cannot be read; return bytes"):
        encode(Odd(), ["json"], None, io.BytesIO())


def test_a_page_is_what_the_object_makes_of_itself():
    def page(value):
        sink = io.BytesIO()
        encode(value, ["html"], None, sink)
        return sink.getvalue().decode()

    assert page(Own()) == "<h1>own</h1>"
    assert page(Chart()) == "<h1>chart</h1>"
    assert page(folium.Map()).startswith("<!DOCTYPE html>")
    assert "<b>" in page(pd.DataFrame({"a": ["<b>"]}).style)  # it is the author's page, like a str


# Harm


def written(value, name: str) -> bytes:
    sink = io.BytesIO()
    encode(value, [name], None, sink)
    return sink.getvalue()


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x")', "=cmd|' /C calc'!A0"]
SCRIPTS = [
    "<script>alert(1)</script>",
    "</td><script>",
    "</pre><img src=x onerror=alert(1)>",
    "]]><x>",
    "&lt;",
    '"><b a="',
    "<!--",
    "<?php ?>",
    "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>&a;",
]


def test_csv_keeps_texts_that_spreadsheets_take_for_formulas():
    frame = pd.DataFrame({"=a": FORMULAS})
    pd.testing.assert_frame_equal(pd.read_csv(io.BytesIO(written(frame, "csv")), lineterminator="\n"), frame)


@pytest.mark.parametrize("rows", [1, 5000])
def test_no_cell_and_no_name_is_markup(rows):
    frame = pd.DataFrame({"a": SCRIPTS * rows, **{text: range(len(SCRIPTS) * rows) for text in SCRIPTS}})
    page = html.fromstring(written(frame, "html"))
    assert {element.tag for element in page.iter()} <= {
        "html", "head", "meta", "style", "body", "table", "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip
    assert [cell.text for cell in page.iter("th")] == ["a", *SCRIPTS]
    assert [row[0].text for row in page.iter("tr")][1:] == SCRIPTS * rows
    root = etree.fromstring(written(frame, "xml"), etree.XMLParser(resolve_entities=False))
    assert {cell.text for row in root for cell in row[:1]} == set(SCRIPTS)
    assert root.getroottree().docinfo.internalDTD is None
    assert all(element.tag in ("data", "row") or len(element) == 0 for element in root.iter())


def test_plain_values_on_a_page_are_no_markup():
    page = html.fromstring(written({text: [text] for text in SCRIPTS}, "html"))
    assert {element.tag for element in page.iter()} <= {"html", "head", "meta", "style", "body", "pre"}


def test_drawn_geometries_bring_no_text_along():
    frame = gpd.GeoDataFrame({text: [text] for text in SCRIPTS}, geometry=[POINT], crs=4326)
    root = etree.fromstring(written(frame, "svg"))
    assert {etree.QName(element).localname for element in root.iter()} == {"svg", "style", "path"}


def test_sheets_hold_no_markup_of_cells():
    with zipfile.ZipFile(io.BytesIO(written(pd.DataFrame({"<f>": [*SCRIPTS, *FORMULAS]}), "excel"))) as book:
        sheet = etree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    assert {etree.QName(element).localname for element in sheet.iter()} == {
        "worksheet", "dimension", "sheetViews", "sheetView", "pane", "sheetData", "row", "c", "is", "t",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        (["a", "b"], ["a", "b"]),
        (["../../etc/passwd", "/etc/passwd", "c:\\x\\y"], [".._.._etc_passwd", "_etc_passwd", "c:_x_y"]),
        (["a/b", "a_b", "a\\b", "a_b.1"], ["a_b", "a_b.2", "a_b.3", "a_b.1"]),
        (["", ".", "..", " "], ["_", "_.1", "__", "_.2"]),
        (["meta.json", "meta.json.1"], ["meta.json.2", "meta.json.1"]),
        (["a\x00b", "a\nb", "é 東"], ["a_b", "a_b.1", "é 東"]),
        (["x" * 300], ["x" * 200]),
    ],
)
def test_members_of_an_archive_have_names_of_files_in_one_folder(keys, names):
    assert member_names(keys) == names


@settings(deadline=None)
@given(st.lists(st.text(max_size=6) | st.text("./\\_a", max_size=4), unique=True))
def test_any_keys_become_different_names_that_lead_nowhere(tmp_path_factory, keys):
    names = member_names(keys)
    assert len({*names, "meta.json"}) == len(keys) + 1
    for name in names:
        assert pathlib.PurePosixPath(name).name == name
        assert "\\" not in name
        assert name not in ("", ".", "..")
    with zipfile.ZipFile(io.BytesIO(written(dict.fromkeys(keys, 1), "zip"))) as archive:
        assert archive.namelist() == [*names, "meta.json"]
        assert list(json.loads(archive.read("meta.json"))["files"]) == names


def test_an_archive_says_what_is_in_it_and_equal_values_are_equal_bytes():
    def made():
        return {"a": pd.DataFrame({"x": [1]}), "b/c": [1], "d": b"\x00", "e": {"f": np.zeros(2)}, "g": None}

    data = written(made(), "zip")
    assert data == written(made(), "zip")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert json.loads(archive.read("meta.json")) == {
            "files": {
                "a": {"content_type": "application/octet-stream"},
                "b_c": {"content_type": "application/json", "key": "b/c"},
                "d": {"content_type": "application/octet-stream; type=bytes"},
                "e": {"content_type": "application/zip"},
                "g": {"content_type": "application/json"},
            }
        }
        assert pd.read_parquet(io.BytesIO(archive.read("a")))["x"].tolist() == [1]
        inner = zipfile.ZipFile(io.BytesIO(archive.read("e")))
        assert np.load(io.BytesIO(inner.read("f"))).tolist() == [0, 0]


def test_tables_that_can_be_read_once_are_read_once():
    sink = io.BytesIO()
    book = {"a": TABLE.to_reader(), "b": pl.LazyFrame({"a": [1]}), "c": {"d": TABLE.to_reader()}}
    assert encode(book, CLIENT, None, sink).format == "zip"
    with zipfile.ZipFile(sink) as archive:
        assert pd.read_parquet(io.BytesIO(archive.read("a")))["a"].tolist() == [1, 2]
        assert pd.read_parquet(io.BytesIO(archive.read("b")))["a"].tolist() == [1]
        with zipfile.ZipFile(io.BytesIO(archive.read("c"))) as inner:
            assert pd.read_parquet(io.BytesIO(inner.read("d")))["a"].tolist() == [1, 2]


def test_a_value_in_an_archive_that_no_format_takes_is_named():
    with pytest.raises(Unserializable, match=r"e: f: The value cannot be written as JSON: .*object"):
        written({"e": {"f": object(), "g": np.zeros(1)}}, "zip")
    with pytest.raises(Unserializable, match="zip wants a dict"):
        written([1], "zip")


def test_a_dict_that_holds_itself_is_refused():
    value: dict = {"a": np.zeros(1)}
    value["b"] = value
    with pytest.raises(Unserializable):
        written(value, "zip")
    with pytest.raises(Unserializable):
        encode(value, CLIENT, None, io.BytesIO())


# What QGIS reads with: GDAL's drivers, of the wheels of pyogrio and rasterio


@pytest.mark.parametrize(
    ("name", "suffix", "driver"),
    [("geojson", "geojson", "GeoJSON"), ("excel", "xlsx", "XLSX"), ("csv", "csv", "CSV"), ("mvt", "mvt", "MVT")],
)
def test_gdal_opens_what_holds_rows(name, suffix, driver, tmp_path):
    assert driver in pyogrio.list_drivers()
    frame = gpd.GeoDataFrame(
        {"n": [1, 2], "t": ["x", "é"]}, geometry=[shapely.box(0, 0, 9, 9), shapely.box(20, 20, 30, 30)], crs=4326
    )
    file = tmp_path / f"a.{suffix}"
    sink = io.BytesIO()
    encode(frame, [name], (0, 0, 0) if name == "mvt" else None, sink)
    file.write_bytes(sink.getvalue())
    info = pyogrio.read_info(file, layer="udf" if name in ("mvt", "excel") else None)
    assert (info["driver"], info["features"]) == (driver, 2)
    back = pyogrio.read_dataframe(file, layer="udf" if name in ("mvt", "excel") else None)
    assert back["t"].tolist() == ["x", "é"]
    assert back["n"].astype(int).tolist() == [1, 2]


def test_duckdb_opens_what_holds_rows(tmp_path):
    frame = pd.DataFrame({"n": [1, 2], "t": ["x", "é"]})
    for name, read in (("csv", duckdb.read_csv), ("ndjson", duckdb.read_json), ("json", duckdb.read_json)):
        file = tmp_path / f"a.{name}"
        file.write_bytes(written(frame, name))
        assert read(str(file)).fetchall() == [(1, "x"), (2, "é")]
    (tmp_path / "a.parquet").write_bytes(written(frame, "parquet"))
    assert duckdb.read_parquet(str(tmp_path / "a.parquet")).fetchall() == [(1, "x"), (2, "é")]


def test_gdal_opens_geotiff(tmp_path):
    file = tmp_path / "a.tif"
    file.write_bytes(written((np.arange(6, dtype="uint8").reshape(2, 3), [10, 50, 13, 52]), "tif"))
    with rasterio.open(file) as raster:
        assert (raster.driver, raster.crs, tuple(raster.bounds)) == ("GTiff", "EPSG:4326", (10, 50, 13, 52))
        assert raster.read(1).tolist() == [[0, 1, 2], [3, 4, 5]]
