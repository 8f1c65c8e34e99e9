"""Map tiles through the front door: what maps ask for, what they are told, and what they get where there is nothing."""

import base64
import io
import json
import uuid

import geopandas as gpd
import geopandas.testing
import mapbox_vector_tile
import PIL.Image
import pytest
import shapely

from calling import Gate, asked
from conftest import wait_until
from fused_wire import RUN, body_of

BOXES = """
def udf(bounds: fused.types.Bounds, n: int = 1):
    import geopandas as gpd, shapely
    values = {'n': [n], 'share': [0.5], 'kind': ['box'], 'old': [True]}
    return gpd.GeoDataFrame(values, geometry=[shapely.box(*bounds)], crs=4326)
"""
MANY = """
def udf(bounds: fused.types.Bounds):
    import geopandas as gpd, numpy as np, shapely
    west, south, east, north = bounds
    rng = np.random.default_rng(0)
    points = shapely.points(rng.uniform(west, east, 150_000), rng.uniform(south, north, 150_000))
    return gpd.GeoDataFrame({'n': range(150_000)}, geometry=points, crs=4326)
"""


def shared(token, path):
    return f"/server/v1/realtime-shared/{token}{path}"


def test_a_tile_that_leaves_things_out_says_so_from_the_cache_too(web, open_web):
    token = web.share(MANY)
    for cache in ("miss", "hit"):
        tile = open_web.get(shared(token, "/run/tiles/3/4/2?format=mvt"))
        assert tile.headers["headrace-cache"] == cache
        left = len(mapbox_vector_tile.decode(tile.content)["udf"]["features"])
        assert tile.headers["headrace-dropped"] == f"{150_000 - left} of 150000 features"
        assert "Headrace-Dropped" in tile.headers["access-control-expose-headers"]
        assert "headrace-fields" not in tile.headers


def test_a_udf_cannot_add_headers_of_its_own(web):
    code = """
def udf():
    import headrace.formats as formats
    kept = formats.encode
    def encode(*args):
        made = kept(*args)
        headers = (("Set-Cookie", "a=b"), ("Headrace-Dropped", "1\\r\\nX: y"))
        return formats.Encoded(made.format, made.media_type, headers)
    formats.encode = encode
    return 1
"""
    web.post(RUN, json=body_of_call(code))
    answer = web.post(RUN, json=body_of_call("def udf(): return 2"))
    assert "set-cookie" not in answer.headers
    assert "x" not in answer.headers


def body_of_call(code, **more):
    return {"step_config": json.dumps({"type": "udf", "udf": body_of(code)}), "format": "json", **more}


@pytest.mark.parametrize(("format", "kind"), [("png", "image/png"), ("png,mvt", "image/png"), ("", "image/png")])
def test_a_udf_that_finds_nothing_gives_a_transparent_tile(web, open_web, format, kind):
    token = web.share("def udf(bounds: fused.types.Bounds = None): return None")
    tile = open_web.get(shared(token, f"/run/tiles/5/3/4{'?format=' + format if format else ''}"))
    assert (tile.status_code, tile.headers["content-type"]) == (200, kind)
    image = PIL.Image.open(io.BytesIO(tile.content))
    assert (image.size, image.convert("RGBA").getextrema()[3]) == ((256, 256), (0, 0))
    vector = open_web.get(shared(token, "/run/tiles/5/3/4?format=mvt"))
    assert (vector.status_code, vector.content) == (200, b"")
    assert vector.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    file = open_web.get(shared(token, "/run/file?format=json"))
    assert (file.status_code, file.content) == (200, b"")


def test_a_raster_with_a_place_is_put_onto_the_tile(web, open_web):
    code = """
def udf(bounds: fused.types.Bounds):
    import numpy as np
    west, south, east, north = bounds
    return np.full((50, 60), 7, 'uint8'), [west - 1, south - 1, (west + east) / 2, north + 1]
"""
    token = web.share(code)
    tile = open_web.get(shared(token, "/run/tiles/6/33/21?format=png"))
    image = PIL.Image.open(io.BytesIO(tile.content))
    assert image.size == (256, 256)
    assert image.getpixel((10, 128)) == (7, 255)
    assert image.getpixel((250, 128))[1] == 0


def told(open_web, token, query="format=mvt"):
    answer = open_web.get(shared(token, f"/tilejson.json?{query}"))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    return answer.json()


def test_tilejson_names_the_attributes_of_the_tile_where_a_map_begins(web, open_web):
    token = web.share(BOXES, metadata_json={"bounds": [10, 50, 12, 52], "minzoom": 4, "maxzoom": 12})
    found = told(open_web, token, "format=mvt&n=5")
    fields = {"n": "Number", "share": "Number", "kind": "String", "old": "Boolean"}
    assert found["vector_layers"] == [{"id": "udf", "fields": fields}]
    assert (found["bounds"], found["minzoom"], found["maxzoom"]) == ([10, 50, 12, 52], 4, 12)
    assert "tileSize" not in found
    (address,) = found["tiles"]
    assert address.endswith("?format=mvt&n=5")
    first = open_web.get(address.format(z=4, x=8, y=5))
    assert first.headers["headrace-cache"] == "hit"


