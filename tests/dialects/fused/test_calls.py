"""Calls over plain HTTP, as browsers, curl and map clients send them, and what is refused how."""

import io
import json
import shlex
import shutil
import subprocess
import uuid

import pyarrow.parquet as pq
import pytest

from fused_wire import RUN, TABLE, body_of, detail
from headrace.formats import FORMATS
from published import Person

# As the public documentation shows it, but for the host and the key.
CURL = r"""
curl -s -X 'POST' \
'HOST/server/v1/realtime/basic-tier/api/v1/run/udf' \
-H 'accept: application/json' \
-H 'Authorization: Bearer KEY' \
-H 'Content-Type: application/json' \
-d '{"step_config":"{\"type\":\"udf\",\"udf\":{\"type\":\"geopandas_v2\",\"name\":\"my_udf\",\"entrypoint\":\"udf\",\"parameters\":{},\"metadata\":{},\"code\":\"@fused.udf\\ndef udf(name: str = \\\"world\\\"):\\n import pandas as pd\\n return pd.DataFrame({\\\"hello\\\": [name]})\\n\",\"headers\":[]}}","dtype_in":"json","format":"geojson,png","cache":true}'
"""  # noqa: E501 - as it is documented

# The documented forms


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed here")
def test_the_documented_curl_line_answers_as_it_is(server, person):
    line = CURL.replace("HOST", server.url).replace("KEY", person.key).replace("\\\n", " ")
    done = subprocess.run(shlex.split(line), capture_output=True, check=True, timeout=60)
    answer = json.loads(done.stdout)
    assert answer == {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "properties": {"hello": "world"}, "geometry": None}],
    }


def test_a_token_answers_without_a_key_in_the_format_that_is_asked_for(web, open_web):
    url = f"/server/v1/realtime-shared/{web.share(TABLE)}/run"
    for path in (url, f"{url}/file"):
        found = open_web.get(path, params={"format": "json", "lat": 37.7749, "lon": -121.4194})
        assert found.headers["content-type"] == "application/json"
        assert found.json() == [{"lat": 37.7749, "lon": -121.4194}]
    found = open_web.get(url, params={"format": "csv", "cache_max_age": "1d"})
    assert (found.headers["content-type"], found.text) == ("text/csv", "lat,lon\n1.5,2.5\n")
    found = open_web.get(url, params={"format": "parquet"})
    assert found.headers["content-type"] == "application/octet-stream"
    assert pq.read_table(io.BytesIO(found.content)).to_pylist() == [{"lat": 1.5, "lon": 2.5}]


def test_a_token_answers_tiles_to_a_map(web, open_web):
    token = web.share("""
@fused.udf
def udf(bounds: fused.types.Bounds):
    import numpy as np
    return np.full((3, 256, 256), 200, dtype="uint8"), bounds
""")
    found = open_web.get(f"/server/v1/realtime-shared/{token}/run/tiles/12/655/1583", params={"format": "png"})
    assert (found.status_code, found.headers["content-type"]) == (200, "image/png")
    assert found.headers["access-control-allow-origin"] == "*"
    assert "x-fused-metadata" in found.headers["access-control-expose-headers"]


def test_a_saved_udf_answers_to_its_owners_key(web, person):
    web.save(TABLE)
    for owner in (person.email, person.email.replace("@", "%40")):
        found = web.get(f"/server/v1/realtime/fused/api/v1/run/udf/saved/{owner}/kept?format=json&lat=3")
        assert found.json() == [{"lat": 3.0, "lon": 2.5}]
    web.save("def udf(bounds: fused.types.Bounds, n: int = 1):\n    return [*bounds, n]\n", "tiled")
    tile = web.get(f"/server/v1/realtime/any/api/v1/run/udf/saved/{person.email}/tiled/tiles/1/0/0?format=json&n=2")
    assert tile.json() == pytest.approx([-180, 0, 0, 85.0511, 2], abs=1e-4)


def test_a_step_may_come_as_an_object_too(web):
    found = web.post(RUN, json={"step_config": {"type": "udf", "udf": body_of(TABLE)}, "format": "json"})
    assert found.json() == [{"lat": 1.5, "lon": 2.5}]


