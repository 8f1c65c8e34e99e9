"""The requests that people write by hand, as the service's own pages print them; only the host is ours."""

import csv
import io
import json
import os
import shutil
import subprocess

import pytest

HOUSES = """
@fused.udf
def udf(path: str = "none"):
    import pandas as pd
    housing = pd.DataFrame({"price": [100_000.0, 250_000.0], "area": [50.0, 125.0]})
    housing['price_per_area'] = round(housing['price'] / housing['area'], 2)
    return housing[['price', 'price_per_area']]
"""
PLACE = """
@fused.udf
def udf(lat, lon):
    import pandas as pd
    return pd.DataFrame({'lat': [lat], 'lon': [lon]})
"""
PICTURE = """
@fused.udf
def udf(bounds: fused.types.Bounds = None):
    import numpy as np
    return np.full((3, 256, 256), 200, dtype="uint8")
"""
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def shell(server, person):
    """What a line prints that is typed into a shell, where HOST, ACCESS_TOKEN and EMAIL are known."""
    if not shutil.which("curl"):
        pytest.skip("curl is not installed here, and these are lines for it")
    known = {"PATH": os.environ["PATH"], "HOST": server.url, "ACCESS_TOKEN": person.key, "EMAIL": person.email}

    def run(line: str, **more: str) -> bytes:
        typed = ["bash", "-euc", line]
        return subprocess.run(typed, env=known | more, check=True, capture_output=True, timeout=60).stdout

    return run


def test_the_format_of_a_shared_token_is_edited_in_its_url(web, shell):
    token = web.share(HOUSES)
    as_json = json.loads(shell('curl -s "$HOST/server/v1/realtime-shared/$T/run/file?format=json"', T=token))
    as_csv = shell('curl -s "$HOST/server/v1/realtime-shared/$T/run/file?format=csv"', T=token).decode()
    assert as_json == [
        {"price": 100000.0, "price_per_area": 2000.0},
        {"price": 250000.0, "price_per_area": 2000.0},
    ]
    assert list(csv.DictReader(io.StringIO(as_csv)))[1] == {"price": "250000.0", "price_per_area": "2000.0"}


def test_parameters_are_added_to_the_url(web, shell):
    line = 'curl -s "$HOST/server/v1/realtime-shared/$T/run/file?format=json&lat=37.7749&lon=-121.4194"'
    assert json.loads(shell(line, T=web.share(PLACE))) == [{"lat": "37.7749", "lon": "-121.4194"}]


def test_a_token_is_a_tile_server(web, shell):
    line = 'curl -s "$HOST/server/v1/realtime-shared/$T/run/tiles/12/655/1583?format=png"'
    assert shell(line, T=web.share(PICTURE)).startswith(PNG)


def test_a_saved_udf_is_called_with_the_private_token(web, shell):
    web.save(PICTURE, "caltrain_live_location")
    line = (
        'curl -s -XGET "$HOST/server/v1/realtime/fused/api/v1/run/udf/saved/$EMAIL/caltrain_live_location?format=png" '
        '-H "Authorization: Bearer $ACCESS_TOKEN"'
    )
    assert shell(line).startswith(PNG)


@pytest.mark.parametrize("client_id", ["basic-tier", "my-environment"])
def test_code_is_posted_without_the_python_client(shell, client_id):
    line = r"""curl -s -X 'POST' \
"$HOST/server/v1/realtime/$CLIENT/api/v1/run/udf" \
-H 'accept: application/json' \
-H "Authorization: Bearer $ACCESS_TOKEN" \
-H 'Content-Type: application/json' \
-d '{"step_config":"{\"type\":\"udf\",\"udf\":{\"type\":\"geopandas_v2\",\"name\":\"my_udf\",\"entrypoint\":\"udf\",\"parameters\":{},\"metadata\":{},\"code\":\"@fused.udf\\ndef udf(name: str = \\\"world\\\"):\\n import pandas as pd\\n return pd.DataFrame({\\\"hello\\\": [name]})\\n\",\"headers\":[]}}","dtype_in":"json","format":"geojson,png","cache":true}'
"""  # noqa: E501 - as it is printed
    answer = json.loads(shell(line, CLIENT=client_id))
    assert [feature["properties"] for feature in answer["features"]] == [{"hello": "world"}]
    assert [feature["geometry"] for feature in answer["features"]] == [None]


def test_a_day_is_a_life_of_a_kept_result(web, shell):
    line = 'curl -s -D - -o /dev/null "$HOST/server/v1/realtime-shared/$T/run/file?format=json&cache_max_age=1d"'
    token = web.share(HOUSES)
    first, second = (shell(line, T=token).decode().lower() for _ in range(2))
    assert "headrace-cache: miss" in first
    assert "headrace-cache: hit" in second
    assert "x-fused-cached: true" in second


def test_the_key_is_read_back_and_a_token_made_in_python(new):
    said = new.run("""
        from fused._auth import AUTHORIZATION

        @fused.udf
        def my_udf(n: int = 2):
            return n

        my_udf.to_fused(overwrite=True)
        token = my_udf.create_access_token()
        print(token)
        answer = [AUTHORIZATION.credentials.access_token, str(token.token), fused.run(token.token, n=5)]
    """)
    assert said.answer[0] == new.key
    assert said.answer[1].startswith("fsh_")
    assert said.answer[2] == 5