def test_tilejson_says_what_its_token_says(web, open_web):
    metadata = {
        "fields": {"n": "how many"},
        "center": [11, 51, 6],
        "attribution": "us",
        "encoding": "terrarium",
        "tileSize": 512,
        "tiles": ["https://elsewhere.example"],
        "legend": None,
    }
    token = web.share("def udf(): raise ValueError('is not asked')", metadata_json=metadata)
    found = told(open_web, token)
    assert found["vector_layers"] == [{"id": "udf", "fields": {"n": "how many"}}]
    assert (found["center"], found["attribution"], found["encoding"]) == ([11, 51, 6], "us", "terrarium")
    assert "elsewhere" not in json.dumps(found)
    assert told(open_web, token, "format=png")["tileSize"] == 512
    layers = [{"id": "udf", "fields": {"a": "Number"}, "description": "boxes"}]
    assert told(open_web, web.share(BOXES, metadata_json={"vector_layers": layers}))["vector_layers"] == layers
    assert told(open_web, web.share(BOXES), "format=png")["tileSize"] == 256


def test_tilejson_comes_where_the_udf_fails_or_takes_its_time(web, open_web):
    failing = web.share("def udf(): raise ValueError('no')", metadata_json={"center": [0, 0, 3]})
    assert told(open_web, failing)["vector_layers"] == [{"id": "udf", "fields": {}}]
    slow = web.share("def udf():\n    import time; time.sleep(11)", metadata_json={"center": [0, 0, 3]})
    assert told(open_web, slow)["vector_layers"] == [{"id": "udf", "fields": {}}]


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({"minzoom": 31}, "minzoom"),
        ({"minzoom": "low"}, "minzoom"),
        ({"minzoom": 8, "maxzoom": 7}, "minzoom wants at most maxzoom, 7, and got 8."),
        ({"bounds": [1, 2, 3]}, "bounds"),
        ({"bounds": [10, 50, 9, 52]}, "bounds wants west, south, east and north"),
        ({"bounds": [-190, 0, 0, 10]}, "bounds"),
        ({"bounds": [0, 0, 1, 1], "center": [5, 5, 3]}, "center wants a place within bounds"),
        ({"center": [5, 5, 30], "maxzoom": 9}, "center wants a zoom from 0 to 9, and got 30."),
        ({"tileSize": 300}, "tileSize"),
        ({"scheme": "tms"}, "scheme"),
        ({"vector_layers": [{"fields": {"a": 1}}]}, "vector_layers"),
    ],
)
def test_metadata_that_describes_no_tiles_is_refused(web, metadata, said):
    udf = web.save(BOXES, slug="described")
    answer = web.post("/server/v1/udf-access-token/new", json={"udf_id": udf["id"], "metadata_json": metadata})
    assert answer.status_code == 422
    assert said in answer.json()["detail"]


@pytest.mark.parametrize(("seconds", "state"), [(0.5, "succeeded"), (60, "cancelled")])
def test_a_tile_that_a_map_drops_keeps_its_warm_worker_unless_it_takes_long(web, seconds, state):
    uid = str(uuid.uuid4())
    one = Gate(web)
    code = f"def udf(bounds: fused.types.Bounds):\n    import time\n    knock()\n    time.sleep({seconds})\n"
    path = f"{shared(web.share(one.code + code), '/run/tiles/1/0/0')}?format=json&cache=false"
    with asked(web, "GET", path, **{"Fused-Run-Id": uid}):
        one.knocked()
    one.open()
    wait_until(lambda: web.get(f"/api/runs/{uid}").status_code == 200)
    assert web.get(f"/api/runs/{uid}").json()["state"] == state


# Arguments


def test_a_wrong_argument_is_refused_by_name_with_what_came_and_what_was_wanted(web, open_web):
    token = web.share("import typing\ndef udf(n: int = 1, kind: typing.Literal['a', 'b'] = 'a'): return [n, kind]\n")
    answer = open_web.get(shared(token, "/run?format=json&n=many"))
    assert answer.status_code == 422
    assert answer.json()["detail"] == "ValueError: The parameter n wants an integer and got 'many'."
    answer = open_web.get(shared(token, "/run?format=json&kind=c"))
    assert answer.json()["detail"] == "ValueError: The parameter kind wants one of 'a', 'b' and got 'c'."