def test_slashes_at_the_end_and_doubled_are_overlooked(web):
    assert web.get("/server/v1//user/self").json()["email"] == web.email
    assert web.get("/server/v1/user/self/").json()["email"] == web.email


def test_any_scheme_word_opens_with_the_same_key(server, person, open_web):
    for scheme in ("Bearer", "bearer", "Fused-Service-Token", "fused-env-bearer", "FUSED-RTENV-BEARER"):
        found = open_web.get("/server/v1/user/self", headers={"Authorization": f"{scheme} {person.key}"})
        assert found.json()["email"] == person.email


# Parameters


EVERYTHING = "def udf(several: list, **given):\n    return {**given, 'several': several}\n"


def test_names_that_are_the_protocols_do_not_reach_the_udf(web, open_web):
    query = (
        "format=json&dtype_in=json&cache_max_age=0&profile=False&fused_cache_disable_stream=true&_stream_logs=false"
        "&own=1&several=a&several=b"
    )
    found = open_web.get(f"/server/v1/realtime-shared/{web.share(EVERYTHING)}/run?{query}")
    assert found.json() == {"own": "1", "several": ["a", "b"]}


def test_names_that_the_udf_does_not_know_are_dropped(web, open_web):
    found = open_web.get(f"/server/v1/realtime-shared/{web.share(TABLE)}/run?format=json&utm_source=map&lat=2")
    assert found.json() == [{"lat": 2.0, "lon": 2.5}]


def test_a_wrong_argument_is_named_with_what_came_and_what_was_wanted(web, open_web):
    url = f"/server/v1/realtime-shared/{web.share(TABLE)}/run"
    for found in (open_web.get(url, params={"lat": "north"}), web.run(TABLE, {"lat": "north"})):
        assert found.status_code == 422
        said = detail(found)
        assert "lat" in said
        assert "a number" in said
        assert "'north'" in said


@pytest.mark.parametrize("value", ["soon", "1w", "-1", "1.5h", "1d2h"])
def test_a_cache_age_that_is_none_is_refused(web, open_web, value):
    found = open_web.get(f"/server/v1/realtime-shared/{web.share(TABLE)}/run", params={"cache_max_age": value})
    assert found.status_code == 422
    assert value in detail(found)


def test_an_unknown_format_is_refused_with_those_there_are(web, open_web):
    url = f"/server/v1/realtime-shared/{web.share(TABLE)}/run"
    for found in (open_web.get(url, params={"format": "docx"}), web.run(TABLE, format="docx")):
        assert found.status_code == 422
        assert "'docx'" in detail(found)
        assert "parquet" in detail(found)


# Answers


def test_nothing_is_an_empty_body_and_not_no_content(web):
    found = web.run("def udf():\n    return None\n")
    assert (found.status_code, found.content) == (200, b"")


GIVEN = "class Given:\n    status_code, body, headers = 302, b'<p>x', %r\ndef udf():\n    return Given()\n"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("text/html; charset=utf-8", "text/html; charset=utf-8"),
        ("TEXT/HTML", "TEXT/HTML"),
        ('multipart/x-mixed-replace; boundary="a b"', 'multipart/x-mixed-replace; boundary="a b"'),
        ("unknown/unknown", "unknown/unknown"),
        ("text/html\r\nSet-Cookie: a=b", "application/octet-stream"),
        ("text/html\u20ac", "application/octet-stream"),
        ("text", "application/octet-stream"),
        ("a/" + "b" * 10_000, "application/octet-stream"),
    ],
)
def test_what_a_udf_calls_its_bytes_cannot_harm_who_reads_them(web, given, shown):
    headers = {"content-type": given, "set-cookie": "a=b", "location": "http://elsewhere", "transfer-encoding": "x"}
    found = web.run(GIVEN % headers)
    assert (found.status_code, found.content, found.headers["content-type"]) == (200, b"<p>x", shown)
    assert "sandbox" in found.headers["content-security-policy"]
    assert found.headers["x-content-type-options"] == "nosniff"
    assert not {"set-cookie", "location", "transfer-encoding"} & set(found.headers)


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("svg", '"<svg xmlns=\\"http://www.w3.org/2000/svg\\"><script>alert(1)</script></svg>"', "image/svg+xml"),
        ("html", '"<script>alert(1)</script>"', "text/html; charset=utf-8"),
        ("xml", "pandas.DataFrame({'a': ['<script>']})", "application/xml"),
    ],
)
def test_what_a_browser_may_run_has_an_origin_of_its_own(web, name, value, shown):
    found = web.run(f"def udf():\n    import pandas\n    return {value}\n", format=name)
    assert (found.status_code, found.headers["content-type"]) == (200, shown)
    assert found.headers["content-security-policy"].startswith("sandbox ")
    assert "allow-same-origin" not in found.headers["content-security-policy"]
    assert found.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", [*FORMATS.names])
