"""`show`, `show_multi` and `show_multi_v2` of the published client, and the map that they open, in a browser."""

import base64
import io
import shutil
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from playwright.sync_api import expect

from browser import Sight, at_rest, watched
from conftest import serving
from published import Person, Published, login

PRELUDE = """
import fused
from fused.models.viz import DatasetViz, DatasetVizV2, VizAppConfig, VizConfig
from fused.models.internal.dataset import DatasetInputV2, DatasetInputV2Table

def tables(operation, *urls):
    tables = [DatasetInputV2Table(url=url) for url in urls]
    return DatasetVizV2(dataset=DatasetInputV2(operation=operation, tables=tables))

api = fused.api.FusedAPI()
unseen = {"open_browser": False, "show_widget": False}
"""
CENTROIDS = {"columnNames": {"centroidX": "fused_centroid_x", "centroidY": "fused_centroid_y"}}


@pytest.fixture(scope="module")
def folder():
    """A folder that workers may read: they have no right to what is the test's alone."""
    path = Path(tempfile.mkdtemp(prefix="shown-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def data(folder):
    """A GeoParquet file of squares, a Parquet file of places, and a data set of two tables in two files each."""
    squares = gpd.GeoDataFrame(
        {"which": range(3), "word": ["<i>one</i>", "two", "three"]},
        geometry=[shapely.box(10 * i, 40, 10 * i + 6, 46) for i in range(3)],
        crs=4326,
    )
    squares.to_crs(3857).to_parquet(folder / "squares.parquet")
    squares.to_file(folder / "squares.geojson", driver="GeoJSON")
    pd.DataFrame({"longitude": [0.0, 5.0], "latitude": [50.0, 52.0], "size": [1, 2]}).to_parquet(
        folder / "places.parquet"
    )
    pd.DataFrame({"a": [1, 2]}).to_parquet(folder / "nowhere.parquet")
    main, fused = folder / "set" / "main", folder / "set" / "fused"
    main.mkdir(parents=True)
    fused.mkdir()
    chunks = []
    for file in range(2):
        part = gpd.GeoDataFrame(
            {"n": [2 * file, 2 * file + 1]},
            geometry=[shapely.box(x, -10, x + 4, -6) for x in (20 * file, 20 * file + 8)],
            crs=4326,
        )
        part.to_parquet(main / f"{file}.parquet")
        pd.DataFrame({"fused_centroid_x": [20 * file + 2, 20 * file + 10], "fused_centroid_y": [-8, -8]}).to_parquet(
            fused / f"{file}.parquet"
        )
        west, south, east, north = part.total_bounds
        chunks.append(
            {
                "file_id": str(file),
                "chunk_id": 0,
                "bbox_minx": west,
                "bbox_miny": south,
                "bbox_maxx": east,
                "bbox_maxy": north,
            }
        )
    buffer = io.BytesIO()
    pd.DataFrame(chunks).to_parquet(buffer)
    sample = pa.Table.from_pandas(pd.DataFrame({"n": [0]}))
    metadata = {"fused:format_version": "5", "fused:_metadata": base64.b64encode(buffer.getvalue()).decode()}
    pq.write_table(sample.replace_schema_metadata(metadata), main / "_sample")
    return folder


@pytest.fixture(scope="module")
def elsewhere(data):
    """The same folder on another server."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=data))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def showing(data, tmp_path_factory):
    """A server whose udfs may read the folder and reach the other server."""
    with serving(tmp_path_factory.mktemp("showing") / "home", data_folders=data, network="host") as server:
        yield server


@pytest.fixture(scope="module")
def client(showing, old_python, tmp_path_factory):
    home = tmp_path_factory.mktemp("shown")
    person = Person(showing, "client")
    login(showing, person, home)
    client = Published(
        old_python,
        home,
        {},
        PRELUDE,
    )
    yield client
    client.close()


@pytest.fixture
def visit(browser):
    context = browser.new_context(viewport={"width": 1000, "height": 700}, color_scheme="light")
    opened = []

    def go(url: str):
        page = context.new_page()
        page.wrong = watched(page)
        opened.append(page)
        page.goto(url)
        return page

    yield go
    for page in opened:
        assert page.wrong == []
    context.close()


@pytest.fixture
def http(showing):
    with showing.client() as http:
        yield http


def layer(http, url: str, tables=None, part: str = "?format=json", **config):
    """The rows of a data set, asked for as the page asks."""
    made = http.post("/server/v1/files/debug", json={"path": url, "tables": tables, "dataset_config": config})
    assert made.status_code == 200, made.text
    return http.get(f"{made.json()['url']}/layers/0{part}")


def test_a_shown_file_is_on_the_map_where_it_lies(client, data, visit):
    url = client.run(f"answer = api.show('file://{data}/squares.parquet', **unseen)").answer
    page = visit(url)
    expect(page.locator(".layers .state")).to_have_text("3 rows")
    at_rest(page, "layer0-fill")
    sight, size = Sight(page.locator(".map")), page.locator(".map").bounding_box()
    for x, inside in ((13, True), (8, False), (23, True), (18, False)):
        place = page.evaluate("x => { const p = headraceMap.project([x, 43]); return [p.x, p.y]; }", x)
        seen = sight.at(place[0] / size["width"], place[1] / size["height"])
        assert (seen[0] < 180) is inside, f"at {x} degrees east the map is {seen}"
    place = page.evaluate("() => { const p = headraceMap.project([13, 43]); return [p.x, p.y]; }")
    page.mouse.click(size["x"] + place[0], size["y"] + place[1])
    expect(page.locator(".attributes")).to_contain_text("two")


def test_several_shown_data_sets_are_layers_with_the_looks_they_were_given(client, data, visit):
    url = client.run(f"""
        config = VizConfig(name="Red squares", showBboxes=True, showBboxIds=True, selectedColumns={{"word": True}})
        config.layer_config.data_solid.getFillColor = [230, 30, 20, 255]
        circles = {{"getFillColor": [20, 60, 230, 255], "radiusMinPixels": 12, "radiusMaxPixels": 12}}
        places = VizConfig(name="Places", layerConfig={{"dataCircles": circles}})
        datasets = [
            DatasetViz(path="file://{data}/squares.parquet", dataset_config=config),
            DatasetViz(path="file://{data}/places.parquet", dataset_config=places),
        ]
        white = VizAppConfig(mapBackgroundStyle="#ffffff", mapStyle="blank")
        answer = api.show_multi(datasets, app_config=white, **unseen)
    """).answer
    page = visit(url)
    expect(page.locator(".layers .state").nth(0)).to_have_text("3 rows")
    expect(page.locator(".layers .state").nth(1)).to_have_text("2 rows")
    expect(page.locator(".layers b").first).to_have_text("Red squares")
    expect(page.locator(".chunk-id")).to_have_text(["squares/0"])
    at_rest(page, "layer1-point")
    size = page.locator(".map").bounding_box()

    def seen(x: float, y: float):
        at_rest(page, "layer1-point")
        place = page.evaluate("at => { const p = headraceMap.project(at); return [p.x, p.y]; }", [x, y])
        return Sight(page.locator(".map")).at(place[0] / size["width"], place[1] / size["height"])

    red, blue = seen(13, 43), seen(5, 52)
    assert red[0] > red[2] + 60, f"the square is {red}"
    assert blue[2] > blue[0] + 60, f"the place is {blue}"
    page.get_by_label("Show Places").uncheck()
    assert min(seen(5, 52)) > 240
    page.locator(".layers li").first.get_by_role("button", name="rows").click()
    expect(page.locator(".drawer .head")).to_contain_text("word")
    expect(page.locator(".drawer .head")).not_to_contain_text("which")
    expect(page.locator(".drawer .row").first).to_contain_text("<i>one</i>")


def test_tables_that_line_up_and_that_follow_are_one_layer(client, data, visit):
    url = client.run(f"""
        squares = tables("union", "file://{data}/squares.geojson", "file://{data}/squares.geojson")
        lined_up = tables("zip", "file://{data}/set/main", "file://{data}/set/fused")
        answer = api.show_multi_v2([lined_up, squares], **unseen)
    """).answer
    page = visit(url)
    expect(page.locator(".layers .state")).to_have_text(["4 rows", "6 rows"])
    page.locator(".layers li").first.get_by_role("button", name="rows").click()
    expect(page.locator(".drawer .head")).to_contain_text("fused_centroid_x")


def test_a_folder_of_tables_is_read_as_one_data_set(http, data, elsewhere):
    for place in (data, elsewhere):
        rows = layer(http, f"{place}/set", ["main", "fused"]).json()
        assert [row["n"] for row in rows] == [0, 1, 2, 3]
        assert rows[3]["fused_centroid_x"] == pytest.approx(30)
        boxes = layer(http, f"{place}/set", ["main"], "/boxes").json()["features"]
        assert [b["properties"]["file_id"] for b in boxes] == ["0", "1"]


def test_a_data_set_among_the_owner_s_files_is_read_as_theirs(http, data):
    if http.get("/server/v1/files/list", params={"path": "fd://"}).status_code == 501:
        pytest.skip("files under fd:// are not served by this version")
    for file in (data / "set").rglob("*"):
        if file.is_file():
            path = f"fd://shown/{file.relative_to(data)}"
            assert http.put("/server/v1/files/upload", params={"path": path}, content=file.read_bytes()).is_success
    rows = layer(http, "fd://shown/set", ["main", "fused"]).json()
    assert [row["n"] for row in rows] == [0, 1, 2, 3]
    assert len(layer(http, "fd://shown/set", None).json()) == 4
    assert len(layer(http, "fd://shown/set/main/0.parquet").json()) == 2
    assert layer(http, "fd://nothing/here.parquet").status_code == 422


def test_a_table_without_geometries_is_drawn_by_its_centroids(http, data):
    rows = layer(http, f"{data}/set/fused", part="?format=geojson", **CENTROIDS).json()
    assert rows["features"][0]["geometry"] == {"type": "Point", "coordinates": [2, -8]}


def test_a_file_is_a_chunk_where_nothing_tells_of_any(http, data):
    for name, west in (("squares", 0), ("places", 0)):
        (box,) = layer(http, f"{data}/{name}.parquet", part="/boxes").json()["features"]
        assert box["properties"]["file_id"] == name
        assert min(x for x, _ in box["geometry"]["coordinates"][0]) == pytest.approx(west)


def test_a_layer_comes_as_vector_tiles(http, data):
    answer = layer(http, f"{data}/squares.parquet", part="/tiles/0/0/0")
    assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert b"word" in answer.content


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("{data}/nowhere.parquet", "no geometry"),
        ("{data}/missing.parquet", "there is nothing at"),
        ("/etc/shadow", "there is nothing at"),
        ("{elsewhere}/missing.parquet", "there is nothing at"),
        ("fd://somewhere/a.parquet", "fd://"),
    ],
)
def test_a_layer_that_cannot_be_read_says_why(http, data, elsewhere, visit, path, told):
    made = http.post("/server/v1/files/debug", json={"path": path.format(data=data, elsewhere=elsewhere)}).json()
    page = visit(made["url"])
    expect(page.locator(".layers .state.bad")).to_contain_text(told)


@pytest.mark.parametrize("path", ["file://host/a.parquet", "s3://bucket/x.parquet", "relative.parquet", ""])
def test_an_address_that_no_reader_takes_is_refused_at_once(http, path):
    answer = http.post("/server/v1/files/debug", json={"path": path})
    assert answer.status_code == 422
    assert "address of a data set" in answer.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {"datasets": []},
        {"datasets": [{"path": "https://example.org/a.parquet"}] * 51},
        {"datasets": [{"path": "https://example.org/a.parquet", "dataset_config": {"name": "x" * 300_000}}]},
    ],
)
def test_a_map_of_nothing_or_of_too_much_is_refused(http, body):
    assert http.post("/server/v1/files/multi_debug", json=body).status_code in {413, 422}


def test_a_map_needs_a_key_to_be_made_and_its_address_to_be_seen(showing, http, data):
    made = http.post("/server/v1/files/debug", json={"path": f"{data}/squares.parquet"}).json()["url"]
    with showing.client() as stranger:
        del stranger.headers["authorization"]
        assert stranger.post("/server/v1/files/debug", json={"path": "/a.parquet"}).status_code == 401
        assert stranger.get(made).status_code == 200
        assert stranger.get(f"{made}/layers/0?format=json").status_code == 200
        assert stranger.get(f"{made}/layers/1?format=json").status_code == 404
        assert stranger.get(f"{made[:-1]}/layers/0").status_code == 404


def test_what_signs_an_address_is_not_told_to_who_sees_the_map(showing, http, elsewhere):
    host = elsewhere.removeprefix("http://")
    for url in (f"http://user:hush@{host}/no.parquet?sig=hush", "http://user:hush@127.0.0.1:9/no.parquet?sig=hush"):
        made = http.post("/server/v1/files/debug", json={"path": url}).json()["url"]
        page, rows = http.get(made), http.get(f"{made}/layers/0?format=json")
        assert rows.status_code == 422
        assert "no.parquet" in rows.json()["detail"]
        for answer in (page, rows):
            assert "hush" not in answer.text
            assert "hush" not in str(answer.headers)