def test_text_annotations_lists_and_optional_values_come_from_a_url(web, open_web):
    code = """
from __future__ import annotations
import datetime
from typing import Annotated, Literal, Optional

def udf(n: Optional[int] = None, days: list[datetime.date] | None = None, of: Annotated[Literal['a', 'b'], 'x'] = 'a',
        at: datetime.datetime | None = None, bounds: fused.types.Bounds = None, **others):
    return [n, days, of, at.isoformat(), bounds, others]
"""
    token = web.share(code)
    query = "format=json&n=5&days=1&days=x&of=b&at=2024-02-29T12:00:00&bounds=1,2,3,4&q=7"
    expected = [5, [1, "x"], "b", "2024-02-29T12:00:00", [1.0, 2.0, 3.0, 4.0], {"q": "7"}]
    assert open_web.get(shared(token, f"/run?{query}")).json() == expected


@pytest.mark.parametrize("annotation", ["", ": gpd.GeoDataFrame", ": pd.DataFrame"])
def test_a_body_carries_a_frame_as_parquet_for_the_first_parameter(web, annotation):
    frame = gpd.GeoDataFrame({"a": [1, 2]}, geometry=shapely.points([[1, 2], [3, 4]]), crs=25832)
    file = io.BytesIO()
    frame.to_parquet(file)
    code = "import geopandas as gpd, pandas as pd\n"
    code += f"def udf(left{annotation}, n: int = 2):\n    return left.assign(b=left.a * n)\n"
    carried = {"data_left": base64.b64encode(file.getvalue()).decode(), "dtype_in": "parquet", "format": "parquet"}
    answer = web.post(RUN, json=body_of_call(code) | carried)
    assert answer.status_code == 200, answer.text
    back = gpd.read_parquet(io.BytesIO(answer.content))
    gpd.testing.assert_geodataframe_equal(back, frame.assign(b=[2, 4]))


def test_a_body_carries_a_frame_as_geojson_and_refuses_others(web):
    features = {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "properties": {"a": 1}, "geometry": None}],
    }
    code = "def udf(left): return [type(left).__name__, left.a.tolist()]"
    answer = web.post(RUN, json=body_of_call(code) | {"data_left": features, "dtype_in": "geojson"})
    assert answer.json() == ["GeoDataFrame", [1]]
    for wrong in ({"data_left": "eA==", "dtype_in": "parquet"}, {"data_left": "UEFSMQ==", "dtype_in": "json"}):
        answer = web.post(RUN, json=body_of_call(code) | wrong)
        assert (answer.status_code, "data_left wants Parquet in base64" in answer.text) == (422, True)
    broken = web.post(RUN, json=body_of_call("import pandas as pd\ndef udf(left: pd.DataFrame): return 1") | {
        "data_left": "UEFSMQAAAA==", "dtype_in": "parquet"})  # fmt: skip
    assert (broken.status_code, "The parameter left wants" in broken.text) == (422, True)


# Extra modules


def problem(web, code, **sources):
    headers = [{"module_name": name, "source_code": source, "source_file": None} for name, source in sources.items()]
    udf = body_of(code) | {"headers": headers}
    answer = web.post(RUN, json={"step_config": json.dumps({"type": "udf", "udf": udf}), "format": "json"})
    assert answer.status_code == 422, answer.text
    return json.loads(answer.headers["x-fused-metadata"])


def test_an_error_in_an_extra_module_tells_its_line_there_and_the_udfs_own(web):
    utils = "from shapes import area\n\ndef double(x):\n    return 2 * area(x)\n"
    shapes = "def area(x):\n\n    return 1 / x\n"
    told_ = problem(
        web, "import utils\n\ndef udf():\n    a = 0\n    return utils.double(a)\n", utils=utils, shapes=shapes
    )
    assert (told_["lineno"], told_["exception_class"]) == (5, "ZeroDivisionError")
    lines = [line.strip() for line in told_["stderr"].splitlines()]
    places = [line for line in lines if line.startswith("File")]
    assert [place.split(", line ")[1] for place in places] == ["5, in udf", "4, in double", "3, in area"]
    assert "<utils of " in places[1]
    assert "<shapes of " in places[2]
    assert lines[lines.index(places[2]) + 1] == "return 1 / x"


def test_an_extra_module_that_cannot_be_read_or_imported_tells_where(web):
    told_ = problem(web, "def udf():\n    import utils\n", utils="x = 1\ndef broken(:\n")
    assert (told_["lineno"], told_["exception_class"]) == (2, "SyntaxError")
    assert "<utils of " in told_["errormsg"]
    assert "line 2" in told_["errormsg"]
    told_ = problem(web, "\nimport utils\ndef udf(): ...", utils="import no_such_thing_at_all\n")
    assert (told_["lineno"], told_["exception_class"]) == (2, "ModuleNotFoundError")
    assert "line 1, in <module>" in told_["stderr"]


def test_extra_modules_are_gone_after_the_call_and_each_call_has_its_own(web):
    def value(n):
        udf = body_of("import utils\ndef udf(): return utils.n") | {
            "headers": [{"module_name": "utils", "source_code": f"n = {n}", "source_file": None}]
        }
        return web.post(RUN, json={"step_config": json.dumps({"type": "udf", "udf": udf}), "format": "json"}).json()

    assert [value(n) for n in (1, 2, 3)] == [1, 2, 3]