def test_a_name_of_a_column_is_no_header(web, name):
    kinds = FORMATS[name].kinds
    value = "frame" if "frame" in kinds else "{name: 1}" if name == "zip" else "numpy.zeros((2, 2), 'uint8')"
    code = f"""
def udf(name: str):
    import geopandas, numpy, shapely
    frame = geopandas.GeoDataFrame({{name: [1]}}, geometry=[shapely.Point(1, 2)], crs=4326)
    print(name)
    return {value}
"""
    path = f"{RUN}/tiles/0/0/0" if name == "mvt" else RUN
    found = web.run(code, {"name": "a\r\nSet-Cookie: a=b\r\n\r\n<p>"}, path, format=name)
    assert (found.status_code, found.headers["content-type"]) == (200, FORMATS[name].media_type)
    assert "set-cookie" not in found.headers
    assert all("\n" not in text for text in found.headers.values())


def test_what_was_printed_fits_a_header_however_much_it_was(web):
    found = web.run("def udf():\n    print('ä\\n\\U0001f600' * 100_000 + 'end')\n    return 1\n")
    header = found.headers["x-fused-metadata"]
    assert len(header) < 8000
    assert header.isascii()
    assert json.loads(header)["stdout"].endswith("ä\n\U0001f600end\n")


def test_an_error_tells_class_line_and_output_in_the_header_and_a_sentence_in_the_body(web):
    found = web.run("def udf():\n    print('before')\n    raise ValueError('bo\\nöm')\n")
    assert (found.status_code, detail(found)) == (422, "ValueError: bo\nöm")
    said = json.loads(found.headers["x-fused-metadata"])
    assert {name: said[name] for name in ("stdout", "has_exception", "exception_class", "lineno", "errormsg")} == {
        "stdout": "before\n",
        "has_exception": True,
        "exception_class": "ValueError",
        "lineno": 3,
        "errormsg": "ValueError: bo\nöm",
    }
    assert said["error_type"] == "runtime_error"
    assert "chunkinfo" in said
    assert found.headers["x-fused-error"] == "ValueError: bo??m"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def udf(:\n", "SyntaxError"),
        ("def other():\n    return 1\n", "'udf' is not defined"),
        ("import nowhere_to_be_found\ndef udf():\n    return 1\n", "ModuleNotFoundError"),
        ("def udf():\n    raise SystemExit(3)\n", "SystemExit"),
        ("def udf():\n    class Odd(Exception):\n        def __str__(self): 1 / 0\n    raise Odd\n", "Odd"),
        ("def udf():\n    return object()\n", "object"),
        ("udf = 7\n", "'udf' is not defined as a function"),
        ("fused.h3\ndef udf():\n    return 1\n", "not served"),
    ],
)
def test_code_that_is_wrong_is_told_as_422(web, code, said):
    found = web.run(code)
    assert found.status_code == 422
    assert said in detail(found)
    assert json.loads(found.headers["x-fused-metadata"])["has_exception"] is True


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b'"text"',
        b"{}",
        b'{"step_config": "{"}',
        b'{"step_config": "[]"}',
        b'{"step_config": {"type": "udf"}}',
        b'{"step_config": {"type": "map", "udf": {"code": "", "entrypoint": "udf"}}}',
        b'{"step_config": {"udf": {"code": 7, "entrypoint": "udf"}}}',
        b'{"step_config": {"udf": {"code": "", "entrypoint": "udf", "parameters": []}}}',
        b'{"step_config": {"udf": {"code": "", "entrypoint": "udf"}}, "cache_max_age": "soon"}',
        b"[" * 100_000,
    ],
)
@pytest.mark.parametrize("path", [RUN, f"{RUN}/start", f"{RUN}/tiles/0/0/0", f"{RUN}/start/tiles/0/0/0"])
def test_a_body_that_is_no_call_is_refused_in_words(web, path, body):
    found = web.post(path, content=body)
    assert found.status_code in {400, 422}
    assert detail(found)


def test_a_body_that_is_too_large_is_refused(web):
    found = web.run("x = 1\n" * 3_000_000)
    assert found.status_code == 413
    assert "MB" in detail(found) or "bytes" in detail(found)


@pytest.mark.parametrize(
    ("place", "status", "said"),
    [
        ("31/0/0", 422, "z"),
        ("3/8/0", 422, "x"),
        ("3/0/8", 422, "y"),
        ("-1/0/0", 422, "z"),
        ("a/0/0", 422, "z"),
        ("1.5/0/0", 422, "z"),
    ],
)
def test_a_tile_that_does_not_exist_is_refused(web, open_web, place, status, said):
    for http, path in ((open_web, f"/server/v1/realtime-shared/{web.share(TABLE)}/run"), (web, RUN)):
        found = http.request("GET" if http is open_web else "POST", f"{path}/tiles/{place}")
        assert found.status_code == status
        assert detail(found).startswith(said) or f"`{said}`" in detail(found)


# Caching


COUNTED = "def udf():\n    import random\n    return random.random()\n"


def test_a_result_is_stored_by_token_and_said_to_be(web, open_web):
    url = f"/server/v1/realtime-shared/{web.share(COUNTED)}/run?format=json"
    first, second = open_web.get(url), open_web.get(url)
    assert first.json() == second.json()
    assert ("x-fused-cached" in first.headers, "x-fused-cached" in second.headers) == (False, True)
    assert [r.headers["headrace-cache"] for r in (first, second)] == ["miss", "hit"]
    assert open_web.get(url, headers={"If-None-Match": second.headers["etag"]}).status_code == 304
    fresh = open_web.get(f"{url}&cache_max_age=0")
    assert fresh.json() != first.json()
    assert fresh.headers["headrace-cache"] == "off"


def test_headers_that_every_client_sends_do_not_switch_the_store_off(web, open_web):
    url = f"/server/v1/realtime-shared/{web.share(COUNTED)}/run?format=json&fused_cache_disable_stream=true"
    found = [open_web.get(url, headers={"X-Fused-Cache-Disable": "true"}).json() for _ in range(2)]
    assert found[0] == found[1]


def test_a_token_without_cache_runs_every_call(web, open_web):
    url = f"/server/v1/realtime-shared/{web.share(COUNTED, cache=False)}/run?format=json"
    assert open_web.get(url).json() != open_web.get(url).json()


def test_what_the_udf_declares_goes_before_the_tokens_word(web, open_web):
    code = f"@fused.udf(cache_max_age='1h')\n{COUNTED}"
    url = f"/server/v1/realtime-shared/{web.share(code, cache=False)}/run?format=json"
    assert open_web.get(url).json() == open_web.get(url).json()


def test_code_in_the_body_is_stored_only_where_the_call_says_so(web):
    assert web.run(COUNTED).json() != web.run(COUNTED).json()
    assert web.run(COUNTED, cache=True).json() == web.run(COUNTED, cache=True).json()


def test_a_new_version_is_not_answered_with_an_old_result(web, open_web):
    saved = web.save("def udf():\n    return 1\n")
    token = web.post("/server/v1/udf-access-token/new", json={"udf_id": saved["id"]}).json()["token"]
    url = f"/server/v1/realtime-shared/{token}/run?format=json"
    assert open_web.get(url).json() == 1
    changed = json.dumps(body_of("def udf():\n    return 2\n"))
    web.post(f"/server/v1/udf/by-id/{saved['id']}", json={"udf_body": changed})
    assert open_web.get(url).json() == 2


def test_head_answers_as_get_does_without_the_body(web, open_web):
    url = f"/server/v1/realtime-shared/{web.share(TABLE)}/run?format=csv"
    got, head = open_web.get(url), open_web.head(url)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(got.content))
    assert head.headers["content-type"] == "text/csv"


# Start and poll


SLOW = "import time\ndef udf():\n    time.sleep(2)\n    print('once')\n    return 'done'\n"


def test_a_start_sent_twice_is_one_run_that_is_polled_for(web):
    uid = str(uuid.uuid4())
    step = json.dumps({"type": "udf", "udf": body_of(SLOW)})
    asked = {"json": {"step_config": step, "format": "json"}, "headers": {"Fused-Run-Id": uid}}
    first, again = web.post(f"{RUN}/start", **asked), web.post(f"{RUN}/start", **asked)
    assert first.status_code == 202
    for _ in range(2):  # the answer stays to be fetched again
        found = web.get(f"{RUN}/get/{uid}")
        assert (found.status_code, found.json()) == (200, "done")
        assert found.headers["headrace-run-id"] == uid
    assert again.status_code in {200, 202}
    runs = web.get("/api/runs", params={"limit": 50}).json()
    assert [run["uid"] for run in runs].count(uid) <= 1


def test_a_run_of_somebody_else_is_not_there(web, server):
    uid = str(uuid.uuid4())
    step = json.dumps({"type": "udf", "udf": body_of("def udf():\n    return 'secret'\n")})
    web.post(f"{RUN}/start", json={"step_config": step, "format": "json"}, headers={"Fused-Run-Id": uid})
    with server.client(Person(server, "stranger").key) as stranger:
        found = stranger.get(f"{RUN}/get/{uid}")
        assert found.status_code == 404
        assert "secret" not in found.text
    assert web.get(f"{RUN}/get/{uuid.uuid4()}").status_code == 404


def test_a_run_id_that_is_no_uuid_is_refused(web):
    assert web.get(f"{RUN}/get/seven").status_code == 422
    found = web.post(RUN, json={"step_config": "{}"}, headers={"Fused-Run-Id": "seven"})
    assert found.status_code == 422


def test_a_udf_learns_the_token_it_was_called_by_and_no_key(web, server):
    code = "def udf():\n    return [fused.context.get_share_token(), sorted(fused.context.get_headers())]\n"
    token = web.share(code)
    found = web.get(f"/server/v1/realtime-shared/{token}/run?format=json", headers={"Cookie": "a=b", "X-Own": "1"})
    known, headers = found.json()
    assert known == token
    assert "x-own" in headers
    assert not {"authorization", "cookie"} & set(headers)


def test_a_token_tells_a_map_where_its_tiles_are(web, open_web, server):
    code = "def udf(bounds: fused.types.Bounds, n: int):\n    import geopandas as gpd, shapely\n"
    code += "    return gpd.GeoDataFrame({'n': [n]}, geometry=[shapely.box(*bounds)], crs=4326)\n"
    token = web.share(code, metadata_json={"maxzoom": 9, "attribution": "us"})
    told = open_web.get(f"/server/v1/realtime-shared/{token}/tilejson.json?format=mvt&n=3").json()
    assert (told["tilejson"], told["minzoom"], told["maxzoom"], told["attribution"]) == ("3.0.0", 0, 9, "us")
    assert told["vector_layers"] == [{"id": "udf", "fields": {}}]
    (address,) = told["tiles"]
    assert address.startswith(server.url)
    tile = open_web.get(address.format(z=1, x=0, y=1))
    assert (tile.status_code, tile.headers["content-type"]) == (200, "application/vnd.mapbox-vector-tile")
    assert open_web.get("/server/v1/realtime-shared/fsh_none/tilejson.json").status_code == 404
    web.post(f"/server/v1/udf-access-token/by-token/{token}", json={"enabled": False})
    assert open_web.get(f"/server/v1/realtime-shared/{token}/tilejson.json").status_code == 403
